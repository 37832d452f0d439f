//! `ports` and `expose`.

use std::net::IpAddr;
use std::ops::Range;

use super::super::model::{Expose, PortRange, Protocol, PublishedPort};
use super::Decoder;
use super::fields::Fields;
use crate::yaml::{Kind, Node};

/// A port and where it is written.
pub(in crate::compose) struct WrittenPort {
    pub(in crate::compose) port: PublishedPort,
    pub(in crate::compose) span: Range<usize>,
}

const PROTOCOLS: [(&str, Protocol); 3] = [
    ("tcp", Protocol::Tcp),
    ("udp", Protocol::Udp),
    ("sctp", Protocol::Sctp),
];

const FORMS: &str = "write it as in `8080`, `8080:80`, `127.0.0.1:8080:80` or `53:53/udp`";

impl Decoder<'_> {
    pub(super) fn ports(&mut self, node: &Node) -> Option<Vec<WrittenPort>> {
        let mut ports: Vec<WrittenPort> = Vec::new();
        let written = self.list(node, |decoder, item| {
            let ports = match item.kind {
                Kind::Map(_) => vec![decoder.long_port(item)?],
                _ => decoder.short_ports(item)?,
            };
            let span = item.span.clone();
            let written = ports.into_iter().map(|port| WrittenPort {
                port,
                span: span.clone(),
            });
            Some(written.collect::<Vec<_>>())
        })?;
        // One that is written again, as another file may, is still one.
        for written in written.into_iter().flatten() {
            match ports.iter_mut().find(|known| known.port == written.port) {
                Some(known) => *known = written,
                None => ports.push(written),
            }
        }
        Some(ports)
    }

    fn long_port(&mut self, node: &Node) -> Option<PublishedPort> {
        let mut fields = Fields::of(self, node, "a port", &[])?;
        let target = fields.require(self, "target");
        let published = fields.take("published");
        let host_ip = fields.take("host_ip");
        let protocol = fields.take("protocol");
        // These say something of swarms, or nothing at all.
        for key in ["mode", "name", "app_protocol"] {
            fields.take(key);
        }
        fields.finish(self);
        let target = self.integer(target?, 1..=65535);
        let published = match published.and_then(Node::scalar) {
            Some(scalar) if scalar.text.is_empty() || scalar.text == "0" => Some(None),
            Some(scalar) => match port_range(&scalar.text) {
                Some(range) => Some(Some(range)),
                None => {
                    let message =
                        format!("`{}` is neither a port nor a range of them", scalar.text);
                    self.value_mistake(&published?.span, message, "write `8080` or `8000-8010`");
                    None
                }
            },
            None if published.is_some() => {
                self.wrong_type(published?, "a port");
                None
            }
            None => Some(None),
        };
        let host_ip = match host_ip {
            Some(node) => Some(self.address(node)?),
            None => None,
        };
        let protocol = match protocol {
            Some(node) => self.word(node, &PROTOCOLS)?,
            None => Protocol::Tcp,
        };
        Some(PublishedPort {
            target: u16::try_from(target?).ok()?,
            protocol,
            published: published?,
            host_ip,
        })
    }

    pub(super) fn address(&mut self, node: &Node) -> Option<IpAddr> {
        let text = self.text(node)?;
        let address = text.parse().ok();
        if address.is_none() {
            self.value_mistake(&node.span, format!("`{text}` is no IP address"), None);
        }
        address
    }

    fn short_ports(&mut self, node: &Node) -> Option<Vec<PublishedPort>> {
        let text = self.scalar_text(node, "a port")?;
        match short(&text) {
            Ok(ports) => Some(ports),
            Err(what) => {
                self.value_mistake(&node.span, format!("the port `{text}` {what}"), FORMS);
                None
            }
        }
    }

    pub(super) fn expose(&mut self, node: &Node) -> Option<Vec<Expose>> {
        let mut all: Vec<Expose> = self.list(node, |decoder, item| {
            let text = decoder.scalar_text(item, "a port")?;
            let (ports, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
            let expose = port_range(ports).zip(protocol_of(protocol));
            if expose.is_none() {
                let message = format!("`{text}` is neither a port nor a range of them");
                decoder.value_mistake(&item.span, message, "write `8080`, `8000-8010` or `53/udp`");
            }
            expose.map(|(ports, protocol)| Expose { ports, protocol })
        })?;
        all.sort();
        all.dedup();
        Some(all)
    }
}

/// `[[ip:][published]:]target[/protocol]`, with ranges.
fn short(text: &str) -> Result<Vec<PublishedPort>, &'static str> {
    let (text, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol_of(protocol).ok_or("has a protocol that is none of tcp, udp, sctp")?;
    let (before, target) = match text.rsplit_once(':') {
        Some((before, target)) => (Some(before), target),
        None => (None, text),
    };
    let target = port_range(target).ok_or("has no valid port of the container")?;
    let (ip, published) = match before {
        None => (None, ""),
        Some(before) => match before.rsplit_once(':') {
            Some((ip, published)) => (Some(ip), published),
            None => (None, before),
        },
    };
    let host_ip = match ip {
        None | Some("") => None,
        Some(ip) => {
            let bare = ip
                .strip_prefix('[')
                .and_then(|ip| ip.strip_suffix(']'))
                .unwrap_or(ip);
            Some(
                bare.parse()
                    .map_err(|_| "has no valid address of the host")?,
            )
        }
    };
    let published = match published {
        "" => None,
        published => Some(port_range(published).ok_or("has no valid port of the host")?),
    };
    let port = |target, published| PublishedPort {
        target,
        protocol,
        published,
        host_ip,
    };
    match published {
        None => Ok(target.ports().map(|target| port(target, None)).collect()),
        // One port of the container, at any of those of the host.
        Some(range) if target.count() == 1 => Ok(vec![port(target.first(), Some(range))]),
        Some(range) if range.count() == target.count() => Ok(range
            .ports()
            .zip(target.ports())
            .map(|(published, target)| port(target, PortRange::new(published, published)))
            .collect()),
        Some(_) => Err("has ranges of different lengths"),
    }
}

fn port_range(text: &str) -> Option<PortRange> {
    let port = |text: &str| {
        let is_number = text.chars().all(|c| c.is_ascii_digit());
        text.parse::<u16>()
            .ok()
            .filter(|port| is_number && *port > 0)
    };
    match text.split_once('-') {
        Some((first, last)) => PortRange::new(port(first)?, port(last)?),
        None => PortRange::new(port(text)?, port(text)?),
    }
}

fn protocol_of(text: &str) -> Option<Protocol> {
    let text = text.to_ascii_lowercase();
    PROTOCOLS
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, protocol)| *protocol)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> Result<Vec<String>, &'static str> {
        let ports = short(text)?.into_iter().map(|port| {
            let published = port.published.map_or(String::new(), |range| {
                format!("{}-{}", range.first(), range.last())
            });
            let ip = port.host_ip.map_or(String::new(), |ip| format!("{ip} "));
            format!("{ip}{published}>{}/{}", port.target, port.protocol.as_str())
        });
        Ok(ports.collect())
    }

    #[test]
    fn every_short_form_is_read() {
        for (text, expected) in [
            ("80", vec![">80/tcp"]),
            ("3000-3001", vec![">3000/tcp", ">3001/tcp"]),
            ("8080:80", vec!["8080-8080>80/tcp"]),
            ("8000-9000:80", vec!["8000-9000>80/tcp"]),
            (
                "9090-9091:80-81/udp",
                vec!["9090-9090>80/udp", "9091-9091>81/udp"],
            ),
            ("127.0.0.1::81", vec!["127.0.0.1 >81/tcp"]),
            ("127.0.0.1:5:81/SCTP", vec!["127.0.0.1 5-5>81/sctp"]),
            ("[::1]:90:90", vec!["::1 90-90>90/tcp"]),
            (":80", vec![">80/tcp"]),
        ] {
            assert_eq!(shown(text).expect(text), expected, "{text}");
        }
        for text in [
            "", "x", "0", "70000", "80/x", "1-3:5-6", "9-8", "x:1:2", "+1", "a:80",
        ] {
            assert!(short(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn reading_a_port_never_panics(text in "[0-9:/.\\[\\]-]{0,20}|.{0,20}") {
            let _ = short(&text);
        }
    }
}
