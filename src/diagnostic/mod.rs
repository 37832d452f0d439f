//! A mistake in the user's own file: code, message, place, hint; rendered with
//! the file's lines around it. Pure.

pub mod code;
mod render;
mod sources;
pub(crate) mod suggest;

pub use code::{CODES, COMPOSE_CODES};
pub use render::{render, render_all};
pub use sources::Sources;

use std::ops::Range;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its id in kebab-case, unique and documented in [`CODES`]: `unknown-key`.
    pub code: &'static str,
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// Where: bytes of the source text.
    pub span: Range<usize>,
    /// What is said at that place.
    pub label: String,
    /// A second place that explains the first, as in "first used here".
    pub also: Option<Place>,
    /// What to do.
    pub hint: Option<String>,
}

/// A place in the source and what is said there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bytes of the source text.
    pub span: Range<usize>,
    /// What is said there.
    pub label: String,
}

impl Diagnostic {
    /// A mistake at one place.
    pub fn new(
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            span,
            label: label.into(),
            also: None,
            hint: None,
        }
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With what to do about it, where something is known.
    #[must_use]
    pub fn hint_if(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// With a second place.
    #[must_use]
    pub fn also(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.also = Some(Place {
            span,
            label: label.into(),
        });
        self
    }
}
