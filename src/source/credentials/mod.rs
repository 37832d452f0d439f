//! Credentials for a registry, from where `docker login` and `podman login` put them.

mod file;
mod helper;

use std::fmt;
use std::time::Duration;

use crate::image::RegistryReference;

use self::file::AuthFile;
use super::{SourceError, Surroundings};

/// How a registry is shown who asks.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A user and a password.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: String,
    },
    /// A refresh token, which the token endpoint exchanges for a short one.
    IdentityToken(String),
}

/// Neither shows a secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic(…)",
            Self::IdentityToken(_) => "IdentityToken(…)",
        })
    }
}

/// Credentials, and where they were found: said when a registry refuses them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCredentials {
    /// The credentials.
    pub credentials: Credentials,
    /// The file, or the helper and the file that names it.
    pub found_in: String,
}

/// How long a credential helper may take: some ask a cloud for a token.
pub const HELPER_DEADLINE: Duration = Duration::from_secs(30);

/// Looks credentials up for a repository, as docker and podman would.
///
/// In this order: `REGISTRY_AUTH_FILE`; `DOCKER_CONFIG` or `~/.docker`; Podman's
/// `$XDG_RUNTIME_DIR/containers/auth.json` and `~/.config/containers/auth.json`.
/// The first that has something for the registry is used. `None` if none has.
///
/// # Errors
/// When a file can't be read as one, or a helper that is configured fails:
/// going on anonymously would only hide that.
pub async fn credentials(
    reference: &RegistryReference,
    surroundings: &Surroundings,
    helper_deadline: Duration,
) -> Result<Option<FoundCredentials>, SourceError> {
    for path in places(surroundings) {
        let place = surroundings.shown(&path);
        let fail = |why: String| SourceError::Credentials {
            registry: reference.registry().to_owned(),
            place: place.clone(),
            why,
        };
        let bytes = match tokio::fs::read(&path).await {
            Ok(bytes) => bytes,
            // A path that is not there, or through something that is no folder.
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                continue;
            }
            Err(error) => return Err(fail(error.to_string())),
        };
        let file = AuthFile::parse(&bytes).map_err(fail)?;
        let found = file
            .find(reference, &place, surroundings, helper_deadline)
            .await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The files to look at, in order.
fn places(surroundings: &Surroundings) -> Vec<std::path::PathBuf> {
    let home = |rest: &str| surroundings.home().map(|home| home.join(rest));
    [
        surroundings.path("REGISTRY_AUTH_FILE"),
        surroundings
            .path("DOCKER_CONFIG")
            .or_else(|| home(".docker"))
            .map(|folder| folder.join("config.json")),
        surroundings
            .path("XDG_RUNTIME_DIR")
            .map(|folder| folder.join("containers/auth.json")),
        surroundings
            .path("XDG_CONFIG_HOME")
            .or_else(|| home(".config"))
            .map(|folder| folder.join("containers/auth.json")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests;
