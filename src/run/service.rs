//! A container that runs the image as its users do: without init, its own
//! entrypoint as PID 1. Its log is watched from the first byte, because a crash
//! under qemu as PID 1 never ends by itself (DESIGN D2).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use regex::Regex;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::http::Route;
use super::room::Room;
use super::session::{OUTPUT_CAP, asked_platform};
use crate::diagnosis::guest_signal;
use crate::engine::{
    Captured, ContainerSpec, ContainerState, Ended, EngineError, ExecSpec, Health, HealthProbe,
    HealthStatus, HealthTest, Port, StreamKind,
};

/// A started container.
pub(super) struct Service {
    room: Arc<Room>,
    id: String,
    log: Arc<Mutex<Log>>,
    changes: watch::Receiver<u64>,
    follower: Option<JoinHandle<()>>,
    routes: BTreeMap<u16, Route>,
}

/// What it has printed so far.
struct Log {
    stdout: Captured,
    stderr: Captured,
    /// The line under way on each stream, for matching line by line.
    partial: [Vec<u8>; 2],
    crash: Option<i32>,
    patterns: Vec<(Regex, bool)>,
    has_ended: bool,
}

/// How it came to an end by itself.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// The engine could not start it, and says why.
    NotStarted { code: i64, text: String },
    /// Its first process ended.
    Exited(ContainerState),
    /// It crashed under the emulator, and hangs for ever as PID 1.
    Crashed(i32),
}

impl Service {
    /// Makes and starts it. `Err(End)` where the image itself can't be started.
    pub(super) async fn start(
        room: &Arc<Room>,
        spec: ContainerSpec,
        patterns: &[Regex],
    ) -> Result<Result<Self, End>, EngineError> {
        let ports = spec.publish.clone();
        let is_local = room.engine.facts().is_local;
        let spec = ContainerSpec {
            image: room.variant.pull_reference.clone(),
            platform: Some(asked_platform(&room.variant)),
            publish: if is_local { spec.publish } else { Vec::new() },
            ..spec
        };
        let id = match room.shared.containers.create(&room.engine, spec).await {
            Ok(id) => id,
            // An image without a command, or a working directory that is a file.
            Err(EngineError::Refused { message, .. }) if is_the_image_s(&message) => {
                return Ok(Err(End::NotStarted {
                    code: 125,
                    text: message,
                }));
            }
            Err(error) => return Err(error),
        };
        match room.engine.start(&id).await {
            Ok(()) => {}
            Err(EngineError::Refused { message, .. }) if is_the_image_s(&message) => {
                let code = room
                    .engine
                    .inspect(&id)
                    .await
                    .map_or(126, |state| state.exit_code);
                room.shared.containers.remove(&room.engine, &id).await;
                return Ok(Err(End::NotStarted {
                    code,
                    text: message,
                }));
            }
            Err(error) => return Err(error),
        }
        let (sender, changes) = watch::channel(0);
        let log = Arc::new(Mutex::new(Log {
            stdout: Captured::with_cap(OUTPUT_CAP),
            stderr: Captured::with_cap(OUTPUT_CAP),
            partial: [Vec::new(), Vec::new()],
            crash: None,
            patterns: patterns
                .iter()
                .map(|pattern| (pattern.clone(), false))
                .collect(),
            has_ended: false,
        }));
        let follower = {
            let (engine, id, log) = (Arc::clone(&room.engine), id.clone(), Arc::clone(&log));
            tokio::spawn(async move {
                let mut sink = |kind, bytes: &[u8]| {
                    lock(&log).take(kind, bytes);
                    sender.send_modify(|n| *n += 1);
                };
                // A log that breaks off is seen by the state, which is asked too.
                let _ = engine.follow_log(&id, &mut sink).await;
                lock(&log).has_ended = true;
                sender.send_modify(|n| *n += 1);
            })
        };
        let mut service = Self {
            room: Arc::clone(room),
            id,
            log,
            changes,
            follower: Some(follower),
            routes: BTreeMap::new(),
        };
        let routed = service.find_routes(&ports, is_local).await;
        if let Err(error) = routed {
            service.stop().await;
            return Err(error);
        }
        Ok(Ok(service))
    }

    async fn find_routes(&mut self, ports: &[Port], is_local: bool) -> Result<(), EngineError> {
        if ports.is_empty() {
            return Ok(());
        }
        let state = if is_local {
            Some(self.state().await?)
        } else {
            None
        };
        for &port in ports {
            let published = state.as_ref().and_then(|state| state.ports.get(&port));
            let route = match published {
                Some(&address) => Route::Published(address),
                // Gone already, or an engine elsewhere.
                None => Route::Inside {
                    engine: Arc::clone(&self.room.engine),
                    container: self.id.clone(),
                    port: port.number,
                },
            };
            self.routes.insert(port.number, route);
        }
        Ok(())
    }

    /// The way to one of its ports.
    pub(super) fn route(&self, port: u16) -> Option<Route> {
        self.routes.get(&port).cloned()
    }

    /// What the engine says of it.
    pub(super) async fn state(&self) -> Result<ContainerState, EngineError> {
        self.room.engine.inspect(&self.id).await
    }

    /// What its healthcheck says; `None` where the image has none. Podman runs
    /// healthchecks through systemd timers only, so there it is run from here.
    pub(super) async fn health(&self) -> Result<Option<Health>, EngineError> {
        let told = self.state().await?.health;
        let Some(check) = &self.room.variant.config.healthcheck else {
            return Ok(told);
        };
        if self.room.engine.facts().runs_healthchecks() {
            return Ok(told);
        }
        let Some(test) = HealthTest::of_image(check) else {
            return Ok(None);
        };
        let spec = ExecSpec {
            command: test.words(),
            ..ExecSpec::default()
        };
        let deadline = self.room.stretch(test.timeout());
        let started_at = jiff::Timestamp::now();
        let probe = self
            .room
            .engine
            .exec(&self.id, &spec, deadline, 4096)
            .await?;
        let (status, exit_code) = match probe.ended {
            Ended::Exit(0) => (HealthStatus::Healthy, 0),
            Ended::Exit(code) => (HealthStatus::Starting, code),
            Ended::Deadline => (HealthStatus::Starting, -1),
        };
        Ok(Some(Health {
            status,
            failing_streak: u32::from(exit_code != 0),
            log: vec![HealthProbe {
                started_at: Some(started_at),
                finished_at: Some(jiff::Timestamp::now()),
                exit_code,
                output: format!("{}{}", probe.stdout.text(), probe.stderr.text()),
            }],
        }))
    }

    /// Whether a line of its log has matched the pattern of this number.
    pub(super) fn has_matched(&self, pattern: usize) -> bool {
        lock(&self.log)
            .patterns
            .get(pattern)
            .is_some_and(|(_, matched)| *matched)
    }

    /// Whether it is over: crashed, or ended. Asks the engine.
    pub(super) async fn ended(&self) -> Result<Option<End>, EngineError> {
        let (crash, has_ended) = {
            let log = lock(&self.log);
            (log.crash, log.has_ended)
        };
        if let Some(signal) = crash {
            return Ok(Some(End::Crashed(signal)));
        }
        if has_ended {
            let state = self.state().await?;
            if !state.is_running() {
                return Ok(Some(End::Exited(state)));
            }
        }
        Ok(None)
    }

    /// Waits until it prints something, ends, or `longest` has passed.
    pub(super) async fn wait(&mut self, longest: Duration) {
        let has_ended = lock(&self.log).has_ended;
        if has_ended {
            tokio::time::sleep(longest).await;
        } else {
            let _ = tokio::time::timeout(longest, self.changes.changed()).await;
        }
    }

    /// What it printed: standard output and standard error.
    pub(super) fn output(&self) -> (Captured, Captured) {
        let log = lock(&self.log);
        (log.stdout.clone(), log.stderr.clone())
    }

    /// Removes it. A log that ends with it is read to its end first.
    pub(super) async fn stop(&mut self) {
        // SIGKILL ends the log stream; after that all of it has been read.
        let _ = self.room.engine.kill(&self.id).await;
        if let Some(mut follower) = self.follower.take()
            && tokio::time::timeout(Duration::from_secs(2), &mut follower)
                .await
                .is_err()
        {
            follower.abort();
        }
        self.room
            .shared
            .containers
            .remove(&self.room.engine, &self.id)
            .await;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(follower) = self.follower.take() {
            follower.abort();
        }
    }
}

impl Log {
    fn take(&mut self, kind: StreamKind, bytes: &[u8]) {
        let index = match kind {
            StreamKind::Stdout => {
                self.stdout.push(bytes);
                0
            }
            StreamKind::Stderr => {
                self.stderr.push(bytes);
                1
            }
        };
        let Self {
            partial,
            patterns,
            crash,
            ..
        } = self;
        let Some(partial) = partial.get_mut(index) else {
            return;
        };
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            // A line without end would grow for ever; its first 64 KiB are matched.
            let room = (64usize << 10).saturating_sub(partial.len());
            partial.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
            if piece.ends_with(b"\n") {
                let line = String::from_utf8_lossy(partial);
                let line = line.trim_end_matches(['\n', '\r']);
                for (pattern, matched) in patterns.iter_mut() {
                    *matched |= pattern.is_match(line);
                }
                if line.starts_with("qemu: ") {
                    *crash = crash.or_else(|| guest_signal(line));
                }
                partial.clear();
            }
        }
        // A prompt or a last line without a line break counts too.
        let rest = String::from_utf8_lossy(partial);
        for (pattern, matched) in patterns.iter_mut() {
            *matched |= !rest.is_empty() && pattern.is_match(&rest);
        }
    }
}

/// Whether an engine's refusal to start speaks of the image's own program.
fn is_the_image_s(message: &str) -> bool {
    let message = message.to_lowercase();
    [
        "oci runtime",
        "exec:",
        "exec format error",
        "executable file",
        "no command specified",
        "permission denied",
        "no such file or directory",
        "unable to find user",
        "no matching entries in passwd",
        "cannot chdir",
        "chdir to cwd",
    ]
    .iter()
    .any(|text| message.contains(text))
}

fn lock(log: &Mutex<Log>) -> std::sync::MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}
