//! Healthchecks for engines that do not run them by themselves.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use jiff::Timestamp;

use super::{Ended, Engine, EngineError, ExecSpec, Health, HealthProbe, HealthStatus, HealthTest};

/// As much as Docker keeps of what a probe prints.
const OUTPUT_CAP: usize = 4096;

/// Between two probes of an eager prober until the first success, at most.
const EAGER: Duration = Duration::from_millis(500);

/// How soon a prober asks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// As an engine does: the first time after a whole interval.
    AsEngines,
    /// At once, and often until the first success; given up when an engine would give
    /// up, or so many times later.
    Eager {
        /// How many times: emulation is slow.
        factor: f64,
    },
}

impl Pace {
    /// The rules by which a failure counts.
    fn rules(self, test: &HealthTest, was_healthy: bool) -> HealthTest {
        let Self::Eager { factor } = self else {
            return test.clone();
        };
        let mut rules = test.clone();
        rules.timeout = Some(test.timeout().mul_f64(factor));
        if !was_healthy {
            let patience = test.start_period() + test.interval() * test.retries();
            rules.start_period = Some(patience.mul_f64(factor));
            rules.retries = Some(1);
        }
        rules
    }

    /// How long after the begin of one probe the next one begins; none before the first.
    fn pause(
        self,
        health: &Health,
        age: Duration,
        test: &HealthTest,
        was_healthy: bool,
    ) -> Duration {
        match self {
            Self::AsEngines => health.until_next(age, test),
            Self::Eager { .. } if was_healthy => test.interval(),
            Self::Eager { .. } if health.log.is_empty() => Duration::ZERO,
            Self::Eager { .. } => test.interval().min(EAGER),
        }
    }
}

/// Probes a running container for as long as it runs, and tells each change; for
/// engines where [`super::EngineFacts::runs_healthchecks`] is false, and for whoever
/// wants to know sooner than an engine asks. The caller drops the future when it has
/// heard enough.
///
/// A probe that takes too long counts as failed, but goes on in the container:
/// engines have no way to end one process of it.
pub async fn probe_health(
    engine: &dyn Engine,
    id: &str,
    test: &HealthTest,
    pace: Pace,
    tell: &watch::Sender<Health>,
) -> Result<(), EngineError> {
    let start = Instant::now();
    let mut health = Health::default();
    let spec = ExecSpec {
        command: test.words(),
        ..ExecSpec::default()
    };
    let mut was_healthy = false;
    loop {
        tokio::time::sleep(pace.pause(&health, start.elapsed(), test, was_healthy)).await;
        let rules = pace.rules(test, was_healthy);
        let started_at = Timestamp::now();
        let execution = match engine.exec(id, &spec, rules.timeout(), OUTPUT_CAP).await {
            Ok(execution) => execution,
            Err(error) => {
                return match engine.inspect(id).await {
                    Ok(state) if state.is_running() => Err(error),
                    Ok(_) | Err(EngineError::Refused { status: 404, .. }) => Ok(()),
                    Err(error) => Err(error),
                };
            }
        };
        let (exit_code, note) = match execution.ended {
            Ended::Exit(code) => (code, String::new()),
            Ended::Deadline => (
                -1,
                format!("the healthcheck took longer than {:?}", rules.timeout()),
            ),
        };
        let probe = HealthProbe {
            started_at: Some(started_at),
            finished_at: Some(Timestamp::now()),
            exit_code,
            output: format!(
                "{}{}{note}",
                execution.stdout.text(),
                execution.stderr.text()
            ),
        };
        health.take(probe, start.elapsed(), &rules);
        was_healthy |= health.status == HealthStatus::Healthy;
        tell.send_replace(health.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::HealthCommand;

    /// The state after one failure at this age.
    fn after(factor: f64, seconds: u64) -> HealthStatus {
        let test = HealthTest {
            interval: Some(Duration::from_secs(10)),
            retries: Some(3),
            start_period: Some(Duration::from_secs(5)),
            ..HealthTest::new(HealthCommand::Shell("true".to_owned()))
        };
        let probe = HealthProbe {
            started_at: None,
            finished_at: None,
            exit_code: 1,
            output: String::new(),
        };
        let mut health = Health::default();
        let rules = Pace::Eager { factor }.rules(&test, false);
        health.take(probe, Duration::from_secs(seconds), &rules);
        health.status
    }

    #[test]
    fn an_eager_prober_gives_up_when_an_engine_would() {
        assert_eq!(after(1.0, 34), HealthStatus::Starting);
        assert_eq!(after(1.0, 35), HealthStatus::Unhealthy);
    }

    #[test]
    fn emulation_stretches_all_of_it() {
        assert_eq!(after(10.0, 349), HealthStatus::Starting);
        assert_eq!(after(10.0, 350), HealthStatus::Unhealthy);
    }
}
