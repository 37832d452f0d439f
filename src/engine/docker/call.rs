//! One call to the engine: its deadline, and its errors in this crate's words.

use std::future::Future;
use std::time::{Duration, Instant};

use bollard::errors::Error;

use super::DockerEngine;
use crate::engine::EngineError;

/// For calls that only look something up.
pub(super) const QUICK: Duration = Duration::from_secs(30);
/// For calls that make the engine unpack, mount or start something: on a
/// loaded machine these take a while without anything being wrong.
pub(super) const SLOW: Duration = Duration::from_secs(120);

impl DockerEngine {
    /// Waits for a call, but no longer than `limit`. bollard's own time-out ends
    /// with the response's headers; this one covers the body as well.
    pub(super) async fn call<T>(
        &self,
        step: &str,
        limit: Duration,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, EngineError> {
        within(step, &self.facts.address, limit, call).await
    }

    pub(super) fn explain(&self, step: &str, error: Error) -> EngineError {
        explain(step, &self.facts.address, error)
    }
}

/// The same where there is no engine yet.
pub(super) async fn within<T>(
    step: &str,
    address: &str,
    limit: Duration,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, EngineError> {
    let clock = Instant::now();
    let outcome = match tokio::time::timeout(limit, call).await {
        Ok(answer) => answer.map_err(|error| explain(step, address, error)),
        Err(_) => Err(EngineError::Deadline {
            step: step.to_owned(),
            after: limit,
        }),
    };
    // The step alone: bodies hold environments, and those hold secrets.
    let took = clock.elapsed();
    match &outcome {
        Ok(_) => tracing::debug!(address, ?took, "{step}"),
        Err(error) => tracing::debug!(address, ?took, %error, "{step}"),
    }
    outcome
}

/// What bollard says, sorted by whose fault it is.
pub(super) fn explain(step: &str, address: &str, error: Error) -> EngineError {
    let step = step.to_owned();
    match error {
        Error::DockerResponseServerError {
            status_code,
            message,
        } => EngineError::Refused {
            step,
            status: status_code,
            message: if message.trim().is_empty() {
                format!("HTTP status {status_code}, without a message")
            } else {
                message.trim().to_owned()
            },
        },
        // Told inside a stream whose status was 200: there is no better number.
        Error::DockerStreamError { error } => EngineError::Refused {
            step,
            status: 500,
            message: error.trim().to_owned(),
        },
        Error::IOError { .. }
        | Error::HyperLegacyError { .. }
        | Error::HyperResponseError { .. }
        | Error::SocketNotFoundError(_)
        | Error::RequestTimeoutError => EngineError::Unreachable {
            step,
            address: address.to_owned(),
            why: chain(&error),
        },
        other => EngineError::Unexpected {
            step,
            why: format!("the engine's answer can't be understood: {}", chain(&other)),
        },
    }
}

/// An error with its causes; the outermost alone ("client error") says nothing.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    if let Some(rest) = text.strip_prefix("Error in the hyper legacy client: ") {
        text = rest.to_owned();
    }
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = cause.source();
    }
    text
}

/// Turns the engine's "there is no such thing" into `None`.
pub(super) fn found<T>(answer: Result<T, EngineError>) -> Result<Option<T>, EngineError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(EngineError::Refused { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
