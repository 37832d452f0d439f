//! Docker contexts: named engines that the Docker CLI keeps in its folder.

use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Place, Surroundings};
use crate::engine::EngineError;

/// The context that stands for "no context".
const DEFAULT: &str = "default";

#[derive(Deserialize)]
struct CliConfig {
    #[serde(rename = "currentContext", default)]
    current_context: String,
}

/// `contexts/meta/<sha256 of its name>/meta.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Meta {
    #[serde(default)]
    endpoints: Endpoints,
}

#[derive(Deserialize, Default)]
struct Endpoints {
    docker: Option<Endpoint>,
}

#[derive(Deserialize)]
struct Endpoint {
    #[serde(rename = "Host", default)]
    host: String,
    #[serde(rename = "SkipTLSVerify", default)]
    skip_tls_verify: bool,
}

/// The engine of the current context, if that is not the default one.
///
/// # Errors
/// [`EngineError::Address`] for a context that is named but can't be read: the
/// engine meant must not be replaced by another silently.
pub(super) fn current(surroundings: &Surroundings) -> Result<Option<Place>, EngineError> {
    let Some(folder) = surroundings.docker_folder() else {
        return Ok(None);
    };
    let (name, said_by) = match surroundings.var("DOCKER_CONTEXT") {
        Some(name) => (name, "DOCKER_CONTEXT".to_owned()),
        None => {
            let path = folder.join("config.json");
            match configured(&path)? {
                Some(name) => (name, path.display().to_string()),
                None => return Ok(None),
            }
        }
    };
    if name == DEFAULT {
        return Ok(None);
    }
    read(&folder, &name, &said_by).map(Some)
}

fn configured(path: &Path) -> Result<Option<String>, EngineError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(unusable(
                &path.display().to_string(),
                format!("the current Docker context can't be read: {error}"),
            ));
        }
    };
    let config: CliConfig = serde_json::from_str(&text).map_err(|error| {
        unusable(
            &path.display().to_string(),
            format!("the current Docker context can't be read: {error}"),
        )
    })?;
    Ok(Some(config.current_context).filter(|name| !name.is_empty()))
}

fn read(folder: &Path, name: &str, said_by: &str) -> Result<Place, EngineError> {
    let wrong = |why: String| {
        unusable(
            name,
            format!("it is the current Docker context (according to {said_by}), but {why}"),
        )
    };
    let hash: String = Sha256::digest(name.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let path = folder.join("contexts/meta").join(&hash).join("meta.json");
    let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => wrong(format!(
            "there is no such context (no {}); `docker context ls` lists them",
            path.display()
        )),
        _ => wrong(format!("{} can't be read: {error}", path.display())),
    })?;
    let meta: Meta = serde_json::from_str(&text)
        .map_err(|error| wrong(format!("{} can't be read: {error}", path.display())))?;
    let endpoint = meta
        .endpoints
        .docker
        .filter(|endpoint| !endpoint.host.is_empty())
        .ok_or_else(|| wrong("it names no Docker engine".to_owned()))?;
    if endpoint.skip_tls_verify {
        return Err(wrong(
            "it skips the verification of certificates, which is not supported: give it a ca.pem"
                .to_owned(),
        ));
    }
    let tls = folder.join("contexts/tls").join(&hash).join("docker");
    Ok(Place {
        named_by: format!("the Docker context `{name}`"),
        address: endpoint.host,
        tls: tls.is_dir().then_some(tls),
    })
}

fn unusable(address: &str, why: String) -> EngineError {
    EngineError::Address {
        address: address.to_owned(),
        why,
    }
}
