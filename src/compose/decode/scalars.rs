//! Single values: texts, numbers, durations, sizes, words.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use super::super::units;
use super::Decoder;
use crate::diagnostic::suggest::{nearest, one_of};
use crate::diagnostic::{Diagnostic, code};
use crate::yaml::{Node, ScalarValue};

impl Decoder<'_> {
    /// A text, and neither a number nor `true`, as compose has it.
    pub(super) fn text(&mut self, node: &Node) -> Option<String> {
        match node.scalar() {
            Some(scalar) if scalar.value == ScalarValue::Str => Some(scalar.text.clone()),
            _ => {
                self.wrong_type(node, "a text");
                None
            }
        }
    }

    /// A text that says something.
    pub(super) fn filled_text(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        if text.is_empty() {
            self.mistake(
                code::EMPTY_VALUE,
                &node.span,
                "this text is empty",
                "nothing in it",
                None,
            );
            return None;
        }
        Some(text)
    }

    pub(super) fn texts(&mut self, node: &Node) -> Option<Vec<String>> {
        self.list(node, Self::text)
    }

    /// Texts of which each counts once.
    pub(super) fn unique_texts(&mut self, node: &Node) -> Option<Vec<String>> {
        let mut unique: Vec<String> = Vec::new();
        for text in self.list(node, Self::filled_text)? {
            if !unique.contains(&text) {
                unique.push(text);
            }
        }
        Some(unique)
    }

    /// A text, a number or `true` as compose prints it: `1.10` is `1.1`, `0755` is
    /// `493`. What it takes for a date is told, since it prints that in words of its own.
    pub(super) fn printed(&mut self, node: &Node) -> Option<String> {
        let Some(scalar) = node.scalar().filter(|_| !node.is_null()) else {
            self.wrong_type(node, "a text");
            return None;
        };
        if let ScalarValue::Bool(value) = scalar.value {
            return Some(value.to_string());
        }
        if !self.is_plain(node) {
            return Some(scalar.text.clone());
        }
        if units::is_date(&scalar.text) {
            self.mistake(
                code::COMPOSE_QUOTE,
                &node.span,
                format!(
                    "compose takes `{}` for a date, and prints it otherwise",
                    scalar.text
                ),
                "taken for a date",
                "put it in quotes",
            );
            return None;
        }
        Some(units::number(&scalar.text).unwrap_or_else(|| scalar.text.clone()))
    }

    /// Whether a scalar is written without quotes and variables.
    pub(super) fn is_plain(&self, node: &Node) -> bool {
        node.scalar()
            .is_some_and(|scalar| self.loader.sources.written(&node.span) == scalar.text)
    }

    pub(super) fn boolean(&mut self, node: &Node) -> Option<bool> {
        let word = node.scalar().map(|scalar| scalar.text.to_ascii_lowercase());
        match word.as_deref() {
            Some("true" | "yes" | "y" | "on") => Some(true),
            Some("false" | "no" | "n" | "off") => Some(false),
            _ => {
                self.wrong_type(node, "`true` or `false`");
                None
            }
        }
    }

    /// A whole number within bounds, with or without quotes.
    pub(super) fn integer(&mut self, node: &Node, bounds: RangeInclusive<i64>) -> Option<i64> {
        let text = node.scalar().map_or("", |scalar| scalar.text.as_str());
        let number = units::number(text).and_then(|number| number.parse::<i64>().ok());
        let Some(number) = number else {
            self.wrong_type(node, "a whole number");
            return None;
        };
        if !bounds.contains(&number) {
            let (least, most) = (bounds.start(), bounds.end());
            self.mistake(
                code::OUT_OF_RANGE,
                &node.span,
                format!("{number} is not between {least} and {most}"),
                "out of range",
                None,
            );
            return None;
        }
        Some(number)
    }

    pub(super) fn u32(&mut self, node: &Node) -> Option<u32> {
        self.integer(node, 0..=i64::from(u32::MAX))
            .and_then(|number| u32::try_from(number).ok())
    }

    pub(super) fn duration(&mut self, node: &Node) -> Option<Duration> {
        let text = self.scalar_text(node, "a duration")?;
        units::duration(&text)
            .map_err(|what| {
                self.mistake(
                    code::BAD_DURATION,
                    &node.span,
                    format!("the duration `{text}` {what}"),
                    "not a duration",
                    "write it as in `500ms`, `30s` or `1m30s`",
                );
            })
            .ok()
    }

    pub(super) fn bytes(&mut self, node: &Node) -> Option<u64> {
        let text = self.scalar_text(node, "a size")?;
        units::bytes(&text)
            .map_err(|what| {
                self.mistake(
                    code::BAD_SIZE,
                    &node.span,
                    format!("the size `{text}` {what}"),
                    "not a size",
                    "write it as in `512k`, `64m` or `1gb`",
                );
            })
            .ok()
    }

    pub(super) fn nano_cpus(&mut self, node: &Node) -> Option<u64> {
        let text = self.scalar_text(node, "a number of processors")?;
        units::nano_cpus(&text)
            .map_err(|what| {
                self.value_mistake(
                    &node.span,
                    format!("`{text}` {what}"),
                    "write it as in `0.5`",
                );
            })
            .ok()
    }

    /// A mode in octal. A plain number without a leading zero is told: compose takes it
    /// as decimal, which nobody means.
    pub(super) fn mode(&mut self, node: &Node) -> Option<u32> {
        let text = self.scalar_text(node, "a file's mode")?;
        if self.is_plain(node) && !text.starts_with('0') {
            self.mistake(
                code::COMPOSE_QUOTE,
                &node.span,
                format!("compose takes the mode `{text}` as a decimal number"),
                "not octal",
                "write it with a leading zero, as in `0440`",
            );
            return None;
        }
        let mode = units::mode(&text);
        if mode.is_none() {
            self.mistake(
                code::BAD_MODE,
                &node.span,
                format!("`{text}` is no file mode"),
                "not a mode",
                "write it in octal, as in `0440`",
            );
        }
        mode
    }

    /// One of these words.
    pub(super) fn word<T: Copy>(&mut self, node: &Node, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(node)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let hint = match nearest(&text, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write {}", one_of(&names, "or")),
        };
        self.report(
            Diagnostic::new(
                code::UNKNOWN_VALUE,
                node.span.clone(),
                format!("`{text}` is not possible here"),
                "unknown word",
            )
            .hint(hint),
        );
        None
    }

    /// An absolute path in a container, without `.` and `..`.
    pub(super) fn absolute(&mut self, span: &Range<usize>, path: &str) -> Option<String> {
        if !path.starts_with('/') {
            self.mistake(
                code::BAD_PATH,
                span,
                format!("`{path}` is no absolute path"),
                "a path in the container",
                "begin it with `/`",
            );
            return None;
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        Some(format!("/{}", parts.join("/")))
    }

    /// A scalar that is not null, as it is written.
    pub(super) fn scalar_text(&mut self, node: &Node, expected: &str) -> Option<String> {
        match node.scalar().filter(|_| !node.is_null()) {
            Some(scalar) => Some(scalar.text.clone()),
            None => {
                self.wrong_type(node, expected);
                None
            }
        }
    }

    /// A text that has not the form it needs.
    pub(super) fn value_mistake(
        &mut self,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<Option<&'static str>>,
    ) {
        self.mistake(code::COMPOSE_VALUE, span, message, "this value", hint);
    }
}
