//! Demands on a text: `stdout`, `logs`, a body, a file's content.

use serde_json::Value;

use super::super::{JsonExpectation, TextExpectation};
use super::Decoder;
use super::map::Map;
use crate::diagnostic::code;
use crate::yaml::{Kind, Node};

impl Decoder<'_> {
    /// A plain text, which must be equal, or a map of demands.
    pub(super) fn text_expectations(&mut self, node: &Node) -> Option<Vec<TextExpectation>> {
        match &node.kind {
            Kind::Scalar(_) if !node.is_null() => {
                Some(vec![TextExpectation::Equals(self.text(node)?)])
            }
            Kind::Map(_) => {
                let mut map = self.map(node, "a demand on a text")?;
                if map.is_empty() {
                    self.mistake(
                        code::EMPTY_VALUE,
                        &node.span,
                        "this demands nothing of the text",
                        "nothing in it",
                        None,
                    );
                    return None;
                }
                let expectations = self.inline_text(&mut map);
                map.finish(self);
                expectations
            }
            Kind::Scalar(_) | Kind::Seq(_) => {
                self.wrong_type(node, "a text or a map");
                None
            }
        }
    }

    /// The same demands as keys of a map that has others too.
    pub(super) fn inline_text(&mut self, map: &mut Map<'_>) -> Option<Vec<TextExpectation>> {
        let equals = map.take("equals").map(|node| {
            self.text(node)
                .map(|text| vec![TextExpectation::Equals(text)])
        });
        let contains = map.take("contains").map(|node| {
            self.one_or_many(node, |decoder, node| {
                decoder.filled_text(node).map(TextExpectation::Contains)
            })
        });
        let not_contains = map.take("not_contains").map(|node| {
            self.one_or_many(node, |decoder, node| {
                decoder.filled_text(node).map(TextExpectation::NotContains)
            })
        });
        let matches = map.take("matches").map(|node| {
            self.one_or_many(node, |decoder, node| {
                decoder.regex(node).map(TextExpectation::Matches)
            })
        });
        let json = map.take("json").map(|node| {
            self.json_expectations(node)
                .map(|json| vec![TextExpectation::Json(json)])
        });
        let empty = map.take("empty").map(|node| match self.boolean(node)? {
            true => Some(vec![TextExpectation::Empty]),
            false => {
                self.mistake(
                    code::UNKNOWN_VALUE,
                    &node.span,
                    "`empty` can only be `true`",
                    "not possible",
                    r"for a text that holds something write `matches: '\S'`",
                );
                None
            }
        });
        let all: Option<Vec<_>> = [equals, contains, not_contains, matches, json, empty]
            .into_iter()
            .flatten()
            .collect();
        Some(all?.into_iter().flatten().collect())
    }

    /// `json: { path: value }`
    fn json_expectations(&mut self, node: &Node) -> Option<Vec<JsonExpectation>> {
        let Kind::Map(entries) = &node.kind else {
            self.wrong_type(node, "a map of paths and values");
            return None;
        };
        if entries.is_empty() {
            self.mistake(
                code::EMPTY_VALUE,
                &node.span,
                "this demands nothing of the document",
                "no path in it",
                "write `$: value` to compare the whole document",
            );
            return None;
        }
        let decoded: Vec<Option<JsonExpectation>> = entries
            .iter()
            .map(|entry| {
                let steps = self.json_path(&entry.key.text, &entry.key.span);
                let value = self.json_value(&entry.value);
                Some(JsonExpectation {
                    path: entry.key.text.clone(),
                    steps: steps?,
                    value: value?,
                })
            })
            .collect();
        decoded.into_iter().collect()
    }

    /// A node as JSON, with the variables of its texts filled in.
    pub(super) fn json_value(&mut self, node: &Node) -> Option<Value> {
        match &node.kind {
            Kind::Scalar(scalar) => {
                let text = if node.is_null() {
                    String::new()
                } else {
                    self.text(node)?
                };
                Some(scalar.value.to_json(text))
            }
            Kind::Seq(items) => {
                let items: Vec<Option<Value>> =
                    items.iter().map(|item| self.json_value(item)).collect();
                items
                    .into_iter()
                    .collect::<Option<Vec<_>>>()
                    .map(Value::Array)
            }
            Kind::Map(entries) => {
                let entries: Vec<Option<(String, Value)>> = entries
                    .iter()
                    .map(|entry| Some((entry.key.text.clone(), self.json_value(&entry.value)?)))
                    .collect();
                entries
                    .into_iter()
                    .collect::<Option<serde_json::Map<_, _>>>()
                    .map(Value::Object)
            }
        }
    }
}
