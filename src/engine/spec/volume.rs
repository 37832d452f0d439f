//! Volumes: what outlives a container.

use std::collections::BTreeMap;

/// A volume to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeSpec {
    /// Its name: unique to the run.
    pub name: String,
    /// What it is labelled with.
    pub labels: BTreeMap<String, String>,
    /// Its driver; `None` is the engine's default, a folder of its host.
    pub driver: Option<String>,
    /// The driver's options.
    pub options: BTreeMap<String, String>,
}
