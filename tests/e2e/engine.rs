//! The engine under test, seen through Docker's own command line: what a person
//! would look with. Podman is spoken to in the same way.

use std::process::Command;

/// The run's process, as everyarch labels it.
const OWNER: &str = "dev.everyarch.owner";

/// The engine that `EVERYARCH_ENGINE` names.
pub(super) fn named() -> Option<String> {
    std::env::var("EVERYARCH_ENGINE")
        .ok()
        .filter(|url| !url.is_empty())
}

/// Where the engine under test listens.
pub(super) fn url() -> String {
    named().unwrap_or_else(|| "unix:///var/run/docker.sock".to_owned())
}

/// `docker`, for the engine under test.
pub(super) fn docker() -> Command {
    let mut command = Command::new("docker");
    if let Some(url) = named() {
        command.args(["--host", &url]);
    }
    command
}

/// What `docker WORDS…` prints.
#[track_caller]
pub(super) fn ask(words: &[&str]) -> String {
    let done = docker()
        .args(words)
        .output()
        .expect("docker's command line");
    let said = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    assert!(
        done.status.success(),
        "docker {words:?}: {said}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    said
}

/// Containers whose owner's label holds this text.
pub(super) fn owned(text: &str) -> Vec<String> {
    let format = format!("{{{{.ID}}}} {{{{.Label \"{OWNER}\"}}}}");
    let filter = format!("label={OWNER}");
    ask(&[
        "ps",
        "--all",
        "--no-trunc",
        "--filter",
        &filter,
        "--format",
        &format,
    ])
    .lines()
    .filter_map(|line| line.split_once(' '))
    .filter(|(_, owner)| owner.contains(text))
    .map(|(id, _)| id.to_owned())
    .collect()
}

/// Networks and volumes whose owner's label holds this text.
fn shared(text: &str) -> Vec<String> {
    let format = format!("{{{{.Name}}}} {{{{.Label \"{OWNER}\"}}}}");
    let filter = format!("label={OWNER}");
    ["network", "volume"]
        .into_iter()
        .flat_map(|kind| {
            let all = ask(&[kind, "ls", "--filter", &filter, "--format", &format]);
            all.lines()
                .filter_map(|line| line.split_once(' '))
                .filter(|(_, owner)| owner.contains(text))
                .map(|(name, _)| format!("{kind} {name}"))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Containers with this label.
pub(super) fn labelled(label: &str) -> Vec<String> {
    let filter = format!("label={label}");
    let ids = ask(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter]);
    ids.lines().map(str::to_owned).collect()
}

/// Whether it is Podman.
pub(super) fn is_podman() -> bool {
    ask(&["version", "--format", "{{json .Server}}"]).contains("Podman")
}

/// The containers of the run of this process.
pub(super) fn containers_of(pid: u32) -> Vec<String> {
    owned(&format!("/{pid}/"))
}

/// Everything that the run of this process has left.
pub(super) fn left_of(pid: u32) -> Vec<String> {
    let mut left = containers_of(pid);
    left.extend(shared(&format!("/{pid}/")));
    left
}

/// Whether a container is still there.
pub(super) fn exists(id: &str) -> bool {
    let done = docker().args(["container", "inspect", id]).output();
    done.is_ok_and(|done| done.status.success())
}

/// Removes a container when a test is over, however it ends.
pub(super) struct Removed(pub(super) String);

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = docker().args(["rm", "--force", &self.0]).output();
    }
}
