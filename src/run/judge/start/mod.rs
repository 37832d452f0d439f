//! `start:` with `ready:`, `http:` and `logs:`

mod ready;

use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use tokio::time::Instant;

use self::ready::wait_ready;
use super::observed;
use crate::check::{self, HttpObservation};
use crate::diagnosis::{Observation, signal_name, signal_of};
use crate::engine::{ContainerSpec, EngineError, Port};
use crate::event::{Cause, Confidence};
use crate::repro::RunLine;
use crate::run::finding::{Finding, arrange, cause, mismatches};
use crate::run::http::{Request, Silence};
use crate::run::room::Room;
use crate::run::service::{End, Service};
use crate::suite::{HttpCheck, READY_WITHIN, Ready, ReadyCondition, Start};

/// How long a program that says nothing of its readiness must stay up to count
/// as started. A wrong architecture shows in milliseconds; an emulated runtime
/// takes a second or two before it runs its first line.
pub(super) fn settle_time(room: &Room) -> Duration {
    Duration::from_secs(if room.is_emulated() { 5 } else { 2 })
}

/// Between two looks at something that does not announce itself.
const POLL: Duration = Duration::from_millis(100);

pub(super) async fn judge(
    room: &Arc<Room>,
    start: &Start,
    deadline: Duration,
) -> Result<Vec<Finding>, EngineError> {
    let line = reproduce(room, start);
    let clock = Instant::now();
    let patterns: Vec<Regex> = start
        .ready
        .iter()
        .flat_map(|ready| &ready.conditions)
        .filter_map(|condition| match condition {
            ReadyCondition::Log(pattern) => Some(pattern.clone()),
            _ => None,
        })
        .collect();
    let spec = ContainerSpec {
        entrypoint: start.entrypoint.clone(),
        cmd: start.cmd.clone(),
        env: start.env.clone(),
        user: start.user.clone(),
        workdir: start.workdir.clone(),
        publish: ports(room, start).into_iter().map(Port::tcp).collect(),
        ..ContainerSpec::default()
    };
    let mut service = match Service::start(room, spec, &patterns).await? {
        Ok(service) => service,
        Err(end) => return Ok(vec![broken_start(room, &end, None).await.reproduce(line)]),
    };
    // A busy engine takes seconds to make a container: they are not the program's.
    let begun = Instant::now();
    let judged = observe(room, start, &mut service, begun, deadline).await;
    let ended = service.ended().await;
    service.stop().await;
    let (stdout, stderr) = service.output();
    let mut causes = judged?;
    if causes.is_empty() {
        causes = log_mismatches(start, &service);
    } else if let Ok(Some(end)) = ended {
        // What it was asked it could not answer because it was no longer there.
        let reasons = broken_start(room, &end, Some(&service)).await.causes;
        if !reasons.iter().all(|reason| causes.contains(reason)) {
            causes = arrange(causes, reasons);
        }
    }
    Ok(vec![
        Finding::judged(causes)
            .output(stdout.text(), stderr.text())
            .took(clock.elapsed())
            .reproduce(line),
    ])
}

async fn observe(
    room: &Arc<Room>,
    start: &Start,
    service: &mut Service,
    begun: Instant,
    deadline: Duration,
) -> Result<Vec<Cause>, EngineError> {
    let whole = begun + deadline;
    let implied = implied_ready(room, start);
    if let Some(ready) = start.ready.as_ref().or(implied.as_ref()) {
        let within = room.stretch(ready.within);
        let until = begun + within;
        let causes = wait_ready(room, &ready.conditions, service, until, within).await?;
        // What was not asked for is not reported: the requests themselves are.
        let is_told = implied.is_none() || causes.iter().any(|cause| cause.code != "not-ready");
        if !causes.is_empty() && is_told {
            return Ok(causes);
        }
    }
    if start.ready.is_none() && start.http.is_empty() {
        let causes = settle(room, service, (begun + settle_time(room)).min(whole)).await?;
        if !causes.is_empty() {
            return Ok(causes);
        }
    }
    // An amd64 program in an arm64 image comes up on an amd64 host.
    let command = command(room, start);
    if let Some(word) = command.first()
        && let Some(masked) = room.masked(word).await?
    {
        return Ok(vec![masked]);
    }
    let mut causes = Vec::new();
    for check in &start.http {
        let left = whole
            .saturating_duration_since(Instant::now())
            .max(Duration::from_secs(1));
        causes.extend(ask(room, start, check, service, left).await);
    }
    Ok(causes)
}

/// Requests without `ready:` wait until their ports accept connections: else a
/// pass would depend on how fast the machine is.
fn implied_ready(room: &Room, start: &Start) -> Option<Ready> {
    let is_implied = start.ready.is_none() && !start.http.is_empty();
    is_implied.then(|| Ready {
        within: READY_WITHIN,
        conditions: ports(room, start)
            .into_iter()
            .map(ReadyCondition::Tcp)
            .collect(),
    })
}

/// Nothing says when it is up: then it must stay up for a while, or do what it
/// has to and end with 0.
async fn settle(
    room: &Arc<Room>,
    service: &mut Service,
    until: Instant,
) -> Result<Vec<Cause>, EngineError> {
    loop {
        match service.ended().await? {
            None if Instant::now() < until => {
                let left = until.saturating_duration_since(Instant::now());
                service.wait(left.min(POLL * 2)).await;
            }
            None => return Ok(Vec::new()),
            Some(End::Exited(state)) if state.exit_code == 0 => return Ok(Vec::new()),
            Some(end) => return Ok(broken_start(room, &end, Some(service)).await.causes),
        }
    }
}

/// Makes one request of `http:`.
async fn ask(
    room: &Room,
    start: &Start,
    check: &HttpCheck,
    service: &Service,
    left: Duration,
) -> Vec<Cause> {
    let what = format!("{} {}", check.method, check.path);
    let Some(port) = check.port.or_else(|| default_port(room, start)) else {
        let mut found = cause(
            "no-port",
            Confidence::Established,
            format!("{what}: no port is named, and the image exposes none or several"),
        );
        found.hint = Some("write it with the path, as in `get: \":8080/version\"`".to_owned());
        return vec![found];
    };
    let Some(route) = service.route(port) else {
        return vec![cause(
            "no-port",
            Confidence::Established,
            format!("{what}: port {port} is not published"),
        )];
    };
    let request = Request {
        method: check.method.clone(),
        path: check.path.clone(),
        headers: check.headers.clone(),
        body: check.body.clone(),
    };
    match route.request(&request, left).await {
        Ok(response) => {
            let observation = HttpObservation {
                status: response.status,
                headers: response.headers,
                body: observed(&response.body),
            };
            mismatches(&check::http(check, &observation))
        }
        Err(silence) => {
            let mut found = cause(
                "no-answer",
                Confidence::Unknown,
                format!("{what} on port {port}: {silence}"),
            );
            found
                .evidence
                .push(format!("line {} of the suite", check.line));
            if silence == Silence::Refused {
                found.hint = Some("it may listen on 127.0.0.1 only: let it listen on 0.0.0.0, and wait for it with `ready:`".to_owned());
            }
            vec![found]
        }
    }
}

fn log_mismatches(start: &Start, service: &Service) -> Vec<Cause> {
    if start.logs.is_empty() {
        return Vec::new();
    }
    let (stdout, stderr) = service.output();
    let both = check::Captured {
        text: stdout.searchable(check::GAP) + &stderr.searchable(check::GAP),
        whole_length: (stdout.is_cut() || stderr.is_cut()).then(|| stdout.total() + stderr.total()),
    };
    mismatches(&check::text("log", &start.logs, &both))
}

/// A container that is over, and should not be.
pub(super) async fn broken_start(
    room: &Arc<Room>,
    end: &End,
    service: Option<&Service>,
) -> Finding {
    let printed = service.map(Service::output);
    let (stdout, stderr) = printed.map_or((String::new(), String::new()), |(out, err)| {
        (out.text(), err.text())
    });
    let (exit, signal, oom, said, headline) = match end {
        End::NotStarted { code, text } => (
            Some(*code),
            None,
            false,
            text.clone(),
            format!("it could not be started: {text}"),
        ),
        End::Exited(state) => {
            let signal = signal_of(state.exit_code);
            let name = signal
                .and_then(signal_name)
                .map(|name| format!(" ({name})"))
                .unwrap_or_default();
            (
                Some(state.exit_code),
                signal,
                state.oom_killed,
                state.error.clone(),
                format!("it ended with exit code {}{name}", state.exit_code),
            )
        }
        End::Crashed(signal) => (
            None,
            Some(*signal),
            false,
            String::new(),
            "it crashed under emulation; as the container's first process it would hang for ever"
                .to_owned(),
        ),
    };
    let text = format!("{said}\n{stdout}\n{stderr}");
    let command = room.variant.config.command_line();
    let observation = Observation {
        command: &command,
        exit,
        signal,
        oom_killed: oom,
        ..Observation::of(&room.variant.platform, room.facts.execution, &text)
    };
    let reasons = room.diagnose(&observation).await;
    let ended = cause("ended", Confidence::Unknown, headline);
    Finding::failed(arrange(vec![ended], reasons)).output(stdout, stderr)
}

fn command(room: &Room, start: &Start) -> Vec<String> {
    let config = &room.variant.config;
    let mut words = start
        .entrypoint
        .clone()
        .unwrap_or_else(|| config.entrypoint.clone());
    match (&start.cmd, &start.entrypoint) {
        (Some(cmd), _) => words.extend(cmd.iter().cloned()),
        // An entrypoint that is replaced takes the image's command with it, as in `docker run`.
        (None, Some(_)) => {}
        (None, None) => words.extend(config.cmd.iter().cloned()),
    }
    words
}

/// Every port that is waited for or asked.
fn ports(room: &Room, start: &Start) -> Vec<u16> {
    let mut ports: Vec<u16> = Vec::new();
    let ready = start
        .ready
        .iter()
        .flat_map(|ready| &ready.conditions)
        .filter_map(|condition| match condition {
            ReadyCondition::Http { port, .. } | ReadyCondition::Tcp(port) => Some(*port),
            _ => None,
        });
    let asked = start.http.iter().filter_map(|check| check.port);
    let default = (!start.http.is_empty())
        .then(|| default_port(room, start))
        .flatten();
    for port in ready.chain(asked).chain(default) {
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    ports
}

/// The port of a request that names none: that of `ready:`, or the only exposed one.
fn default_port(room: &Room, start: &Start) -> Option<u16> {
    let ready = start
        .ready
        .iter()
        .flat_map(|ready| &ready.conditions)
        .find_map(|condition| match condition {
            ReadyCondition::Http { port, .. } | ReadyCondition::Tcp(port) => Some(*port),
            _ => None,
        });
    ready.or(match exposed_ports(room).as_slice() {
        [port] => Some(*port),
        _ => None,
    })
}

/// The TCP ports that the image exposes.
pub(super) fn exposed_ports(room: &Room) -> Vec<u16> {
    let exposed = room.variant.config.exposed_ports.iter();
    exposed
        .filter_map(|port| {
            let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
            (protocol == "tcp").then(|| number.parse().ok()).flatten()
        })
        .collect()
}

/// The `docker run` line that starts the same.
pub(super) fn reproduce(room: &Room, start: &Start) -> String {
    let mut entrypoint = start.entrypoint.clone();
    let mut command: Vec<String> = Vec::new();
    if let Some(words) = &mut entrypoint {
        command.extend(words.drain(words.len().min(1)..));
    }
    command.extend(start.cmd.iter().flatten().cloned());
    room.by_hand(RunLine {
        entrypoint,
        command,
        env: start.env.clone(),
        user: start.user.clone(),
        workdir: start.workdir.clone(),
        ..room.run_line()
    })
}
