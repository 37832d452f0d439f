//! Expectation × observation → mismatches. Pure: no engine, no file, no clock.
//!
//! Every function here returns what did not hold, in words for the person who
//! wrote the suite; nothing at all means that everything held. An observation
//! that was cut short can't prove what depends on its end, and that is a
//! mismatch of its own, never a pass.

mod config;
mod diff;
mod file;
mod http;
mod json;
mod program;
mod text;

pub use config::config;
pub use file::{FileObservation, ObservedKind, file};
pub use http::{HttpObservation, http};
pub use program::{Ended, ProgramObservation, program};
pub use text::{Captured, GAP, text};

/// One demand that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The whole of it in one sentence.
    pub message: String,
    /// What was demanded.
    pub expected: Option<String>,
    /// What was there; long texts are shortened around the first difference.
    pub actual: Option<String>,
    /// Several lines that show the difference, where one sentence can't.
    pub diff: Option<String>,
    /// The line of the demand in the suite, where it has one of its own.
    pub line: Option<usize>,
    /// It could not be judged, since the text was cut short.
    pub is_cut: bool,
}

impl Mismatch {
    fn new(subject: &str, expected: impl Into<String>, actual: impl Into<String>) -> Self {
        let expected = expected.into();
        let actual = actual.into();
        Self {
            message: format!("{subject}: expected {expected}, but {actual}"),
            expected: Some(expected),
            actual: Some(actual),
            diff: None,
            line: None,
            is_cut: false,
        }
    }

    fn at_line(mut self, line: usize) -> Self {
        self.line = Some(line);
        self
    }
}
