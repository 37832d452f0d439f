//! The contract between running and reporting: data, nothing else.
//!
//! Reporters see these values and never an engine, a registry or a suite. All
//! text in them is as the program under test wrote it, secrets masked; each
//! reporter escapes it for its own medium.

mod audit;
mod catalogue;
mod services;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use audit::{AUDIT_SUITE, AuditReport, AuditedPlatform, Finding, Severity, Unseen};
pub use catalogue::{FindingGroup, FindingKind, FindingRole, finding_kind, finding_kinds};
pub use services::{
    Artifact, Artifacts, ContainerRecord, HealthRecord, ServiceEvent, ServicesRecord, Stream,
};

use crate::image::{Digest, Platform};

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The image is resolved and the cases are planned.
    RunStarted(RunStarted),
    /// Bytes of a pull, summed over its layers.
    PullProgress {
        /// Which variant is pulled.
        platform: Platform,
        /// Bytes so far.
        done: u64,
        /// Bytes in all, as far as the engine has said.
        total: u64,
    },
    /// A variant is pulled, verified and probed.
    VariantReady(VariantFacts),
    /// A case begins.
    CaseStarted {
        /// On which platform.
        platform: Platform,
        /// Its name.
        name: String,
    },
    /// A case, or a part of one (a runtime, a module), has its outcome.
    CaseFinished(Box<CaseResult>),
    /// What an attempt at a case leaves to be looked at, where that was asked for.
    Artifacts(Box<Artifacts>),
    /// Something the user should know that is no case's outcome.
    Notice(String),
    /// All is done, cleaned up and judged.
    RunFinished(Box<RunResult>),
}

/// What a run is about to do.
#[derive(Clone, Debug)]
pub struct RunStarted {
    /// The image, as the user wrote it.
    pub reference: String,
    /// The digest it resolved to.
    pub index_digest: Digest,
    /// The platforms under test, in order.
    pub platforms: Vec<Platform>,
    /// How many cases are planned on each of them, in the same order: `when:`
    /// and `per_platform:` let platforms differ.
    pub cases: Vec<usize>,
    /// How many cases the audit has besides, on all platforms together.
    pub audit_cases: usize,
}

/// What was established about a variant before its first check.
#[derive(Clone, Debug)]
pub struct VariantFacts {
    /// Its platform.
    pub platform: Platform,
    /// The child manifest's digest.
    pub digest: Option<Digest>,
    /// How it runs on this engine.
    pub execution: Execution,
    /// The emulator, as in `qemu-aarch64 version 7.2.22`, where one is in use.
    pub emulator: Option<String>,
    /// The engine, as in `Docker 20.10.24 (linux/amd64) at unix:///…`.
    pub engine: String,
}

/// Whether a variant's programs run on the processor itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Execution {
    /// On the processor itself.
    Native,
    /// Through an emulator.
    Emulated,
    /// Not at all on this engine.
    Impossible,
    /// It was never found out.
    Unknown,
}

impl Execution {
    /// The word used in every report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Emulated => "emulated",
            Self::Impossible => "impossible",
            Self::Unknown => "unknown",
        }
    }
}

/// What came of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// All its expectations were met.
    Passed,
    /// The image's fault.
    Failed,
    /// The fault of the harness, the engine or the registry: not judged.
    Error,
    /// An exception of the suite covers it.
    Skipped,
}

impl Outcome {
    /// The word used in every report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Skipped => "skipped",
        }
    }
}

/// How sure a cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A static fact explains the failure wholly.
    Established,
    /// Text and facts agree, another cause is possible.
    Consistent,
    /// Not established.
    Unknown,
}

/// Why a case did not pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Its id, as `ARCHITECTURE.md` and the catalogue name it: `dlopen-wrong-machine-glibc`.
    pub code: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// What happened, in a sentence.
    pub message: String,
    /// What shows it, a line each.
    pub evidence: Vec<String>,
    /// What to do.
    pub hint: Option<String>,
    /// The emulator is at least as likely a culprit as the image.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub emulator_suspect: bool,
}

/// Where a case stands in the user's suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuiteLocation {
    /// The file, as the user named it.
    pub file: String,
    /// The line its name stands on, from 1.
    pub line: usize,
    /// The suite's own lines of this check, at most ten or so, numbered from `line`.
    pub excerpt: String,
}

/// The outcome of one case on one platform.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// The suite's name: the file's stem, or `built-in`.
    pub suite: String,
    /// Its name, unique in the suite; a part of a case is `name › part`.
    pub name: String,
    /// On which platform.
    pub platform: Platform,
    /// What came of it.
    pub outcome: Outcome,
    /// It passed, but only after a retry.
    pub flaky: bool,
    /// How long it took, retries included.
    pub duration: Duration,
    /// Why it did not pass; empty when it did. Of a flaky case: what the
    /// attempts before the pass showed.
    pub causes: Vec<Cause>,
    /// What the user should know all the same, a line each.
    pub notes: Vec<String>,
    /// An exception's reason, when it is skipped.
    pub skip_reason: Option<String>,
    /// Where it stands in the suite; `None` for built-in checks.
    pub location: Option<SuiteLocation>,
    /// The `docker run …` line that does the same by hand.
    pub reproduce: Option<String>,
    /// What the program printed, capped.
    pub stdout: String,
    /// What the program printed to standard error, capped.
    pub stderr: String,
    /// Of a case of services that did not pass: what became of them.
    pub services: Option<Box<ServicesRecord>>,
}

/// A platform's part of the result.
#[derive(Clone, Debug)]
pub struct VariantResult {
    /// What was established of it.
    pub facts: VariantFacts,
    /// Its verdict.
    pub verdict: Verdict,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every case passed or is excepted, and there was at least one.
    Passed,
    /// A case failed.
    Failed,
    /// Something kept a case from being judged.
    Error,
}

impl Verdict {
    /// The word used in every report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Error => "error",
        }
    }
}

/// The whole run, for the reports written at its end.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// The image, as the user wrote it.
    pub reference: String,
    /// The digest it resolved to; `None` where it never was.
    pub index_digest: Option<Digest>,
    /// Said of the image's origin where that is not a registry's index.
    pub origin_note: Option<String>,
    /// When it began.
    pub started: jiff::Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// The answer.
    pub verdict: Verdict,
    /// SIGINT or SIGTERM ended it early.
    pub interrupted: bool,
    /// A fault outside every platform and case: the run broke.
    pub error: Option<Cause>,
    /// The platforms, in order.
    pub variants: Vec<VariantResult>,
    /// The cases, grouped by platform, in plan order.
    pub cases: Vec<CaseResult>,
}
