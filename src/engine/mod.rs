//! What a run needs of a container engine, whichever it is. Knows nothing of suites.
//!
//! Every call has a deadline of its own; one that passes is an [`EngineError::Deadline`].

pub mod discover;
pub mod docker;
mod error;
mod health;
pub mod output;
mod prober;
mod spec;
mod state;
pub mod tiny_elf;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

pub use error::EngineError;
pub use health::{Health, HealthProbe, HealthStatus};
pub use output::Captured;
pub use prober::{Pace, probe_health};
pub use spec::{
    Attachment, Bind, ContainerSpec, Dns, ExecSpec, HealthCommand, HealthTest, Healthcheck,
    HostAddress, Limits, Mount, Names, NetworkSpec, Networking, Port, Protocol, RestartPolicy,
    Security, Tmpfs, Ulimit, VolumeMount, VolumeSpec,
};
pub use state::{ContainerState, Endpoint, Phase};

use crate::image::{ImageConfig, Platform};

/// Who answers, told once at the connection.
#[derive(Clone, Debug)]
pub struct EngineFacts {
    /// `Docker` or `Podman`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The API version it speaks.
    pub api_version: String,
    /// What it runs natively.
    pub platform: Platform,
    /// Where it was reached, as in `unix:///var/run/docker.sock`.
    pub address: String,
    /// Whether ports it publishes on loopback are reached from here.
    pub is_local: bool,
}

impl EngineFacts {
    /// Whether it runs healthchecks by itself. Podman has systemd's timers run
    /// them, which are not there in containers, nor wherever systemd is not; so
    /// there they are run from here, with [`probe_health`].
    pub fn runs_healthchecks(&self) -> bool {
        !self.is_podman()
    }

    /// Whether it is Podman, behind its API that is compatible with Docker's.
    pub(crate) fn is_podman(&self) -> bool {
        self.name == "Podman"
    }
}

/// An image in the engine's own store.
#[derive(Clone, Debug)]
pub struct LocalImage {
    /// Its id: `sha256:…`.
    pub id: String,
    /// What its config says it is for.
    pub platform: Platform,
    /// `repository@digest` names it is known by.
    pub repo_digests: Vec<String>,
    /// Its config.
    pub config: ImageConfig,
}

/// How an exec or a container ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this exit code (128 + N after signal N).
    Exit(i64),
    /// It was still running when its deadline passed.
    Deadline,
}

/// What came of an exec. A program that can't be started (missing, of another
/// architecture, by an unknown user) is one as well: it ends with 126 or 127,
/// and standard error holds the engine's words.
#[derive(Clone, Debug)]
pub struct Execution {
    /// How it ended. After [`Ended::Deadline`] the program may still be
    /// running: the caller removes the container.
    pub ended: Ended,
    /// What it wrote to standard output, capped.
    pub stdout: Captured,
    /// What it wrote to standard error, capped.
    pub stderr: Captured,
    /// How long it took.
    pub duration: Duration,
}

/// What kind of thing a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileType {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A device, socket or pipe.
    Other,
}

/// What the engine says of a path in a container's file system, symlinks not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStat {
    /// Its kind.
    pub kind: FileType,
    /// Its size in bytes.
    pub size: u64,
    /// Permission bits, with setuid, setgid and sticky.
    pub mode: u32,
    /// Where a symlink points, as the engine resolves it: an absolute path.
    pub link_target: Option<String>,
}

/// A file's own words from the archive API: its tar header and content.
#[derive(Clone, Debug)]
pub struct FileContent {
    /// Its kind.
    pub kind: FileType,
    /// Its size in bytes.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    /// Owner and group ids. Podman does not tell: its archives say root of every file.
    pub owner: Option<(u64, u64)>,
    /// Where a symlink points, as it is written (Podman: resolved; and a link
    /// that points nowhere is nothing to it).
    pub link_target: Option<String>,
    /// The first bytes, up to the limit asked for.
    pub bytes: Vec<u8>,
}

/// A file to be put into a container.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// Its absolute path; missing folders are made.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// Owner and group ids.
    pub owner: (u64, u64),
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Which stream a piece of output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamKind {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A container, network or volume this tool made, found again by its labels.
#[derive(Clone, Debug)]
pub struct Owned {
    /// A container's id; the name of a network or volume.
    pub id: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// Registry credentials for a pull.
#[derive(Clone)]
pub enum PullCredentials {
    /// A user and a password.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: String,
    },
    /// An identity token.
    IdentityToken(String),
}

/// Called with bytes done and bytes in all while a pull goes on.
pub type PullProgress<'a> = &'a (dyn Fn(u64, u64) + Send + Sync);

/// Called with each piece of a container's log, as it comes.
pub type LogSink<'a> = &'a mut (dyn FnMut(StreamKind, &[u8]) + Send);

/// A container engine.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Who it is.
    fn facts(&self) -> &EngineFacts;

    /// An image of its own store; `None` where it has none of that name.
    async fn image(&self, name: &str) -> Result<Option<LocalImage>, EngineError>;

    /// An image of its own store as the archive that `docker save` writes, as it
    /// comes; each piece has a deadline, and the first one a long one.
    fn save<'a>(&'a self, name: &'a str) -> BoxStream<'a, Result<Bytes, EngineError>>;

    /// Pulls `reference` (always `repository@digest`) within `deadline`, which
    /// runs anew with each sign of progress.
    async fn pull(
        &self,
        reference: &str,
        platform: &Platform,
        credentials: Option<&PullCredentials>,
        deadline: Duration,
        progress: PullProgress<'_>,
    ) -> Result<(), EngineError>;

    /// Makes a container, in all of its networks, and returns its id.
    async fn create(&self, spec: &ContainerSpec) -> Result<String, EngineError>;

    /// Starts it.
    async fn start(&self, id: &str) -> Result<(), EngineError>;

    /// Its state.
    async fn inspect(&self, id: &str) -> Result<ContainerState, EngineError>;

    /// All that the engine says of it, in the words of its API. Its environment
    /// is among it, and so are secrets.
    async fn inspection(&self, id: &str) -> Result<serde_json::Value, EngineError>;

    /// Runs a program in it until it ends or `deadline` passes.
    async fn exec(
        &self,
        id: &str,
        spec: &ExecSpec,
        deadline: Duration,
        cap: usize,
    ) -> Result<Execution, EngineError>;

    /// Follows its log from the beginning until it ends. Has no deadline: the
    /// caller drops the future.
    async fn follow_log(&self, id: &str, sink: LogSink<'_>) -> Result<(), EngineError>;

    /// Asks its first process to end, with its stop signal, and ends it with
    /// SIGKILL after `timeout`, which engines count in whole seconds; fine if it
    /// has ended, or is gone. Returns once it has ended.
    async fn stop(&self, id: &str, timeout: Duration) -> Result<(), EngineError>;

    /// Ends its first process with SIGKILL; fine if it has ended.
    async fn kill(&self, id: &str) -> Result<(), EngineError>;

    /// Removes it and its anonymous volumes, running or not; fine if it is gone.
    async fn remove(&self, id: &str) -> Result<(), EngineError>;

    /// Removes an image of its store; fine if it is gone.
    async fn remove_image(&self, name: &str) -> Result<(), EngineError>;

    /// Puts files into it, running or not. One whose file system is read-only
    /// takes none but on its volumes, says Docker.
    async fn put(&self, id: &str, files: &[NewFile]) -> Result<(), EngineError>;

    /// What a path names in it; `None` where there is nothing.
    async fn stat(&self, id: &str, path: &str) -> Result<Option<FileStat>, EngineError>;

    /// A path's own metadata and the first `limit` bytes of its content,
    /// symlinks not followed; `None` where there is nothing.
    async fn read(
        &self,
        id: &str,
        path: &str,
        limit: usize,
    ) -> Result<Option<FileContent>, EngineError>;

    /// The sha256 of a file's content, 64 hexadecimal digits, however long the
    /// file is; `None` where there is no such file.
    async fn sha256(&self, id: &str, path: &str) -> Result<Option<String>, EngineError>;

    /// The containers that carry a label of this name.
    async fn labelled(&self, label: &str) -> Result<Vec<Owned>, EngineError>;

    /// Makes a network.
    async fn create_network(&self, spec: &NetworkSpec) -> Result<(), EngineError>;

    /// Removes a network that no container is in; fine if it is gone.
    async fn remove_network(&self, name: &str) -> Result<(), EngineError>;

    /// The networks that carry a label of this name.
    async fn labelled_networks(&self, label: &str) -> Result<Vec<Owned>, EngineError>;

    /// Makes a volume.
    async fn create_volume(&self, spec: &VolumeSpec) -> Result<(), EngineError>;

    /// Removes a volume that no container has; fine if it is gone.
    async fn remove_volume(&self, name: &str) -> Result<(), EngineError>;

    /// The volumes that carry a label of this name.
    async fn labelled_volumes(&self, label: &str) -> Result<Vec<Owned>, EngineError>;

    /// What the engine's host shows as the processes of a container: their command lines.
    async fn processes(&self, id: &str) -> Result<Vec<String>, EngineError>;
}
