//! `integration:`: services of compose files, one of which is the variant.

mod ask;
mod evidence;
mod images;
mod record;
mod story;
mod workshop;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::compose::{By, Place, Services};
use crate::diagnosis::{Observation, signal_of};
use crate::engine::EngineError;
use crate::event::{Cause, Confidence, Outcome};
use crate::run::finding::{Finding, arrange, cause, engine_fault};
use crate::run::room::{Room, verify};
use crate::stack::{Fault, HEALTHY, Stack, StackInput, Why};
use crate::suite::{self, Runner, ServiceAction};
use evidence::Evidence;
use workshop::OfRun;

/// The part that says whether the services came up.
const UP: &str = "services come up";
/// How long stopping may take in all: each service has its own grace within it.
const STOPPING: Duration = Duration::from_secs(60);

pub(super) async fn judge(
    room: &Arc<Room>,
    asked: &suite::Stack,
    services: &Arc<Services>,
    deadline: Duration,
) -> Result<Vec<Finding>, EngineError> {
    let clock = Instant::now();
    let images = match images::prepare(room, asked, &services.outline).await {
        Ok(images) => images,
        Err(fault) => return Ok(vec![Finding::error(*fault).part(UP).took(clock.elapsed())]),
    };
    let mut notes = images.notes;
    if let By::Builtin(project) = &services.by {
        let of_files = project.notes.iter().map(|note| {
            let Place { file, line } = &note.place;
            format!("{file}:{line}: {}", note.text)
        });
        notes.extend(of_files);
    }
    let input = StackInput {
        services: Arc::clone(services),
        images: images.of,
        exit_code_from: asked.exit_code_from.clone(),
        ports: ports(asked),
        workshop: Arc::new(OfRun {
            shared: Arc::clone(&room.shared),
            engine: Arc::clone(&room.engine),
        }),
    };
    // Pulls are not the services' time.
    let until = Instant::now() + deadline;
    let mut stack = Stack::new(&input);
    let mut findings = observe(room, asked, &mut stack, &input, until)
        .await
        .unwrap_or_else(|error| vec![Finding::error(engine_fault(&error)).part(UP)]);
    if let Some(first) = findings.first_mut() {
        first.notes.extend(notes);
    }
    let bad = findings
        .iter()
        .position(|finding| finding.outcome != Outcome::Passed);
    let masker = room.shared.recorder.masker();
    // What is gone can't be looked at.
    let evidence = match bad {
        Some(_) => Some(Evidence::of(&room.engine, &stack, masker).await),
        None => None,
    };
    stack.down(Instant::now() + STOPPING).await;
    // The part that did not pass has the story: of one that passed little is kept.
    if let Some(teller) = findings.get_mut(bad.unwrap_or(0)) {
        let own = std::mem::take(&mut teller.stdout);
        teller.stdout = story::of(&stack, masker);
        if !own.is_empty() {
            let part = teller.part.as_deref().unwrap_or_default();
            teller.stdout.push_str(&format!("== {part}\n{own}"));
        }
        teller.services = evidence
            .as_ref()
            .map(|evidence| Box::new(evidence.record(&stack)));
        if room.shared.options.artifacts {
            teller.artifacts = evidence::left(&stack);
            let inspections = evidence.into_iter().flat_map(Evidence::inspections);
            teller.artifacts.extend(inspections);
        }
    }
    Ok(findings)
}

/// The ports that requests will be made to.
fn ports(asked: &suite::Stack) -> BTreeMap<String, BTreeSet<u16>> {
    let mut ports: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    for check in &asked.checks {
        if let ServiceAction::Http(request) = &check.action
            && let Some(port) = request.port
        {
            ports.entry(check.service.clone()).or_default().insert(port);
        }
    }
    ports
}

async fn observe(
    room: &Arc<Room>,
    asked: &suite::Stack,
    stack: &mut Stack,
    input: &StackInput,
    until: Instant,
) -> Result<Vec<Finding>, EngineError> {
    let clock = Instant::now();
    if let Err(fault) = stack.up(input, until).await {
        // What was made from another image than it was to be proves nothing.
        let wrong = verified(room, asked, stack, input).await.ok();
        let finding = match wrong.filter(|found| found.outcome == Outcome::Error) {
            Some(wrong) => wrong,
            None => broken(room, asked, stack, fault).await?,
        };
        return Ok(vec![finding.part(UP).took(clock.elapsed())]);
    }
    let mut findings = vec![
        verified(room, asked, stack, input)
            .await?
            .part(UP)
            .took(clock.elapsed()),
    ];
    if let Some(service) = &asked.exit_code_from {
        let clock = Instant::now();
        let finding = match stack.ended(service, until).await {
            Ok(0) => Finding::passed(),
            Ok(code) => {
                let ended = stack.states().remove(service);
                let why = Why::Exited {
                    code,
                    oom_killed: ended.is_some_and(|state| state.is_oom_killed()),
                };
                failed(room, asked, stack, service, &why).await?
            }
            Err(fault) => broken(room, asked, stack, fault).await?,
        };
        findings.push(
            finding
                .part(format!("{service} exits with 0"))
                .took(clock.elapsed()),
        );
    }
    for check in &asked.checks {
        findings.push(ask::ask(room, stack, check, until).await?);
    }
    // One that broke while it was asked is told, whatever its answers were.
    if let Some((service, why)) = stack.fault()
        && findings.iter().all(|finding| finding.causes.is_empty())
    {
        let finding = failed(room, asked, stack, &service, &why).await?;
        if let Some(first) = findings.first_mut() {
            *first = finding.part(UP);
        }
    }
    Ok(findings)
}

/// That each container was made from the image and for the platform it was to be.
async fn verified(
    room: &Arc<Room>,
    asked: &suite::Stack,
    stack: &Stack,
    input: &StackInput,
) -> Result<Finding, EngineError> {
    let mut causes = Vec::new();
    for (service, image) in &input.images {
        let Some(container) = stack.container(service) else {
            continue;
        };
        if asked.under_test.contains(service) {
            if let Err(found) = verify(room.engine.as_ref(), &container, &room.variant).await {
                return Ok(Finding::error(*found));
            }
            let command = command(input, service);
            if let Some(word) = command.first()
                && let Some(masked) = room.masked(word).await?
            {
                causes.push(masked);
            }
            continue;
        }
        let state = room.engine.inspect(&container).await?;
        let bare = |id: &str| id.trim_start_matches("sha256:").to_owned();
        if bare(&state.image_id) != bare(&image.reference) {
            let mut found = cause(
                "engine-substituted-image",
                Confidence::Established,
                format!("the engine made {service} from another image than it was given"),
            );
            found.evidence = vec![
                format!("asked for: {}", image.reference),
                format!("made from: {}", state.image_id),
            ];
            return Ok(Finding::error(found));
        }
    }
    Ok(Finding::judged(causes))
}

/// What a service executes.
fn command(input: &StackInput, service: &str) -> Vec<String> {
    let (Some(image), Some(service)) = (
        input.images.get(service),
        input.services.outline.services.get(service),
    ) else {
        return Vec::new();
    };
    let mut words = service
        .entrypoint
        .clone()
        .unwrap_or_else(|| image.config.entrypoint.clone());
    match (&service.command, &service.entrypoint) {
        (Some(command), _) => words.extend(command.iter().cloned()),
        // An entrypoint that is replaced takes the image's command with it.
        (None, Some(_)) => {}
        (None, None) => words.extend(image.config.cmd.iter().cloned()),
    }
    words
}

async fn broken(
    room: &Arc<Room>,
    asked: &suite::Stack,
    stack: &Stack,
    fault: Fault,
) -> Result<Finding, EngineError> {
    match fault {
        Fault::Plugin { text } => {
            let mut found = cause(
                "compose-plugin",
                Confidence::Unknown,
                "the compose plugin did not bring the services up",
            );
            found.evidence = text.lines().map(str::to_owned).collect();
            Ok(Finding::error(found))
        }
        Fault::Engine(error) => Ok(Finding::error(engine_fault(&error))),
        Fault::Service { service, why } => failed(room, asked, stack, &service, &why).await,
    }
}

/// A service that did not do its part, and why, as far as bytes and text tell.
async fn failed(
    room: &Arc<Room>,
    asked: &suite::Stack,
    stack: &Stack,
    service: &str,
    why: &Why,
) -> Result<Finding, EngineError> {
    let mut found = cause(code(why), Confidence::Unknown, format!("{service} {why}"));
    let printed = stack.printed().remove(service);
    let text = printed.map_or_else(String::new, |printed| {
        format!("{}\n{}", printed.stdout.text(), printed.stderr.text())
    });
    let last: Vec<&str> = text.trim_end().lines().rev().take(10).collect();
    found
        .evidence
        .extend(last.iter().rev().map(|line| format!("{service} | {line}")));
    if let Why::Unhealthy { output } | Why::NotReady { output, .. } = why
        && !output.trim().is_empty()
    {
        found
            .evidence
            .push(format!("its last healthcheck said: {}", output.trim_end()));
    }
    if *why == Why::NoHealthcheck {
        found.hint = Some("give it a `healthcheck`, or wait for `service_started`".to_owned());
    }
    if let Why::NotReady { waiting_for, .. } = why
        && *waiting_for == HEALTHY
        && asked.runner == Runner::Plugin
        && !room.engine.facts().runs_healthchecks()
    {
        found.hint = Some(format!(
            "{} runs no healthcheck without systemd, and the compose plugin waits for it; the built-in runner probes by itself: leave `runner` out",
            room.engine.facts().name
        ));
    }
    let reasons = if asked.under_test.iter().any(|name| name == service) {
        let (exit, signal, oom_killed, said) = match why {
            Why::NotStarted { code, text } => (Some(*code), None, false, text.as_str()),
            Why::Exited { code, oom_killed } => (Some(*code), signal_of(*code), *oom_killed, ""),
            Why::EndedBeforeHealthy { code } => (Some(*code), signal_of(*code), false, ""),
            Why::Crashed { signal } => (None, Some(*signal), false, ""),
            Why::Unhealthy { .. } | Why::NoHealthcheck | Why::NotReady { .. } => {
                (None, None, false, "")
            }
        };
        let text = format!("{said}\n{text}");
        let observation = Observation {
            exit,
            signal,
            oom_killed,
            ..Observation::of(&room.variant.platform, room.facts.execution, &text)
        };
        room.diagnose(&observation).await
    } else {
        told_by_others(room, asked, stack).await
    };
    Ok(Finding::failed(arrange(vec![found], reasons)))
}

/// What the services under test printed may say why another one, which asks them,
/// did not get what it asked for.
async fn told_by_others(room: &Arc<Room>, asked: &suite::Stack, stack: &Stack) -> Vec<Cause> {
    let mut reasons = Vec::new();
    for (service, printed) in stack.printed() {
        if !asked.under_test.contains(&service) {
            continue;
        }
        let text = format!("{}\n{}", printed.stdout.text(), printed.stderr.text());
        let observation = Observation::of(&room.variant.platform, room.facts.execution, &text);
        let found = room.diagnose(&observation).await;
        reasons.extend(found.into_iter().map(|mut reason| {
            reason.evidence.push(format!("{service} printed it"));
            // It is not this service that failed, and may have lived on.
            if reason.confidence == Confidence::Established {
                reason.confidence = Confidence::Consistent;
            }
            reason
        }));
    }
    reasons
}

fn code(why: &Why) -> &'static str {
    match why {
        Why::NotStarted { .. } => "service-not-started",
        Why::Exited { .. } | Why::EndedBeforeHealthy { .. } => "service-ended",
        Why::Crashed { .. } => "service-crashed",
        Why::Unhealthy { .. } => "service-unhealthy",
        Why::NoHealthcheck => "service-without-healthcheck",
        Why::NotReady { .. } => "service-not-ready",
    }
}
