//! What a check found, before exceptions and suites have their say.

use std::time::Duration;

use crate::check::Mismatch;
use crate::engine::EngineError;
use crate::event::{Artifact, Cause, Confidence, Outcome, ServicesRecord};

/// The outcome of a check, or of a part of one.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// A runtime or a module; `None` for the check as a whole.
    pub(super) part: Option<String>,
    /// Never [`Outcome::Skipped`].
    pub(super) outcome: Outcome,
    pub(super) causes: Vec<Cause>,
    pub(super) notes: Vec<String>,
    pub(super) stdout: String,
    pub(super) stderr: String,
    /// What became of the services, where it did not pass.
    pub(super) services: Option<Box<ServicesRecord>>,
    /// What is left to be looked at.
    pub(super) artifacts: Vec<Artifact>,
    pub(super) reproduce: Option<String>,
    pub(super) duration: Duration,
    pub(super) flaky: bool,
}

impl Finding {
    fn new(outcome: Outcome, causes: Vec<Cause>) -> Self {
        Self {
            part: None,
            outcome,
            causes,
            notes: Vec::new(),
            stdout: String::new(),
            stderr: String::new(),
            services: None,
            artifacts: Vec::new(),
            reproduce: None,
            duration: Duration::ZERO,
            flaky: false,
        }
    }

    pub(super) fn passed() -> Self {
        Self::new(Outcome::Passed, Vec::new())
    }

    pub(super) fn failed(causes: Vec<Cause>) -> Self {
        Self::new(Outcome::Failed, causes)
    }

    pub(super) fn error(cause: Cause) -> Self {
        Self::new(Outcome::Error, vec![cause])
    }

    /// Passed where there are no causes, else failed.
    pub(super) fn judged(causes: Vec<Cause>) -> Self {
        if causes.is_empty() {
            Self::passed()
        } else {
            Self::failed(causes)
        }
    }

    pub(super) fn part(mut self, part: impl Into<String>) -> Self {
        self.part = Some(part.into());
        self
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub(super) fn output(mut self, stdout: String, stderr: String) -> Self {
        self.stdout = stdout;
        self.stderr = stderr;
        self
    }

    pub(super) fn reproduce(mut self, line: String) -> Self {
        self.reproduce = Some(line);
        self
    }

    pub(super) fn took(mut self, duration: Duration) -> Self {
        self.duration = duration;
        self
    }
}

/// A cause of the harness's own wording.
pub(super) fn cause(code: &str, confidence: Confidence, message: impl Into<String>) -> Cause {
    Cause {
        code: code.to_owned(),
        confidence,
        message: message.into(),
        evidence: Vec::new(),
        hint: None,
        emulator_suspect: false,
    }
}

/// An engine's fault, as the cause of an error.
pub(super) fn engine_fault(error: &EngineError) -> Cause {
    let mut found = cause("engine-fault", Confidence::Established, error.to_string());
    found.hint = match error {
        EngineError::Deadline { .. } | EngineError::Unreachable { .. } => {
            Some("see whether the engine is alive (`docker info`) and try again".to_owned())
        }
        _ => None,
    };
    found
}

/// Expectations that were not met, as causes: what broke is known, why is not.
pub(super) fn mismatches(found: &[Mismatch]) -> Vec<Cause> {
    found
        .iter()
        .map(|mismatch| {
            let mut cause = cause("mismatch", Confidence::Unknown, mismatch.message.clone());
            if let Some(line) = mismatch.line {
                cause.evidence.push(format!("line {line} of the suite"));
            }
            if let Some(diff) = &mismatch.diff {
                cause.evidence.extend(diff.lines().map(str::to_owned));
            }
            cause
        })
        .collect()
}

/// Puts what broke and why in the order in which they are read. An established
/// reason explains the rest: what broke becomes its evidence, since "why is not
/// established" beside it would contradict it.
pub(super) fn arrange(mut mismatches: Vec<Cause>, mut reasons: Vec<Cause>) -> Vec<Cause> {
    match reasons.first_mut() {
        Some(reason) if reason.confidence == Confidence::Established => {
            for mismatch in mismatches {
                if mismatch.confidence == Confidence::Established {
                    reasons.push(mismatch);
                } else if let Some(reason) = reasons.first_mut() {
                    reason.evidence.push(format!("so {}", mismatch.message));
                }
            }
            reasons
        }
        _ => {
            mismatches.append(&mut reasons);
            mismatches
        }
    }
}

/// Whether the causes already say that a program could not be executed at all.
pub(super) fn says_not_executed(causes: &[Cause]) -> bool {
    causes
        .iter()
        .any(|cause| cause.confidence == Confidence::Established && cause.code.starts_with("exec-"))
}
