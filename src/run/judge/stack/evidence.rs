//! What the services leave to be looked at: what the engine says of their
//! containers while they are still there, what happened, what they printed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;

use super::record;
use crate::engine::Engine;
use crate::event::{Artifact, ServiceEvent, ServicesRecord, Stream};
use crate::run::Masker;
use crate::stack::{Stack, State};

/// How long the engine may take to tell of all containers: what failed is known
/// already, and is not kept waiting for more about it.
const DEADLINE: Duration = Duration::from_secs(15);
/// How many events of the beginning and of the end a report repeats.
const EVENTS: usize = 100;

/// A container before it is taken down.
struct Seen {
    said: Result<Value, String>,
    platform: Option<String>,
    state: State,
}

/// All containers before they are taken down.
pub(super) struct Evidence {
    seen: BTreeMap<String, Seen>,
}

impl Evidence {
    /// Asks the engine for each container that was made.
    pub(super) async fn of(engine: &Arc<dyn Engine>, stack: &Stack, masker: &Masker) -> Self {
        let containers = stack.states().into_iter().filter_map(|(service, state)| {
            let container = stack.container(&service)?;
            Some(async move {
                let seen = seen(engine.as_ref(), &container, state, masker).await;
                (service, seen)
            })
        });
        let seen = join_all(containers).await.into_iter().collect();
        Self { seen }
    }

    /// What the reports show.
    pub(super) fn record(&self, stack: &Stack) -> ServicesRecord {
        let containers = self.seen.iter().map(|(service, seen)| {
            let platform = seen.platform.clone();
            record::record(service, &seen.said, platform, Some(&seen.state))
        });
        ServicesRecord {
            containers: containers.collect(),
            events: shortened(events(stack)),
        }
    }

    /// The engine's own words, each in a document.
    pub(super) fn inspections(self) -> impl Iterator<Item = Artifact> {
        self.seen.into_iter().filter_map(|(service, seen)| {
            let document = seen.said.ok()?;
            Some(Artifact::Inspection { service, document })
        })
    }
}

async fn seen(engine: &dyn Engine, container: &str, mut state: State, masker: &Masker) -> Seen {
    let asked = async {
        let said = engine.inspection(container).await;
        let said = said.map_err(|error| error.to_string());
        let platform = match record::image(&said) {
            Some(image) => engine.image(image).await.ok().flatten(),
            None => None,
        };
        (said, platform.map(|image| image.platform.to_string()))
    };
    let (mut said, platform) = tokio::time::timeout(DEADLINE, asked)
        .await
        .unwrap_or_else(|_| {
            let why = format!("the engine did not tell within {} s", DEADLINE.as_secs());
            (Err(why), None)
        });
    // Masked before it is cut: a secret that the cut halves would show.
    if let Ok(document) = &mut said {
        masker.mask_document(document);
    }
    if let State::Starting { output } | State::Unhealthy { output } = &mut state {
        masker.mask(output);
    }
    Seen {
        said,
        platform,
        state,
    }
}

/// What happened and what was printed, for files.
pub(super) fn left(stack: &Stack) -> Vec<Artifact> {
    let mut left = vec![Artifact::Events(events(stack))];
    for (service, printed) in stack.printed() {
        for (stream, captured) in [
            (Stream::Stdout, &printed.stdout),
            (Stream::Stderr, &printed.stderr),
        ] {
            left.push(Artifact::Log {
                service: service.clone(),
                stream,
                text: captured.text(),
            });
        }
    }
    left
}

/// What happened, in order of time.
pub(super) fn events(stack: &Stack) -> Vec<ServiceEvent> {
    let moments = stack.moments().into_iter();
    moments
        .map(|moment| ServiceEvent {
            // To the millisecond: more would be noise.
            seconds: (moment.at.as_secs_f64() * 1000.0).round() / 1000.0,
            service: moment.service,
            what: moment.what,
        })
        .collect()
}

/// The first and the last of very many.
pub(super) fn shortened(mut events: Vec<ServiceEvent>) -> Vec<ServiceEvent> {
    let excess = events.len().saturating_sub(2 * EVENTS);
    if excess > 0 {
        events.drain(EVENTS..EVENTS + excess);
    }
    events
}
