use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::report::audit::fixture;
use crate::report::golden;

fn written(report: &AuditReport) -> String {
    let mut out = Vec::new();
    write(report, &mut out).expect("written");
    String::from_utf8(out).expect("UTF-8")
}

fn read(report: &AuditReport) -> Value {
    serde_json::from_str(&written(report)).expect("JSON")
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().expect("results")
}

/// The document with the rules that its results use; the others are the catalogue.
fn without_unused_rules(report: &AuditReport) -> String {
    let mut log = read(report);
    let used: BTreeSet<u64> = results(&log)
        .iter()
        .map(|result| result["ruleIndex"].as_u64().expect("an index"))
        .collect();
    let rules = log["runs"][0]["tool"]["driver"]["rules"]
        .as_array_mut()
        .expect("rules");
    let mut place = 0;
    rules.retain(|_| {
        place += 1;
        used.contains(&(place - 1))
    });
    let mut text = Vec::new();
    document::write(&log, &mut text).expect("written");
    String::from_utf8(text).expect("UTF-8")
}

#[test]
fn documents_are_as_expected() {
    for (name, report) in fixture::all() {
        golden::check(
            &format!("audit-{name}.sarif"),
            &without_unused_rules(&report),
        );
    }
}

/// The members that GitHub's "SARIF support for code scanning" calls required;
/// an empty text counts as missing there.
#[test]
fn all_that_code_scanning_requires_is_there() {
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
    for (name, report) in fixture::all() {
        let log = read(&report);
        assert_eq!(log["version"], "2.1.0", "{name}");
        assert!(is_text(&log["$schema"]), "{name}");
        let driver = &log["runs"][0]["tool"]["driver"];
        assert!(is_text(&driver["name"]), "{name}");
        let rules = driver["rules"].as_array().expect("rules");
        for rule in rules {
            assert!(is_text(&rule["id"]), "{name}: {rule}");
            for member in ["shortDescription", "fullDescription", "help"] {
                assert!(is_text(&rule[member]["text"]), "{name}: {rule}");
            }
        }
        for result in results(&log) {
            let place = result["ruleIndex"].as_u64().expect("an index");
            let rule = &rules[usize::try_from(place).expect("a place")];
            assert_eq!(rule["id"], result["ruleId"], "{name}");
            assert!(
                ["error", "warning", "note"].contains(&result["level"].as_str().expect("a level")),
                "{name}"
            );
            assert!(is_text(&result["message"]["text"]), "{name}: {result}");
            let physical = &result["locations"][0]["physicalLocation"];
            assert!(is_text(&physical["artifactLocation"]["uri"]), "{result}");
            for member in ["startLine", "startColumn", "endLine", "endColumn"] {
                assert_eq!(physical["region"][member], 1, "{result}");
            }
            let fingerprint = &result["partialFingerprints"]["primaryLocationLineHash"];
            assert!(is_text(fingerprint), "{result}");
        }
    }
}

#[test]
fn the_rules_are_the_same_whatever_was_found() {
    let rules = |report: &AuditReport| read(report)["runs"][0]["tool"]["driver"]["rules"].clone();
    assert_eq!(rules(&fixture::healthy()), rules(&fixture::failing()));
    let ids: Vec<Value> = rules(&fixture::healthy())
        .as_array()
        .expect("rules")
        .iter()
        .map(|rule| rule["id"].clone())
        .collect();
    assert_eq!(ids.len(), finding_kinds().count() + 1);
}

#[test]
fn fingerprints_outlive_rebuilds_and_tell_platforms_apart() {
    let fingerprints = |report: &AuditReport| -> Vec<String> {
        results(&read(report))
            .iter()
            .map(|result| {
                result["partialFingerprints"]["primaryLocationLineHash"]
                    .as_str()
                    .expect("a fingerprint")
                    .to_owned()
            })
            .collect()
    };
    let mut report = fixture::failing();
    let before = fingerprints(&report);
    // Another build: other digests, other words.
    report.index_digest = Some(Digest::of(b"another"));
    for finding in &mut report.findings {
        finding.layer = Some(Digest::of(b"another layer"));
        finding.message.push_str(" (again)");
    }
    assert_eq!(fingerprints(&report), before);

    let mut twice = report.findings[0].clone();
    twice.platform = Some(Platform::new("linux", "s390x", None));
    let again = report.findings[0].clone();
    report.findings.extend([twice, again]);
    let all = fingerprints(&report);
    let unique: BTreeSet<&String> = all.iter().collect();
    assert_eq!(unique.len(), all.len(), "{all:?}");
    let (first, last) = (&all[0], &all[all.len() - 1]);
    assert_eq!(first.replace(":1", ":2"), *last);
}

#[test]
fn what_the_suite_accepts_is_suppressed_with_its_reason() {
    let log = read(&fixture::accepted());
    let suppressed = &results(&log)[0]["suppressions"][0];
    assert_eq!(suppressed["kind"], "external");
    assert_eq!(
        suppressed["justification"],
        "bcrypt is not used on arm64 (issue 4711)"
    );
    let open = read(&fixture::failing());
    assert!(results(&open)[0].get("suppressions").is_none());
}

#[test]
fn what_could_not_be_looked_at_is_no_document_without_results() {
    let log = read(&fixture::unreached());
    assert_eq!(results(&log)[0]["ruleId"], INCOMPLETE);
    assert_eq!(results(&log)[0]["level"], "error");
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
}

#[test]
fn a_code_that_nobody_knows_is_reported_all_the_same() {
    let mut report = fixture::failing();
    report.findings[0].code = "from-a-later-version".to_owned();
    let log = read(&report);
    let place = results(&log)[0]["ruleIndex"].as_u64().expect("an index");
    assert_eq!(
        log["runs"][0]["tool"]["driver"]["rules"][usize::try_from(place).expect("a place")]["id"],
        "from-a-later-version"
    );
}

#[test]
fn paths_are_relative_references() {
    for (path, uri) in [
        ("/app/x.node", "app/x.node"),
        (
            "/app/@img/a b/%41:c?#é",
            "app/@img/a%20b/%2541%3Ac%3F%23%C3%A9",
        ),
        ("//odd", "odd"),
        ("/", "."),
        ("", "."),
    ] {
        assert_eq!(relative_uri(path), uri);
    }
}

#[test]
fn a_hostile_image_makes_no_links_and_moves_no_cursor() {
    let text = written(&fixture::hostile());
    for forbidden in ["\u{1b}", "\\u001b", "##", "](https"] {
        assert!(!text.contains(forbidden), "{forbidden:?}");
    }
}

proptest! {
    #[test]
    fn any_path_makes_a_relative_reference(path in any::<String>()) {
        let uri = relative_uri(&path);
        prop_assert!(uri.is_ascii() && !uri.is_empty());
        prop_assert!(!uri.starts_with('/') && !uri.contains([':', '\\', ' ', '?', '#']));
    }
}
