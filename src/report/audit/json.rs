//! The audit's document: one versioned JSON file that later jobs read.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::event::{AuditReport, AuditedPlatform, Finding, Severity, Verdict};
use crate::image::Digest;
use crate::report::document::{self, DocumentError, Tool, seconds};

/// The version this crate writes, and the only one it reads. Fields may be added
/// to a version; none is taken away, renamed or given another meaning.
pub const VERSION: u32 = 1;

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditDocument {
    /// [`VERSION`].
    pub version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// The image, as the user wrote it.
    pub reference: String,
    /// The digest it resolved to; `null` where it never was.
    pub index_digest: Option<Digest>,
    /// The answer.
    pub verdict: Verdict,
    /// What was looked at, in the index's order.
    pub platforms: Vec<AuditedRecord>,
    /// What was found, worst first.
    pub findings: Vec<FindingRecord>,
    /// What could not be looked at, and why.
    pub errors: Vec<String>,
    /// What the user should know besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

/// A platform that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditedRecord {
    /// Its name, as the index has it: it may be no known platform.
    pub platform: String,
    /// The child manifest's digest.
    pub digest: Digest,
    /// How many layers it has.
    pub layers: usize,
    /// How many files its root file system has.
    pub files: usize,
    /// How many of them are ELF files.
    pub elf_files: usize,
}

/// One thing that the bytes show. All members are always there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRecord {
    /// Its id in the catalogue.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// On which platform; `null`: of the index as a whole.
    pub platform: Option<String>,
    /// The file in the image.
    pub path: Option<String>,
    /// The digest of the layer that brought it.
    pub layer: Option<Digest>,
    /// That layer's place and history.
    pub history: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What shows it, a line each.
    pub evidence: Vec<String>,
    /// What to do.
    pub hint: Option<String>,
    /// Why the suite accepts it; `null` where it does not.
    pub accepted: Option<String>,
}

impl AuditDocument {
    /// Reads one.
    ///
    /// # Errors
    /// When it is no such document, or one of a later version.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        document::parse(text, "an audit document", VERSION)
    }

    /// Writes it, indented.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        document::write(self, out)
    }
}

impl From<&AuditReport> for AuditDocument {
    fn from(report: &AuditReport) -> Self {
        Self {
            version: VERSION,
            tool: Tool::this(),
            reference: report.reference.clone(),
            index_digest: report.index_digest.clone(),
            verdict: report.verdict(),
            platforms: report.platforms.iter().map(AuditedRecord::from).collect(),
            findings: report.findings.iter().map(FindingRecord::from).collect(),
            errors: report
                .errors
                .iter()
                .map(|unseen| unseen.message.clone())
                .collect(),
            notes: report.notes.clone(),
            seconds: seconds(report.duration),
        }
    }
}

impl From<&AuditedPlatform> for AuditedRecord {
    fn from(audited: &AuditedPlatform) -> Self {
        Self {
            platform: audited.platform.to_string(),
            digest: audited.digest.clone(),
            layers: audited.layers,
            files: audited.files,
            elf_files: audited.elf_files,
        }
    }
}

impl From<&Finding> for FindingRecord {
    fn from(finding: &Finding) -> Self {
        Self {
            code: finding.code.clone(),
            severity: finding.severity,
            platform: finding.platform.as_ref().map(ToString::to_string),
            path: finding.path.clone(),
            layer: finding.layer.clone(),
            history: finding.history.clone(),
            message: finding.message.clone(),
            evidence: finding.evidence.clone(),
            hint: finding.hint.clone(),
            accepted: finding.accepted.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::audit::fixture;
    use crate::report::golden;
    use proptest::prelude::*;

    fn written(report: &AuditReport) -> String {
        let mut out = Vec::new();
        AuditDocument::from(report)
            .write(&mut out)
            .expect("written");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn documents_are_as_expected_and_are_read_back() {
        for (name, report) in fixture::all() {
            let text = written(&report);
            golden::check(&format!("audit-{name}.json"), &text);
            let read = AuditDocument::parse(&text).expect(name);
            assert_eq!(read, AuditDocument::from(&report), "{name}");
        }
    }

    #[test]
    fn a_later_version_is_named_as_such() {
        let error =
            AuditDocument::parse(r#"{"version": 2, "shape": "unknown"}"#).expect_err("later");
        assert_eq!(
            error.to_string(),
            "it has version 2, and this everyarch reads version 1 only"
        );
        let error = AuditDocument::parse("{}").expect_err("no version");
        assert!(
            error.to_string().starts_with("it is not an audit document"),
            "{error}"
        );
    }

    #[test]
    fn what_a_later_minor_adds_is_passed_over() {
        let text = written(&fixture::healthy()).replacen('{', "{\"added\": [1],", 1);
        assert!(AuditDocument::parse(&text).is_ok());
    }

    #[test]
    fn a_document_that_lacks_its_errors_is_refused() {
        let text = written(&fixture::healthy()).replace("\"errors\"", "\"mistakes\"");
        assert!(AuditDocument::parse(&text).is_err());
    }

    proptest! {
        #[test]
        fn any_text_survives(text in any::<String>(), path in "[#\u{7f}-\u{9f}\u{202e}]{0,8}") {
            let mut report = fixture::failing();
            report.findings[0].message = text.clone();
            report.findings[0].path = Some(path);
            report.findings[0].evidence = vec![text];
            let document = written(&report);
            prop_assert!(!document.contains("##"));
            prop_assert_eq!(
                AuditDocument::parse(&document).expect("read back"),
                AuditDocument::from(&report)
            );
        }
    }
}
