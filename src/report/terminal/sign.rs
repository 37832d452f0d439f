//! The one character a case on a platform is shown by.

use anstyle::Style;

use crate::event::{CaseResult, Outcome};
use crate::report::view::{View, paint};

/// In the order the legend explains them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sign {
    Passed,
    Flaky,
    Failed,
    Error,
    Skipped,
    /// The platform's cases did not all run, so this one may be missing.
    NotRun,
    /// The platform has no such case.
    NotPlanned,
}

impl Sign {
    pub(super) fn of(case: &CaseResult) -> Self {
        match case.outcome {
            Outcome::Passed if case.flaky => Self::Flaky,
            Outcome::Passed => Self::Passed,
            Outcome::Failed => Self::Failed,
            Outcome::Error => Self::Error,
            Outcome::Skipped => Self::Skipped,
        }
    }

    pub(super) fn glyph(self, view: &View) -> &'static str {
        match self {
            Self::Passed => view.glyphs.passed,
            Self::Flaky => view.glyphs.flaky,
            Self::Failed => view.glyphs.failed,
            Self::Error => view.glyphs.error,
            Self::Skipped => view.glyphs.skipped,
            Self::NotRun => view.glyphs.not_run,
            Self::NotPlanned => view.glyphs.absent,
        }
    }

    pub(super) fn style(self, view: &View) -> Style {
        match self {
            Self::Passed => view.palette.passed,
            Self::Flaky | Self::Skipped => view.palette.skipped,
            Self::Failed => view.palette.failed,
            Self::Error | Self::NotRun => view.palette.error,
            Self::NotPlanned => view.palette.dim,
        }
    }

    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Flaky => "passed after a retry",
            Self::Failed => "failed",
            Self::Error => "error: not judged",
            Self::Skipped => "excepted",
            Self::NotRun => "did not run",
            Self::NotPlanned => "not planned",
        }
    }

    /// The character in its colour.
    pub(super) fn painted(self, view: &View) -> String {
        paint(self.style(view), self.glyph(view))
    }
}
