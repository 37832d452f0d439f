//! How much of everything a container may have.

/// A container's limits; what is `None` is unlimited, or as the engine has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Processor time, in billionths of one processor.
    pub nano_cpus: Option<u64>,
    /// The most processes it may have at a time: what keeps a fork bomb in.
    pub pids: Option<i64>,
    /// Bytes of `/dev/shm`.
    pub shm_size: Option<u64>,
    /// Limits of each of its processes. Where there are any, Podman 4 raises
    /// `nofile` and `nproc` as far as it goes unless they are among them, which
    /// fails where its own may not be raised: in a container.
    pub ulimits: Vec<Ulimit>,
}

/// A limit of each process of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ulimit {
    /// As in `nofile`.
    pub name: String,
    /// What counts at first; -1 is no limit.
    pub soft: i64,
    /// How far a process may raise it; -1 is no limit.
    pub hard: i64,
}
