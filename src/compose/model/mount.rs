//! What is mounted into a container.

use std::path::PathBuf;

/// A mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where in the container: an absolute path, without `.` and `..`.
    pub target: String,
    /// Whether it can't be written.
    pub read_only: bool,
    /// What is there.
    pub kind: MountKind,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountKind {
    /// A folder or file of the host.
    Bind(Bind),
    /// A volume; without a name it belongs to the container alone.
    Volume {
        /// Its name in the project.
        name: Option<String>,
        /// Whether it stays empty where the image has files.
        no_copy: bool,
        /// The folder of the volume that is mounted.
        subpath: Option<String>,
    },
    /// Memory.
    Tmpfs(Tmpfs),
}

/// A folder or file of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    /// Its path, joined to the folder of the file that names it.
    pub source: PathBuf,
    /// Whether a folder is made where nothing is.
    pub create: bool,
    /// How mounts below it spread.
    pub propagation: Option<Propagation>,
    /// Its label for SELinux.
    pub selinux: Option<Selinux>,
}

/// How mounts below a bind mount spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the kernel's own words")]
pub enum Propagation {
    Private,
    RPrivate,
    Shared,
    RShared,
    Slave,
    RSlave,
}

/// Who may use a bind mount, for SELinux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selinux {
    /// All containers: `z`.
    Shared,
    /// This one: `Z`.
    Private,
}

/// Memory as a file system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tmpfs {
    /// How many bytes it takes at most.
    pub size: Option<u64>,
    /// The mode of its root.
    pub mode: Option<u32>,
    /// Further options of the short form, as the kernel takes them: `uid=1000,noexec`.
    pub options: Vec<String>,
}
