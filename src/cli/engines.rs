//! Finds the engines that the command line asks for.

use std::sync::Arc;

use super::arguments::EngineArgument;
use super::failure::Failure;
use crate::engine::discover::{self, Surroundings};
use crate::engine::{Engine, EngineError};
use crate::event::Cause;
use crate::image::Platform;
use crate::run::Engines;

/// Connects to all of them. A platform whose own engine does not answer is that
/// platform's error; without any engine at all nothing can be judged.
pub(super) async fn connect(
    named: &[EngineArgument],
    platforms: &[Platform],
) -> Result<Engines, Failure> {
    let surroundings = Surroundings::of_process();
    let default = named.iter().rfind(|engine| engine.platform.is_none());
    let is_covered = !platforms.is_empty()
        && platforms.iter().all(|platform| {
            named
                .iter()
                .any(|engine| engine.platform.as_ref() == Some(platform))
        });
    let mut engines = if is_covered {
        Engines::new(None)
    } else {
        let url = default.map(|engine| engine.url.as_str());
        match discover::connect(url, &surroundings).await {
            Ok(engine) => Engines::new(Some(Ok(engine))),
            // The platforms that have an engine of their own can still be tested.
            Err(error) if named.iter().any(|engine| engine.platform.is_some()) => {
                Engines::new(Some(Err(fault(&error).cause)))
            }
            Err(error) => return Err(fault(&error)),
        }
    };
    for argument in named {
        if let Some(platform) = &argument.platform {
            let engine: Result<Arc<dyn Engine>, Cause> =
                discover::connect(Some(&argument.url), &surroundings)
                    .await
                    .map_err(|error| fault(&error).cause);
            engines.set(platform.clone(), engine);
        }
    }
    Ok(engines)
}

/// An engine that does not answer, as the end of a run.
pub(super) fn fault(error: &EngineError) -> Failure {
    let hint = match error {
        EngineError::NotFound { .. } => Some(
            "install Docker or Podman and start it, or name an engine: `--engine URL`".to_owned(),
        ),
        _ => None,
    };
    Failure::error("no-engine", error.to_string(), hint)
}
