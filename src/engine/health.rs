//! A container's health, and how it follows from one probe after the other.

use std::time::Duration;

use jiff::Timestamp;

use super::spec::HealthTest;

/// How many probes are kept, as in Docker.
const KEPT: usize = 5;

/// The states of a healthcheck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthStatus {
    /// Not yet known.
    Starting,
    /// The last probe passed.
    Healthy,
    /// Enough probes failed.
    Unhealthy,
}

/// What a healthcheck says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Its status.
    pub status: HealthStatus,
    /// How many probes have failed since the last that passed.
    pub failing_streak: u32,
    /// The last few probes, oldest first.
    pub log: Vec<HealthProbe>,
}

/// One run of a healthcheck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthProbe {
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// What it ended with; -1 where it took too long.
    pub exit_code: i64,
    /// What it printed, capped.
    pub output: String,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            status: HealthStatus::Starting,
            failing_streak: 0,
            log: Vec::new(),
        }
    }
}

impl Health {
    /// What its last probe printed.
    pub fn last_output(&self) -> &str {
        self.log.last().map_or("", |probe| probe.output.as_str())
    }

    /// Takes a probe that was over `age` after the container's start in, by
    /// Docker's rules: one that passes makes it healthy at any time, one that
    /// fails counts once the start period is over or it has been healthy.
    pub fn take(&mut self, probe: HealthProbe, age: Duration, test: &HealthTest) {
        if probe.exit_code == 0 {
            self.status = HealthStatus::Healthy;
            self.failing_streak = 0;
        } else if self.status != HealthStatus::Starting || age >= test.start_period() {
            self.failing_streak = self.failing_streak.saturating_add(1);
            if self.failing_streak >= test.retries() {
                self.status = HealthStatus::Unhealthy;
            }
        }
        self.log.push(probe);
        let surplus = self.log.len().saturating_sub(KEPT);
        self.log.drain(..surplus);
    }

    /// How long to wait for the next probe of a container that started `age` ago.
    pub fn until_next(&self, age: Duration, test: &HealthTest) -> Duration {
        let is_early = self.status == HealthStatus::Starting && age < test.start_period();
        if is_early {
            test.start_interval()
        } else {
            test.interval()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::spec::HealthCommand;

    fn test() -> HealthTest {
        HealthTest {
            interval: Some(Duration::from_secs(10)),
            retries: Some(2),
            start_period: Some(Duration::from_secs(60)),
            start_interval: Some(Duration::from_secs(1)),
            ..HealthTest::new(HealthCommand::Shell("true".to_owned()))
        }
    }

    fn after(probes: &[(u64, i64)]) -> Health {
        let mut health = Health::default();
        for &(second, exit_code) in probes {
            let probe = HealthProbe {
                started_at: None,
                finished_at: None,
                exit_code,
                output: format!("at {second}"),
            };
            health.take(probe, Duration::from_secs(second), &test());
        }
        health
    }

    #[test]
    fn failures_of_the_start_period_do_not_count() {
        let health = after(&[(1, 1), (2, 1), (59, 1)]);
        assert_eq!(
            (health.status, health.failing_streak),
            (HealthStatus::Starting, 0)
        );
        assert_eq!(health.last_output(), "at 59");
    }

    #[test]
    fn as_many_failures_in_a_row_as_retries_make_it_unhealthy() {
        assert_eq!(after(&[(60, 1)]).status, HealthStatus::Starting);
        assert_eq!(after(&[(60, 1), (70, 2)]).status, HealthStatus::Unhealthy);
        assert_eq!(
            after(&[(60, 1), (70, 0), (80, 1)]).status,
            HealthStatus::Healthy
        );
    }

    #[test]
    fn once_healthy_the_start_period_is_over() {
        assert_eq!(
            after(&[(1, 0), (2, 1), (3, 1)]).status,
            HealthStatus::Unhealthy
        );
    }

    #[test]
    fn what_is_unhealthy_recovers_with_one_probe() {
        let health = after(&[(60, 1), (70, 1), (80, 0)]);
        assert_eq!(
            (health.status, health.failing_streak),
            (HealthStatus::Healthy, 0)
        );
    }

    #[test]
    fn probes_follow_quickly_until_it_has_started() {
        let early = Duration::from_secs(5);
        assert_eq!(
            after(&[]).until_next(early, &test()),
            Duration::from_secs(1)
        );
        assert_eq!(
            after(&[(1, 0)]).until_next(early, &test()),
            Duration::from_secs(10)
        );
        assert_eq!(
            after(&[]).until_next(Duration::from_secs(60), &test()),
            Duration::from_secs(10)
        );
    }

    #[test]
    fn only_the_last_probes_are_kept() {
        let health = after(&[(1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1)]);
        assert_eq!(health.log.len(), 5);
        assert_eq!(health.log[0].output, "at 3");
    }
}
