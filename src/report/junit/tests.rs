//! The document, read back by a JUnit reader and by a plain XML walk.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use quick_xml::events::Event;

use super::write;
use crate::event::{Outcome, RunResult, Verdict};
use crate::report::{fixture, golden};

fn written(result: &RunResult) -> String {
    let mut out = Vec::new();
    write(result, &mut out).expect("written");
    String::from_utf8(out).expect("UTF-8")
}

/// How often each element occurs.
fn elements(document: &str) -> HashMap<String, usize> {
    let mut reader = quick_xml::Reader::from_str(document);
    let mut elements = HashMap::new();
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(element) | Event::Empty(element) => {
                let name = String::from_utf8(element.name().as_ref().to_vec()).expect("UTF-8");
                for attribute in element.attributes() {
                    let value = attribute.expect("an attribute").value;
                    assert!(
                        !value.contains(&b'\n'),
                        "a newline in an attribute of {name}"
                    );
                }
                *elements.entry(name).or_default() += 1;
            }
            Event::Eof => return elements,
            _ => {}
        }
    }
}

fn root(document: &str, attribute: &str) -> String {
    let start = document.find("<testsuites").expect("the root");
    let root = &document[start..start + document[start..].find('>').expect("its end")];
    let value = root
        .split(&format!(" {attribute}=\""))
        .nth(1)
        .expect(attribute);
    value.split('"').next().unwrap_or_default().to_owned()
}

#[test]
fn documents_are_as_expected() {
    for (name, result) in fixture::all() {
        golden::check(&format!("{name}.xml"), &written(&result));
    }
}

#[test]
fn totals_are_those_of_the_elements() {
    for (name, result) in fixture::all() {
        let document = written(&result);
        let elements = elements(&document);
        for (attribute, element) in [
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ] {
            let number = elements.get(element).copied().unwrap_or(0);
            assert_eq!(root(&document, attribute), number.to_string(), "{name}");
        }
    }
}

#[test]
fn a_junit_reader_reads_what_was_meant() {
    for (name, result) in fixture::all() {
        let document = written(&result);
        let report = quick_junit::Report::deserialize_from_str(&document).expect(name);
        let mut suites = HashSet::new();
        let mut cases = HashSet::new();
        for suite in &report.test_suites {
            assert!(
                suites.insert(suite.name.as_str().to_owned()),
                "{name}: {}",
                suite.name.as_str()
            );
            assert_eq!(suite.tests, suite.test_cases.len());
            assert!(suite.extra.contains_key("skipped"));
            assert!(!suite.extra.contains_key("package"));
            assert!(suite.timestamp.is_some());
            let properties: Vec<&str> = suite.properties.iter().map(|p| p.name.as_str()).collect();
            assert!(properties.contains(&"reference"), "{name}: {properties:?}");
            for case in &suite.test_cases {
                let class = case
                    .classname
                    .as_ref()
                    .expect("a classname")
                    .as_str()
                    .to_owned();
                assert_eq!(class.matches('.').count(), 1, "{class}");
                assert!(!class.contains('/'), "{class}");
                assert!(
                    cases.insert((class, case.name.as_str().to_owned())),
                    "{name}: {}",
                    case.name.as_str()
                );
                assert_eq!(
                    case.extra.contains_key("file"),
                    case.extra.contains_key("line")
                );
                if let quick_junit::TestCaseStatus::NonSuccess {
                    message,
                    description,
                    ..
                } = &case.status
                {
                    let message = message.as_ref().expect("a message").as_str();
                    let body = description.as_ref().expect("a body").as_str();
                    assert!(body.starts_with(message), "{name}: {body}");
                }
            }
        }
        assert_eq!(report.tests, cases.len(), "{name}");
    }
}

#[test]
fn a_file_is_green_only_if_the_verdict_is() {
    let mut results: Vec<RunResult> = fixture::all()
        .into_iter()
        .map(|(_, result)| result)
        .collect();
    for verdict in [Verdict::Passed, Verdict::Failed, Verdict::Error] {
        results.push(RunResult {
            verdict,
            ..fixture::healthy()
        });
        results.push(RunResult {
            verdict,
            cases: Vec::new(),
            ..fixture::healthy()
        });
        results.push(RunResult {
            verdict,
            cases: Vec::new(),
            variants: Vec::new(),
            ..fixture::healthy()
        });
    }
    for result in results {
        let document = written(&result);
        let green = root(&document, "failures") == "0" && root(&document, "errors") == "0";
        let meant = result.verdict == Verdict::Passed && !result.cases.is_empty();
        assert_eq!(green, meant, "{document}");
        assert_ne!(root(&document, "tests"), "0");
    }
}

#[test]
fn a_flaky_pass_is_no_failure_but_is_told() {
    let document = written(&fixture::mixed());
    let report = quick_junit::Report::deserialize_from_str(&document).expect("read");
    let flaky = report
        .test_suites
        .iter()
        .flat_map(|suite| &suite.test_cases)
        .find_map(|case| match &case.status {
            quick_junit::TestCaseStatus::Success { flaky_runs } => flaky_runs.first(),
            _ => None,
        });
    let message = flaky
        .and_then(|run| run.message.as_ref())
        .map(|message| message.as_str());
    assert_eq!(message, Some("exit status 1, expected 0"));
}

#[test]
fn two_checks_of_one_name_are_told_apart() {
    let mut result = fixture::healthy();
    for case in &mut result.cases {
        case.name = "the same".to_owned();
    }
    let document = written(&result);
    assert!(
        document.contains("name=\"the same (2)\"") && document.contains("name=\"the same (3)\"")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_output_gives_a_document_that_can_be_read(
        text in "(\\PC|\\]\\]>|[\0-\u{1f}<&\"'\u{7f}-\u{9f}\u{fffe}]){0,40}",
        outcome in 0..4,
    ) {
        let mut result = fixture::failing();
        for case in &mut result.cases {
            case.outcome = [Outcome::Passed, Outcome::Failed, Outcome::Error, Outcome::Skipped][outcome as usize];
            case.flaky = outcome == 0;
            case.name = text.clone();
            case.suite = text.clone();
            case.stdout = text.clone();
            case.stderr = text.clone();
            case.skip_reason = Some(text.clone());
            case.reproduce = Some(text.clone());
            case.notes = vec![text.clone()];
            for cause in &mut case.causes {
                cause.message = text.clone();
                cause.code = text.clone();
            }
        }
        let document = written(&result);
        let cases = elements(&document)["testcase"];
        prop_assert!(cases >= result.cases.len());
        prop_assert!(quick_junit::Report::deserialize_from_str(&document).is_ok());
    }
}
