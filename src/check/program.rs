//! How a program ended, and what it wrote.

use std::time::Duration;

use super::Mismatch;
use super::text::{Captured, text};
use crate::suite::{ExitExpectation, Expect, signal_name};

/// What became of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramObservation {
    /// How it ended.
    pub ended: Ended,
    /// Its standard output.
    pub stdout: Captured,
    /// Its standard error.
    pub stderr: Captured,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, or by a signal that an engine reports as 128 and more.
    Exited(i64),
    /// By a signal that is known to be one.
    Signalled(i32),
    /// Not at all: it was killed at its deadline.
    Deadline(Duration),
}

impl Ended {
    /// Its exit code, as a shell would name it.
    fn code(self) -> Option<i64> {
        match self {
            Self::Exited(code) => Some(code),
            Self::Signalled(signal) => Some(128 + i64::from(signal)),
            Self::Deadline(_) => None,
        }
    }

    /// The signal that ended it, known or told by its exit code: engines
    /// report only the latter.
    fn signal(self) -> Option<i32> {
        match self {
            Self::Signalled(signal) => Some(signal),
            Self::Exited(code @ 129..=192) => i32::try_from(code - 128).ok(),
            Self::Exited(_) | Self::Deadline(_) => None,
        }
    }

    /// Ended by a signal that programs do not choose to end by.
    fn is_crash(self) -> bool {
        // ILL, TRAP, ABRT, BUS, FPE, KILL, SEGV, SYS
        matches!(self.signal(), Some(4 | 5 | 6 | 7 | 8 | 9 | 11 | 31))
    }

    fn in_words(self) -> String {
        match self {
            Self::Exited(code) => match self.signal() {
                Some(signal) if self.is_crash() => {
                    format!("it exited with {code} ({})", signal_name(signal))
                }
                _ => format!("it exited with {code}"),
            },
            Self::Signalled(signal) => format!("it was ended by {}", signal_name(signal)),
            Self::Deadline(after) => format!("it was still running after {after:?}"),
        }
    }
}

/// The demands on a program that do not hold.
pub fn program(expect: &Expect, actual: &ProgramObservation) -> Vec<Mismatch> {
    let mut mismatches = Vec::new();
    if let Some(expected) = unmet(&expect.exit, actual.ended) {
        let subject = match expect.exit {
            ExitExpectation::Codes(_) | ExitExpectation::NonZero => "exit",
            ExitExpectation::Signal(_) => "signal",
        };
        mismatches.push(Mismatch::new(subject, expected, actual.ended.in_words()));
    }
    mismatches.extend(text("stdout", &expect.stdout, &actual.stdout));
    mismatches.extend(text("stderr", &expect.stderr, &actual.stderr));
    mismatches
}

/// What was expected, if it did not come true.
fn unmet(expected: &ExitExpectation, ended: Ended) -> Option<String> {
    match expected {
        ExitExpectation::Codes(codes) => {
            let is_met = ended.code().is_some_and(|code| codes.contains(&code));
            (!is_met).then(|| {
                let words: Vec<String> = codes.iter().map(i64::to_string).collect();
                words.join(" or ")
            })
        }
        // A program that refuses its input exits; one that crashes does not refuse.
        ExitExpectation::NonZero => {
            let is_met = ended.code().is_some_and(|code| code != 0) && !ended.is_crash();
            (!is_met).then(|| "an exit code but 0".to_owned())
        }
        ExitExpectation::Signal(signal) => {
            let is_met = ended.signal() == Some(*signal);
            (!is_met).then(|| signal_name(*signal))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(exit: ExitExpectation, ended: Ended) -> Option<String> {
        let expect = Expect {
            exit,
            ..Expect::default()
        };
        let actual = ProgramObservation {
            ended,
            stdout: Captured::default(),
            stderr: Captured::default(),
        };
        program(&expect, &actual)
            .into_iter()
            .next()
            .map(|mismatch| mismatch.message)
    }

    #[test]
    fn codes_and_signals_are_two_names_of_one_end() {
        use ExitExpectation::{Codes, NonZero, Signal};
        for (expected, ended) in [
            (Codes(vec![0]), Ended::Exited(0)),
            (Codes(vec![1, 3]), Ended::Exited(3)),
            (Codes(vec![139]), Ended::Signalled(11)),
            (Signal(11), Ended::Exited(139)),
            (Signal(11), Ended::Signalled(11)),
            (NonZero, Ended::Exited(2)),
            (NonZero, Ended::Exited(255)),
            (NonZero, Ended::Exited(143)),
        ] {
            assert_eq!(message(expected, ended), None);
        }
        assert_eq!(
            message(Codes(vec![0, 3]), Ended::Exited(139)).as_deref(),
            Some("exit: expected 0 or 3, but it exited with 139 (SIGSEGV)")
        );
        assert_eq!(
            message(Signal(6), Ended::Exited(1)).as_deref(),
            Some("signal: expected SIGABRT, but it exited with 1")
        );
        assert_eq!(
            message(NonZero, Ended::Signalled(11)).as_deref(),
            Some("exit: expected an exit code but 0, but it was ended by SIGSEGV")
        );
        assert_eq!(
            message(Codes(vec![0]), Ended::Deadline(Duration::from_secs(30))).as_deref(),
            Some("exit: expected 0, but it was still running after 30s")
        );
    }
}
