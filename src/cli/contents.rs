//! Where an image's bytes are, by the form of its reference.

use std::sync::Arc;
use std::time::Duration;

use super::arguments::{AuditArguments, EngineArgument};
use super::engines;
use super::failure::Failure;
use crate::image::{ImageReference, RegistryReference};
use crate::run::Engines;
use crate::source::registry::Patience;
use crate::source::{
    self, Contents, FoundCredentials, LocalContents, RegistryContents, RegistryOptions,
    SourceError, credentials::HELPER_DEADLINE,
};

/// The contents of what the command line names.
pub(super) async fn contents(arguments: &AuditArguments) -> Result<Arc<dyn Contents>, Failure> {
    match &arguments.image {
        ImageReference::Registry(reference) => {
            let credentials = credentials(reference).await?;
            let insecure = arguments.insecure_registry.clone();
            of_registry(reference, insecure, credentials, arguments.step_timeout).await
        }
        ImageReference::File(file) => LocalContents::open(file)
            .await
            .map(|contents| Arc::new(contents) as Arc<dyn Contents>)
            .map_err(|error| Failure::error("source-error", error.to_string(), None)),
        ImageReference::Engine(name) => {
            let named: Vec<EngineArgument> = arguments
                .engine
                .iter()
                .map(|url| url.parse())
                .collect::<Result<_, String>>()
                .map_err(|why| Failure::usage("engine-address", why, "see `--help`"))?;
            let engines = engines::connect(&named, &[]).await?;
            of_engine(&engines, name).await
        }
    }
}

/// What may pull from a registry, as the user's own tools would find it.
pub(super) async fn credentials(
    reference: &RegistryReference,
) -> Result<Option<FoundCredentials>, Failure> {
    let surroundings = source::Surroundings::of_this_process();
    source::credentials(reference, &surroundings, HELPER_DEADLINE)
        .await
        .map_err(|error| unresolved(&error))
}

/// An image in a registry.
pub(super) async fn of_registry(
    reference: &RegistryReference,
    insecure: Vec<String>,
    credentials: Option<FoundCredentials>,
    step_timeout: u64,
) -> Result<Arc<dyn Contents>, Failure> {
    let options = RegistryOptions {
        insecure,
        credentials,
        patience: patience(step_timeout),
        ..RegistryOptions::default()
    };
    let contents = RegistryContents::open(reference, &options)
        .await
        .map_err(|error| unresolved(&error))?;
    Ok(Arc::new(contents))
}

/// An image of an engine's own store, as the first engine that has it writes it.
pub(super) async fn of_engine(engines: &Engines, name: &str) -> Result<Arc<dyn Contents>, Failure> {
    for engine in engines.all() {
        let found = engine
            .image(name)
            .await
            .map_err(|error| engines::fault(&error))?;
        if found.is_some() {
            let contents = LocalContents::of_engine(name, engine.save(name))
                .await
                .map_err(|error| Failure::error("engine-fault", error.to_string(), None))?;
            return Ok(Arc::new(contents));
        }
    }
    Err(no_such_image(name))
}

/// No engine has an image of this name.
pub(super) fn no_such_image(name: &str) -> Failure {
    Failure::error(
        "image-not-pulled",
        format!("the engine has no image `{name}`"),
        Some("`docker images` lists what it has; without `docker-daemon:` the name is looked up in its registry".to_owned()),
    )
}

/// How long a registry may take.
pub(super) fn patience(step_timeout: u64) -> Patience {
    Patience {
        request_deadline: Duration::from_secs(step_timeout.min(30)),
        ..Patience::default()
    }
}

/// A registry that can't be asked.
pub(super) fn unresolved(error: &SourceError) -> Failure {
    Failure::error("registry-error", error.to_string(), None)
}
