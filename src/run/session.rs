//! One container in which many checks run as execs (DESIGN D2, D3). Its first
//! process is our own `hold`, so nothing under test is PID 1.

use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use super::room::Room;
use crate::engine::{
    ContainerSpec, Ended, Engine, EngineError, ExecSpec, Execution, Healthcheck, Limits, NewFile,
    tiny_elf,
};
use crate::image::{Platform, Variant};

/// Where our own programs lie in a session's container.
const FOLDER: &str = "/.everyarch";

/// How many processes a session may have at a time: enough for any test suite,
/// and few enough that a fork bomb stays in its container.
const PIDS: i64 = 2048;

/// How much of each output stream is kept.
pub(super) const OUTPUT_CAP: usize = 1 << 20;

/// A container made when it is first needed, and made anew after a check that
/// had to be ended: whatever that check left running goes with its container.
pub(super) struct Session {
    room: Arc<Room>,
    container: Option<String>,
}

/// The path of the probe in a session's container.
pub(super) fn probe_path() -> String {
    format!("{FOLDER}/probe")
}

/// The platform to ask an engine for. The digest names the image; engines that
/// look at the platform too compare it with the config, not with the index.
pub(super) fn asked_platform(variant: &Variant) -> Platform {
    let said = variant.config.platform.clone();
    said.unwrap_or_else(|| variant.platform.clone())
}

/// What the container of a session is made of. `hold` runs as root, so that an
/// image whose user does not exist has its files and config looked at all the
/// same; each check runs as the image's own user.
fn spec(variant: &Variant) -> ContainerSpec {
    ContainerSpec {
        image: variant.pull_reference.clone(),
        platform: Some(asked_platform(variant)),
        entrypoint: Some(vec![format!("{FOLDER}/hold")]),
        cmd: Some(Vec::new()),
        user: Some("0".to_owned()),
        healthcheck: Healthcheck::Off,
        limits: Limits {
            pids: Some(PIDS),
            ..Limits::default()
        },
        ..ContainerSpec::default()
    }
}

/// Our own programs, for the engine's host and for the platform under test.
pub(super) fn programs(
    engine: &dyn Engine,
    platform: &Platform,
) -> Result<Vec<NewFile>, EngineError> {
    let host = engine.facts().platform.architecture();
    let Some(hold) = tiny_elf::hold(host) else {
        return Err(EngineError::Unexpected {
            step: "preparing a session".to_owned(),
            why: format!(
                "the engine's host is {}, for which there is no `hold` program yet",
                host.as_str()
            ),
        });
    };
    let mut files = vec![NewFile {
        path: format!("{FOLDER}/hold"),
        mode: 0o755,
        owner: (0, 0),
        bytes: hold,
    }];
    if let Some(probe) = tiny_elf::probe(platform) {
        files.push(NewFile {
            path: probe_path(),
            mode: 0o755,
            owner: (0, 0),
            bytes: probe,
        });
    }
    Ok(files)
}

impl Session {
    /// A session whose container is made when the first check needs it.
    pub(super) fn new(room: Arc<Room>) -> Self {
        Self {
            room,
            container: None,
        }
    }

    /// A session in a container that is running already.
    pub(super) fn within(room: Arc<Room>, container: String) -> Self {
        Self {
            room,
            container: Some(container),
        }
    }

    /// The id of its running container.
    pub(super) async fn container(&mut self) -> Result<String, EngineError> {
        if let Some(id) = &self.container {
            return Ok(id.clone());
        }
        let room = &self.room;
        let id = room
            .shared
            .containers
            .create(&room.engine, spec(&room.variant))
            .await?;
        let files = programs(room.engine.as_ref(), &room.variant.platform)?;
        room.engine.put(&id, &files).await?;
        room.engine.start(&id).await?;
        self.container = Some(id.clone());
        Ok(id)
    }

    /// Runs a program in it. One that does not end in time is ended with its
    /// container, and so are all its children.
    pub(super) async fn exec(
        &mut self,
        spec: &ExecSpec,
        deadline: Duration,
    ) -> Result<Execution, EngineError> {
        self.exec_capped(spec, deadline, OUTPUT_CAP).await
    }

    /// The same, with up to `cap` bytes of each output stream kept.
    pub(super) async fn exec_capped(
        &mut self,
        spec: &ExecSpec,
        deadline: Duration,
        cap: usize,
    ) -> Result<Execution, EngineError> {
        let id = self.container().await?;
        let mut spec = spec.clone();
        let user = &self.room.variant.config.user;
        if spec.user.is_none() && !user.is_empty() {
            spec.user = Some(user.clone());
        }
        let outcome = self.room.engine.exec(&id, &spec, deadline, cap).await;
        match &outcome {
            Ok(execution) if execution.ended == Ended::Deadline => self.end().await,
            // The container may be gone or broken; the next check gets a new one.
            Err(_) => self.end().await,
            Ok(_) => {}
        }
        outcome
    }

    /// Whether the kernel ended a process of it for want of memory.
    pub(super) async fn oom_killed(&self) -> bool {
        match &self.container {
            Some(id) => self
                .room
                .engine
                .inspect(id)
                .await
                .is_ok_and(|state| state.oom_killed),
            None => false,
        }
    }

    /// Removes its container.
    pub(super) async fn end(&mut self) {
        if let Some(id) = self.container.take() {
            self.room
                .shared
                .containers
                .remove(&self.room.engine, &id)
                .await;
        }
    }
}

/// Makes the first container of a variant, not yet started: what it was made
/// from is verified before anything of it runs.
pub(super) async fn create_first(
    shared: &Shared,
    engine: &Arc<dyn Engine>,
    variant: &Variant,
) -> Result<String, EngineError> {
    shared.containers.create(engine, spec(variant)).await
}
