//! What is mounted into a container.

/// Something that is mounted into a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mount {
    /// A file or folder of the engine's host.
    Bind(Bind),
    /// A volume.
    Volume(VolumeMount),
    /// Memory, empty at each start.
    Tmpfs(Tmpfs),
}

/// A file or folder of the engine's host, mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    /// Its absolute path on the engine's host.
    pub source: String,
    /// Where it is seen.
    pub target: String,
    /// Whether it can't be written to.
    pub read_only: bool,
    /// Make a folder of it where there is nothing; else that is an error, but
    /// for Podman, which makes one anyhow.
    pub create_source: bool,
}

/// A volume, mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeMount {
    /// Its name; `None` makes one for the container, which goes with it.
    pub name: Option<String>,
    /// Where it is seen.
    pub target: String,
    /// Whether it can't be written to.
    pub read_only: bool,
    /// Leave it empty, where it would first be filled with what the image has there.
    pub no_copy: bool,
}

/// Memory, mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tmpfs {
    /// Where it is seen.
    pub target: String,
    /// The most bytes it holds.
    pub size: Option<u64>,
    /// Its permission bits, with sticky; 1777 unless said.
    pub mode: Option<u32>,
    /// Further mount options, as in `exec` or, which Podman 4 refuses, `uid=1000`.
    pub options: Vec<String>,
}
