//! What the exit code says.

use std::process::ExitCode;

use crate::event::{RunResult, Verdict};

/// The exit codes, as `--help` documents them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: every required platform passed.
    Passed,
    /// 1: a check failed, or the audit found an error that is not accepted.
    Failed,
    /// 2: bad usage, or a bad suite.
    Usage,
    /// 3: something could not be judged, or not be looked at. Outranks 1.
    Error,
    /// 4: nothing was selected.
    Nothing,
    /// 130: interrupted.
    Interrupted,
}

impl Exit {
    /// Of a run's result.
    pub fn of(result: &RunResult) -> Self {
        if result.interrupted {
            return Self::Interrupted;
        }
        Self::of_verdict(result.verdict)
    }

    /// Of a verdict alone.
    pub fn of_verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Passed => Self::Passed,
            Verdict::Failed => Self::Failed,
            Verdict::Error => Self::Error,
        }
    }

    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Error => 3,
            Self::Nothing => 4,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
