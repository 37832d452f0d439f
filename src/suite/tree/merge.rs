//! One map over another: what `per_platform` does.

use super::{Entry, Kind, Node};

/// `base` with `over` laid on it: maps are merged key by key, everything else
/// is replaced. A replaced value keeps the place where it was written, so that
/// a mistake in it is shown there.
pub(in crate::suite) fn overlay(base: &Node, over: &Node) -> Node {
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
        kind: Kind::Map(entries),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn maps_merge_and_everything_else_is_replaced() {
        let node = |text: &str| parse(text).0.expect("a tree");
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
