//! Services that wait for each other never start.

use std::collections::{BTreeMap, BTreeSet};

use super::super::decode::{Decoder, WrittenService};
use crate::diagnostic::{Diagnostic, code};

/// Reports each cycle once, beginning with the first of its names.
pub(in crate::compose) fn cycles(
    decoder: &mut Decoder<'_>,
    services: &BTreeMap<String, WrittenService>,
) {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for start in services.keys() {
        // By hand, since a chain of services may be longer than the stack is deep.
        let mut path: Vec<(&str, Vec<&str>)> = Vec::new();
        let others = |name: &str| -> Vec<&str> {
            services
                .get(name)
                .map(|written| written.service.depends_on.keys().rev())
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect()
        };
        if done.contains(start.as_str()) {
            continue;
        }
        path.push((start, others(start)));
        while let Some((name, rest)) = path.last_mut() {
            let Some(next) = rest.pop() else {
                done.insert(name);
                path.pop();
                continue;
            };
            if let Some(at) = path.iter().position(|(name, _)| *name == next) {
                let cycle: Vec<&str> = path.iter().skip(at).map(|(name, _)| *name).collect();
                decoder.report(told(&cycle, services));
            } else if !done.contains(next) && services.contains_key(next) {
                path.push((next, others(next)));
            }
        }
    }
}

fn told(cycle: &[&str], services: &BTreeMap<String, WrittenService>) -> Diagnostic {
    let first = cycle.first().copied().unwrap_or_default();
    let last = cycle.last().copied().unwrap_or_default();
    let place = |from: &str, to: &str| {
        services
            .get(from)
            .and_then(|written| written.depends_on.get(to).cloned())
    };
    let names: Vec<String> = cycle
        .iter()
        .chain([&first])
        .map(|name| format!("`{name}`"))
        .collect();
    let message = match cycle {
        [_] => format!("`{first}` depends on itself"),
        _ => format!("services wait for each other: {}", names.join(" → ")),
    };
    let diagnostic = Diagnostic::new(
        code::COMPOSE_CYCLE,
        place(last, first).unwrap_or(0..0),
        message,
        format!("`{last}` waits for `{first}`"),
    );
    let next = cycle.get(1).copied();
    match next.and_then(|next| Some((next, place(first, next)?))) {
        Some((next, span)) => diagnostic.also(span, format!("`{first}` waits for `{next}`")),
        None => diagnostic,
    }
}
