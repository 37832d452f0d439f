//! What services share: networks, volumes, secrets, configs.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::Place;

/// A network of the project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Where it is defined; `None`: the default network, of which no file speaks.
    pub place: Option<Place>,
    /// The name it has on the engine: one of its own, or that of an external one.
    pub name: Option<String>,
    /// Whether it is there already, and stays.
    pub external: bool,
    /// Its driver; `None`: the engine's usual one.
    pub driver: Option<String>,
    /// The driver's options.
    pub driver_opts: BTreeMap<String, String>,
    /// Whether nothing outside can be reached from it.
    pub internal: bool,
    /// Whether it has IPv6.
    pub enable_ipv6: Option<bool>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// A named volume of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Where it is defined.
    pub place: Place,
    /// The name it has on the engine: one of its own, or that of an external one.
    pub name: Option<String>,
    /// Whether it is there already, and stays.
    pub external: bool,
    /// Its driver; `None`: `local`.
    pub driver: Option<String>,
    /// The driver's options.
    pub driver_opts: BTreeMap<String, String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// A secret or a config: a file that several services may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedFile {
    /// Where it is defined.
    pub place: Place,
    /// What is in it.
    pub content: Content,
}

/// What is in a secret or a config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// What is in a file, which was there; joined to the folder of the file that names it.
    File(PathBuf),
    /// The value of an environment variable.
    Environment {
        /// The variable.
        name: String,
        /// Its value.
        value: Hidden,
    },
    /// This text.
    Inline(String),
}

/// How a service has a secret or a config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileUse {
    /// Its name in the project.
    pub source: String,
    /// Where the file is in the container: an absolute path.
    pub target: String,
    /// The user it belongs to: a number.
    pub uid: Option<u32>,
    /// The group it belongs to: a number.
    pub gid: Option<u32>,
    /// Its mode.
    pub mode: Option<u32>,
}

/// A value that is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// Hides a value.
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value: to be used, never to be shown.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
