//! The image config (OCI image specification, `config.md`, and Docker's additions).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::Platform;

/// What an image says of how it wants to be run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// The platform the config names; a bare manifest has no other.
    pub platform: Option<Platform>,
    /// `Entrypoint`
    pub entrypoint: Vec<String>,
    /// `Cmd`
    pub cmd: Vec<String>,
    /// `Env`, in its order.
    pub env: Vec<(String, String)>,
    /// `User`, empty for root.
    pub user: String,
    /// `WorkingDir`, empty for `/`.
    pub workdir: String,
    /// `ExposedPorts`, as in `8080/tcp`.
    pub exposed_ports: Vec<String>,
    /// `Labels`
    pub labels: BTreeMap<String, String>,
    /// `Volumes`
    pub volumes: Vec<String>,
    /// `Healthcheck` (Docker's addition).
    pub healthcheck: Option<Healthcheck>,
    /// `StopSignal`
    pub stop_signal: Option<String>,
    /// `rootfs.diff_ids`: the digests of the uncompressed layers, lowest first.
    pub diff_ids: Vec<String>,
    /// `history`, oldest first; layers that it calls empty have no diff id.
    pub history: Vec<HistoryEntry>,
}

/// One step of how an image was built.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct HistoryEntry {
    /// `created_by`: the instruction, as the builder wrote it.
    #[serde(default)]
    pub created_by: String,
    /// `author`: kaniko and others put their name there.
    #[serde(default)]
    pub author: String,
    /// `empty_layer`: it made no layer.
    #[serde(default)]
    pub empty_layer: bool,
}

/// Docker's `HEALTHCHECK`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Healthcheck {
    /// `["CMD", …]`, `["CMD-SHELL", …]` or `["NONE"]`.
    pub test: Vec<String>,
    /// Between two runs of it.
    pub interval: Option<Duration>,
    /// How long one may take.
    pub timeout: Option<Duration>,
    /// How long failures do not count.
    pub start_period: Option<Duration>,
    /// Between two runs in that time.
    pub start_interval: Option<Duration>,
    /// How many failures make it unhealthy.
    pub retries: Option<u32>,
}

#[derive(Deserialize, Default)]
struct RawConfig {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
    #[serde(rename = "os.version")]
    os_version: Option<String>,
    config: Option<RawRuntime>,
    rootfs: Option<RawRootfs>,
    history: Option<Vec<HistoryEntry>>,
}

#[derive(Deserialize, Default)]
struct RawRootfs {
    #[serde(default)]
    diff_ids: Vec<String>,
}

/// The `config` member: also what an engine's image inspection returns.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct RawRuntime {
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    env: Option<Vec<String>>,
    user: Option<String>,
    working_dir: Option<String>,
    exposed_ports: Option<BTreeMap<String, serde_json::Value>>,
    labels: Option<BTreeMap<String, String>>,
    volumes: Option<BTreeMap<String, serde_json::Value>>,
    healthcheck: Option<RawHealthcheck>,
    stop_signal: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct RawHealthcheck {
    test: Option<Vec<String>>,
    interval: Option<u64>,
    timeout: Option<u64>,
    start_period: Option<u64>,
    start_interval: Option<u64>,
    retries: Option<u32>,
}

impl ImageConfig {
    /// Reads the config blob.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let raw: RawConfig = serde_json::from_slice(bytes)?;
        let platform = (!raw.os.is_empty() || !raw.architecture.is_empty()).then(|| {
            Platform::new(&raw.os, &raw.architecture, raw.variant.as_deref())
                .with_os(raw.os_version, Vec::new())
        });
        Ok(Self {
            diff_ids: raw.rootfs.unwrap_or_default().diff_ids,
            history: raw.history.unwrap_or_default(),
            ..Self::from_runtime(platform, raw.config.unwrap_or_default())
        })
    }

    /// Reads what an engine says of an image of its own: the `Config` member
    /// of its inspection.
    pub fn from_inspection(
        platform: Platform,
        config: serde_json::Value,
    ) -> Result<Self, serde_json::Error> {
        let raw: Option<RawRuntime> = serde_json::from_value(config)?;
        Ok(Self::from_runtime(Some(platform), raw.unwrap_or_default()))
    }

    fn from_runtime(platform: Option<Platform>, raw: RawRuntime) -> Self {
        let nanoseconds = |n: Option<u64>| n.filter(|n| *n > 0).map(Duration::from_nanos);
        Self {
            platform,
            entrypoint: raw.entrypoint.unwrap_or_default(),
            cmd: raw.cmd.unwrap_or_default(),
            env: raw
                .env
                .unwrap_or_default()
                .into_iter()
                .map(|line| match line.split_once('=') {
                    Some((name, value)) => (name.to_owned(), value.to_owned()),
                    None => (line, String::new()),
                })
                .collect(),
            user: raw.user.unwrap_or_default(),
            workdir: raw.working_dir.unwrap_or_default(),
            exposed_ports: raw.exposed_ports.unwrap_or_default().into_keys().collect(),
            labels: raw.labels.unwrap_or_default(),
            volumes: raw.volumes.unwrap_or_default().into_keys().collect(),
            healthcheck: raw.healthcheck.map(|check| Healthcheck {
                test: check.test.unwrap_or_default(),
                interval: nanoseconds(check.interval),
                timeout: nanoseconds(check.timeout),
                start_period: nanoseconds(check.start_period),
                start_interval: nanoseconds(check.start_interval),
                retries: check.retries.filter(|n| *n > 0),
            }),
            stop_signal: raw.stop_signal.filter(|signal| !signal.is_empty()),
            diff_ids: Vec::new(),
            history: Vec::new(),
        }
    }

    /// Entrypoint and command together: what a plain `docker run` executes.
    pub fn command_line(&self) -> Vec<String> {
        let mut words = self.entrypoint.clone();
        words.extend(self.cmd.iter().cloned());
        words
    }

    /// A variable of the image's environment.
    pub fn env(&self, name: &str) -> Option<&str> {
        self.env
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The folders of `PATH`, or those every engine puts there where the image sets none.
    pub fn path(&self) -> Vec<String> {
        self.env("PATH")
            .unwrap_or("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .split(':')
            .filter(|folder| !folder.is_empty())
            .map(str::to_owned)
            .collect()
    }
}
