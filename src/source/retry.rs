//! Asking again: how often, and how long to wait in between.

use std::future::Future;
use std::time::Duration;

use super::contents::LARGEST_DOCUMENT;
use super::{RegistryFault, SourceError};

/// How patient to be with a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long one request may take, its body included.
    pub request_deadline: Duration,
    /// How often a request is repeated after a fault that may pass.
    pub retries: u32,
    /// The wait before the first repetition; it doubles with each.
    pub first_wait: Duration,
    /// No wait is longer. A registry that asks for a longer one is given up at once.
    pub longest_wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            request_deadline: Duration::from_secs(30),
            retries: 4,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
        }
    }
}

/// Why a request brought nothing.
#[derive(Debug)]
pub(super) enum Miss {
    /// 404, with the registry's words.
    Absent(String),
    /// The bytes are not those of the digest.
    Mismatch { expected: String, actual: String },
    /// More bytes than the descriptor promises; reading stopped there.
    TooLong { at_least: u64 },
    /// The registry's or the network's fault.
    Fault(RegistryFault),
}

impl From<RegistryFault> for Miss {
    fn from(fault: RegistryFault) -> Self {
        Self::Fault(fault)
    }
}

/// A request that brought nothing after all attempts.
#[derive(Debug)]
pub(super) struct GaveUp {
    pub(super) miss: Miss,
    pub(super) attempts: u32,
}

impl GaveUp {
    /// As an error of the whole resolution. `what` was asked for.
    pub(super) fn into_error(
        self,
        step: String,
        host: &str,
        repository: &str,
        what: &str,
    ) -> SourceError {
        match self.miss {
            Miss::Fault(fault) => SourceError::Registry {
                step,
                host: host.to_owned(),
                attempts: self.attempts,
                fault,
            },
            Miss::Absent(said) => SourceError::NotFound {
                host: host.to_owned(),
                repository: repository.to_owned(),
                wanted: what.to_owned(),
                said,
            },
            Miss::Mismatch { expected, actual } => SourceError::DigestMismatch {
                host: host.to_owned(),
                what: what.to_owned(),
                expected,
                actual,
            },
            Miss::TooLong { at_least } => SourceError::Registry {
                step,
                host: host.to_owned(),
                attempts: self.attempts,
                fault: RegistryFault::Protocol {
                    why: format!(
                        "{what} goes on after {at_least} bytes, and no manifest or index has more than {LARGEST_DOCUMENT}"
                    ),
                },
            },
        }
    }
}

impl Patience {
    /// Runs `request` until it succeeds, fails for good, or patience ends.
    pub(super) async fn ask<T, F, R>(&self, request: F) -> Result<T, GaveUp>
    where
        F: Fn() -> R,
        R: Future<Output = Result<T, Miss>>,
    {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let outcome = tokio::time::timeout(self.request_deadline, request())
                .await
                .unwrap_or_else(|_| {
                    Err(Miss::Fault(RegistryFault::Deadline {
                        after: self.request_deadline,
                    }))
                });
            let miss = match outcome {
                Ok(value) => return Ok(value),
                Err(miss) => miss,
            };
            let wait = match &miss {
                Miss::Fault(fault) if attempts <= self.retries && fault.is_transient() => {
                    self.wait(attempts, fault.asked_wait())
                }
                _ => None,
            };
            match wait {
                Some(wait) => {
                    tracing::debug!(?miss, ?wait, attempts, "the registry is asked again");
                    tokio::time::sleep(wait).await;
                }
                None => return Err(GaveUp { miss, attempts }),
            }
        }
    }

    /// How long to wait after the attempt of this number; `None` to give up.
    fn wait(&self, attempts: u32, asked: Option<Duration>) -> Option<Duration> {
        // Half of it is chance, so that jobs that were throttled together do
        // not come back together.
        let backoff = self
            .first_wait
            .saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)))
            .min(self.longest_wait);
        let jittered = backoff.mul_f64(rand::random_range(0.5..=1.0));
        match asked {
            Some(asked) if asked > self.longest_wait => None,
            // A little more than was asked for, for the same reason.
            Some(asked) => Some(asked + jittered.min(Duration::from_secs(1))),
            None => Some(jittered),
        }
    }
}

/// Reads a `Retry-After` header: seconds, or an HTTP date.
pub(super) fn retry_after(value: &str, now: jiff::Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: jiff::Timestamp = "2015-10-21T07:28:00Z".parse().expect("a time");
        assert_eq!(retry_after(" 7 ", now), Some(Duration::from_secs(7)));
        assert_eq!(
            retry_after("Wed, 21 Oct 2015 07:28:09 GMT", now),
            Some(Duration::from_secs(9))
        );
        assert_eq!(
            retry_after("Wed, 21 Oct 2015 07:27:00 GMT", now),
            Some(Duration::ZERO)
        );
        assert_eq!(retry_after("soon", now), None);
    }

    #[test]
    fn waits_double_within_their_jitter_and_are_capped() {
        let patience = Patience {
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(6),
            ..Patience::default()
        };
        for (attempt, low, high) in [(1, 0.5, 1.0), (2, 1.0, 2.0), (3, 2.0, 4.0), (4, 3.0, 6.0)] {
            let wait = patience.wait(attempt, None).expect("a wait").as_secs_f64();
            assert!((low..=high).contains(&wait), "{attempt}: {wait}");
        }
    }

    #[test]
    fn the_registry_s_wish_is_kept_or_declined_but_never_cut() {
        let patience = Patience::default();
        let asked = Duration::from_secs(20);
        assert!(patience.wait(1, Some(asked)).expect("a wait") >= asked);
        assert_eq!(patience.wait(1, Some(Duration::from_secs(3600))), None);
    }
}
