//! A map whose keys are taken one by one; what is left over is unknown.

use std::ops::Range;

use super::Decoder;
use crate::diagnostic::suggest::{nearest, one_of};
use crate::diagnostic::{Diagnostic, code};
use crate::yaml::{Entry, Node};

pub(super) struct Map<'n> {
    node: &'n Node,
    entries: &'n [Entry],
    known: Vec<&'static str>,
    /// What it is, for messages: "a check".
    what: &'static str,
}

impl<'n> Map<'n> {
    pub(super) fn new(node: &'n Node, entries: &'n [Entry], what: &'static str) -> Self {
        Self {
            node,
            entries,
            known: Vec::new(),
            what,
        }
    }

    pub(super) fn span(&self) -> &Range<usize> {
        &self.node.span
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of a key, which thereby is known.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value of a key that must be there.
    pub(super) fn require(
        &mut self,
        decoder: &mut Decoder<'_>,
        key: &'static str,
        hint: &'static str,
    ) -> Option<&'n Node> {
        let value = self.take(key);
        if value.is_none() {
            decoder.mistake(
                code::MISSING_KEY,
                self.span(),
                format!("{} needs `{key}`", self.what),
                format!("`{key}` is missing"),
                hint,
            );
        }
        value
    }

    /// Where a key stands, if it does.
    pub(super) fn key_span(&self, key: &str) -> Option<Range<usize>> {
        self.entry(key).map(|entry| entry.key.span.clone())
    }

    /// Keys that nobody took.
    pub(super) fn unknown(&self) -> impl Iterator<Item = &'n Entry> {
        self.entries
            .iter()
            .filter(|entry| !self.known.contains(&entry.key.text.as_str()))
    }

    /// Reports the keys that nobody took.
    pub(super) fn finish(self, decoder: &mut Decoder<'_>) {
        self.report_unknown(decoder, |_| false);
    }

    /// The same, but keys that begin so are the user's own.
    pub(super) fn finish_but(self, decoder: &mut Decoder<'_>, prefix: &str) {
        self.report_unknown(decoder, |key| key.starts_with(prefix));
    }

    fn report_unknown(&self, decoder: &mut Decoder<'_>, is_fine: impl Fn(&str) -> bool) {
        for entry in self.unknown() {
            let key = &entry.key.text;
            if is_fine(key) {
                continue;
            }
            let diagnostic = Diagnostic::new(
                code::UNKNOWN_KEY,
                entry.key.span.clone(),
                format!("{} has no key `{key}`", self.what),
                "unknown key",
            );
            let hint = match nearest(key, self.known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("its keys are {}", one_of(&self.known, "and")),
            };
            decoder.report(diagnostic.hint(hint));
        }
    }

    fn entry(&self, key: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|entry| entry.key.text == key)
    }
}
