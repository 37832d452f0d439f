//! A run that broke before it could judge anything: said, and reported all the same.

use std::time::Instant;

use super::exit::Exit;
use super::outputs::Outputs;
use super::screen;
use crate::event::{Cause, Confidence, RunResult, Verdict};
use crate::image::ImageReference;

/// Why a run ends early.
pub(super) struct Failure {
    pub(super) exit: Exit,
    pub(super) cause: Cause,
}

impl Failure {
    /// A fault of harness, engine or registry.
    pub(super) fn error(code: &str, message: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            exit: Exit::Error,
            cause: Cause {
                code: code.to_owned(),
                confidence: Confidence::Established,
                message: message.into(),
                evidence: Vec::new(),
                hint,
                emulator_suspect: false,
            },
        }
    }

    /// Something was asked for that can't be done.
    pub(super) fn usage(code: &str, message: impl Into<String>, hint: &str) -> Self {
        let mut failure = Self::error(code, message, Some(hint.to_owned()));
        failure.exit = Exit::Usage;
        failure
    }

    /// SIGINT or SIGTERM.
    pub(super) fn interrupted() -> Self {
        let mut failure = Self::error(
            "interrupted",
            "interrupted before anything was judged",
            None,
        );
        failure.exit = Exit::Interrupted;
        failure
    }

    /// Nothing was selected.
    pub(super) fn nothing(message: impl Into<String>, hint: &str) -> Self {
        let mut failure = Self::error("nothing-selected", message, Some(hint.to_owned()));
        failure.exit = Exit::Nothing;
        failure
    }

    /// Says it, writes it into the reports, and ends with its exit code.
    pub(super) fn end(self, image: &ImageReference, outputs: Outputs, clock: Instant) -> Exit {
        screen::complain(&self.cause.message, self.cause.hint.as_deref());
        let result = RunResult {
            reference: image.to_string(),
            index_digest: None,
            origin_note: None,
            started: jiff::Timestamp::now(),
            duration: clock.elapsed(),
            verdict: Verdict::Error,
            interrupted: self.exit == Exit::Interrupted,
            error: Some(self.cause),
            variants: Vec::new(),
            cases: Vec::new(),
        };
        match outputs.write(&result) {
            Ok(()) => self.exit,
            Err(message) => {
                screen::complain(&message, None);
                Exit::Error
            }
        }
    }
}
