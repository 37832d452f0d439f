//! What became of the services of an integration case: told in full where it did
//! not pass, and left in files where that is asked for.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::image::Platform;

/// The services of a case that did not pass.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServicesRecord {
    /// Each container, as the engine saw it before it was taken down.
    pub containers: Vec<ContainerRecord>,
    /// What happened, in order of time; of very many, the first and the last.
    pub events: Vec<ServiceEvent>,
}

/// A service's container, as its engine told it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerRecord {
    /// The service.
    pub service: String,
    /// `created`, `running`, `exited` and so on; `unknown` where the engine did
    /// not say.
    pub state: String,
    /// The exit code of its first process, once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// The kernel ended it for want of memory.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub oom_killed: bool,
    /// How often the engine has started it again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub restarts: u64,
    /// The engine's own complaint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What its healthcheck said last, where it has one and was still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthRecord>,
    /// The id of the image it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The platform that this image is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Its networks, each with the address it has there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<String>,
    /// What is mounted into it, and where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<String>,
}

/// What a healthcheck said last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthRecord {
    /// `starting`, `healthy` or `unhealthy`.
    pub status: String,
    /// What its last probe printed.
    pub output: String,
}

/// Something that happened to a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceEvent {
    /// Seconds since the first of all.
    pub seconds: f64,
    /// The service.
    pub service: String,
    /// What.
    pub what: String,
}

impl fmt::Display for ServiceEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:8.3} s  {}  {}", self.seconds, self.service, self.what)
    }
}

/// What a case leaves to be looked at besides its result.
#[derive(Clone, Debug)]
pub struct Artifacts {
    /// The suite's name.
    pub suite: String,
    /// On which platform.
    pub platform: Platform,
    /// The case's name.
    pub case: String,
    /// The first attempt, from 1, or a further one.
    pub attempt: u32,
    /// What is left.
    pub left: Vec<Artifact>,
}

/// One of them.
#[derive(Clone, Debug)]
pub enum Artifact {
    /// What happened, in order of time.
    Events(Vec<ServiceEvent>),
    /// What a service has printed, capped.
    Log {
        /// The service.
        service: String,
        /// To where.
        stream: Stream,
        /// What.
        text: String,
    },
    /// All that the engine says of a service's container.
    Inspection {
        /// The service.
        service: String,
        /// In the words of its API.
        document: serde_json::Value,
    },
}

/// Where a program prints to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// The word used in every report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks with a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
