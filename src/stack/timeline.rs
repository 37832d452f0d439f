//! What happened to which service, in order of time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Since the stack began.
    pub at: Duration,
    /// To whom.
    pub service: String,
    /// What.
    pub what: String,
}

/// All that happened.
#[derive(Debug)]
pub(super) struct Timeline {
    begun: Instant,
    moments: Mutex<Vec<Moment>>,
}

/// A service that restarts for ever fills no memory.
const MOST: usize = 1000;

impl Timeline {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            moments: Mutex::default(),
        }
    }

    pub(super) fn add(&self, service: &str, what: impl Into<String>) {
        self.add_at(service, what, None);
    }

    /// What was so already when it was seen: `when`, by the clock on the wall.
    pub(super) fn add_at(&self, service: &str, what: impl Into<String>, when: Option<Timestamp>) {
        let since = when.and_then(|when| Duration::try_from(Timestamp::now() - when).ok());
        let moment = Moment {
            at: self
                .begun
                .elapsed()
                .saturating_sub(since.unwrap_or_default()),
            service: service.to_owned(),
            what: what.into(),
        };
        tracing::info!(service, what = %moment.what, "stack");
        let mut moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        if moments.len() < MOST {
            moments.push(moment);
        }
    }

    pub(super) fn moments(&self) -> Vec<Moment> {
        let moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        let mut moments = moments.clone();
        moments.sort_by_key(|moment| moment.at);
        moments
    }
}
