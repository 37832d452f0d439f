//! What a container is, as its engine tells it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;

use super::Port;
use super::health::Health;

/// Where in its life a container is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Made, and not yet started.
    #[default]
    Created,
    /// Its first process lives.
    Running,
    /// It lives, and is frozen.
    Paused,
    /// Its first process has ended, and the engine is about to start it again.
    Restarting,
    /// Its first process has ended.
    Exited,
}

/// A container's state.
#[derive(Clone, Debug, Default)]
pub struct ContainerState {
    /// The id of the image it was made from: its config's digest, except in
    /// engines with containerd's image store, where it is the manifest's.
    pub image_id: String,
    /// Where in its life it is.
    pub phase: Phase,
    /// The exit code of its first process, once it has ended.
    pub exit_code: i64,
    /// The engine's own complaint, empty when it has none.
    pub error: String,
    /// Whether the kernel ended it for want of memory.
    pub oom_killed: bool,
    /// When it was last started.
    pub started_at: Option<Timestamp>,
    /// When its first process last ended.
    pub finished_at: Option<Timestamp>,
    /// How often the engine has started it again by itself.
    pub restarts: u64,
    /// What the engine's own healthcheck says; `None` where it runs none.
    pub health: Option<Health>,
    /// The networks it is in, by name.
    pub networks: BTreeMap<String, Endpoint>,
    /// Where each published container port is reached.
    pub ports: BTreeMap<Port, SocketAddr>,
}

impl ContainerState {
    /// Whether its first process lives.
    pub fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Paused)
    }
}

/// A container as others of a network see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// Its addresses; none unless it runs.
    pub addresses: Vec<IpAddr>,
    /// The names it is found by; engines add a part of its id.
    pub aliases: Vec<String>,
}
