//! A service's health, probed from here on every engine: Podman runs no
//! healthcheck without systemd, and engines before Docker 25 begin to probe only
//! after the first whole interval, however soon the service is ready.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::member::State;
use crate::engine::{Ended, Engine, EngineError, ExecSpec, HealthTest};

/// Between two probes of a service that was not healthy yet, at most: to learn of
/// it soon costs one exec.
const EAGER: Duration = Duration::from_millis(500);
/// As much as Docker keeps of what a probe prints.
const OUTPUT_CAP: usize = 4096;

/// When failures make a service unhealthy, by Docker's rules.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    interval: Duration,
    retries: u32,
    /// Until then failures do not count.
    start_period: Duration,
}

impl Patience {
    /// `factor` times the patience for a service that is emulated.
    pub(super) fn of(test: &HealthTest, factor: f64) -> Self {
        Self {
            interval: test.interval(),
            retries: test.retries(),
            start_period: test.start_period().mul_f64(factor)
                + (test.interval() * test.retries()).mul_f64(factor - 1.0),
        }
    }

    /// Whether a service that has never been healthy is given up at this age.
    fn is_over(&self, age: Duration) -> bool {
        age >= self.start_period + self.interval * self.retries
    }
}

/// Probes a running service until it has ended, and tells its state.
pub(super) async fn watch(
    engine: &dyn Engine,
    id: &str,
    test: &HealthTest,
    factor: f64,
    tell: &watch::Sender<State>,
) -> Result<(), EngineError> {
    let patience = Patience::of(test, factor);
    let deadline = test.timeout().mul_f64(factor);
    let begun = Instant::now();
    let spec = ExecSpec {
        command: test.words(),
        ..ExecSpec::default()
    };
    let mut failures = 0;
    let mut was_healthy = false;
    loop {
        let probed = Instant::now();
        let probe = match engine.exec(id, &spec, deadline, OUTPUT_CAP).await {
            Ok(probe) => probe,
            // It ended meanwhile, which its log tells.
            Err(EngineError::Refused {
                status: 404 | 409, ..
            }) => return Ok(()),
            Err(error) => {
                return match engine.inspect(id).await {
                    Ok(state) if state.is_running() => Err(error),
                    _ => Ok(()),
                };
            }
        };
        let output = match probe.ended {
            Ended::Exit(_) => format!("{}{}", probe.stdout.text(), probe.stderr.text()),
            Ended::Deadline => format!("the healthcheck took longer than {deadline:?}"),
        };
        let is_healthy = probe.ended == Ended::Exit(0);
        failures = if is_healthy { 0 } else { failures + 1 };
        was_healthy |= is_healthy;
        let is_unhealthy = match was_healthy {
            true => failures >= patience.retries,
            false => patience.is_over(begun.elapsed()),
        };
        let next = if is_healthy {
            State::Healthy
        } else if is_unhealthy {
            State::Unhealthy { output }
        } else {
            State::Starting { output }
        };
        tell.send_if_modified(|state| state.probed(next, was_healthy));
        let pause = match was_healthy {
            true => test.interval(),
            false => test.interval().min(EAGER),
        };
        tokio::time::sleep_until(probed + pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::HealthCommand;

    fn test() -> HealthTest {
        HealthTest {
            interval: Some(Duration::from_secs(10)),
            retries: Some(3),
            start_period: Some(Duration::from_secs(5)),
            ..HealthTest::new(HealthCommand::Shell("true".to_owned()))
        }
    }

    #[test]
    fn a_service_is_given_up_when_an_engine_would_give_it_up() {
        let patience = Patience::of(&test(), 1.0);
        assert!(!patience.is_over(Duration::from_secs(34)));
        assert!(patience.is_over(Duration::from_secs(35)));
    }

    #[test]
    fn emulation_stretches_all_of_it() {
        let patience = Patience::of(&test(), 10.0);
        assert!(!patience.is_over(Duration::from_secs(349)));
        assert!(patience.is_over(Duration::from_secs(350)));
    }
}
