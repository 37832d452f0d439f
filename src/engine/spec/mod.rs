//! What a container, a network or a volume is to be, said before it is made.

mod exec;
mod healthcheck;
mod limits;
mod mount;
mod names;
mod network;
mod port;
mod restart;
mod security;
mod volume;

use std::collections::BTreeMap;
use std::time::Duration;

pub use exec::ExecSpec;
pub use healthcheck::{HealthCommand, HealthTest, Healthcheck};
pub use limits::{Limits, Ulimit};
pub use mount::{Bind, Mount, Tmpfs, VolumeMount};
pub use names::{Dns, HostAddress, Names};
pub use network::{Attachment, NetworkSpec, Networking};
pub use port::{Port, Protocol};
pub use restart::RestartPolicy;
pub use security::Security;
pub use volume::VolumeSpec;

use crate::image::Platform;

/// A container to be made.
#[derive(Clone, Debug, Default)]
pub struct ContainerSpec {
    /// Its name: unique to the run.
    pub name: String,
    /// `repository@digest`, or a local image's id.
    pub image: String,
    /// The platform asked for; some engines ignore it, so the result is verified.
    pub platform: Option<Platform>,
    /// Replaces the image's entrypoint, and then the image's command does not
    /// count either; `None` leaves it, an empty list means none at all.
    pub entrypoint: Option<Vec<String>>,
    /// Replaces the image's command; `None` leaves it where the entrypoint is the image's.
    pub cmd: Option<Vec<String>>,
    /// Added to the image's environment.
    pub env: Vec<(String, String)>,
    /// Variables of the image that it is not to have.
    pub unset: Vec<String>,
    /// Replaces the image's user.
    pub user: Option<String>,
    /// Replaces the image's working directory.
    pub workdir: Option<String>,
    /// What it is labelled with.
    pub labels: BTreeMap<String, String>,
    /// Whom it can reach, and under which names it is found.
    pub networking: Networking,
    /// Ports to publish, each on an ephemeral loopback port of the engine's host.
    pub publish: Vec<Port>,
    /// Ports it says it listens on, besides the image's and those that are published.
    pub expose: Vec<Port>,
    /// What is mounted into it.
    pub mounts: Vec<Mount>,
    /// What it is called and what others are called, seen from inside.
    pub names: Names,
    /// Put the engine's own init in front of its first process. Off, whatever
    /// the daemon's default: an init runs what the kernel refuses.
    pub init: bool,
    /// Give it a terminal; all it prints is standard output then.
    pub tty: bool,
    /// What it may do.
    pub security: Security,
    /// How much of everything it may have.
    pub limits: Limits,
    /// Kernel parameters of its own namespaces.
    pub sysctls: BTreeMap<String, String>,
    /// The signal that asks it to stop, in place of the image's.
    pub stop_signal: Option<String>,
    /// How long it has to stop when the engine ends it by itself, as at a
    /// shutdown of its host; [`super::Engine::stop`] is always told.
    pub stop_timeout: Option<Duration>,
    /// What happens when it ends.
    pub restart: RestartPolicy,
    /// How its health is told.
    pub healthcheck: Healthcheck,
}
