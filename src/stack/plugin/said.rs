//! What the plugin says when it gives up: its steps, each of them twice, and
//! somewhere between them why. Pure.

use std::collections::BTreeSet;

/// How much of it is shown.
const LINES: usize = 20;
/// What testcontainers puts before it.
const PREFIX: &str = "docker compose up exited with status";

/// Without its steps.
pub(super) fn essence(said: &str) -> String {
    let lines: Vec<&str> = lines(said)
        .filter(|line| !line.is_empty() && step(line).is_none())
        .collect();
    let from = lines.len().saturating_sub(LINES);
    lines.get(from..).unwrap_or_default().join("\n")
}

/// The services of a project whose containers were to start and did not.
pub(super) fn not_started(said: &str, project: &str) -> BTreeSet<String> {
    let mut starting = BTreeSet::new();
    for (kind, name, what) in lines(said).filter_map(step) {
        let service = name
            .strip_prefix(project)
            .and_then(|rest| rest.strip_prefix('-'))
            .and_then(|rest| rest.rsplit_once('-'));
        let Some((service, _)) = service.filter(|_| kind == "Container") else {
            continue;
        };
        match what {
            "Starting" => starting.insert(service.to_owned()),
            "Started" => starting.remove(service),
            _ => continue,
        };
    }
    starting
}

/// Whether the engine had no addresses for one more network: Docker's words, and
/// Podman's.
pub(super) fn is_for_want_of_addresses(said: &str) -> bool {
    said.contains("address pool") || said.contains("free subnet")
}

/// Its lines, without the words that testcontainers puts before them.
fn lines(said: &str) -> impl Iterator<Item = &str> {
    let own = match said.split_once(PREFIX) {
        // As in ` exit status: 1: `.
        Some((_, rest)) => rest.splitn(3, ": ").last().unwrap_or(rest),
        None => said,
    };
    own.lines().map(str::trim)
}

/// One step: what kind of thing, which, and what is done to it.
fn step(line: &str) -> Option<(&str, &str, &str)> {
    let mut words = line.split_whitespace();
    let found = (words.next()?, words.next()?, words.next()?);
    let is_step = matches!(found.0, "Container" | "Network" | "Volume" | "Image");
    (is_step && words.next().is_none()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "Testcontainers error: other error: docker compose up exited with status exit status: 1:  Network p-1_default Creating \n Network p-1_default Created \n Container p-1-a-b-1 Starting \n Container p-1-db-1 Starting \n Container p-1-a-b-1 Started \nError response from daemon: exec: no such file\n";

    #[test]
    fn why_it_gave_up_is_told_without_its_steps() {
        assert_eq!(
            essence(SAID),
            "Error response from daemon: exec: no such file"
        );
        assert_eq!(essence("something else"), "something else");
    }

    #[test]
    fn what_was_to_start_and_did_not_is_known() {
        assert_eq!(not_started(SAID, "p-1"), BTreeSet::from(["db".to_owned()]));
        assert!(not_started("no step at all", "p-1").is_empty());
    }
}
