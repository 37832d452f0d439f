//! What services refer to is there.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::decode::{Decoder, WrittenService};
use super::super::model::{Condition, MountKind, Place, Probe};
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::{Diagnostic, code};
use crate::yaml::Node;

/// Reports what is not there. A dependency that is not required, on a service that
/// does not run, is dropped.
pub(in crate::compose) fn references(
    decoder: &mut Decoder<'_>,
    root: &Node,
    services: &mut BTreeMap<String, WrittenService>,
    inactive: &BTreeMap<String, Place>,
) {
    let known: Vec<String> = names(root, "services");
    let mut dropped: Vec<(String, String)> = Vec::new();
    for (name, written) in services.iter() {
        for (other, dependency) in &written.service.depends_on {
            let Some(span) = written.depends_on.get(other) else {
                continue;
            };
            if let Some(place) = inactive.get(other) {
                if dependency.required {
                    let line = place.line;
                    decoder.report(
                        Diagnostic::new(
                            code::COMPOSE_PROFILE_OFF,
                            span.clone(),
                            format!(
                                "`{name}` depends on `{other}`, none of whose profiles is on"
                            ),
                            "does not run",
                        )
                        .hint(format!(
                            "turn one of its profiles on ({}, line {line}), or say `required: false`",
                            place.file
                        )),
                    );
                } else {
                    dropped.push((name.clone(), other.clone()));
                }
            } else if !known.contains(other) {
                let message =
                    format!("`{name}` depends on `{other}`, and there is no such service");
                undefined(decoder, span, message, other, &known, "service");
            } else if dependency.condition == Condition::Healthy {
                let off = services
                    .get(other)
                    .filter(|other| {
                        other.service.healthcheck.as_ref().map(|check| &check.probe)
                            == Some(&Probe::Off)
                    })
                    .map(|other| other.name.clone());
                if let Some(off) = off {
                    decoder.report(
                        Diagnostic::new(
                            code::CONFLICTING_KEYS,
                            span.clone(),
                            format!("`{name}` waits for `{other}` to be healthy, whose health check is off"),
                            "would never be healthy",
                        )
                        .also(off, "without a health check")
                        .hint("wait for `service_started`, or let it have its health check"),
                    );
                }
            }
        }
    }
    for (name, other) in dropped {
        if let Some(written) = services.get_mut(&name) {
            written.service.depends_on.remove(&other);
        }
    }
    for (name, written) in services.iter() {
        resources(decoder, root, name, written);
    }
}

fn resources(decoder: &mut Decoder<'_>, root: &Node, name: &str, written: &WrittenService) {
    let mut used: Vec<(&str, &str, &Range<usize>)> = Vec::new();
    for (network, span) in &written.networks {
        // The default network is there without a word of it.
        if network != "default" {
            used.push(("network", network, span));
        }
    }
    for mount in &written.mounts {
        if let MountKind::Volume {
            name: Some(volume), ..
        } = &mount.mount.kind
        {
            used.push(("volume", volume, &mount.span));
        }
    }
    let secrets = written.secrets.iter().map(|file| ("secret", file));
    let configs = written.configs.iter().map(|file| ("config", file));
    for (kind, file) in secrets.chain(configs) {
        used.push((kind, &file.file.source, &file.span));
    }
    for (kind, resource, span) in used {
        let known = names(root, &format!("{kind}s"));
        if !known.iter().any(|known| known == resource) {
            let message =
                format!("`{name}` uses the {kind} `{resource}`, which is nowhere defined");
            undefined(decoder, span, message, resource, &known, kind);
        }
    }
}

fn undefined(
    decoder: &mut Decoder<'_>,
    span: &Range<usize>,
    message: String,
    wanted: &str,
    known: &[String],
    kind: &str,
) {
    let hint = match nearest(wanted, known.iter().map(String::as_str)) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if kind == "service" => None,
        None => Some(format!("define it under `{kind}s:` at the top of the file")),
    };
    let diagnostic = Diagnostic::new(
        code::COMPOSE_UNDEFINED,
        span.clone(),
        message,
        format!("no such {kind}"),
    )
    .hint_if(hint);
    decoder.report(diagnostic);
}

fn names(root: &Node, section: &str) -> Vec<String> {
    root.get(section)
        .and_then(Node::map)
        .unwrap_or_default()
        .iter()
        .map(|entry| entry.key.text.clone())
        .collect()
}
