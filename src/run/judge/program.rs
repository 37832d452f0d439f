//! `run:` and `shell:`

use std::sync::Arc;
use std::time::Duration;

use super::observed;
use crate::check::{self, ProgramObservation};
use crate::diagnosis::Observation;
use crate::engine::{Ended, EngineError, ExecSpec, Execution};
use crate::repro::RunLine;
use crate::run::finding::{Finding, arrange, mismatches, says_not_executed};
use crate::run::room::Room;
use crate::run::session::Session;
use crate::suite::{Command, ExitExpectation, Run};

pub(super) async fn judge(
    room: &Arc<Room>,
    session: &mut Session,
    run: &Run,
    deadline: Duration,
) -> Result<Vec<Finding>, EngineError> {
    let command = words(&run.command);
    let spec = ExecSpec {
        command: command.clone(),
        env: run.env.clone(),
        user: run.user.clone(),
        workdir: run.workdir.clone(),
        stdin: run.stdin.as_ref().map(|text| text.clone().into_bytes()),
    };
    let execution = session.exec(&spec, deadline).await?;
    let broken = mismatches(&check::program(
        &run.expect,
        &observation(&execution, deadline),
    ));
    let mut causes = if broken.is_empty() {
        Vec::new()
    } else {
        let reasons = reasons(room, session, &command, &execution, &run.expect.exit).await;
        arrange(broken, reasons)
    };
    // A program of another machine may meet every expectation here.
    if !says_not_executed(&causes)
        && let Some(word) = command.first()
        && let Some(masked) = room.masked(word).await?
    {
        causes.insert(0, masked);
    }
    let mut finding = Finding::judged(causes)
        .output(execution.stdout.text(), execution.stderr.text())
        .took(execution.duration)
        .reproduce(reproduce(room, run, command));
    for (name, stream) in [("stdout", &execution.stdout), ("stderr", &execution.stderr)] {
        if stream.is_cut() {
            finding = finding.note(format!(
                "{name} was {} bytes long; its beginning and its end were kept",
                stream.total()
            ));
        }
    }
    Ok(vec![finding])
}

pub(super) fn words(command: &Command) -> Vec<String> {
    match command {
        Command::Words(words) => words.clone(),
        Command::Shell(script) => vec!["/bin/sh".to_owned(), "-c".to_owned(), script.clone()],
    }
}

pub(super) fn observation(execution: &Execution, deadline: Duration) -> ProgramObservation {
    ProgramObservation {
        ended: match execution.ended {
            Ended::Exit(code) => check::Ended::Exited(code),
            Ended::Deadline => check::Ended::Deadline(deadline),
        },
        stdout: observed(&execution.stdout),
        stderr: observed(&execution.stderr),
    }
}

async fn reasons(
    room: &Arc<Room>,
    session: &Session,
    command: &[String],
    execution: &Execution,
    expected: &ExitExpectation,
) -> Vec<crate::event::Cause> {
    let text = format!("{}\n{}", execution.stdout.text(), execution.stderr.text());
    let observed = room.observation(&text, execution.ended);
    // A signal that the suite asked for is no crash to be explained.
    let is_wanted = matches!(expected, ExitExpectation::Signal(_));
    let observation = Observation {
        command,
        signal: observed.signal.filter(|_| !is_wanted),
        oom_killed: observed.exit == Some(137) && session.oom_killed().await,
        ..observed
    };
    room.diagnose(&observation).await
}

fn reproduce(room: &Room, run: &Run, mut command: Vec<String>) -> String {
    let entrypoint = command.drain(..command.len().min(1)).collect();
    room.by_hand(RunLine {
        entrypoint: Some(entrypoint),
        command,
        env: run.env.clone(),
        user: run.user.clone(),
        workdir: run.workdir.clone(),
        interactive_stdin: run.stdin.is_some(),
        ..room.run_line()
    })
}
