//! What an audit found: data, nothing else.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Verdict;
use crate::image::{Digest, Platform};

/// The suite that an audit's cases stand in: the first one of every run.
pub const AUDIT_SUITE: &str = "audit";

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It fails, or can't be pulled, on that platform: exit code 1.
    Error,
    /// It fails under circumstances that the image does not decide, or is surely not meant.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// The word used in every report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// One thing that the bytes show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its id in the catalogue: `exec-wrong-arch-userland`.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// On which platform; `None`: of the index as a whole.
    pub platform: Option<Platform>,
    /// The file in the image, absolute; the worst of them where there are several.
    pub path: Option<String>,
    /// The digest of the layer that brought the file.
    pub layer: Option<Digest>,
    /// That layer's place and history: `layer 5 of 7: COPY /app/node_modules`.
    pub history: Option<String>,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What shows it, a line each.
    pub evidence: Vec<String>,
    /// What to do.
    pub hint: Option<String>,
    /// The reason for which the suite accepts it; it no longer counts then.
    pub accepted: Option<String>,
}

impl Finding {
    /// Of the index as a whole, without a file.
    pub fn new(code: &str, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            severity,
            platform: None,
            path: None,
            layer: None,
            history: None,
            message: message.into(),
            evidence: Vec::new(),
            hint: None,
            accepted: None,
        }
    }

    /// On this platform.
    #[must_use]
    pub fn on(mut self, platform: &Platform) -> Self {
        self.platform = Some(platform.clone());
        self
    }

    /// In this file.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// With a line that shows it.
    #[must_use]
    pub fn because(mut self, line: impl Into<String>) -> Self {
        self.evidence.push(line.into());
        self
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether it makes the audit fail.
    pub fn counts(&self) -> bool {
        self.severity == Severity::Error && self.accepted.is_none()
    }
}

/// A platform that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditedPlatform {
    /// Which.
    pub platform: Platform,
    /// The child manifest's digest.
    pub digest: Digest,
    /// How many layers it has.
    pub layers: usize,
    /// How many files its root file system has.
    pub files: usize,
    /// How many of them are ELF files.
    pub elf_files: usize,
}

/// Something that could not be looked at, for no fault of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// Of which platform; `None`: perhaps of all.
    pub platform: Option<Platform>,
    /// What it is, and why: a sentence that names the platform itself.
    pub message: String,
}

impl Unseen {
    /// Of one platform.
    pub fn of(platform: &Platform, message: impl Into<String>) -> Self {
        Self {
            platform: Some(platform.clone()),
            message: message.into(),
        }
    }

    /// Whether it may concern a platform.
    pub fn concerns(&self, platform: &Platform) -> bool {
        self.platform.as_ref().is_none_or(|of| of == platform)
    }
}

impl From<String> for Unseen {
    fn from(message: String) -> Self {
        Self {
            platform: None,
            message,
        }
    }
}

/// All that an audit found.
#[derive(Clone, Debug)]
pub struct AuditReport {
    /// The image, as the user wrote it.
    pub reference: String,
    /// The digest it resolved to; `None` where it never was.
    pub index_digest: Option<Digest>,
    /// What was looked at, in the index's order.
    pub platforms: Vec<AuditedPlatform>,
    /// What was found: worst first, then by platform and path.
    pub findings: Vec<Finding>,
    /// What could not be looked at, and why: the audit is not whole, and no pass.
    pub errors: Vec<Unseen>,
    /// What the user should know besides, a line each.
    pub notes: Vec<String>,
    /// How long it took.
    pub duration: Duration,
}

impl AuditReport {
    /// The answer. What could not be looked at is no pass, and neither is an
    /// audit that looked at nothing.
    pub fn verdict(&self) -> Verdict {
        if !self.errors.is_empty() {
            return Verdict::Error;
        }
        if self.findings.iter().any(Finding::counts) {
            return Verdict::Failed;
        }
        if self.platforms.is_empty() {
            return Verdict::Error;
        }
        Verdict::Passed
    }

    /// All platforms that it speaks of: those that were looked at, in their order,
    /// then those of which something was found all the same.
    pub fn all_platforms(&self) -> Vec<(&Platform, Option<&AuditedPlatform>)> {
        let mut all: Vec<(&Platform, Option<&AuditedPlatform>)> = self
            .platforms
            .iter()
            .map(|audited| (&audited.platform, Some(audited)))
            .collect();
        for platform in self.findings.iter().filter_map(|f| f.platform.as_ref()) {
            if all.iter().all(|(known, _)| *known != platform) {
                all.push((platform, None));
            }
        }
        all
    }

    /// What was found on this platform alone.
    pub fn on<'a>(&'a self, platform: &'a Platform) -> impl Iterator<Item = &'a Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.platform.as_ref() == Some(platform))
    }

    /// Puts the findings into their order: worst first, then as they were.
    pub fn sort(&mut self) {
        self.findings.sort_by_key(|finding| finding.severity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(findings: Vec<Finding>, errors: &[&str]) -> AuditReport {
        let platform = Platform::new("linux", "arm64", None);
        AuditReport {
            reference: "app".to_owned(),
            index_digest: None,
            platforms: vec![AuditedPlatform {
                digest: Digest::of(b"child"),
                platform,
                layers: 1,
                files: 1,
                elf_files: 0,
            }],
            findings,
            errors: errors
                .iter()
                .map(|&error| error.to_owned().into())
                .collect(),
            notes: Vec::new(),
            duration: Duration::ZERO,
        }
    }

    #[test]
    fn only_an_error_that_is_not_accepted_fails() {
        let of = |severity| Finding::new("layer-empty", severity, "a layer is empty");
        let accepted = Finding {
            accepted: Some("known".to_owned()),
            ..of(Severity::Error)
        };
        let fine = vec![of(Severity::Warning), of(Severity::Info), accepted];
        assert_eq!(report(fine, &[]).verdict(), Verdict::Passed);
        let bad = report(vec![of(Severity::Error)], &[]);
        assert_eq!(bad.verdict(), Verdict::Failed);
    }

    #[test]
    fn what_was_not_looked_at_is_no_pass() {
        let finding = Finding::new("layer-empty", Severity::Error, "a layer is empty");
        let broken = report(vec![finding], &["a layer can't be had"]);
        assert_eq!(broken.verdict(), Verdict::Error);
        let mut nothing = report(Vec::new(), &[]);
        nothing.platforms.clear();
        assert_eq!(nothing.verdict(), Verdict::Error);
    }
}
