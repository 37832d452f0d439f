//! Networks and ports as a service has them.

use std::net::IpAddr;

/// How a service is in a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// Names beside the service's own.
    pub aliases: Vec<String>,
}

/// A port of a service that can be reached from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedPort {
    /// The container's port.
    pub target: u16,
    /// What carries it.
    pub protocol: Protocol,
    /// The host's port, or the ports of which it is one; `None`: any.
    pub published: Option<PortRange>,
    /// The host's address; `None`: all.
    pub host_ip: Option<IpAddr>,
}

/// Ports from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// Both included; `None` where the last comes before the first.
    pub fn new(first: u16, last: u16) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// The first one.
    pub fn first(self) -> u16 {
        self.first
    }

    /// The last one, which may be the first.
    pub fn last(self) -> u16 {
        self.last
    }

    /// How many there are.
    pub fn count(self) -> usize {
        usize::from(self.last - self.first) + 1
    }

    /// All of them.
    pub fn ports(self) -> impl Iterator<Item = u16> {
        self.first..=self.last
    }
}

/// What carries a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the protocols' own names")]
pub enum Protocol {
    #[default]
    Tcp,
    Udp,
    Sctp,
}

impl Protocol {
    /// Its name in port specifications.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }
}

/// Ports that a service says it listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expose {
    /// Which.
    pub ports: PortRange,
    /// What carries them.
    pub protocol: Protocol,
}

/// Where a further host name leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostAddress {
    /// To an address.
    Ip(IpAddr),
    /// To the engine's host.
    Gateway,
}
