//! Docker's `config.json` and Podman's `auth.json`: one shape.

use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::image::RegistryReference;

use super::super::{SourceError, Surroundings};
use super::{Credentials, FoundCredentials, helper};

/// One of these files, as far as credentials go.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuthFile {
    #[serde(default)]
    auths: Option<Map<String, Value>>,
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: Option<Map<String, Value>>,
}

impl AuthFile {
    /// Reads the file. The reason never quotes it: it holds secrets.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| {
            format!(
                "it is not valid JSON of its kind (line {}, column {})",
                error.line(),
                error.column()
            )
        })
    }

    /// What the file has for a repository: by the helper of its registry, by the
    /// store for all, or in the file itself.
    pub(super) async fn find(
        &self,
        reference: &RegistryReference,
        place: &str,
        surroundings: &Surroundings,
        deadline: Duration,
    ) -> Result<Option<FoundCredentials>, SourceError> {
        let helper_of_registry = self
            .cred_helpers
            .as_ref()
            .and_then(|helpers| best_match(helpers, reference, |name| name.as_str().is_some()))
            .and_then(|(_, name)| name.as_str())
            .filter(|name| !name.is_empty());
        if let Some(name) = helper_of_registry {
            // The file says that this helper has them: nothing else is asked.
            return helper::ask(name, reference, place, surroundings, deadline).await;
        }
        if let Some(name) = self.creds_store.as_deref().filter(|name| !name.is_empty()) {
            let found = helper::ask(name, reference, place, surroundings, deadline).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        let Some((key, entry)) = self
            .auths
            .as_ref()
            .and_then(|auths| best_match(auths, reference, holds_something))
        else {
            return Ok(None);
        };
        let credentials = decode(entry).map_err(|why| SourceError::Credentials {
            registry: reference.registry().to_owned(),
            place: format!("{place} (`{key}`)"),
            why,
        })?;
        Ok(Some(FoundCredentials {
            credentials,
            found_in: place.to_owned(),
        }))
    }
}

/// The entry whose key names the longest part of `registry/repository`.
fn best_match<'f>(
    entries: &'f Map<String, Value>,
    reference: &RegistryReference,
    usable: impl Fn(&Value) -> bool,
) -> Option<(&'f str, &'f Value)> {
    let registry = canonical_host(reference.registry());
    let wanted = format!("{registry}/{}", reference.repository());
    entries
        .iter()
        .filter(|(_, entry)| usable(entry))
        .filter_map(|(key, entry)| {
            let canonical = canonical_key(key);
            let rest = wanted.strip_prefix(canonical.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then_some((
                canonical.len(),
                key.as_str(),
                entry,
            ))
        })
        // The first of several that say the same: `max_by_key` takes the last.
        .rev()
        .max_by_key(|(length, _, _)| *length)
        .map(|(_, key, entry)| (key, entry))
}

/// A key as `host[:port]` or `host[:port]/namespace`. Docker writes some with
/// scheme and API version (`https://index.docker.io/v1/`), Podman with a namespace.
fn canonical_key(key: &str) -> String {
    let bare = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"));
    let has_scheme = bare.is_some();
    let bare = bare.unwrap_or(key).trim_end_matches('/');
    match bare.split_once('/') {
        Some((host, path)) if !has_scheme && !matches!(path, "v1" | "v2") => {
            format!("{}/{path}", canonical_host(host))
        }
        Some((host, _)) => canonical_host(host).to_owned(),
        None => canonical_host(bare).to_owned(),
    }
}

/// Docker Hub has had several names.
fn canonical_host(host: &str) -> &str {
    match host {
        "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com" => "docker.io",
        other => other,
    }
}

/// `docker login` with a store leaves empty entries behind.
fn holds_something(entry: &Value) -> bool {
    ["auth", "identitytoken", "username"].iter().any(|name| {
        entry
            .get(name)
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty())
    })
}

/// Reads one entry. Choosing it was done here, since `docker_credential` knows
/// neither namespaces nor the old names; decoding is left to that crate.
fn decode(entry: &Value) -> Result<Credentials, String> {
    let Some(fields) = entry.as_object() else {
        return Err("the entry is not an object".to_owned());
    };
    // An empty field counts as given there.
    let fields: Map<String, Value> = fields
        .iter()
        .filter(|(_, value)| value.as_str().is_some_and(|text| !text.is_empty()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let file = serde_json::json!({ "auths": { "entry": fields } }).to_string();
    match docker_credential::get_credential_from_reader(file.as_bytes(), "entry") {
        // How Azure's and other token log-ins are written.
        Ok(DockerCredential::UsernamePassword(username, password)) if username == "<token>" => {
            Ok(Credentials::IdentityToken(password))
        }
        Ok(DockerCredential::UsernamePassword(username, password)) => {
            Ok(Credentials::Basic { username, password })
        }
        Ok(DockerCredential::IdentityToken(token)) => Ok(Credentials::IdentityToken(token)),
        Err(CredentialRetrievalError::CredentialMismatchError) => {
            Err("`auth` and `username` with `password` disagree; log in again".to_owned())
        }
        Err(_) => Err("the entry can't be decoded; log in again".to_owned()),
    }
}
