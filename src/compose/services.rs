//! The services of an entry of a suite, and who brings them up.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Outline, Project};

/// Services, once their files have been read.
#[derive(Clone, Debug)]
pub struct Services {
    /// What everyone must know of them.
    pub outline: Outline,
    /// Who brings them up, and what it takes.
    pub by: By,
}

/// Who brings services up.
#[derive(Clone, Debug)]
pub enum By {
    /// Ourselves.
    Builtin(Box<Project>),
    /// The compose plugin.
    Plugin(PluginFiles),
}

/// What the compose plugin is given.
#[derive(Clone, Debug)]
pub struct PluginFiles {
    /// The files, absolute, in the order in which they are merged.
    pub files: Vec<PathBuf>,
    /// Variables beside the environment's.
    pub env: BTreeMap<String, String>,
}

impl Services {
    /// Those that we bring up ourselves.
    pub fn builtin(project: Project) -> Self {
        Self {
            outline: project.outline(),
            by: By::Builtin(Box::new(project)),
        }
    }
}
