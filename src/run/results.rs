//! Findings become results: with their suite, their place in it, and what the
//! exceptions say of them.

use std::time::Duration;

use super::Shared;
use super::finding::{Finding, cause};
use super::room::Room;
use crate::event::{CaseResult, Cause, Confidence, Outcome, SuiteLocation};
use crate::image::Platform;
use crate::plan::{Case, Standing};
use crate::suite::PART_SEPARATOR;

/// Why a case was left out after one that did not pass.
pub(super) const NOT_RUN: &str =
    "not run: an earlier case did not pass, and --fail-fast was asked for";

/// The suite that the harness's own cases stand in.
const OWN: &str = "platform";

/// A finding as a result, the exceptions for its part applied.
pub(super) fn finished(room: &Room, case: &Case, finding: Finding) -> CaseResult {
    let name = match &finding.part {
        Some(part) => format!("{}{PART_SEPARATOR}{part}", case.check.name),
        None => case.check.name.clone(),
    };
    let mut result = blank(room, case, name, finding.outcome);
    result.flaky = finding.flaky;
    result.duration = finding.duration;
    result.causes = finding.causes;
    result.notes = finding.notes;
    result.stdout = finding.stdout;
    result.stderr = finding.stderr;
    result.services = finding.services;
    result.reproduce = finding.reproduce;
    if finding.part.is_some() {
        match case.exceptions.standing(&result.name) {
            Standing::Excepted(reason) if result.outcome == Outcome::Failed => {
                result.outcome = Outcome::Skipped;
                result.skip_reason = Some(reason);
            }
            Standing::Excepted(_) if result.outcome == Outcome::Passed => {
                result
                    .notes
                    .push("it passes: its exception is no longer needed".to_owned());
            }
            Standing::Expired { reason, until } => {
                result.outcome = Outcome::Error;
                result.causes.insert(
                    0,
                    cause(
                        "exception-expired",
                        Confidence::Established,
                        format!("the exception for this part ended on {until} ({reason})"),
                    ),
                );
            }
            _ => {}
        }
    }
    room.shared.recorder.finished(result)
}

pub(super) fn skipped(room: &Room, case: &Case, name: String, reason: String) -> CaseResult {
    let mut result = blank(room, case, name, Outcome::Skipped);
    result.skip_reason = Some(reason);
    room.shared.recorder.finished(result)
}

/// A case that never began: because of `--fail-fast`, or of an interruption.
pub(super) fn not_run(room: &Room, case: &Case) -> CaseResult {
    if room.shared.cancel.is_cancelled() {
        return finished(room, case, Finding::error(interrupted()));
    }
    skipped(room, case, case.check.name.clone(), NOT_RUN.to_owned())
}

fn blank(room: &Room, case: &Case, name: String, outcome: Outcome) -> CaseResult {
    let location = case
        .file
        .as_ref()
        .filter(|_| case.check.line > 0)
        .map(|file| SuiteLocation {
            file: file.clone(),
            line: case.check.line,
            excerpt: case.check.excerpt.clone(),
        });
    CaseResult {
        suite: case.suite.clone(),
        name,
        platform: room.variant.platform.clone(),
        outcome,
        flaky: false,
        duration: Duration::ZERO,
        causes: Vec::new(),
        notes: Vec::new(),
        skip_reason: None,
        location,
        reproduce: None,
        stdout: String::new(),
        stderr: String::new(),
        services: None,
    }
}

/// A case of the harness's own: what it found out about a platform besides the suite.
pub(super) fn own_case(
    shared: &Shared,
    platform: &Platform,
    name: &str,
    outcome: Outcome,
    cause: Cause,
) -> CaseResult {
    shared.recorder.finished(CaseResult {
        suite: OWN.to_owned(),
        name: name.to_owned(),
        platform: platform.clone(),
        outcome,
        flaky: false,
        duration: Duration::ZERO,
        causes: vec![cause],
        notes: Vec::new(),
        skip_reason: None,
        location: None,
        reproduce: None,
        stdout: String::new(),
        stderr: String::new(),
        services: None,
    })
}

/// Why a case was not judged after SIGINT or SIGTERM.
pub(super) fn interrupted() -> Cause {
    cause(
        "interrupted",
        Confidence::Established,
        "the run was interrupted before this was judged",
    )
}
