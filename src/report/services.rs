//! What became of the containers of a case that did not pass: a few lines each.

use std::io::{self, Write};

use super::escape;
use super::view::{View, paint};
use crate::event::{ContainerRecord, ServicesRecord};

/// How many lines of a healthcheck's output are repeated.
const PROBE: usize = 3;

/// Each container with its state, and under it what it was made of.
pub(super) fn write(services: &ServicesRecord, view: &View, out: &mut dyn Write) -> io::Result<()> {
    if services.containers.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "  {}",
        paint(
            view.palette.dim,
            "containers, as the engine saw them at the end:"
        )
    )?;
    for container in &services.containers {
        writeln!(
            out,
            "    {} {}",
            paint(
                view.palette.strong,
                format!("{}:", escape::one_line(&container.service))
            ),
            escape::one_line(&state(container))
        )?;
        for line in details(container) {
            writeln!(out, "      {}", escape::one_line(&line))?;
        }
    }
    Ok(())
}

/// `exited with 137, killed for want of memory, restarted 2 times, unhealthy`
fn state(container: &ContainerRecord) -> String {
    let mut words = vec![match (container.state.as_str(), container.exit_code) {
        ("unknown", _) => "not known".to_owned(),
        (state, Some(code)) => format!("{state} with {code}"),
        (state, None) => state.to_owned(),
    }];
    if container.oom_killed {
        words.push("killed for want of memory".to_owned());
    }
    match container.restarts {
        0 => {}
        1 => words.push("restarted once".to_owned()),
        count => words.push(format!("restarted {count} times")),
    }
    if let Some(health) = &container.health {
        words.push(health.status.clone());
    }
    words.join(", ")
}

fn details(container: &ContainerRecord) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(error) = &container.error {
        lines.push(format!("the engine says: {error}"));
    }
    if let Some(health) = &container.health {
        let said: Vec<&str> = health.output.lines().collect();
        let last = said.get(said.len().saturating_sub(PROBE)..);
        let said = last.unwrap_or_default().join(" / ");
        if !said.is_empty() {
            lines.push(format!("its last probe said: {said}"));
        }
    }
    if let Some(image) = &container.image {
        let platform = container.platform.as_ref();
        let platform = platform.map_or_else(String::new, |platform| format!(" ({platform})"));
        lines.push(format!("image {image}{platform}"));
    }
    for (what, all) in [
        ("networks", &container.networks),
        ("mounts", &container.mounts),
    ] {
        if !all.is_empty() {
            lines.push(format!("{what}: {}", all.join("; ")));
        }
    }
    lines
}
