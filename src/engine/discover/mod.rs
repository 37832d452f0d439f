//! Which engine is meant, and finding one where none is named.

mod context;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::docker::DockerEngine;
use super::{Engine, EngineError};

/// Looks an environment variable up.
pub type Lookup = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What the environment of the process says, as a value.
pub struct Surroundings {
    /// The environment.
    pub env: Lookup,
    /// The user's home folder.
    pub home: Option<PathBuf>,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Self {
        Self {
            env: Box::new(|name| std::env::var(name).ok()),
            home: std::env::home_dir().filter(|home| home.is_absolute()),
        }
    }

    /// A variable that is set to something.
    fn var(&self, name: &str) -> Option<String> {
        (self.env)(name).filter(|value| !value.is_empty())
    }

    /// Where the Docker CLI keeps its configuration: `DOCKER_CONFIG` or `~/.docker`.
    fn docker_folder(&self) -> Option<PathBuf> {
        self.var("DOCKER_CONFIG")
            .map(PathBuf::from)
            .or_else(|| Some(self.home.as_ref()?.join(".docker")))
    }
}

/// One place where an engine may be.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    /// Who named it, as in `DOCKER_HOST`.
    named_by: String,
    /// As in `unix:///var/run/docker.sock`.
    address: String,
    /// The folder of `ca.pem`, `cert.pem` and `key.pem`.
    tls: Option<PathBuf>,
}

/// Connects to the engine that is meant: `explicit`, else `DOCKER_HOST`, else
/// the current Docker context; where none of them names one, to the first that
/// answers of the usual sockets of Docker and Podman.
///
/// # Errors
/// A named engine that does not answer is the error it gives: another one might
/// hold other images. [`EngineError::NotFound`] lists each usual place with
/// what it said.
pub async fn connect(
    explicit: Option<&str>,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Engine>, EngineError> {
    if let Some(place) = named(explicit, surroundings)? {
        return match DockerEngine::connect(&place.address, place.tls.as_deref()).await {
            Ok(engine) => Ok(Arc::new(engine)),
            Err(error) => Err(credit(error, &place.named_by)),
        };
    }
    first_of(&usual_places(surroundings)).await
}

/// The engine somebody named; it alone counts.
fn named(
    explicit: Option<&str>,
    surroundings: &Surroundings,
) -> Result<Option<Place>, EngineError> {
    let place = |named_by: &str, address: String| {
        let tls = tls_folder(surroundings);
        Some(Place {
            named_by: named_by.to_owned(),
            address,
            tls,
        })
    };
    if let Some(address) = explicit {
        return Ok(place("--engine", address.to_owned()));
    }
    if let Some(address) = surroundings.var("DOCKER_HOST") {
        return Ok(place("DOCKER_HOST", address));
    }
    context::current(surroundings)
}

/// The certificates for a TCP address, if TLS is asked for.
fn tls_folder(surroundings: &Surroundings) -> Option<PathBuf> {
    surroundings.var("DOCKER_TLS_VERIFY")?;
    surroundings
        .var("DOCKER_CERT_PATH")
        .map(PathBuf::from)
        .or_else(|| surroundings.docker_folder())
}

/// Where engines listen when nobody has said anything, the likeliest first.
fn usual_places(surroundings: &Surroundings) -> Vec<Place> {
    let runtime = surroundings.var("XDG_RUNTIME_DIR").map(PathBuf::from);
    let in_runtime = |name: &str| runtime.as_ref().map(|folder| folder.join(name));
    let in_home = |name: &str| surroundings.home.as_ref().map(|home| home.join(name));
    [
        ("Docker", Some(PathBuf::from("/var/run/docker.sock"))),
        ("rootless Docker", in_runtime("docker.sock")),
        ("Docker Desktop", in_home(".docker/run/docker.sock")),
        ("rootless Podman", in_runtime("podman/podman.sock")),
        ("Podman", Some(PathBuf::from("/run/podman/podman.sock"))),
    ]
    .into_iter()
    .filter_map(|(named_by, path)| {
        Some(Place {
            named_by: named_by.to_owned(),
            address: unix_address(&path?),
            tls: None,
        })
    })
    .collect()
}

fn unix_address(path: &Path) -> String {
    format!("unix://{}", path.display())
}

async fn first_of(places: &[Place]) -> Result<Arc<dyn Engine>, EngineError> {
    let mut tried = Vec::new();
    for place in places {
        match DockerEngine::connect(&place.address, place.tls.as_deref()).await {
            Ok(engine) => return Ok(Arc::new(engine)),
            Err(error) => {
                let said = match error {
                    EngineError::Unreachable { why, .. } => why,
                    other => other.to_string(),
                };
                tried.push(format!("{} ({}): {said}", place.address, place.named_by));
            }
        }
    }
    Err(EngineError::NotFound { tried })
}

/// Adds who named an address to what is wrong with it.
fn credit(error: EngineError, named_by: &str) -> EngineError {
    match error {
        EngineError::Address { address, why } => EngineError::Address {
            address,
            why: format!("{why} (it was named by {named_by})"),
        },
        EngineError::Unreachable { step, address, why } => EngineError::Unreachable {
            step,
            address,
            why: format!("{why} (it was named by {named_by})"),
        },
        other => other,
    }
}
