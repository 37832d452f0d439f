//! A map whose keys are taken one by one; what is left over is a mistake.

use super::Decoder;
use crate::diagnostic::suggest::{nearest, one_of};
use crate::diagnostic::{Diagnostic, code};
use crate::yaml::{Entry, Key, Node};

pub(super) struct Fields<'n> {
    node: &'n Node,
    entries: &'n [Entry],
    known: Vec<&'static str>,
    /// What it is, for messages: "a service".
    what: &'static str,
    /// Keys that compose has here, and the subset has not.
    outside: &'static [&'static str],
}

impl<'n> Fields<'n> {
    /// A node as such a map; `null` is an empty one. Another kind of node is told.
    pub(super) fn of(
        decoder: &mut Decoder<'_>,
        node: &'n Node,
        what: &'static str,
        outside: &'static [&'static str],
    ) -> Option<Self> {
        let entries = match node.map() {
            Some(entries) => entries,
            None if node.is_null() => &[],
            None => {
                decoder.wrong_type(node, "a map");
                return None;
            }
        };
        Some(Self {
            node,
            entries,
            known: Vec::new(),
            what,
            outside,
        })
    }

    /// The value of a key, which thereby is known. A key without a value is as good
    /// as none.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.written(key).filter(|value| !value.is_null())
    }

    /// The same, but nothing is a value too.
    pub(super) fn written(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value of a key that must be there.
    pub(super) fn require(
        &mut self,
        decoder: &mut Decoder<'_>,
        key: &'static str,
    ) -> Option<&'n Node> {
        let value = self.take(key);
        if value.is_none() {
            decoder.mistake(
                code::MISSING_KEY,
                &self.node.span,
                format!("{} needs `{key}`", self.what),
                format!("`{key}` is missing"),
                None,
            );
        }
        value
    }

    /// A key as it stands there.
    pub(super) fn key(&self, key: &str) -> Option<&'n Key> {
        self.entry(key).map(|entry| &entry.key)
    }

    /// Reports the keys that nobody took.
    pub(super) fn finish(self, decoder: &mut Decoder<'_>) {
        for Entry { key, .. } in self.entries {
            let name = key.text.as_str();
            if !self.known.contains(&name) && !name.starts_with("x-") {
                decoder.report(unknown_key(key, self.what, &self.known, self.outside));
            }
        }
    }

    fn entry(&self, key: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|entry| entry.key.text == key)
    }
}

/// What is said of a key that a map does not have.
pub(in crate::compose) fn unknown_key(
    key: &Key,
    what: &str,
    known: &[&str],
    outside: &[&str],
) -> Diagnostic {
    let name = &key.text;
    if outside.contains(&name.as_str()) {
        return Diagnostic::new(
            code::COMPOSE_UNSUPPORTED,
            key.span.clone(),
            format!("`{name}` of {what} is not supported"),
            "compose has this key, the subset has not",
        )
        .hint("remove it, or let the compose plugin run the file: `runner: plugin` in the suite");
    }
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.len() > 12 => "`suites/compose.md` lists its keys".to_owned(),
        None => format!("its keys are {}", one_of(known, "and")),
    };
    Diagnostic::new(
        code::UNKNOWN_KEY,
        key.span.clone(),
        format!("{what} has no key `{name}`"),
        "unknown key",
    )
    .hint(hint)
}
