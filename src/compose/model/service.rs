//! A service.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Attachment, Expose, FileUse, Healthcheck, HostAddress, Mount, Place, PublishedPort};
use crate::image::Platform;

/// One service. `None` leaves a thing to the image or to the engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Where its name is written, in the last of the files that do.
    pub place: Place,
    /// The image; `None` only for a service under test.
    pub image: Option<String>,
    /// The platform to run it for.
    pub platform: Option<Platform>,
    /// When the image is pulled.
    pub pull_policy: PullPolicy,
    /// The container's own name. Projects run side by side, so it is not given to
    /// the container; it stands for it in its networks all the same.
    pub container_name: Option<String>,
    /// What replaces the image's entrypoint; empty: there is none.
    pub entrypoint: Option<Vec<String>>,
    /// What replaces the image's command; empty: there is none.
    pub command: Option<Vec<String>>,
    /// Variables, those of its files included; `None` takes away one of the image.
    pub environment: BTreeMap<String, Option<String>>,
    /// The services that come before it, all of which are there.
    pub depends_on: BTreeMap<String, Dependency>,
    /// Its health check; `None`: the image's as it is.
    pub healthcheck: Option<Healthcheck>,
    /// Ports that can be reached from outside.
    pub ports: Vec<PublishedPort>,
    /// Ports that it says it listens on.
    pub expose: Vec<Expose>,
    /// Its networks, by the names they have in the project; never none.
    pub networks: BTreeMap<String, Attachment>,
    /// What is mounted into it, each at a place of its own.
    pub mounts: Vec<Mount>,
    /// The user it runs as, as in `node` or `1000:1000`.
    pub user: Option<String>,
    /// An absolute path.
    pub working_dir: Option<String>,
    /// Whether the engine's init is its first process.
    pub init: Option<bool>,
    /// Its host name.
    pub hostname: Option<String>,
    /// Names that resolve to these addresses.
    pub extra_hosts: BTreeMap<String, Vec<HostAddress>>,
    /// The name servers it asks.
    pub dns: Vec<std::net::IpAddr>,
    /// Capabilities beside the usual ones.
    pub cap_add: Vec<String>,
    /// Capabilities taken from the usual ones.
    pub cap_drop: Vec<String>,
    /// Options of the engine's security modules.
    pub security_opt: Vec<String>,
    /// Whether it may do everything.
    pub privileged: bool,
    /// Whether its root file system can't be written.
    pub read_only: bool,
    /// Limits of its processes, by the names the kernel has for them.
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Parameters of its kernel namespaces.
    pub sysctls: BTreeMap<String, String>,
    /// The size of `/dev/shm` in bytes.
    pub shm_size: Option<u64>,
    /// The signal that asks it to end: a name or a number.
    pub stop_signal: Option<String>,
    /// How long it has to end.
    pub stop_grace_period: Option<Duration>,
    /// When it is started again.
    pub restart: Restart,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The profiles that turn it on; none: it always runs.
    pub profiles: Vec<String>,
    /// Secrets as files.
    pub secrets: Vec<FileUse>,
    /// Configs as files.
    pub configs: Vec<FileUse>,
    /// What it may use up.
    pub limits: Limits,
}

/// When an image is pulled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PullPolicy {
    /// Where the engine does not have it.
    #[default]
    Missing,
    /// Each time.
    Always,
    /// Never: it must be there.
    Never,
}

/// A service that must come before another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// What must be so before the other one starts.
    pub condition: Condition,
    /// Whether the other one starts only if it is.
    pub required: bool,
    /// Whether the other one is restarted with it.
    pub restart: bool,
    /// Where it is written.
    pub place: Place,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It has been started.
    Started,
    /// Its health check says healthy.
    Healthy,
    /// It has ended with exit code 0.
    CompletedSuccessfully,
}

/// When a container is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restart {
    /// Never.
    #[default]
    No,
    /// Whenever it ends.
    Always,
    /// Whenever it ends, unless it was stopped.
    UnlessStopped,
    /// When it ends with another exit code than 0, so many times at most.
    OnFailure(Option<u32>),
}

/// A limit of processes; `-1` is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ulimit {
    /// What holds.
    pub soft: i64,
    /// Up to where a process may raise it.
    pub hard: i64,
}

/// What a container may use up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Processors, in billionths of one.
    pub nano_cpus: Option<u64>,
    /// Memory in bytes.
    pub memory: Option<u64>,
    /// Processes.
    pub pids: Option<u64>,
}
