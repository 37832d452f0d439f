//! Ports of a container.

use std::fmt;
use std::str::FromStr;

/// What is spoken on a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP
    #[default]
    Tcp,
    /// UDP
    Udp,
    /// SCTP
    Sctp,
}

/// A port of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port {
    /// Its number.
    pub number: u16,
    /// What is spoken on it.
    pub protocol: Protocol,
}

impl Port {
    /// A TCP port.
    pub fn tcp(number: u16) -> Self {
        Self {
            number,
            protocol: Protocol::Tcp,
        }
    }
}

/// As engines write it: `8080/tcp`.
impl fmt::Display for Port {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
        };
        write!(out, "{}/{protocol}", self.number)
    }
}

/// What is no port as engines write it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no port: write a number from 0 to 65535, and /tcp, /udp or /sctp after it")]
pub struct NoPort(String);

impl FromStr for Port {
    type Err = NoPort;

    /// As engines write it; without a protocol it is TCP.
    fn from_str(text: &str) -> Result<Self, NoPort> {
        let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let protocol = match protocol {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            "sctp" => Protocol::Sctp,
            _ => return Err(NoPort(text.to_owned())),
        };
        match number.parse() {
            Ok(number) => Ok(Self { number, protocol }),
            Err(_) => Err(NoPort(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_reads_back_as_it_is_written() {
        for text in ["80/tcp", "53/udp", "65535/sctp"] {
            assert_eq!(text.parse::<Port>().expect(text).to_string(), text);
        }
        assert_eq!("8080".parse(), Ok(Port::tcp(8080)));
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for text in ["", "/tcp", "65536", "80/icmp", "80/", "-1"] {
            assert!(text.parse::<Port>().is_err(), "{text}");
        }
    }
}
