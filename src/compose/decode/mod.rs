//! The merged tree into the model, by hand, so that one mistake never hides another.

mod fields;
mod health;
mod image;
mod mounts;
mod outside;
mod ports;
mod process;
mod resources;
mod scalars;
mod service;
mod top;
mod uses;
mod variables;

pub(super) use fields::unknown_key;
pub(super) use service::WrittenService;

use std::ops::Range;

use super::load::Loader;
use crate::diagnostic::{Diagnostic, Sources, code};
use crate::yaml::{Kind, Node, ScalarValue};

/// Collects mistakes. A method that can't make sense of a node reports that and
/// returns `None`; its caller goes on, and the project is dropped in the end.
pub(super) struct Decoder<'a> {
    pub(super) loader: Loader<'a>,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(loader: Loader<'a>) -> Self {
        Self { loader }
    }

    pub(super) fn into_mistakes(self) -> (Sources, Vec<Diagnostic>) {
        (self.loader.sources, self.loader.diagnostics)
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.loader.diagnostics.push(diagnostic);
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

    fn wrong_type(&mut self, node: &Node, expected: &str) {
        let what = node.what();
        let is_number = node.scalar().is_some_and(|scalar| {
            matches!(scalar.value, ScalarValue::Bool(_) | ScalarValue::Number(_))
        });
        let hint = (is_number && expected == "a text").then_some("put it in quotes");
        self.mistake(
            code::WRONG_TYPE,
            &node.span,
            format!("{expected} belongs here, and this is {what}"),
            format!("{what}, not {expected}"),
            hint,
        );
    }

    /// What `read` makes of a node. Where that is nothing it has been told: what is
    /// around it goes on without it, so that one mistake hides no other.
    fn told<T>(
        &mut self,
        node: &Node,
        read: impl FnOnce(&mut Self, &Node) -> Option<T>,
    ) -> Option<T> {
        let before = self.loader.diagnostics.len();
        let value = read(self, node);
        if value.is_none() && self.loader.diagnostics.len() == before {
            let message = "this can't be read";
            self.mistake(code::COMPOSE_VALUE, &node.span, message, "here", None);
        }
        value
    }

    /// A list, without the items that could not be read.
    fn list<T>(
        &mut self,
        node: &Node,
        mut item: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Option<Vec<T>> {
        match &node.kind {
            Kind::Seq(items) => Some(
                items
                    .iter()
                    .filter_map(|node| self.told(node, &mut item))
                    .collect(),
            ),
            _ if node.is_null() => Some(Vec::new()),
            _ => {
                self.wrong_type(node, "a list");
                None
            }
        }
    }
}
