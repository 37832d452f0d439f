//! What a run of everyarch came to: exit code, output, both reports.

use std::fmt;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus};
use serde_json::Value;

pub(super) struct Outcome {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
    /// The files as they are on disk.
    pub(super) json_text: Option<String>,
    pub(super) junit_text: Option<String>,
}

/// A case of the JSON document.
pub(super) struct Case {
    value: Value,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit code {:?}", self.code)?;
        writeln!(f, "--- stdout\n{}", self.stdout)?;
        writeln!(f, "--- stderr\n{}", self.stderr)
    }
}

impl Outcome {
    pub(super) fn new(
        code: Option<i32>,
        stdout: String,
        stderr: String,
        json_text: Option<String>,
        junit_text: Option<String>,
    ) -> Self {
        Self {
            code,
            stdout,
            stderr,
            json_text,
            junit_text,
        }
    }

    /// Demands this exit code.
    #[track_caller]
    pub(super) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Demands a text on standard output.
    #[track_caller]
    pub(super) fn prints(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "not printed: {text}\n{self}");
        self
    }

    /// Demands a text on standard error.
    #[track_caller]
    pub(super) fn complains(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "not said: {text}\n{self}");
        self
    }

    /// Whether there was anything that may have made containers.
    pub(super) fn said_what_it_ran(&self) -> bool {
        self.stdout.contains(" cases on ") || self.stdout.contains(" case on ")
    }

    /// The JSON document.
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        let text = self.json_text.as_deref();
        let text = text.unwrap_or_else(|| panic!("no JSON report\n{self}"));
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}\n{self}"))
    }

    /// The JUnit document.
    #[track_caller]
    pub(super) fn junit(&self) -> Report {
        let text = self.junit_text.as_deref();
        let text = text.unwrap_or_else(|| panic!("no JUnit report\n{self}"));
        Report::deserialize_from_str(text).unwrap_or_else(|error| panic!("{error}: {text}\n{self}"))
    }

    /// The verdict of a platform.
    #[track_caller]
    pub(super) fn verdict(&self, platform: &str) -> String {
        let json = self.json();
        let found = array(&json["platforms"])
            .iter()
            .find(|record| record["platform"] == platform)
            .unwrap_or_else(|| panic!("{platform} is not reported\n{self}"));
        text(&found["verdict"])
    }

    /// The names of all cases of a platform, the audit's first.
    #[track_caller]
    pub(super) fn all_names(&self, platform: &str) -> Vec<String> {
        self.names_where(platform, |_| true)
    }

    /// The names of its cases besides the audit's.
    #[track_caller]
    pub(super) fn names(&self, platform: &str) -> Vec<String> {
        self.names_where(platform, |case| case["suite"] != "audit")
    }

    #[track_caller]
    fn names_where(&self, platform: &str, is_meant: impl Fn(&Value) -> bool) -> Vec<String> {
        array(&self.json()["cases"])
            .iter()
            .filter(|case| case["platform"] == platform && is_meant(case))
            .map(|case| text(&case["name"]))
            .collect()
    }

    /// Looks at a case of the JSON document.
    #[track_caller]
    pub(super) fn with_case<T>(
        &self,
        platform: &str,
        name: &str,
        look: impl FnOnce(&Case) -> T,
    ) -> T {
        let json = self.json();
        let value = array(&json["cases"])
            .iter()
            .find(|case| case["platform"] == platform && case["name"] == name)
            .unwrap_or_else(|| panic!("no case `{name}` on {platform}\n{self}"));
        look(&Case {
            value: value.clone(),
        })
    }

    /// `passed`, `failed`, `error` or `skipped`.
    #[track_caller]
    pub(super) fn outcome(&self, platform: &str, name: &str) -> String {
        self.with_case(platform, name, Case::outcome)
    }

    /// Demands that a case passed.
    #[track_caller]
    pub(super) fn passed(&self, platform: &str, name: &str) {
        let (outcome, story) =
            self.with_case(platform, name, |case| (case.outcome(), case.story()));
        assert_eq!(outcome, "passed", "{name} on {platform}: {story}");
    }

    /// Demands that a case failed, and that its causes say all of `words`.
    #[track_caller]
    pub(super) fn failed(&self, platform: &str, name: &str, words: &[&str]) {
        self.ended(platform, name, "failed", words);
    }

    /// Demands that a case could not be judged, and that its causes say all of `words`.
    #[track_caller]
    pub(super) fn broke(&self, platform: &str, name: &str, words: &[&str]) {
        self.ended(platform, name, "error", words);
    }

    #[track_caller]
    fn ended(&self, platform: &str, name: &str, outcome: &str, words: &[&str]) {
        let (actual, story) = self.with_case(platform, name, |case| (case.outcome(), case.story()));
        assert_eq!(actual, outcome, "{name} on {platform}: {story}");
        for word in words {
            assert!(
                story.contains(word),
                "{name} on {platform}: `{word}` is not in: {story}"
            );
        }
    }

    /// The causes' ids of a case.
    #[track_caller]
    pub(super) fn codes(&self, platform: &str, name: &str) -> Vec<String> {
        self.with_case(platform, name, |case| {
            array(&case.value["causes"])
                .iter()
                .map(|cause| text(&cause["code"]))
                .collect()
        })
    }

    /// It ended before any platform was known, and still wrote both reports.
    #[track_caller]
    pub(super) fn reports_error(&self, code: &str) {
        let json = self.json();
        assert_eq!(json["verdict"], "error", "{self}");
        assert_eq!(json["error"]["code"], code, "{self}");
        let message = text(&json["error"]["message"]);
        assert!(self.stderr.contains(message.trim()), "{message}\n{self}");
        let found = self.with_test_case("everyarch", "the run", status);
        assert_eq!(found, "error", "{self}");
        assert_eq!(self.junit().errors, 1);
    }

    /// Looks at a case of the JUnit document.
    #[track_caller]
    pub(super) fn with_test_case<T>(
        &self,
        suite: &str,
        name: &str,
        look: impl FnOnce(&TestCase) -> T,
    ) -> T {
        let report = self.junit();
        let case = report
            .test_suites
            .iter()
            .filter(|known| known.name.as_str() == suite)
            .flat_map(|known| &known.test_cases)
            .find(|known| known.name.as_str() == name)
            .unwrap_or_else(|| panic!("no test case `{name}` in `{suite}`\n{self}"));
        look(case)
    }
}

impl Case {
    pub(super) fn outcome(&self) -> String {
        text(&self.value["outcome"])
    }

    pub(super) fn field(&self, name: &str) -> Value {
        self.value[name].clone()
    }

    /// All that its causes and notes say, a line each.
    pub(super) fn story(&self) -> String {
        let mut lines = Vec::new();
        for cause in array(&self.value["causes"]) {
            lines.push(text(&cause["message"]));
            lines.push(text(&cause["code"]));
            lines.extend(array(&cause["evidence"]).iter().map(text));
            lines.extend(cause["hint"].as_str().map(str::to_owned));
        }
        if let Some(notes) = self.value["notes"].as_array() {
            lines.extend(notes.iter().map(text));
        }
        lines.join("\n")
    }
}

/// `failure`, `error`, `skipped`, `flaky` or `success`.
pub(super) fn status(case: &TestCase) -> &'static str {
    match &case.status {
        TestCaseStatus::Success { flaky_runs } if flaky_runs.is_empty() => "success",
        TestCaseStatus::Success { .. } => "flaky",
        TestCaseStatus::NonSuccess { kind, .. } => match kind {
            NonSuccessKind::Failure => "failure",
            NonSuccessKind::Error => "error",
        },
        TestCaseStatus::Skipped { .. } => "skipped",
    }
}

#[track_caller]
pub(super) fn array(value: &Value) -> &Vec<Value> {
    value
        .as_array()
        .unwrap_or_else(|| panic!("no list: {value}"))
}

#[track_caller]
pub(super) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}
