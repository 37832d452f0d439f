//! What is asked of the services once they are up.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::check::{self, HttpObservation};
use crate::engine::{Captured, EngineError, ExecSpec, Port};
use crate::event::{Cause, Confidence};
use crate::run::finding::{Finding, cause, mismatches};
use crate::run::http::{Request, Route, Silence};
use crate::run::judge::observed;
use crate::run::judge::program::{observation, words};
use crate::run::room::Room;
use crate::run::session::OUTPUT_CAP;
use crate::stack::Stack;
use crate::suite::{HttpCheck, Run, ServiceAction, ServiceCheck, TextExpectation};

/// Between two tries of a request nobody answers yet.
const POLL: Duration = Duration::from_millis(200);

/// Carries one check out.
pub(super) async fn ask(
    room: &Arc<Room>,
    stack: &Stack,
    asked: &ServiceCheck,
    deadline: Instant,
) -> Result<Finding, EngineError> {
    let clock = Instant::now();
    let finding = match &asked.action {
        ServiceAction::Run(run) => program(stack, &asked.service, run, deadline).await?,
        ServiceAction::Http(request) => {
            Finding::judged(http(room, stack, &asked.service, request, deadline).await?)
        }
        ServiceAction::Logs(demands) => {
            Finding::judged(logs(stack, &asked.service, demands, deadline).await)
        }
    };
    Ok(finding.part(&asked.name).took(clock.elapsed()))
}

async fn program(
    stack: &Stack,
    service: &str,
    run: &Run,
    deadline: Instant,
) -> Result<Finding, EngineError> {
    let spec = ExecSpec {
        command: words(&run.command),
        env: run.env.clone(),
        user: run.user.clone(),
        workdir: run.workdir.clone(),
        stdin: run.stdin.as_ref().map(|text| text.clone().into_bytes()),
    };
    let left = deadline.saturating_duration_since(Instant::now());
    let Some(execution) = stack.exec(service, &spec, left, OUTPUT_CAP).await? else {
        return Ok(Finding::failed(vec![no_container(service)]));
    };
    let causes = mismatches(&check::program(&run.expect, &observation(&execution, left)));
    Ok(Finding::judged(causes).output(execution.stdout.text(), execution.stderr.text()))
}

/// A service without a healthcheck may not listen yet: a connection that is refused
/// is tried again.
async fn http(
    room: &Arc<Room>,
    stack: &Stack,
    service: &str,
    asked: &HttpCheck,
    deadline: Instant,
) -> Result<Vec<Cause>, EngineError> {
    let (Some(container), Some(port)) = (stack.container(service), asked.port) else {
        return Ok(vec![no_container(service)]);
    };
    let request = Request {
        method: asked.method.clone(),
        path: asked.path.clone(),
        headers: asked.headers.clone(),
        body: asked.body.clone(),
    };
    loop {
        let state = room.engine.inspect(&container).await?;
        let published = state.ports.get(&Port::tcp(port)).copied();
        let route = match published.filter(|_| room.engine.facts().is_local) {
            Some(address) => Route::Published(address),
            None => Route::Inside {
                engine: Arc::clone(&room.engine),
                container: container.clone(),
                port,
            },
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let silence = match route.request(&request, left).await {
            Ok(response) => {
                let observation = HttpObservation {
                    status: response.status,
                    headers: response.headers,
                    body: observed(&response.body),
                };
                return Ok(mismatches(&check::http(asked, &observation)));
            }
            Err(silence) => silence,
        };
        let is_early = matches!(silence, Silence::Refused | Silence::Broken(_));
        if is_early && state.is_running() && Instant::now() + POLL < deadline {
            tokio::time::sleep(POLL).await;
            continue;
        }
        let mut found = cause(
            "no-answer",
            Confidence::Unknown,
            format!(
                "{} {} on port {port} of {service}: {silence}",
                asked.method, asked.path
            ),
        );
        if !state.is_running() {
            found.evidence.push(format!(
                "{service} does not run any more: it ended with exit code {}",
                state.exit_code
            ));
        } else if silence == Silence::Refused {
            found.hint =
                Some("it may listen on 127.0.0.1 only: let it listen on 0.0.0.0".to_owned());
        }
        return Ok(vec![found]);
    }
}

/// What is printed a moment later counts too.
async fn logs(
    stack: &Stack,
    service: &str,
    demands: &[TextExpectation],
    deadline: Instant,
) -> Vec<Cause> {
    let late = (Instant::now() + Duration::from_secs(2)).min(deadline);
    loop {
        let Some(printed) = stack.printed().remove(service) else {
            return vec![no_container(service)];
        };
        let causes = mismatches(&check::text(
            "log",
            demands,
            &both(&printed.stdout, &printed.stderr),
        ));
        if causes.is_empty() || Instant::now() >= late {
            return causes;
        }
        tokio::time::sleep(POLL).await;
    }
}

fn both(stdout: &Captured, stderr: &Captured) -> check::Captured {
    check::Captured {
        text: stdout.searchable(check::GAP) + &stderr.searchable(check::GAP),
        whole_length: (stdout.is_cut() || stderr.is_cut()).then(|| stdout.total() + stderr.total()),
    }
}

fn no_container(service: &str) -> Cause {
    cause(
        "no-service",
        Confidence::Established,
        format!("no container of {service} was made"),
    )
}
