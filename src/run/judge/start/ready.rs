//! `ready:` waits until every condition holds, or can no longer come to hold.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{POLL, broken_start};
use crate::diagnosis::Observation;
use crate::engine::{EngineError, HealthStatus};
use crate::event::{Cause, Confidence};
use crate::run::finding::{arrange, cause};
use crate::run::http::{Request, Silence};
use crate::run::room::Room;
use crate::run::service::{End, Service};
use crate::suite::ReadyCondition;

/// Waits until every condition holds; returns why they do not.
pub(super) async fn wait_ready(
    room: &Arc<Room>,
    conditions: &[ReadyCondition],
    service: &mut Service,
    until: Instant,
    within: Duration,
) -> Result<Vec<Cause>, EngineError> {
    let expected_exit = conditions.iter().find_map(|condition| match condition {
        ReadyCondition::Exit(code) => Some(*code),
        _ => None,
    });
    let mut poll = Duration::from_millis(20);
    loop {
        let ended = service.ended().await?;
        let waiting_for = unmet(conditions, service, ended.as_ref(), until).await?;
        match (&ended, expected_exit) {
            (Some(End::Exited(state)), Some(code)) if state.exit_code == code => {
                return Ok(waiting_for
                    .map(|what| vec![not_ready(&what, within, "it ended before")])
                    .unwrap_or_default());
            }
            (Some(end), _) => return Ok(broken_start(room, end, Some(service)).await.causes),
            (None, _) => {}
        }
        let Some(waiting_for) = waiting_for else {
            return Ok(Vec::new());
        };
        if Instant::now() >= until {
            let mut causes = vec![not_ready(&waiting_for, within, "it was still not")];
            let (stdout, stderr) = service.output();
            let text = format!("{}\n{}", stdout.text(), stderr.text());
            let observation = Observation::of(&room.variant.platform, room.facts.execution, &text);
            causes = arrange(causes, room.diagnose(&observation).await);
            return Ok(causes);
        }
        service.wait(poll).await;
        poll = (poll * 2).min(POLL * 2);
    }
}

fn not_ready(what: &str, within: Duration, how: &str) -> Cause {
    let mut found = cause(
        "not-ready",
        Confidence::Unknown,
        format!("not ready within {} s: {how} {what}", within.as_secs_f64()),
    );
    found.hint = Some("raise `within` if it only needs longer; its log is below".to_owned());
    found
}

/// The first condition that does not hold yet, in words.
async fn unmet(
    conditions: &[ReadyCondition],
    service: &Service,
    ended: Option<&End>,
    until: Instant,
) -> Result<Option<String>, EngineError> {
    let mut pattern = 0;
    for condition in conditions {
        let left = until
            .saturating_duration_since(Instant::now())
            .clamp(Duration::from_millis(200), Duration::from_secs(5));
        match condition {
            ReadyCondition::Log(regex) => {
                if !service.has_matched(pattern) {
                    return Ok(Some(format!(
                        "printing a line that matches {}",
                        regex.as_str()
                    )));
                }
                pattern += 1;
            }
            ReadyCondition::Tcp(port) => {
                let accepts = match service.route(*port) {
                    Some(route) => route.accepts(left).await.unwrap_or(false),
                    None => false,
                };
                if !accepts {
                    return Ok(Some(format!("accepting connections on port {port}")));
                }
            }
            ReadyCondition::Http { port, path } => {
                let request = Request {
                    method: "GET".to_owned(),
                    path: path.clone(),
                    headers: Vec::new(),
                    body: None,
                };
                let answer = match service.route(*port) {
                    Some(route) => route.request(&request, left).await,
                    None => Err(Silence::Refused),
                };
                match answer {
                    Ok(response) if response.status < 400 => {}
                    Ok(response) => {
                        return Ok(Some(format!(
                            "answering :{port}{path} with a status below 400 (it said {})",
                            response.status
                        )));
                    }
                    Err(silence) => {
                        return Ok(Some(format!("answering :{port}{path} ({silence})")));
                    }
                }
            }
            ReadyCondition::Healthcheck => match service.health().await? {
                Some(health) if health.status == HealthStatus::Healthy => {}
                Some(health) => {
                    let said = health.last_output().trim();
                    return Ok(Some(match said {
                        "" => "healthy by its own healthcheck".to_owned(),
                        said => {
                            format!("healthy by its own healthcheck, which last said: {said}")
                        }
                    }));
                }
                None => return Ok(Some("healthy: the image has no healthcheck".to_owned())),
            },
            ReadyCondition::Exit(code) => {
                if !matches!(ended, Some(End::Exited(state)) if state.exit_code == *code) {
                    return Ok(Some(format!("ended with exit code {code}")));
                }
            }
        }
    }
    Ok(None)
}
