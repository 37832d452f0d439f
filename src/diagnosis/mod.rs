//! Why a check did not pass: what was observed, set against the bytes of the
//! files it names. Pure.
//!
//! The text of a failure has up to six causes, so it only selects which files
//! to look at ([`suspects`]); the files' bytes decide ([`causes`]). Signatures
//! and their discriminators are documented in each rule.

mod file;
mod rules;

pub use file::{FileFacts, FileShape, Interpreter};

use crate::event::{Cause, Confidence, Execution};
use crate::image::Platform;

/// What is known of a program that did not do as it should.
#[derive(Clone, Debug)]
pub struct Observation<'a> {
    /// The platform under test.
    pub platform: &'a Platform,
    /// How it was run.
    pub execution: Execution,
    /// What was executed; empty where that is not known.
    pub command: &'a [String],
    /// The exit code, if it ended.
    pub exit: Option<i64>,
    /// The signal that ended it, where that is known.
    pub signal: Option<i32>,
    /// Its deadline passed.
    pub timed_out: bool,
    /// The kernel ended it, or a child of it, for want of memory.
    pub oom_killed: bool,
    /// All it printed, and what the engine said.
    pub text: &'a str,
}

impl<'a> Observation<'a> {
    /// Of what was printed, with nothing known of how it ended.
    pub fn of(platform: &'a Platform, execution: Execution, text: &'a str) -> Self {
        Self {
            platform,
            execution,
            command: &[],
            exit: None,
            signal: None,
            timed_out: false,
            oom_killed: false,
            text,
        }
    }

    /// It ended with this code, which tells of a signal where it is above 128.
    #[must_use]
    pub fn exited(self, code: i64) -> Self {
        Self {
            exit: Some(code),
            signal: signal_of(code),
            ..self
        }
    }
}

/// The signal that an exit code above 128 tells of.
pub fn signal_of(code: i64) -> Option<i32> {
    (129..=192)
        .contains(&code)
        .then(|| i32::try_from(code - 128).ok())
        .flatten()
}

/// The files that the text of a failure names: whose bytes decide. At most eight.
pub fn suspects(observation: &Observation<'_>) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    let mut add = |path: &str| {
        let path = path.trim_matches(|c: char| matches!(c, '"' | '\'' | '`' | ':' | '(' | ')'));
        if !path.is_empty() && paths.len() < 8 && !paths.iter().any(|known| known == path) {
            paths.push(path.to_owned());
        }
    };
    for rule in rules::ALL {
        for path in (rule.suspects)(observation) {
            add(&path);
        }
    }
    paths
}

/// The causes of a failure, the surest first. Empty where no rule applies: the
/// caller then says that the cause is not established.
pub fn causes(observation: &Observation<'_>, files: &[FileFacts]) -> Vec<Cause> {
    let mut found: Vec<Cause> = rules::ALL
        .iter()
        .filter_map(|rule| (rule.judge)(observation, files))
        .collect();
    let rank = |cause: &Cause| match cause.confidence {
        Confidence::Established => 0,
        Confidence::Consistent => 1,
        Confidence::Unknown => 2,
    };
    found.sort_by_key(rank);
    // An established fact explains the failure wholly; what is merely
    // consistent with it would only distract.
    if found
        .first()
        .is_some_and(|cause| cause.confidence == Confidence::Established)
    {
        found.retain(|cause| cause.confidence == Confidence::Established);
    }
    found
}

/// The name and number of a signal, for the ones that end programs.
pub fn signal_name(number: i32) -> Option<&'static str> {
    Some(match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => return None,
    })
}

/// The signal of a crash that `qemu-user` reports on standard error.
pub fn guest_signal(text: &str) -> Option<i32> {
    let (_, rest) = text.split_once("uncaught target signal ")?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests;
