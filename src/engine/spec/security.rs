//! What a container may do.

/// A container's privileges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    /// Capabilities it has beyond the engine's default, as in `NET_ADMIN`.
    pub cap_add: Vec<String>,
    /// Capabilities of the default that it has not; `ALL` are all of them.
    pub cap_drop: Vec<String>,
    /// Options of security modules, as in `no-new-privileges:true`.
    pub options: Vec<String>,
    /// All capabilities and all devices.
    pub privileged: bool,
    /// Whether its own file system can't be written to.
    pub read_only: bool,
    /// Groups its user is in besides those of the image, by name or number.
    pub groups: Vec<String>,
}
