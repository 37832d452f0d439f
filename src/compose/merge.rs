//! One file over another, and a service over the one it extends: maps are merged
//! key by key, lists go on, and everything else is replaced. `!reset` takes a key
//! away, `!override` replaces what would be merged.

use crate::diagnostic::{Diagnostic, code};
use crate::yaml::{Dialect, Entry, Kind, Node};

/// The tags of compose files.
pub(super) const RESET: &str = "!reset";
const OVERRIDE: &str = "!override";

/// How a compose file is read.
pub(super) const DIALECT: Dialect = Dialect {
    noun: "a compose file",
    tags: &[RESET, OVERRIDE],
};

/// `over` laid on `base`, both at this place of a file: `["services", "app"]`. Tags
/// stay, since what was merged may be laid on something else.
pub(super) fn merge(
    base: &Node,
    over: &Node,
    place: &[&str],
    diagnostics: &mut Vec<Diagnostic>,
) -> Node {
    if over.tag.is_some() || base.tag == Some(RESET) || is_replaced(place) {
        return over.clone();
    }
    if over.is_null() {
        return base.clone();
    }
    let kind = match (&base.kind, &over.kind) {
        (Kind::Map(below), Kind::Map(above)) => {
            let mut entries = below.clone();
            for entry in above {
                let name = entry.key.text.as_str();
                match entries.iter_mut().find(|below| below.key.text == name) {
                    Some(below) => {
                        let inner: Vec<&str> = place.iter().copied().chain([name]).collect();
                        *below = Entry {
                            key: entry.key.clone(),
                            value: merge(&below.value, &entry.value, &inner, diagnostics),
                        };
                    }
                    None => entries.push(entry.clone()),
                }
            }
            Kind::Map(entries)
        }
        (Kind::Seq(below), Kind::Seq(above)) => {
            Kind::Seq(below.iter().chain(above).cloned().collect())
        }
        (Kind::Scalar(_), _) => over.kind.clone(),
        (Kind::Map(_) | Kind::Seq(_), _) => {
            diagnostics.push(
                Diagnostic::new(
                    code::COMPOSE_MERGE,
                    over.span.clone(),
                    format!("{} can't be laid over {}", over.what(), base.what()),
                    over.what(),
                )
                .also(base.span.clone(), format!("over {}", base.what()))
                .hint("write both in the same form, or replace the first with `!override`"),
            );
            // The first has the form that more is said of.
            base.kind.clone()
        }
    };
    Node {
        span: over.span.clone(),
        tag: base.tag,
        kind,
    }
}

/// Whether the later of two values counts here, whatever they are.
fn is_replaced(place: &[&str]) -> bool {
    matches!(
        place,
        ["services", _, "command" | "entrypoint"]
            | ["services", _, "healthcheck", "test"]
            | ["services", _, "ulimits", _]
    )
}

/// What is left when there is nothing more to merge with: without what `!reset`
/// takes away, and without tags.
pub(super) fn settled(node: Node) -> Node {
    let kind = match node.kind {
        Kind::Scalar(scalar) => Kind::Scalar(scalar),
        Kind::Seq(items) => Kind::Seq(
            items
                .into_iter()
                .filter(|item| item.tag != Some(RESET))
                .map(settled)
                .collect(),
        ),
        Kind::Map(entries) => Kind::Map(
            entries
                .into_iter()
                .filter(|entry| entry.value.tag != Some(RESET))
                .map(|entry| Entry {
                    key: entry.key,
                    value: settled(entry.value),
                })
                .collect(),
        ),
    };
    Node::new(node.span, kind)
}

#[cfg(test)]
mod tests {
    use super::super::forms;
    use super::*;
    use crate::yaml;

    fn node(text: &str) -> Node {
        let (node, diagnostics) = yaml::parse(text, DIALECT);
        assert_eq!(diagnostics, []);
        forms::long(node.expect("a tree"))
    }

    /// The service `a` of all of them merged, as one line.
    fn merged(files: &[&str]) -> String {
        let mut diagnostics = Vec::new();
        let mut services = files
            .iter()
            .map(|file| node(&format!("services: {{a: {{{file}}}}}")));
        let first = services.next().expect("a file");
        let root = services.fold(first, |base, over| {
            merge(&base, &over, &[], &mut diagnostics)
        });
        assert_eq!(diagnostics, []);
        let root = settled(root);
        let service = root.get("services").and_then(|services| services.get("a"));
        shown(service.expect("a service"))
    }

    fn shown(node: &Node) -> String {
        match &node.kind {
            Kind::Scalar(_) if node.is_null() => String::new(),
            Kind::Scalar(scalar) => scalar.text.clone(),
            Kind::Seq(items) => {
                format!(
                    "[{}]",
                    items.iter().map(shown).collect::<Vec<_>>().join(" ")
                )
            }
            Kind::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|entry| format!("{}:{}", entry.key.text, shown(&entry.value)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(" "))
            }
        }
    }

    #[test]
    fn maps_merge_lists_go_on_and_commands_are_replaced() {
        assert_eq!(
            merged(&["environment: [A=1, B=2]", "environment: {B: 3, C: }"]),
            "{environment:{A:1 B:3 C:}}"
        );
        assert_eq!(merged(&["cap_add: [A]", "cap_add: [B]"]), "{cap_add:[A B]}");
        assert_eq!(
            merged(&["command: [a, b], user: x", "command: [c]"]),
            "{command:[c] user:x}"
        );
        assert_eq!(merged(&["command: [a]", "command: "]), "{command:}");
        assert_eq!(merged(&["user: x", "user: "]), "{user:x}");
        assert_eq!(
            merged(&[
                "healthcheck: {test: a, retries: 3}",
                "healthcheck: {test: [NONE]}"
            ]),
            "{healthcheck:{test:[NONE] retries:3}}"
        );
        assert_eq!(
            merged(&["dns: 1.1.1.1", "dns: [8.8.8.8]"]),
            "{dns:[1.1.1.1 8.8.8.8]}"
        );
        assert_eq!(
            merged(&[
                "ulimits: {nofile: {soft: 1, hard: 2}}",
                "ulimits: {nofile: 5}"
            ]),
            "{ulimits:{nofile:5}}"
        );
    }

    #[test]
    fn the_short_form_of_a_dependency_is_one_that_only_starts() {
        assert_eq!(
            merged(&[
                "depends_on: {db: {condition: service_healthy}}",
                "depends_on: [x]"
            ]),
            "{depends_on:{db:{condition:service_healthy} x:{condition:service_started required:true}}}"
        );
        assert_eq!(
            merged(&["networks: [n]", "networks: {n: {aliases: [x]}, m: }"]),
            "{networks:{n:{aliases:[x]} m:}}"
        );
    }

    #[test]
    fn tags_take_away_and_replace_in_whatever_file_comes_before() {
        assert_eq!(
            merged(&["ports: [\"1\"], user: x", "ports: !reset []"]),
            "{user:x}"
        );
        assert_eq!(
            merged(&["ports: [\"1\"]", "ports: !override [\"2\"]"]),
            "{ports:[2]}"
        );
        assert_eq!(
            merged(&["ports: [\"1\"]", "ports: !reset null", "ports: [\"3\"]"]),
            "{ports:[3]}"
        );
        assert_eq!(
            merged(&["environment: {A: 1, B: 2}", "environment: {A: !reset null}"]),
            "{environment:{B:2}}"
        );
        assert_eq!(merged(&["user: !reset null, init: true"]), "{init:true}");
    }

    #[test]
    fn what_has_two_forms_that_exclude_each_other_is_told() {
        let mut diagnostics = Vec::new();
        let (base, over) = (node("{x: {y: 1}, z: [1]}"), node("{x: [1], z: 2}"));
        merge(&base, &over, &[], &mut diagnostics);
        let codes: Vec<&str> = diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(codes, [code::COMPOSE_MERGE, code::COMPOSE_MERGE]);
    }
}
