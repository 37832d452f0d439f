//! The networks of a stack. An engine has addresses for so many only, some thirty by
//! Docker's defaults: where none are left, a stack waits for others to end.

use std::time::Duration;

use tokio::time::Instant;

use super::Workshop;
use crate::engine::{EngineError, NetworkSpec};

/// How long others are given to end, where the engine has no addresses left.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// Between two tries, at least and at most.
const PAUSE: std::ops::Range<u64> = 200..800;

/// Between two tries: stacks that wait for the same addresses had better not ask all
/// at once.
pub(super) fn pause() -> Duration {
    Duration::from_millis(rand::random_range(PAUSE))
}

/// Makes them all, and returns the engine's names for them in the same order.
pub(super) async fn make(
    workshop: &dyn Workshop,
    wanted: &[NetworkSpec],
    patience: Duration,
) -> Result<Vec<String>, EngineError> {
    let until = Instant::now() + patience;
    loop {
        let mut made = Vec::new();
        let fault = loop {
            let Some(spec) = wanted.get(made.len()) else {
                return Ok(made);
            };
            match workshop.network(spec.clone()).await {
                Ok(name) => made.push(name),
                Err(fault) => break fault,
            }
        };
        // Whoever waits holds none: two stacks that each had half of theirs would
        // wait for one another.
        for name in &made {
            workshop.remove_network(name).await;
        }
        let is_full = matches!(fault, EngineError::NoAddresses { .. });
        if !is_full || Instant::now() >= until {
            return Err(fault);
        }
        tracing::info!(%fault, "waiting for addresses");
        tokio::time::sleep(pause()).await;
    }
}

#[cfg(test)]
mod tests;
