//! Ports of the host and names of containers of which there is only one.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::decode::{Decoder, WrittenService};
use super::super::model::PublishedPort;
use crate::diagnostic::{Diagnostic, code};

/// Reports what two services, or one of them twice, would have for themselves.
pub(in crate::compose) fn taken(
    decoder: &mut Decoder<'_>,
    services: &BTreeMap<String, WrittenService>,
) {
    let mut ports: Vec<(&str, &PublishedPort, &Range<usize>)> = Vec::new();
    let mut names: BTreeMap<&str, &Range<usize>> = BTreeMap::new();
    for (name, written) in services {
        for port in &written.ports {
            let other = ports
                .iter()
                .find(|(_, other, _)| collide(other, &port.port));
            if let Some((other, first, span)) = other {
                let number = first.published.map_or(0, |range| range.first());
                let protocol = first.protocol.as_str();
                decoder.report(
                    Diagnostic::new(
                        code::COMPOSE_TAKEN,
                        port.span.clone(),
                        format!("the port {number}/{protocol} of the host is published twice"),
                        format!("`{name}` publishes it too"),
                    )
                    .also((*span).clone(), format!("`{other}` publishes it"))
                    .hint("services reach each other without published ports, at the container's port"),
                );
            }
            ports.push((name, &port.port, &port.span));
        }
        let own = written.service.container_name.as_deref();
        if let Some((own, span)) = own.zip(written.container_name.as_ref()) {
            decoder.loader.note(
                span,
                format!(
                    "the container is not called `{own}`, since platforms run side by side; in its networks it is found by that name"
                ),
            );
            if let Some(first) = names.insert(own, span) {
                let diagnostic = Diagnostic::new(
                    code::COMPOSE_TAKEN,
                    span.clone(),
                    format!("two containers are called `{own}`"),
                    "and this too",
                )
                .also(first.clone(), "called so here");
                decoder.report(diagnostic);
            }
        }
    }
}

/// Whether two ports would be one and the same of the host. Where there is a choice
/// there is room.
fn collide(one: &PublishedPort, other: &PublishedPort) -> bool {
    let fixed = |port: &PublishedPort| {
        port.published
            .filter(|range| range.count() == 1)
            .map(|range| range.first())
    };
    let same_address = match (one.host_ip, other.host_ip) {
        (Some(one), Some(other)) => one == other || one.is_unspecified() || other.is_unspecified(),
        _ => true,
    };
    fixed(one).is_some()
        && fixed(one) == fixed(other)
        && one.protocol == other.protocol
        && same_address
}
