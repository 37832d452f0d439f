//! A project, once it has been read: every value here is valid, and everything it
//! refers to is there.

mod health;
mod mount;
mod network;
mod resource;
mod service;

pub use health::{Healthcheck, Probe};
pub use mount::{Bind, Mount, MountKind, Propagation, Selinux, Tmpfs};
pub use network::{Attachment, Expose, HostAddress, PortRange, Protocol, PublishedPort};
pub use resource::{Content, FileUse, Hidden, Network, SharedFile, Volume};
pub use service::{Condition, Dependency, Limits, PullPolicy, Restart, Service, Ulimit};

use std::collections::BTreeMap;

/// What compose files describe: the services that run, and what they use.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// The name that the files give; a run has its own.
    pub name: Option<String>,
    /// The services whose profiles are on, by name.
    pub services: BTreeMap<String, Service>,
    /// The services that none of the profiles turns on: they are not read.
    pub inactive: BTreeMap<String, Place>,
    /// The networks that these services use; `default` where one names none.
    pub networks: BTreeMap<String, Network>,
    /// The named volumes that they use.
    pub volumes: BTreeMap<String, Volume>,
    /// The secrets that they use.
    pub secrets: BTreeMap<String, SharedFile>,
    /// The configs that they use.
    pub configs: BTreeMap<String, SharedFile>,
    /// What is no mistake, and worth knowing.
    pub notes: Vec<Note>,
}

/// Where something is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// Something worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where it is written.
    pub place: Place,
    /// What it is, in a sentence without a full stop.
    pub text: String,
}
