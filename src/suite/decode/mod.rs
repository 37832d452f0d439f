//! The tree into the model, by hand, so that one mistake never hides another:
//! a decoder collects what is wrong, and goes on with what is right.

mod audit;
mod check;
mod config;
mod file;
mod files;
mod http;
mod map;
mod run;
mod scalars;
mod stack;
mod start;
mod text;
mod top;
mod when;

pub(super) use check::Instance;
pub(super) use file::{Lines, Section, Template};
pub(super) use top::{EMULATION_FACTOR, decode};
pub(super) use when::is_of;

use std::ops::Range;

use map::Map;

use super::variables::Values;
use crate::diagnostic::{Diagnostic, code};
use crate::image::Platform;
use crate::yaml::{Kind, Node};

/// For whom variables are filled in.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) platform: &'a Platform,
    pub(super) values: &'a Values,
}

/// Decodes an entry of a section, with the platform's overrides laid on it.
pub(super) fn instance(
    decoder: &mut Decoder<'_>,
    section: Section,
    body: &Node,
) -> Option<Instance> {
    match section {
        Section::Smoke => check::instance(decoder, body),
        Section::Integration => stack::instance(decoder, body),
    }
}

/// Collects mistakes. A method that can't make sense of a node reports that
/// and returns `None`; its caller goes on, and drops the value in the end.
pub(super) struct Decoder<'a> {
    pub(super) source: &'a str,
    pub(super) lines: &'a Lines,
    /// `None`: at a place where `${…}` means nothing.
    pub(super) scope: Option<Scope<'a>>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(source: &'a str, lines: &'a Lines, scope: Option<Scope<'a>>) -> Self {
        Self {
            source,
            lines,
            scope,
            diagnostics: Vec::new(),
        }
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports one mistake at one place.
    pub(super) fn mistake(
        &mut self,
        code: &'static str,
        span: &Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        hint: impl Into<Option<&'static str>>,
    ) {
        let diagnostic = Diagnostic::new(code, span.clone(), message, label)
            .hint_if(hint.into().map(str::to_owned));
        self.report(diagnostic);
    }

    pub(super) fn wrong_type(&mut self, node: &Node, expected: &str) {
        let what = node.what();
        if node.is_null() {
            self.mistake(
                code::WRONG_TYPE,
                &node.span,
                format!("{expected} belongs here, and there is nothing"),
                "nothing follows",
                "give a value, or remove the key",
            );
            return;
        }
        self.mistake(
            code::WRONG_TYPE,
            &node.span,
            format!("{expected} belongs here, and this is {what}"),
            format!("{what}, not {expected}"),
            None,
        );
    }

    pub(super) fn line(&self, node: &Node) -> usize {
        self.lines.number(node.span.start)
    }

    /// A map whose keys are known.
    fn map<'n>(&mut self, node: &'n Node, what: &'static str) -> Option<Map<'n>> {
        match node.map() {
            Some(entries) => Some(Map::new(node, entries, what)),
            None => {
                self.wrong_type(node, "a map");
                None
            }
        }
    }

    /// A list of anything, which must not be empty.
    fn list<T>(
        &mut self,
        node: &Node,
        mut item: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Kind::Seq(items) = &node.kind else {
            self.wrong_type(node, "a list");
            return None;
        };
        if items.is_empty() {
            self.mistake(
                code::EMPTY_VALUE,
                &node.span,
                "this list is empty, so nothing would be checked",
                "nothing in it",
                "fill it, or leave its key out",
            );
            return None;
        }
        // Every item is looked at, even after a bad one.
        let decoded: Vec<Option<T>> = items.iter().map(|node| item(self, node)).collect();
        decoded.into_iter().collect()
    }

    /// A list, or a single item without its list.
    fn one_or_many<T>(
        &mut self,
        node: &Node,
        mut item: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Option<Vec<T>> {
        match node.kind {
            Kind::Seq(_) => self.list(node, item),
            Kind::Scalar(_) | Kind::Map(_) => item(self, node).map(|item| vec![item]),
        }
    }
}
