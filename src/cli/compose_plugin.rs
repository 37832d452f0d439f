//! `docker compose config`: what the compose plugin makes of files that are left
//! to it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::compose::{By, Outline, PluginFiles, Services};
use crate::suite::Stack;

/// It reads a few files; it does not ask an engine.
const DEADLINE: Duration = Duration::from_secs(60);
/// The first version that knows the tags `!reset` and `!override`.
const OLDEST: (u32, u32) = (2, 24);

/// Asks the plugin; or what is wrong, and what to do.
pub(super) async fn services(stack: &Stack, files: Vec<String>) -> Result<Services, String> {
    let version = asked(Command::new("docker").args(["compose", "version", "--short"]))
        .await
        .map_err(|why| absent(&why))?;
    if let Some(version) = is_too_old(version.trim()) {
        return Err(format!(
            "`runner: plugin` needs the compose plugin {}.{} or newer, and this is {version}\n  hint: update it, or leave `runner` out: the built-in runner needs no plugin\n",
            OLDEST.0, OLDEST.1
        ));
    }
    let files: Vec<PathBuf> = files.into_iter().map(PathBuf::from).collect();
    let given = PluginFiles {
        env: environment(stack),
        files,
    };
    let mut command = Command::new("docker");
    command.arg("compose").envs(&given.env);
    // Beside the first file, as testcontainers runs it.
    if let Some(folder) = given.files.first().and_then(|file| file.parent()) {
        command.current_dir(folder);
    }
    for file in &given.files {
        command.arg("--file").arg(file);
    }
    command.args(["config", "--format", "json"]);
    let printed = asked(&mut command)
        .await
        .map_err(|why| format!("the compose plugin refuses the files: {why}\n"))?;
    let outline = Outline::of_resolved(&printed, &|name| {
        let own = given.env.get(name).cloned();
        own.or_else(|| std::env::var(name).ok())
    })
    .map_err(|error| format!("{error}\n"))?;
    Ok(Services {
        outline,
        by: By::Plugin(given),
    })
}

fn environment(stack: &Stack) -> BTreeMap<String, String> {
    let mut env: BTreeMap<String, String> = stack.env.iter().cloned().collect();
    if !stack.profiles.is_empty() {
        env.insert("COMPOSE_PROFILES".to_owned(), stack.profiles.join(","));
    }
    env
}

fn absent(why: &str) -> String {
    format!(
        "`runner: plugin` needs the `docker` command with its compose plugin: {why}\n  hint: install the plugin, or leave `runner` out: the built-in runner needs none\n"
    )
}

/// What it prints on standard output; or what it says against it.
async fn asked(command: &mut Command) -> Result<String, String> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(DEADLINE, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(error.to_string()),
        Err(_) => return Err(format!("no answer within {} s", DEADLINE.as_secs())),
    };
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(match said.trim() {
        "" => output.status.to_string(),
        said => said.to_owned(),
    })
}

/// A version before the oldest that will do. One that can't be read will show.
fn is_too_old(version: &str) -> Option<&str> {
    let mut numbers = version.trim_start_matches('v').split('.');
    let major: u32 = numbers.next()?.parse().ok()?;
    let minor: u32 = numbers.next()?.parse().ok()?;
    ((major, minor) < OLDEST).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_without_the_tags_we_write_is_too_old() {
        for version in ["2.23.3", "v2.4.1-desktop.1", "1.29.2"] {
            assert_eq!(is_too_old(version), Some(version));
        }
        for version in ["2.24.0", "v2.39.1", "5.6.1", "dev"] {
            assert_eq!(is_too_old(version), None);
        }
    }
}
