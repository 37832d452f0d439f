//! What a container is called and what others are called, seen from inside.

use std::net::IpAddr;

/// A container's names, and its ways to find others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Its own host name; `None` is what the engine gives it, a part of its id.
    pub hostname: Option<String>,
    /// The domain its host name is in. Podman 4 overlooks it, and lets no
    /// kernel parameter say it either.
    pub domainname: Option<String>,
    /// Names that stand in its `/etc/hosts`.
    pub extra_hosts: Vec<(String, HostAddress)>,
    /// How it resolves all others.
    pub dns: Dns,
}

/// Whom an extra host name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostAddress {
    /// This address.
    Ip(IpAddr),
    /// The engine's host, as it is reached from a container (`host-gateway`).
    Gateway,
}

/// How a container resolves names; what is empty is as the engine has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dns {
    /// The servers asked.
    pub servers: Vec<IpAddr>,
    /// The domains that a short name is looked for in.
    pub search: Vec<String>,
    /// Options of the resolver, as in `ndots:2`.
    pub options: Vec<String>,
}
