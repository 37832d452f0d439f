//! The result document: one versioned JSON file that later jobs read.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::document::{self, in_words, seconds};
pub use super::document::{DocumentError, Tool};
use crate::event::{
    CaseResult, Cause, Execution, Outcome, RunResult, ServicesRecord, VariantResult, Verdict,
};
use crate::image::{Digest, Platform};

/// The version this crate writes, and the only one it reads. Fields may be added
/// to a version; none is taken away, renamed or given another meaning.
pub const VERSION: u32 = 1;

/// A run's result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultDocument {
    /// [`VERSION`].
    pub version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// The image, as the user wrote it.
    pub reference: String,
    /// The digest it resolved to; `null` where it never was.
    pub index_digest: Option<Digest>,
    /// Said of the image's origin where that is not a registry's index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_note: Option<String>,
    /// The answer.
    pub verdict: Verdict,
    /// A signal ended the run early.
    pub interrupted: bool,
    /// A fault outside every platform and case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Cause>,
    /// When it began.
    #[serde(with = "in_words")]
    pub started: Timestamp,
    /// How long it took.
    pub seconds: f64,
    /// The platforms, in order.
    pub platforms: Vec<PlatformRecord>,
    /// The cases, grouped by platform, in plan order.
    pub cases: Vec<CaseRecord>,
}

/// A platform's part of the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformRecord {
    /// Its name.
    #[serde(with = "in_words")]
    pub platform: Platform,
    /// The child manifest's digest; `null` where the image has none for it.
    pub digest: Option<Digest>,
    /// How it ran.
    pub execution: Execution,
    /// The emulator in use.
    pub emulator: Option<String>,
    /// The engine it ran on.
    pub engine: String,
    /// Its verdict.
    pub verdict: Verdict,
}

/// A case on a platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseRecord {
    /// The suite's name.
    pub suite: String,
    /// Its own.
    pub name: String,
    /// On which platform.
    #[serde(with = "in_words")]
    pub platform: Platform,
    /// What came of it.
    pub outcome: Outcome,
    /// It passed, but only after a retry.
    pub flaky: bool,
    /// How long it took.
    pub seconds: f64,
    /// Why it did not pass.
    pub causes: Vec<Cause>,
    /// What the user should know all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// An exception's reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_reason: Option<String>,
    /// The suite's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line of the check in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The `docker run …` line that does the same by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reproduce: Option<String>,
    /// Of a case of services that did not pass: what became of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<Box<ServicesRecord>>,
}

impl ResultDocument {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        document::parse(text, "a result document", VERSION)
    }

    /// Writes it, indented.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        document::write(self, out)
    }
}

impl From<&RunResult> for ResultDocument {
    fn from(result: &RunResult) -> Self {
        Self {
            version: VERSION,
            tool: Tool::this(),
            reference: result.reference.clone(),
            index_digest: result.index_digest.clone(),
            origin_note: result.origin_note.clone(),
            verdict: result.verdict,
            interrupted: result.interrupted,
            error: result.error.clone(),
            started: Timestamp::from_millisecond(result.started.as_millisecond())
                .unwrap_or(result.started),
            seconds: seconds(result.duration),
            platforms: result.variants.iter().map(PlatformRecord::from).collect(),
            cases: result.cases.iter().map(CaseRecord::from).collect(),
        }
    }
}

impl From<&VariantResult> for PlatformRecord {
    fn from(variant: &VariantResult) -> Self {
        let facts = &variant.facts;
        Self {
            platform: facts.platform.clone(),
            digest: facts.digest.clone(),
            execution: facts.execution,
            emulator: facts.emulator.clone(),
            engine: facts.engine.clone(),
            verdict: variant.verdict,
        }
    }
}

impl From<&CaseResult> for CaseRecord {
    fn from(case: &CaseResult) -> Self {
        let location = case.location.as_ref();
        Self {
            suite: case.suite.clone(),
            name: case.name.clone(),
            platform: case.platform.clone(),
            outcome: case.outcome,
            flaky: case.flaky,
            seconds: seconds(case.duration),
            causes: case.causes.clone(),
            notes: case.notes.clone(),
            skip_reason: case.skip_reason.clone(),
            file: location.map(|location| location.file.clone()),
            line: location.map(|location| location.line),
            reproduce: case.reproduce.clone(),
            services: case.services.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{fixture, golden};
    use proptest::prelude::*;

    fn written(result: &RunResult) -> String {
        let mut out = Vec::new();
        ResultDocument::from(result)
            .write(&mut out)
            .expect("written");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn documents_are_as_expected_and_are_read_back() {
        for (name, result) in fixture::all() {
            let text = written(&result);
            golden::check(&format!("{name}.json"), &text);
            let read = ResultDocument::parse(&text).expect(name);
            assert_eq!(read, ResultDocument::from(&result), "{name}");
        }
    }

    #[test]
    fn a_later_version_is_named_as_such() {
        let error =
            ResultDocument::parse(r#"{"version": 2, "shape": "unknown"}"#).expect_err("later");
        assert_eq!(
            error.to_string(),
            "it has version 2, and this everyarch reads version 1 only"
        );
        assert!(ResultDocument::parse("").is_err());
        assert!(ResultDocument::parse("{}").is_err());
    }

    #[test]
    fn what_a_later_minor_adds_is_passed_over() {
        let text = written(&fixture::healthy()).replacen('{', "{\"added\": [1],", 1);
        assert!(ResultDocument::parse(&text).is_ok());
    }

    #[test]
    fn a_document_that_lacks_its_verdict_is_refused() {
        let text = written(&fixture::healthy()).replace("\"verdict\"", "\"judgement\"");
        assert!(ResultDocument::parse(&text).is_err());
    }

    proptest! {
        #[test]
        fn any_text_survives(text in any::<String>(), name in "[#\u{7f}-\u{9f}\u{202e}]{0,8}") {
            let mut result = fixture::failing();
            let mut failed = result.cases.iter_mut();
            let case = failed.find(|case| !case.causes.is_empty()).expect("a case");
            case.name = name;
            case.notes = vec![text.clone()];
            case.causes[0].evidence = vec![text];
            let document = written(&result);
            prop_assert!(!document.contains("##"));
            prop_assert_eq!(
                ResultDocument::parse(&document).expect("read back"),
                ResultDocument::from(&result)
            );
        }
    }
}
