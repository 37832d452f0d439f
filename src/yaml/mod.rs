//! YAML as a tree in which every node knows the bytes it was written with.
//!
//! Built from the parser's events rather than through serde: serde keeps
//! neither how a scalar was written (`mode: 0755`, `version: 1.10`) nor the
//! place of the first of two equal keys, and stops at the first mistake.

mod build;
mod merge;

pub(crate) use build::parse;
pub(crate) use merge::overlay;

use std::ops::Range;

use serde_json::{Number, Value};

/// What a text is read as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// What it is called in messages: "a suite".
    pub(crate) noun: &'static str,
    /// The tags that mean something in it, beside those of YAML.
    pub(crate) tags: &'static [&'static str],
}

/// A node with its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    /// One of the dialect's tags.
    pub(crate) tag: Option<&'static str>,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Scalar(Scalar),
    Seq(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) value: Node,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) span: Range<usize>,
    pub(crate) text: String,
}

/// A scalar: as it was written, and what YAML's core schema makes of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) value: ScalarValue,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ScalarValue {
    Null,
    Bool(bool),
    Number(Number),
    Str,
}

impl Node {
    pub(crate) fn new(span: Range<usize>, kind: Kind) -> Self {
        Self {
            span,
            tag: None,
            kind,
        }
    }

    /// The same tree, so many bytes further on: where several texts share one
    /// count of bytes.
    pub(crate) fn moved(mut self, by: usize) -> Self {
        let onwards = |span: &Range<usize>| span.start + by..span.end + by;
        self.span = onwards(&self.span);
        self.kind = match self.kind {
            Kind::Scalar(scalar) => Kind::Scalar(scalar),
            Kind::Seq(items) => Kind::Seq(items.into_iter().map(|item| item.moved(by)).collect()),
            Kind::Map(entries) => Kind::Map(
                entries
                    .into_iter()
                    .map(|entry| Entry {
                        key: Key {
                            span: onwards(&entry.key.span),
                            text: entry.key.text,
                        },
                        value: entry.value.moved(by),
                    })
                    .collect(),
            ),
        };
        self
    }

    /// What it is, for a message.
    pub(crate) fn what(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar(scalar) => match scalar.value {
                ScalarValue::Null => "nothing",
                ScalarValue::Bool(_) => "true or false",
                ScalarValue::Number(_) => "a number",
                ScalarValue::Str => "a text",
            },
            Kind::Seq(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.scalar()
            .is_some_and(|scalar| scalar.value == ScalarValue::Null)
    }

    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            Kind::Seq(_) | Kind::Map(_) => None,
        }
    }

    pub(crate) fn seq(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::Seq(items) => Some(items),
            Kind::Scalar(_) | Kind::Map(_) => None,
        }
    }

    pub(crate) fn map(&self) -> Option<&[Entry]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            Kind::Scalar(_) | Kind::Seq(_) => None,
        }
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.map()?
            .iter()
            .find(|entry| entry.key.text == key)
            .map(|entry| &entry.value)
    }

    /// Calls `each` with the text of every scalar in it.
    pub(crate) fn texts(&self, each: &mut dyn FnMut(&str)) {
        match &self.kind {
            Kind::Scalar(scalar) => each(&scalar.text),
            Kind::Seq(items) => items.iter().for_each(|item| item.texts(each)),
            Kind::Map(entries) => entries.iter().for_each(|entry| entry.value.texts(each)),
        }
    }
}

impl Scalar {
    /// A plain scalar by YAML 1.2's core schema, without its non-finite
    /// numbers, which JSON does not have.
    pub(crate) fn plain(text: String) -> Self {
        let value = match text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => ScalarValue::Null,
            "true" | "True" | "TRUE" => ScalarValue::Bool(true),
            "false" | "False" | "FALSE" => ScalarValue::Bool(false),
            other => number(other).map_or(ScalarValue::Str, ScalarValue::Number),
        };
        Self { text, value }
    }

    pub(crate) fn quoted(text: String) -> Self {
        Self {
            text,
            value: ScalarValue::Str,
        }
    }
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return u64::from_str_radix(hexadecimal, 16).ok().map(Number::from);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return u64::from_str_radix(octal, 8).ok().map(Number::from);
    }
    let starts_as_number = digits.starts_with(|c: char| c.is_ascii_digit())
        || digits
            .strip_prefix('.')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    // `nan`, `inf` and `1_000` are texts in the core schema, whatever `parse` accepts.
    let is_plain = digits
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    if !starts_as_number || !is_plain {
        return None;
    }
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    if let Ok(number) = unsigned.parse::<i64>() {
        return Some(Number::from(number));
    }
    if let Ok(number) = unsigned.parse::<u64>() {
        return Some(Number::from(number));
    }
    unsigned.parse::<f64>().ok().and_then(Number::from_f64)
}

impl ScalarValue {
    /// As JSON; a text is given with its variables filled in.
    pub(crate) fn to_json(&self, text: String) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(value) => Value::Number(value.clone()),
            Self::Str => Value::String(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> ScalarValue {
        Scalar::plain(text.to_owned()).value
    }

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        assert_eq!(value("~"), ScalarValue::Null);
        assert_eq!(value("true"), ScalarValue::Bool(true));
        for text in [
            "yes",
            "no",
            "on",
            "inf",
            "nan",
            "1_000",
            "-",
            ".",
            "1.2.3",
            "1000:1000",
            "2027-01-01",
            "0755x",
        ] {
            assert_eq!(value(text), ScalarValue::Str, "{text}");
        }
        assert_eq!(value("0755"), ScalarValue::Number(755.into()));
        assert_eq!(value("0x1f"), ScalarValue::Number(31.into()));
        assert_eq!(value("-3"), ScalarValue::Number((-3).into()));
        assert!(matches!(value("1.5e3"), ScalarValue::Number(_)));
        assert!(matches!(
            value("18446744073709551615"),
            ScalarValue::Number(_)
        ));
    }
}
