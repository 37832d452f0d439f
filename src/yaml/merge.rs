//! One map over another: YAML's `<<`, and what `per_platform` does.

use std::collections::HashMap;
use std::ops::Range;

use super::{Entry, Key, Kind, Node};
use crate::diagnostic::{Diagnostic, code};

/// An entry as it is written; `<<` is told from a quoted key of that name.
pub(super) struct Written {
    pub(super) key: Key,
    pub(super) is_merge: bool,
    pub(super) value: Node,
}

/// A map's own entries, then those of `<<` that it does not have.
pub(super) fn own_and_merged(
    written: Vec<Written>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Entry> {
    let mut seen: HashMap<String, Range<usize>> = HashMap::new();
    let mut entries: Vec<Entry> = Vec::with_capacity(written.len());
    let mut sources = Vec::new();
    for Written {
        key,
        is_merge,
        value,
    } in written
    {
        if is_merge {
            sources.push(value);
        } else if let Some(first) = seen.get(&key.text) {
            diagnostics.push(
                Diagnostic::new(
                    code::DUPLICATE_KEY,
                    key.span.clone(),
                    format!("`{}` is given twice", key.text),
                    "again here",
                )
                .also(first.clone(), "first here"),
            );
        } else {
            seen.insert(key.text.clone(), key.span.clone());
            entries.push(Entry { key, value });
        }
    }
    for source in sources {
        let maps = match source.kind {
            Kind::Seq(maps) => maps,
            _ => vec![source],
        };
        for map in maps {
            let Kind::Map(merged) = map.kind else {
                diagnostics.push(Diagnostic::new(
                    code::YAML_UNSUPPORTED,
                    map.span.clone(),
                    format!("`<<` merges maps, and this is {}", map.what()),
                    "not a map",
                ));
                continue;
            };
            for entry in merged {
                if !seen.contains_key(&entry.key.text) {
                    seen.insert(entry.key.text.clone(), entry.key.span.clone());
                    entries.push(entry);
                }
            }
        }
    }
    entries
}

/// `base` with `over` laid on it: maps are merged key by key, everything else
/// is replaced. A replaced value keeps the place where it was written, so that
/// a mistake in it is shown there.
pub(crate) fn overlay(base: &Node, over: &Node) -> Node {
    let (Kind::Map(below), Kind::Map(above)) = (&base.kind, &over.kind) else {
        return over.clone();
    };
    let mut entries = below.clone();
    for entry in above {
        match entries
            .iter_mut()
            .find(|present| present.key.text == entry.key.text)
        {
            Some(present) => {
                *present = Entry {
                    key: entry.key.clone(),
                    value: overlay(&present.value, &entry.value),
                };
            }
            None => entries.push(entry.clone()),
        }
    }
    Node {
        span: base.span.clone(),
        tag: over.tag,
        kind: Kind::Map(entries),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Dialect, parse};
    use super::*;

    #[test]
    fn maps_merge_and_everything_else_is_replaced() {
        let dialect = Dialect {
            noun: "a test",
            tags: &[],
        };
        let node = |text: &str| parse(text, dialect).0.expect("a tree");
        let merged = overlay(
            &node("{a: {x: 1, y: 2}, b: [1, 2], c: 1}"),
            &node("{a: {y: 3}, b: [9], d: 4}"),
        );
        let text = |node: Option<&Node>| node.and_then(Node::scalar).map(|s| s.text.clone());
        let a = merged.get("a").expect("a");
        assert_eq!(text(a.get("x")).as_deref(), Some("1"));
        assert_eq!(text(a.get("y")).as_deref(), Some("3"));
        assert_eq!(
            merged.get("b").and_then(Node::seq).map(<[Node]>::len),
            Some(1)
        );
        assert_eq!(text(merged.get("c")).as_deref(), Some("1"));
        assert_eq!(text(merged.get("d")).as_deref(), Some("4"));
    }
}
