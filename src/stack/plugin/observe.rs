//! What becomes of containers that somebody else makes and starts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::engine::{Engine, Owned, Phase};
use crate::stack::Workshop;
use crate::stack::follow::follow;
use crate::stack::health;
use crate::stack::member::{Member, State};
use crate::stack::timeline::Timeline;

/// How compose marks what belongs to a project.
pub(super) const PROJECT: &str = "com.docker.compose.project";
const SERVICE: &str = "com.docker.compose.service";
/// Which of the copies of a service a container is, from 1.
const NUMBER: &str = "com.docker.compose.container-number";

/// Between two looks.
const POLL: Duration = Duration::from_millis(100);

/// Whether it belongs to a project.
pub(super) fn is_of(owned: &Owned, project: &str) -> bool {
    owned.labels.get(PROJECT).map(String::as_str) == Some(project)
}

/// Finds the services' containers as they come, and follows each one. Ends when
/// it is dropped.
pub(super) async fn services(
    project: String,
    members: BTreeMap<String, Arc<Member>>,
    workshop: Arc<dyn Workshop>,
    timeline: Arc<Timeline>,
) {
    let mut followers = JoinSet::new();
    loop {
        // A fault of the engine shows in everything else that is asked of it.
        let all = workshop.engine().labelled(PROJECT).await;
        for container in all.unwrap_or_default() {
            // Further copies are removed with the first, and not asked.
            let is_first = container.labels.get(NUMBER).is_none_or(|at| at == "1");
            let service = container.labels.get(SERVICE);
            let member = service.and_then(|name| members.get(name));
            if let Some(member) = member.filter(|member| member.id().is_none())
                && is_first
                && is_of(&container, &project)
                // Docker lists a container some milliseconds before it knows it.
                && workshop.engine().inspect(&container.id).await.is_ok()
            {
                member.made(container.id.clone());
                workshop.adopt(&container.id);
                timeline.add(&member.name, "created");
                followers.spawn(whole_life(
                    Arc::clone(member),
                    container.id,
                    Arc::clone(&workshop),
                    Arc::clone(&timeline),
                ));
            }
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn whole_life(
    member: Arc<Member>,
    id: String,
    workshop: Arc<dyn Workshop>,
    timeline: Arc<Timeline>,
) {
    let engine = workshop.engine().as_ref();
    let started = started(engine, &id).await;
    // On the engine's clock, since it is looked at a moment later.
    let at = match engine.inspect(&id).await {
        Ok(state) if engine.facts().is_local => state.started_at,
        _ => None,
    };
    timeline.add_at(&member.name, started.said(), at);
    let is_over = started.is_over();
    member.state.send_replace(started);
    if is_over {
        return;
    }
    let end = tokio::select! {
        end = follow(&member, &id, workshop.as_ref(), &timeline) => end,
        () = healths(&member, &id, engine, &timeline) => return,
    };
    let at = match engine.inspect(&id).await {
        Ok(state) if engine.facts().is_local && !state.is_running() => state.finished_at,
        _ => None,
    };
    timeline.add_at(&member.name, end.said(), at);
    member.state.send_replace(end);
}

/// Waits until it has been started, or could not be.
async fn started(engine: &dyn Engine, id: &str) -> State {
    loop {
        match engine.inspect(id).await {
            Ok(state) if state.phase == Phase::Created && !state.error.is_empty() => {
                return State::NotStarted {
                    code: match state.exit_code {
                        0 => 126,
                        code => code,
                    },
                    text: state.error,
                };
            }
            Ok(state) if state.phase == Phase::Created => {}
            // Its healthcheck, where it has one, is the engine's.
            Ok(state) => {
                return match &state.health {
                    Some(_) if state.is_running() => State::Starting {
                        output: String::new(),
                    },
                    _ => State::Started,
                };
            }
            Err(error) => {
                return State::NotStarted {
                    code: 125,
                    text: error.to_string(),
                };
            }
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Tells what the engine's own healthcheck says, for as long as anybody listens.
async fn healths(member: &Member, id: &str, engine: &dyn Engine, timeline: &Timeline) {
    loop {
        if let Ok(state) = engine.inspect(id).await
            && state.is_running()
            && let Some(health) = &state.health
        {
            let next = health::state(health);
            let is_news = matches!(next, State::Healthy | State::Unhealthy { .. });
            let said = next.said();
            if member.state.send_if_modified(|state| state.probed(next)) && is_news {
                let last = health.log.last();
                let at = last
                    .filter(|_| engine.facts().is_local)
                    .and_then(|probe| probe.finished_at);
                timeline.add_at(&member.name, said, at);
            }
        }
        tokio::time::sleep(POLL).await;
    }
}
