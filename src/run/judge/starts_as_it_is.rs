//! The built-in check: the image starts as its users start it. Judged is only
//! whether its program gets going, not what it makes of an empty environment:
//! a database that wants a password first is no broken platform.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::start::{broken_start, exposed_ports, reproduce, settle_time};
use crate::engine::{ContainerSpec, EngineError, Port};
use crate::run::finding::Finding;
use crate::run::room::Room;
use crate::run::service::{End, Service};
use crate::suite::Start;

/// How long a port may take to open under emulation; `timeout` with the
/// emulation factor would wait minutes for a server that only wants a variable.
const LONGEST_EMULATED: Duration = Duration::from_secs(45);

pub(super) async fn judge(
    room: &Arc<Room>,
    deadline: Duration,
) -> Result<Vec<Finding>, EngineError> {
    let start = Start::default();
    let line = reproduce(room, &start);
    let command = room.variant.config.command_line();
    let Some(word) = command.first() else {
        let note = "the image has neither entrypoint nor command: there is nothing to start";
        return Ok(vec![Finding::passed().note(note)]);
    };
    let ports = exposed_ports(room);
    let spec = ContainerSpec {
        publish: ports.iter().copied().map(Port::tcp).collect(),
        ..ContainerSpec::default()
    };
    let clock = Instant::now();
    let mut service = match Service::start(room, spec, &[]).await? {
        Ok(service) => service,
        Err(end) => {
            let finding = broken_start(room, &end, None).await;
            return Ok(vec![finding.reproduce(line)]);
        }
    };
    // A busy engine takes seconds to make a container: they are not the program's.
    let begun = Instant::now();
    let came = watch(room, &mut service, &ports, begun, deadline).await;
    service.stop().await;
    let (stdout, stderr) = service.output();
    let finding = match came? {
        Came::Up(how) => match room.masked(word).await? {
            Some(masked) => Finding::failed(vec![masked]),
            None => Finding::passed().note(how),
        },
        Came::Ended(End::Exited(state)) if is_its_own_end(state.exit_code, &stderr.text()) => {
            match room.masked(word).await? {
                Some(masked) => Finding::failed(vec![masked]),
                None => Finding::passed().note(format!(
                    "it started, and ended by itself with exit code {}",
                    state.exit_code
                )),
            }
        }
        Came::Ended(end) => broken_start(room, &end, Some(&service)).await,
    };
    Ok(vec![
        finding
            .output(stdout.text(), stderr.text())
            .took(clock.elapsed())
            .reproduce(line),
    ])
}

/// How the start went.
enum Came {
    Up(String),
    Ended(End),
}

/// A server is up when one of its ports opens; without ports, or when none
/// opens, it is up when it has stayed long enough.
async fn watch(
    room: &Arc<Room>,
    service: &mut Service,
    ports: &[u16],
    begun: Instant,
    deadline: Duration,
) -> Result<Came, EngineError> {
    let longest = if room.is_emulated() {
        deadline.min(LONGEST_EMULATED)
    } else {
        deadline
    };
    let until = begun
        + if ports.is_empty() {
            settle_time(room).min(longest)
        } else {
            longest
        };
    loop {
        if let Some(end) = service.ended().await? {
            return Ok(Came::Ended(end));
        }
        let elapsed = begun.elapsed().as_secs_f64();
        for &port in ports {
            let accepts = match service.route(port) {
                Some(route) => route.accepts(Duration::from_secs(1)).await,
                None => Ok(false),
            };
            if accepts.unwrap_or(false) {
                return Ok(Came::Up(format!(
                    "port {port} was open after {elapsed:.1} s"
                )));
            }
        }
        if Instant::now() >= until {
            return Ok(Came::Up(match ports {
                [] => format!("it was up for {elapsed:.1} s"),
                ports => format!(
                    "it was up for {elapsed:.1} s, but opened none of the ports it exposes: {ports:?}"
                ),
            }));
        }
        let left = until.saturating_duration_since(Instant::now());
        service.wait(left.min(Duration::from_millis(200))).await;
    }
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
