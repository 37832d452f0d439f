//! A service's health, probed from here on every engine: Podman runs no
//! healthcheck without systemd, and engines before Docker 25 begin to probe only
//! after the first whole interval, however soon the service is ready.

use tokio::sync::watch;

use super::member::{Probed, State};
use crate::engine::{Engine, EngineError, Health, HealthStatus, Pace, probe_health};

/// Probes a running service until it has ended, and tells its state.
pub(super) async fn watch(
    engine: &dyn Engine,
    id: &str,
    probed: &Probed,
    tell: &watch::Sender<State>,
) -> Result<(), EngineError> {
    let health = watch::Sender::new(Health::default());
    let mut changes = health.subscribe();
    let pace = Pace::Eager {
        factor: probed.factor,
    };
    let heard = async {
        while changes.changed().await.is_ok() {
            let next = state(&changes.borrow_and_update());
            tell.send_if_modified(|state| state.probed(next));
        }
    };
    tokio::select! {
        ended = probe_health(engine, id, &probed.test, pace, &health) => ended,
        () = heard => Ok(()),
    }
}

/// The state of a running service of this health.
pub(super) fn state(health: &Health) -> State {
    let output = health.last_output().to_owned();
    match health.status {
        HealthStatus::Starting => State::Starting { output },
        HealthStatus::Healthy => State::Healthy,
        HealthStatus::Unhealthy => State::Unhealthy { output },
    }
}
