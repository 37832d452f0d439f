//! `everyarch audit`: what the bytes say, shown, written and judged.

use std::path::PathBuf;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::arguments::AuditArguments;
use super::contents::contents;
use super::exit::Exit;
use super::failure::Failure;
use super::outputs::AuditOutputs;
use super::screen::{self, Screen};
use super::{cache, signals, suites};
use crate::audit::AuditInput;
use crate::event::AuditReport;
use crate::plan::{self, Selection};
use crate::report::audit::write_summary;
use crate::suite::SuiteFile;

pub(super) async fn audit(arguments: Box<AuditArguments>) -> Exit {
    let (clock, started) = (Instant::now(), jiff::Timestamp::now());
    let screen = Screen::new(arguments.screen);
    let Ok(suites) = suites::read(&arguments.suite, Screen::is_colored(arguments.screen)) else {
        return Exit::Usage;
    };
    let outputs = AuditOutputs::open(
        arguments.json.as_deref(),
        arguments.sarif.as_deref(),
        arguments.junit.as_deref(),
    );
    let outputs = match outputs {
        Ok(outputs) => outputs,
        Err(message) => {
            screen::complain(&message, Some("nothing was looked at"));
            return Exit::Error;
        }
    };
    let cancel = signals::cancellation();
    let (report, exit) = match look(&arguments, &suites, &cancel).await {
        Ok(mut report) => {
            report.duration = clock.elapsed();
            let report = plan::judge_audit(report, &suites, jiff::Zoned::now().date());
            let mut text = Vec::new();
            // Writing into memory does not fail.
            let _ = write_summary(&report, &screen.view, &mut text);
            screen::print(&String::from_utf8_lossy(&text));
            let exit = if cancel.is_cancelled() {
                Exit::Interrupted
            } else {
                Exit::of_verdict(report.verdict())
            };
            (report, exit)
        }
        Err(failure) => {
            screen::complain(&failure.cause.message, failure.cause.hint.as_deref());
            (unreached(&arguments, &failure, clock), failure.exit)
        }
    };
    match outputs.write(&report, started) {
        Ok(()) => exit,
        Err(message) => {
            screen::complain(&message, Some("a result that nobody can read is no pass"));
            Exit::Error
        }
    }
}

async fn look(
    arguments: &AuditArguments,
    suites: &[SuiteFile],
    cancel: &CancellationToken,
) -> Result<AuditReport, Failure> {
    let contents = tokio::select! {
        contents = contents(arguments) => contents?,
        () = cancel.cancelled() => return Err(Failure::interrupted()),
    };
    let selection = Selection {
        platforms: arguments.platform.clone(),
        ..Selection::default()
    };
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    let input = AuditInput {
        contents,
        reference: arguments.image.to_string(),
        required: plan::wanted(suites, &selection),
        jobs: arguments.jobs.map_or(processors, usize::from),
        cache: cache(arguments),
        cancel: cancel.clone(),
    };
    let report = crate::audit::audit(input).await;
    match report {
        Ok(mut report) => {
            // Whatever was looked at by then, it was not everything.
            if cancel.is_cancelled() {
                let interrupted = "interrupted before everything was looked at";
                report.errors.push(interrupted.to_owned().into());
            }
            Ok(report)
        }
        Err(_) if cancel.is_cancelled() => Err(Failure::interrupted()),
        Err(error) => Err(Failure::error(
            "registry-error",
            format!("{}: {error}", arguments.image),
            None,
        )),
    }
}

/// The report of an audit that ended before anything was looked at.
fn unreached(arguments: &AuditArguments, failure: &Failure, clock: Instant) -> AuditReport {
    AuditReport {
        reference: arguments.image.to_string(),
        index_digest: None,
        platforms: Vec::new(),
        findings: Vec::new(),
        errors: vec![failure.cause.message.clone().into()],
        notes: Vec::new(),
        duration: clock.elapsed(),
    }
}

fn cache(arguments: &AuditArguments) -> Option<PathBuf> {
    if arguments.no_cache {
        return None;
    }
    arguments.cache.clone().or_else(cache::of_user)
}
