//! `everyarch audit` as a command: what it says of bad suites and arguments, and
//! what it writes when nothing can be looked at. What it finds is tested elsewhere.

use serde_json::Value;

use super::lab::Lab;

/// Nobody listens there.
const NOWHERE: &str = "127.0.0.1:1/app:1";

fn read(lab: &Lab, name: &str) -> Value {
    let text = std::fs::read_to_string(lab.path(name)).expect("a report");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn what_can_not_be_looked_at_is_an_error_in_every_report() {
    let lab = Lab::new().with_empty_home();
    let outcome = lab
        .everyarch(&[
            "audit",
            NOWHERE,
            "--json",
            "result.json",
            "--sarif",
            "result.sarif",
            "--junit",
            "result.xml",
        ])
        .exits(3)
        .complains("error: ");
    let json = outcome.json();
    assert_eq!(json["version"], 1);
    assert_eq!(json["verdict"], "error");
    assert_eq!(json["reference"], NOWHERE);
    assert_eq!(json["index_digest"], Value::Null);
    assert_eq!(json["errors"].as_array().map(Vec::len), Some(1));
    let run = &read(&lab, "result.sarif")["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert_eq!(run["results"][0]["level"], "error");
    let junit = outcome.junit();
    assert_eq!((junit.tests, junit.errors), (1, 1));
}

#[test]
fn a_mistake_in_a_suite_is_told_before_anything_is_looked_at() {
    let lab = Lab::new();
    lab.write(
        "everyarch.yaml",
        "version: 1\naudit:\n  accept:\n    - { code: elf-page-alignement, reason: x }\n",
    );
    let outcome = lab
        .everyarch(&["audit", NOWHERE, "--json", "result.json"])
        .exits(2)
        .complains("did you mean `elf-page-alignment`?");
    assert_eq!(outcome.json_text, None, "a report of nothing\n{outcome}");
}

#[test]
fn a_report_that_can_not_be_written_is_known_before_anything_is_looked_at() {
    let lab = Lab::new();
    lab.everyarch(&["audit", NOWHERE, "--sarif", "no/such/folder.sarif"])
        .exits(3)
        .complains("the report no/such/folder.sarif can't be written");
}

#[test]
fn arguments_that_exclude_each_other_are_a_usage_mistake() {
    let lab = Lab::new();
    lab.everyarch(&["audit", NOWHERE, "--cache", "here", "--no-cache"])
        .exits(2);
    lab.everyarch(&["audit", NOWHERE, "--platform", "linux/amr64"])
        .exits(2)
        .complains("did you mean `linux/arm64`?");
    lab.everyarch(&["audit"]).exits(2);
}
