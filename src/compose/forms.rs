//! The short forms of a file made long, so that two files can be laid over one
//! another whichever form each of them uses. What has neither form stays as it is,
//! and is a mistake later on.

use std::ops::Range;

use crate::yaml::{Entry, Key, Kind, Node, Scalar, ScalarValue};

/// A file with its short forms made long.
pub(super) fn long(mut root: Node) -> Node {
    each(&mut root, "services", |service| {
        for key in ["environment", "labels", "sysctls"] {
            change(service, key, map_of_assignments);
        }
        change(service, "depends_on", |node| {
            map_of_names(node, |span| {
                Kind::Map(vec![
                    entry(span, "condition", text("service_started")),
                    entry(
                        span,
                        "required",
                        Kind::Scalar(Scalar::plain("true".to_owned())),
                    ),
                ])
            })
        });
        change(service, "networks", |node| {
            map_of_names(node, |_| nothing())
        });
        change(service, "extends", |node| match &node.kind {
            Kind::Scalar(_) if !node.is_null() => Some(Kind::Map(vec![Entry {
                key: key(&node.span, "service"),
                value: untagged(node),
            }])),
            _ => None,
        });
        change(service, "extra_hosts", list_of_hosts);
        for key in ["env_file", "dns", "tmpfs"] {
            change(service, key, list_of_one);
        }
        change(service, "env_file", |node| {
            let items = node.seq()?.iter().map(|item| match &item.kind {
                Kind::Scalar(_) => Node::new(
                    item.span.clone(),
                    Kind::Map(vec![Entry {
                        key: key(&item.span, "path"),
                        value: untagged(item),
                    }]),
                ),
                _ => item.clone(),
            });
            Some(Kind::Seq(items.collect()))
        });
    });
    for section in ["networks", "volumes"] {
        each(&mut root, section, |resource| {
            change(resource, "labels", map_of_assignments);
        });
    }
    root
}

fn each(root: &mut Node, section: &str, mut change: impl FnMut(&mut Node)) {
    if let Kind::Map(entries) = &mut root.kind
        && let Some(section) = entries.iter_mut().find(|entry| entry.key.text == section)
        && let Kind::Map(members) = &mut section.value.kind
    {
        members
            .iter_mut()
            .for_each(|member| change(&mut member.value));
    }
}

fn change(map: &mut Node, key: &str, long: impl FnOnce(&Node) -> Option<Kind>) {
    if let Kind::Map(entries) = &mut map.kind
        && let Some(entry) = entries.iter_mut().find(|entry| entry.key.text == key)
        && let Some(kind) = long(&entry.value)
    {
        entry.value.kind = kind;
    }
}

/// `[A=1, B]` as `{A: "1", B: null}`; the last of two counts.
fn map_of_assignments(node: &Node) -> Option<Kind> {
    let mut entries: Vec<Entry> = Vec::new();
    for item in node.seq()? {
        let written = item
            .scalar()
            .filter(|scalar| scalar.value == ScalarValue::Str)?;
        let (name, value) = match written.text.split_once('=') {
            Some((name, value)) => (name, text(value)),
            None => (written.text.as_str(), nothing()),
        };
        entries.retain(|entry| entry.key.text != name);
        entries.push(entry(&item.span, name, value));
    }
    Some(Kind::Map(entries))
}

/// `[a, b]` as a map of these names to what `value` makes.
fn map_of_names(node: &Node, value: impl Fn(&Range<usize>) -> Kind) -> Option<Kind> {
    let mut entries: Vec<Entry> = Vec::new();
    for item in node.seq()? {
        let name = item
            .scalar()
            .filter(|scalar| scalar.value == ScalarValue::Str)?;
        if entries.iter().all(|entry| entry.key.text != name.text) {
            entries.push(entry(&item.span, &name.text, value(&item.span)));
        }
    }
    Some(Kind::Map(entries))
}

/// `{host: address}` as `["host=address"]`.
fn list_of_hosts(node: &Node) -> Option<Kind> {
    let mut items = Vec::new();
    for Entry { key, value } in node.map()? {
        let addresses = match &value.kind {
            Kind::Seq(items) => items.as_slice(),
            _ => std::slice::from_ref(value),
        };
        for address in addresses {
            let line = format!("{}={}", key.text, address.scalar()?.text);
            items.push(Node::new(address.span.clone(), text(&line)));
        }
    }
    Some(Kind::Seq(items))
}

fn list_of_one(node: &Node) -> Option<Kind> {
    match &node.kind {
        Kind::Scalar(scalar) if scalar.value != ScalarValue::Null => {
            Some(Kind::Seq(vec![untagged(node)]))
        }
        _ => None,
    }
}

fn untagged(node: &Node) -> Node {
    Node::new(node.span.clone(), node.kind.clone())
}

fn nothing() -> Kind {
    Kind::Scalar(Scalar::plain(String::new()))
}

fn text(text: &str) -> Kind {
    Kind::Scalar(Scalar::quoted(text.to_owned()))
}

fn key(span: &Range<usize>, text: &str) -> Key {
    Key {
        span: span.clone(),
        text: text.to_owned(),
    }
}

fn entry(span: &Range<usize>, name: &str, kind: Kind) -> Entry {
    Entry {
        key: key(span, name),
        value: Node::new(span.clone(), kind),
    }
}
