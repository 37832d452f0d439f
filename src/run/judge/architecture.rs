//! `architecture:` what each runtime says it is, and what the executable that
//! answered is: an amd64 binary in an arm64 image answers too.

mod ask;

use std::sync::Arc;
use std::time::Duration;

use self::ask::{ASKS, Ask};
use crate::diagnosis::{FileShape, Observation};
use crate::engine::{Ended, EngineError, ExecSpec};
use crate::event::{Cause, Confidence};
use crate::image::ElfHeader;
use crate::repro::RunLine;
use crate::run::finding::{Finding, arrange, cause, says_not_executed};
use crate::run::room::{Program, Room, masked_binary};
use crate::run::session::Session;
use crate::suite::{Runtime, Selection};

/// Asks every runtime selected. Never satisfied by nothing.
pub(super) async fn judge(
    room: &Arc<Room>,
    session: &mut Session,
    selection: &Selection<Runtime>,
    deadline: Duration,
) -> Result<Vec<Finding>, EngineError> {
    let mut findings = Vec::new();
    let mut asked_paths = Vec::new();
    for ask in ASKS {
        let is_demanded = match selection {
            Selection::Auto => false,
            Selection::Named(runtimes) if runtimes.contains(&ask.runtime) => true,
            Selection::Named(_) => continue,
        };
        let mut program = None;
        for name in ask.programs {
            program = room.program(name).await?;
            if program.is_some() {
                break;
            }
        }
        match program {
            Some(program) => {
                asked_paths.push(program.path.clone());
                findings.push(put(room, session, ask, &program, deadline).await?);
            }
            None if is_demanded => findings.push(absent(room, ask)),
            None => {}
        }
    }
    if *selection == Selection::Auto
        && let Some(finding) = entrypoint(room, &asked_paths).await?
    {
        findings.push(finding);
    }
    if findings.is_empty() {
        let mut found = cause(
            "nothing-to-ask",
            Confidence::Established,
            "nothing in this image could be asked for its architecture",
        );
        found.evidence.push(format!(
            "no {} in {}, and no entrypoint or command that is a file",
            ASKS.iter()
                .map(|ask| ask.runtime.name())
                .collect::<Vec<_>>()
                .join(", "),
            room.variant.config.path().join(":")
        ));
        found.hint = Some("set an entrypoint, or leave this check out of the suite".to_owned());
        findings.push(Finding::failed(vec![found]));
    }
    Ok(findings)
}

fn absent(room: &Room, ask: &Ask) -> Finding {
    let mut found = cause(
        "exec-file-missing",
        Confidence::Established,
        format!("{} is not in the image", ask.runtime.name()),
    );
    found.evidence.push(format!(
        "looked for {} in {}",
        ask.programs.join(", "),
        room.variant.config.path().join(":")
    ));
    Finding::failed(vec![found]).part(ask.runtime.name())
}

async fn put(
    room: &Arc<Room>,
    session: &mut Session,
    ask: &Ask,
    program: &Program,
    deadline: Duration,
) -> Result<Finding, EngineError> {
    let platform = &room.variant.platform;
    let mut command = vec![program.invoked.clone()];
    command.extend(ask.arguments.iter().map(|&word| word.to_owned()));
    let spec = ExecSpec {
        command: command.clone(),
        ..ExecSpec::default()
    };
    let execution = session.exec(&spec, deadline).await?;
    let stdout = execution.stdout.text();
    let stderr = execution.stderr.text();
    let answer = (ask.answer)(&stdout, &stderr);
    let mut causes: Vec<Cause> = Vec::new();
    let mut notes = Vec::new();

    // The executable that answered, by its own word where it has one.
    let answered = answer
        .as_ref()
        .and_then(|answer| answer.program.as_deref())
        .filter(|path| path.starts_with('/'));
    let executable = match answered {
        Some(path) => room.program(path).await?.unwrap_or_else(|| program.clone()),
        None => program.clone(),
    };
    let masked = match executable.header {
        Some(header) if !header.is_for(platform) => {
            Some(masked_binary(&executable.path, header, platform))
        }
        Some(_) => None,
        None => {
            notes.push(format!(
                "{} is no ELF file; what it starts was not looked at",
                executable.path
            ));
            None
        }
    };

    match (&answer, execution.ended) {
        (Some(answer), Ended::Exit(0)) => {
            if (ask.accepts)(platform, &answer.architecture) {
                notes.push(format!(
                    "{} says {}",
                    ask.runtime.name(),
                    answer.architecture
                ));
            } else {
                let mut found = cause(
                    "architecture-mismatch",
                    Confidence::Established,
                    format!(
                        "{} says {}, and for {platform} it should say {}",
                        ask.runtime.name(),
                        answer.architecture,
                        (ask.expected)(platform)
                    ),
                );
                found.evidence.push(format!("asked: {}", command.join(" ")));
                causes.push(found);
            }
        }
        (_, ended) => {
            let text = format!("{stdout}{stderr}");
            let observation = Observation {
                command: &command,
                oom_killed: session.oom_killed().await,
                ..room.observation(&text, ended)
            };
            let reasons = room.diagnose(&observation).await;
            let end = match ended {
                Ended::Exit(code) => format!("it ended with exit code {code}"),
                Ended::Deadline => format!("it did not answer within {} s", deadline.as_secs()),
            };
            causes.push(cause(
                "architecture-not-told",
                Confidence::Unknown,
                format!(
                    "{} was asked for its architecture, and {end}",
                    ask.runtime.name()
                ),
            ));
            causes = arrange(causes, reasons);
        }
    }
    if let Some(masked) = masked
        && !says_not_executed(&causes)
    {
        causes.insert(0, masked);
    }
    let entrypoint = command.drain(..1).collect();
    let mut finding = Finding::judged(causes)
        .part(ask.runtime.name())
        .output(stdout, stderr)
        .took(execution.duration)
        .reproduce(room.by_hand(RunLine {
            entrypoint: Some(entrypoint),
            command,
            ..room.run_line()
        }));
    finding.notes = notes;
    Ok(finding)
}

/// The entrypoint's own bytes: all there is to look at in a scratch image.
async fn entrypoint(room: &Arc<Room>, asked: &[String]) -> Result<Option<Finding>, EngineError> {
    let command = room.variant.config.command_line();
    let Some(word) = command.first() else {
        return Ok(None);
    };
    let rootfs = room.specimen().await?;
    let config = &room.variant.config;
    let facts = rootfs.facts(word, &config.path(), &config.workdir).await?;
    if asked.contains(&facts.path) {
        return Ok(None);
    }
    let (path, header): (String, Option<ElfHeader>) = match &facts.shape {
        FileShape::Elf(header, _) => (facts.path.clone(), Some(*header)),
        // A script is what its interpreter is.
        FileShape::Script(interpreter, _) => (
            interpreter.path.clone(),
            rootfs.elf(&interpreter.path).await?,
        ),
        _ => (facts.path.clone(), None),
    };
    let finding = match header {
        Some(header) if header.is_for(&room.variant.platform) => {
            Finding::passed().note(format!("{path} is an ELF file for {header}"))
        }
        Some(header) => Finding::failed(vec![masked_binary(&path, header, &room.variant.platform)]),
        None => {
            let message = format!("the entrypoint {} {}", facts.path, facts.shape.describe());
            Finding::failed(vec![cause(
                "entrypoint-not-executable",
                Confidence::Established,
                message,
            )])
        }
    };
    Ok(Some(finding.part("entrypoint")))
}
