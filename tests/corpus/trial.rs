//! The trial of an entry: the real program on both of its images.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::entry::{Entry, State};

/// Tries all of an area, and tells of every one that is not as it should be.
pub(super) fn try_all(entries: &[Entry]) {
    let complaints: Vec<String> = entries.iter().flat_map(try_one).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

fn try_one(entry: &Entry) -> Vec<String> {
    let name = entry.signature;
    let mut complaints = Vec::new();
    let broken = findings(entry, State::Broken);
    if !broken.iter().any(|finding| is_caught(entry, finding)) {
        complaints.push(format!("{name} is not found:\n{}", listed(&broken)));
    }
    let is_elsewhere = |finding: &&Value| {
        let platform = finding["platform"].as_str().unwrap_or_default();
        finding["severity"] == "error" && ![entry.broken, entry.platform].contains(&platform)
    };
    let elsewhere: Vec<&Value> = broken.iter().filter(is_elsewhere).collect();
    if !elsewhere.is_empty() {
        let listed = listed(elsewhere);
        complaints.push(format!("{name} makes errors on other platforms:\n{listed}"));
    }
    let mended = findings(entry, State::Mended);
    let noise = mended
        .iter()
        .filter(|finding| finding["severity"] != "info" || is_caught(entry, finding));
    let noise: Vec<&Value> = noise.collect();
    if !noise.is_empty() {
        complaints.push(format!("{name}'s twin is not silent:\n{}", listed(noise)));
    }
    complaints
}

fn is_caught(entry: &Entry, finding: &Value) -> bool {
    let is_it = match entry.is_cause {
        true => finding["hint"]
            .as_str()
            .is_some_and(|hint| hint.contains(&format!("({})", entry.signature))),
        false => finding["code"] == entry.signature,
    };
    is_it
        && finding["severity"] == entry.severity
        && finding["platform"].as_str().unwrap_or_default() == entry.platform
        && finding["path"].as_str() == entry.path
}

/// What the program reports of an image.
fn findings(entry: &Entry, state: State) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    let layout = folder.path().join("image");
    entry.layout(state).write_folder(&layout);
    let report = folder.path().join("report.json");
    let output = Command::new(env!("CARGO_BIN_EXE_everyarch"))
        .arg("audit")
        .arg(format!("oci:{}", layout.display()))
        .args(["--no-cache", "--json"])
        .arg(&report)
        .args(entry.arguments)
        .current_dir(folder.path())
        .output()
        .expect("everyarch starts");
    let text = std::fs::read_to_string(&report)
        .unwrap_or_else(|why| panic!("{}: {why}\n{output:?}", entry.signature));
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let mut findings = report["findings"].as_array().expect("a list").clone();
    // What could not be looked at was not judged: a twin has nothing of that.
    let errors = report["errors"].as_array().expect("a list");
    if state == State::Mended {
        findings.extend(errors.iter().map(|error| json!({"code": error})));
    }
    findings
}

fn listed<'a>(findings: impl IntoIterator<Item = &'a Value>) -> String {
    let lines = findings.into_iter().map(|finding| {
        let word = |key: &str| finding[key].as_str().unwrap_or("-").to_owned();
        let words = ["severity", "code", "platform", "path", "message"].map(word);
        format!("    {}", words.join(" "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Writes both images of each entry, and what they are.
pub(super) fn write_all(entries: impl Iterator<Item = &'static Entry>, folder: &Path) {
    let mut list: Vec<Value> = Vec::new();
    for (number, entry) in (1..).zip(entries) {
        let name = format!("{number:03}-{}", entry.signature);
        for (state, twin) in [(State::Broken, "broken"), (State::Mended, "mended")] {
            entry
                .layout(state)
                .write_folder(&folder.join(&name).join(twin));
        }
        list.push(json!({
            "folder": name, "signature": entry.signature, "incident": entry.incident,
            "broken": entry.broken, "platform": entry.platform, "path": entry.path, "severity": entry.severity,
            "is_cause": entry.is_cause, "arguments": entry.arguments, "run": entry.run.name(),
        }));
    }
    let text = serde_json::to_string_pretty(&list).expect("JSON");
    std::fs::write(folder.join("entries.json"), text).expect("a file");
}
