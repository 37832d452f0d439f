//! What can go wrong between here and an engine. Never the image's fault.

use std::time::Duration;

/// A fault of the engine, or of the way to it.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No engine answered anywhere; one line for each place looked at, in order.
    #[error("no container engine answers{}", .tried.iter().map(|t| format!("\n  {t}")).collect::<String>())]
    NotFound {
        /// Where it looked, and what each place said.
        tried: Vec<String>,
    },
    /// An address that can't be used as one.
    #[error("`{address}` is not an engine's address: {why}")]
    Address {
        /// What was written.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// The connection failed or broke.
    #[error("{step}: the engine at {address} can't be reached: {why}")]
    Unreachable {
        /// What was being done.
        step: String,
        /// Where.
        address: String,
        /// What was said.
        why: String,
    },
    /// The engine answered with an error of its own.
    #[error("{step}: the engine says: {message}")]
    Refused {
        /// What was being done.
        step: String,
        /// The HTTP status; 500 for an error told within a stream.
        status: u16,
        /// Its message.
        message: String,
    },
    /// It has no addresses left for one more network.
    #[error(
        "{step}: the engine says: {message}; remove networks that nobody uses (`docker network prune`), run fewer stacks at a time, or give the daemon more `default-address-pools`"
    )]
    NoAddresses {
        /// What was being done.
        step: String,
        /// Its message.
        message: String,
    },
    /// It did not answer in time.
    #[error("{step}: no answer from the engine within {}", seconds(*.after))]
    Deadline {
        /// What was being done.
        step: String,
        /// How long was waited.
        after: Duration,
    },
    /// It answered something that can't be understood, or did something else than it was asked.
    #[error("{step}: {why}")]
    Unexpected {
        /// What was being done.
        step: String,
        /// What came instead.
        why: String,
    },
}

fn seconds(duration: Duration) -> String {
    if duration.as_millis() < 10_000 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} s", duration.as_secs())
    }
}
