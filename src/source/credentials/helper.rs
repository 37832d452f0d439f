//! Credential helpers: `docker-credential-NAME get`, the server on stdin, JSON back.
//!
//! `docker_credential` runs them too, but without a deadline, and what hangs
//! there can't be ended. Here it is killed.

use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::image::RegistryReference;

use super::super::{SourceError, Surroundings};
use super::{Credentials, FoundCredentials};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// Asks a helper. `place` names it, and is named in errors.
pub(super) async fn ask(
    name: &str,
    reference: &RegistryReference,
    place: &str,
    surroundings: &Surroundings,
    deadline: Duration,
) -> Result<Option<FoundCredentials>, SourceError> {
    let program = format!("docker-credential-{name}");
    let found_in = format!("{program}, named in {place}");
    let fail = |why: String| SourceError::Credentials {
        registry: reference.registry().to_owned(),
        place: found_in.clone(),
        why,
    };
    let plain_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if !plain_name {
        return Err(fail("that is not a helper's name".to_owned()));
    }
    let path = surroundings.program(&program).ok_or_else(|| {
        fail(format!(
            "`{program}` is not in PATH; install it, or remove it from the file"
        ))
    })?;
    for server in servers(reference.registry()) {
        let mut command = Command::new(&path);
        command
            .arg("get")
            .env_clear()
            .envs(surroundings.variables())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let output = tokio::time::timeout(deadline, run(command, &server))
            .await
            .map_err(|_| {
                fail(format!(
                    "it did not answer within {} s and was ended; run `echo {server} | {program} get` to see why",
                    deadline.as_secs_f64()
                ))
            })?
            .map_err(|error| fail(format!("it can't be run: {error}")))?;
        if output.status.success() {
            // A failure to parse never quotes what holds a secret.
            let answer: Answer = serde_json::from_slice(&output.stdout)
                .map_err(|_| fail("its answer can't be read".to_owned()))?;
            let credentials = if answer.username == "<token>" {
                Credentials::IdentityToken(answer.secret)
            } else {
                Credentials::Basic {
                    username: answer.username,
                    password: answer.secret,
                }
            };
            return Ok(Some(FoundCredentials {
                credentials,
                found_in,
            }));
        }
        // Helpers write their errors to stdout; a secret is only there on success.
        let said = String::from_utf8_lossy(&output.stdout);
        let said = match said.trim() {
            "" => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            said => said.to_owned(),
        };
        if !means_not_found(&said) {
            let line: String = said
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .take(300)
                .collect();
            return Err(fail(format!("it failed ({}): {line}", output.status)));
        }
    }
    Ok(None)
}

async fn run(mut command: Command, server: &str) -> std::io::Result<std::process::Output> {
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that does not read its input is judged by its answer.
        let _ = stdin.write_all(server.as_bytes()).await;
    }
    child.wait_with_output().await
}

/// How the helpers of Docker's own collection say it.
fn means_not_found(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    [
        "credentials not found",
        "no credentials server url",
        "not found in the keychain",
    ]
    .iter()
    .any(|words| said.contains(words))
}

/// The names under which a helper may know a registry: it compares exactly.
fn servers(registry: &str) -> Vec<String> {
    match registry {
        "docker.io" | "index.docker.io" => vec![
            "https://index.docker.io/v1/".to_owned(),
            "index.docker.io".to_owned(),
            "docker.io".to_owned(),
        ],
        host => vec![host.to_owned(), format!("https://{host}")],
    }
}
