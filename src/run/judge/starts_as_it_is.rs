//! The built-in check: the image starts as its users start it. Judged is only
//! whether its program gets going, not what it makes of an empty environment:
//! a database that wants a password first is no broken platform.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::start::{SETTLE, broken_start, reproduce};
use crate::engine::{ContainerSpec, EngineError};
use crate::run::finding::Finding;
use crate::run::room::Room;
use crate::run::service::{End, Service};
use crate::suite::Start;

pub(super) async fn judge(
    room: &Arc<Room>,
    deadline: Duration,
) -> Result<Vec<Finding>, EngineError> {
    let start = Start {
        env: Vec::new(),
        entrypoint: None,
        cmd: None,
        user: None,
        workdir: None,
        ready: None,
        http: Vec::new(),
        logs: Vec::new(),
    };
    let line = reproduce(room, &start);
    if room.variant.config.command_line().is_empty() {
        let note = "the image has neither entrypoint nor command: there is nothing to start";
        return Ok(vec![Finding::passed().note(note)]);
    }
    let clock = Instant::now();
    let mut service = match Service::start(room, ContainerSpec::default(), &[]).await? {
        Ok(service) => service,
        Err(end) => {
            let finding = broken_start(room, &end, None).await;
            return Ok(vec![finding.reproduce(line)]);
        }
    };
    let until = clock + room.stretch(SETTLE).min(deadline);
    let ended = loop {
        match service.ended().await {
            Ok(None) if Instant::now() < until => {
                let left = until.saturating_duration_since(Instant::now());
                service.wait(left.min(Duration::from_millis(200))).await;
            }
            other => break other,
        }
    };
    service.stop().await;
    let (stdout, stderr) = service.output();
    let finding = match ended? {
        None => Finding::passed().note(format!(
            "it was up for {:.1} s",
            clock.elapsed().as_secs_f64()
        )),
        Some(End::Exited(state)) if is_its_own_end(state.exit_code, &stderr.text()) => {
            Finding::passed().note(format!(
                "it started, and ended by itself with exit code {}",
                state.exit_code
            ))
        }
        Some(end) => broken_start(room, &end, Some(&service)).await,
    };
    Ok(vec![
        finding
            .output(stdout.text(), stderr.text())
            .took(clock.elapsed())
            .reproduce(line),
    ])
}

/// Whether an exit code is the program's own word, rather than that of a
/// loader, a shell or the kernel (failures.md, section 2).
fn is_its_own_end(code: i64, stderr: &str) -> bool {
    let is_exec_failure = stderr.lines().any(|line| {
        (line.starts_with("exec ")
            && (line.contains("exec format error") || line.contains("no such file")))
            || line.contains("exec container process")
            || line.contains("error while loading shared libraries")
            || line.contains("Error loading shared library")
            || line.contains("cannot open shared object file")
            || line.contains(": Could not open '/lib")
            || line.contains("Exec format error")
    });
    (0..=125).contains(&code) && !is_exec_failure || code == 130 || code == 143
}

#[cfg(test)]
mod tests {
    use super::is_its_own_end;

    #[test]
    fn a_program_that_wants_a_password_has_started() {
        assert!(is_its_own_end(1, "superuser password is not specified"));
    }

    #[test]
    fn a_program_that_could_not_be_executed_has_not() {
        assert!(!is_its_own_end(1, "exec /app: exec format error"));
        assert!(!is_its_own_end(127, ""));
        assert!(!is_its_own_end(139, ""));
        assert!(!is_its_own_end(
            255,
            "aarch64-binfmt-P: Could not open '/lib/ld-linux-aarch64.so.1': No such file or directory"
        ));
    }
}
