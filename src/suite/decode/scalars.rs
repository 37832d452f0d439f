//! Single values: texts, numbers, durations, platforms, regular expressions.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use regex::Regex;

use super::super::variables::{Embedding, VariableError, VariableErrorKind, known, substitute};
use super::super::{json_path, units, words};
use super::Decoder;
use crate::diagnostic::suggest::{nearest, one_of};
use crate::diagnostic::{Diagnostic, code};
use crate::image::{Platform, PlatformError};
use crate::yaml::{Kind, Node, Scalar, ScalarValue};

impl Decoder<'_> {
    /// A scalar that is not null, as it was written.
    pub(super) fn scalar<'n>(&mut self, node: &'n Node) -> Option<&'n Scalar> {
        match node.scalar() {
            Some(scalar) if scalar.value != ScalarValue::Null => Some(scalar),
            _ => {
                self.wrong_type(node, "a text");
                None
            }
        }
    }

    /// A text with its variables filled in. Numbers and `true` are texts too,
    /// exactly as they were written: `PORT: 8080` needs no quotes.
    pub(super) fn text(&mut self, node: &Node) -> Option<String> {
        let scalar = self.scalar(node)?;
        self.fill(node, &scalar.text, Embedding::Plain)
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

    fn fill(&mut self, node: &Node, text: &str, embedding: Embedding) -> Option<String> {
        let Some(scope) = self.scope else {
            return Some(text.to_owned());
        };
        match substitute(text, scope.platform, scope.values, embedding) {
            Ok(text) => Some(text),
            Err(errors) => {
                for error in errors {
                    let diagnostic = self.variable(node, &error);
                    self.report(diagnostic);
                }
                None
            }
        }
    }

    fn variable(&self, node: &Node, error: &VariableError) -> Diagnostic {
        let written = &error.written;
        let span = self.within(node, written);
        match &error.kind {
            VariableErrorKind::Open => Diagnostic::new(
                code::UNKNOWN_VARIABLE,
                span,
                "this `${` has no `}`",
                "begins here",
            )
            .hint("write `$${` for these two characters themselves"),
            VariableErrorKind::Unknown(name) => {
                let names = known();
                let near = nearest(name, names.iter().map(String::as_str));
                let is_shell = !name.contains('.');
                let hint = match near {
                    Some(near) => format!("did you mean `${{{near}}}`?"),
                    None if is_shell => format!(
                        "write `${{env.{name}}}` for this machine's variable, `$${{{name}}}` for the container's"
                    ),
                    None => format!("the variables are {}", one_of(&names, "and")),
                };
                Diagnostic::new(
                    code::UNKNOWN_VARIABLE,
                    span,
                    format!("there is no variable `{name}`"),
                    "unknown variable",
                )
                .hint(hint)
            }
            VariableErrorKind::Unset(name) => Diagnostic::new(
                code::UNSET_VARIABLE,
                span,
                format!("the environment variable `{name}` is not set"),
                "not set",
            )
            .hint(format!(
                "set it, or give a default: `${{env.{name}:-default}}`"
            )),
            VariableErrorKind::Undeclared(name) => Diagnostic::new(
                code::UNDECLARED_SECRET,
                span,
                format!("the suite declares no secret `{name}`"),
                "not declared",
            )
            .hint(format!("add it at the top: `secrets: [{name}]`")),
        }
    }

    /// Where a part of a scalar stands, or the scalar where it is escaped.
    pub(super) fn within(&self, node: &Node, part: &str) -> Range<usize> {
        self.source
            .get(node.span.clone())
            .and_then(|written| written.find(part))
            .filter(|_| !part.is_empty())
            .map_or(node.span.clone(), |at| {
                let start = node.span.start + at;
                start..start + part.len()
            })
    }

    pub(super) fn boolean(&mut self, node: &Node) -> Option<bool> {
        match node.scalar().map(|scalar| &scalar.value) {
            Some(ScalarValue::Bool(value)) => Some(*value),
            _ => {
                self.wrong_type(node, "`true` or `false`");
                None
            }
        }
    }

    /// A whole number within bounds; `"${env.PORT}"` may hold one too.
    pub(super) fn integer(&mut self, node: &Node, bounds: RangeInclusive<i64>) -> Option<i64> {
        let number = match node.scalar() {
            Some(Scalar {
                value: ScalarValue::Number(number),
                ..
            }) => number.as_i64(),
            Some(Scalar {
                text,
                value: ScalarValue::Str,
            }) if text.contains("${") => {
                let text = self.text(node)?;
                text.trim().parse().ok()
            }
            _ => None,
        };
        let Some(number) = number else {
            self.wrong_type(node, "a whole number");
            return None;
        };
        if !bounds.contains(&number) {
            // As it is written: filled in, it may be a secret.
            let number = node.scalar().map_or("", |scalar| scalar.text.as_str());
            self.mistake(
                code::OUT_OF_RANGE,
                &node.span,
                format!(
                    "{number} is not between {} and {}",
                    bounds.start(),
                    bounds.end()
                ),
                "out of range",
                None,
            );
            return None;
        }
        Some(number)
    }

    pub(super) fn port(&mut self, node: &Node) -> Option<u16> {
        self.integer(node, 1..=65535)
            .and_then(|port| u16::try_from(port).ok())
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
        // The text as it is written: it may hold a secret once it is filled in.
        let written = node.scalar().map_or("", |scalar| scalar.text.as_str());
        self.report(
            Diagnostic::new(
                code::UNKNOWN_VALUE,
                node.span.clone(),
                format!("`{written}` is not possible here"),
                "unknown word",
            )
            .hint(hint),
        );
        None
    }

    pub(super) fn duration(&mut self, node: &Node) -> Option<Duration> {
        let text = self.text(node)?;
        match units::duration(&text) {
            Ok(duration) => Some(duration),
            Err(what) => {
                let written = node.scalar().map_or("", |scalar| scalar.text.as_str());
                self.mistake(
                    code::BAD_DURATION,
                    &node.span,
                    format!("the duration `{written}` {what}"),
                    "not a duration",
                    "write it as in `500ms`, `30s` or `1m30s`",
                );
                None
            }
        }
    }

    pub(super) fn platform(&mut self, node: &Node) -> Option<Platform> {
        let scalar = self.scalar(node)?;
        self.platform_text(&scalar.text, &node.span)
    }

    pub(super) fn platform_text(&mut self, text: &str, span: &Range<usize>) -> Option<Platform> {
        let message = match text.parse() {
            Ok(platform) => return Some(platform),
            Err(PlatformError::Form(_)) => format!("`{text}` is not a platform"),
            Err(PlatformError::Unknown { .. }) => format!("`{text}` names no known platform"),
        };
        let with_os = format!("linux/{text}");
        let near = if with_os.parse::<Platform>().is_ok() {
            Some(with_os.as_str())
        } else {
            nearest(text, Platform::KNOWN)
        };
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write it as os/architecture, as in `linux/arm64` or `linux/arm/v7`".to_owned(),
        };
        self.report(
            Diagnostic::new(code::BAD_PLATFORM, span.clone(), message, "not a platform").hint(hint),
        );
        None
    }

    pub(super) fn regex(&mut self, node: &Node) -> Option<Regex> {
        let scalar = self.scalar(node)?;
        if scalar.text.is_empty() {
            self.mistake(
                code::EMPTY_VALUE,
                &node.span,
                "an empty pattern matches every text",
                "nothing in it",
                None,
            );
            return None;
        }
        let pattern = self.fill(node, &scalar.text, Embedding::Regex)?;
        match Regex::new(&pattern) {
            Ok(regex) => Some(regex),
            Err(error) => {
                // The whole error draws the pattern, which may hold a secret,
                // and which the excerpt shows anyway: its last line says why.
                let full = error.to_string();
                let why = full
                    .lines()
                    .last()
                    .unwrap_or("it can't be read")
                    .trim_start_matches("error: ")
                    .to_owned();
                let is_double_quoted = self
                    .source
                    .get(node.span.clone())
                    .is_some_and(|written| written.starts_with('"'));
                let hint = if why.contains("look-around") || why.contains("backreferences") {
                    Some("the syntax is that of Rust's `regex`: no look-around, no backreferences")
                } else {
                    is_double_quoted
                        .then_some("single quotes leave a pattern's backslashes as they are")
                };
                self.mistake(
                    code::BAD_REGEX,
                    &node.span,
                    format!("this is no regular expression: {why}"),
                    "not a regular expression",
                    hint,
                );
                None
            }
        }
    }

    /// Words: a text that is split as a shell would, or a list of them.
    pub(super) fn words(&mut self, node: &Node) -> Option<Vec<String>> {
        if let Kind::Seq(_) = &node.kind {
            return self.list(node, Self::text);
        }
        let Some(scalar) = node.scalar().filter(|_| !node.is_null()) else {
            self.wrong_type(node, "a command or a list of words");
            return None;
        };
        let words = match words::split(&scalar.text) {
            Ok(words) => words,
            Err(error) => {
                self.bad_command(node, &error);
                return None;
            }
        };
        if words.is_empty() {
            self.mistake(
                code::EMPTY_VALUE,
                &node.span,
                "this command is empty",
                "no word in it",
                None,
            );
            return None;
        }
        let filled: Vec<Option<String>> = words
            .iter()
            .map(|word| self.fill(node, word, Embedding::Plain))
            .collect();
        filled.into_iter().collect()
    }

    fn bad_command(&mut self, node: &Node, error: &words::WordsError) {
        let (at, message, label, hint) = match error {
            words::WordsError::OpenQuote(quote, at) => (
                Some(*at),
                format!("the quote {quote} is never closed"),
                "opened here",
                Some("write the words as a list, or use `shell:`"),
            ),
            words::WordsError::TrailingBackslash => (
                None,
                "a backslash at the end escapes nothing".to_owned(),
                "can't be split into words",
                None,
            ),
            words::WordsError::Operator(operator, at) => (
                Some(*at),
                format!("`{operator}` means nothing here: no shell takes part in this command"),
                "needs a shell",
                Some("use `shell:`, or quote it where it is meant as a word"),
            ),
        };
        // Only a plain scalar stands in the file byte by byte as it is meant.
        let written = self.source.get(node.span.clone());
        let span = match at {
            Some(at) if written == node.scalar().map(|scalar| scalar.text.as_str()) => {
                node.span.start + at..node.span.start + at + 1
            }
            _ => node.span.clone(),
        };
        self.mistake(code::BAD_COMMAND, &span, message, label, hint);
    }

    /// A JSON path, which is a key.
    pub(super) fn json_path(
        &mut self,
        path: &str,
        span: &Range<usize>,
    ) -> Option<Vec<super::super::JsonStep>> {
        match json_path::parse(path) {
            Ok(steps) => Some(steps),
            Err((at, why)) => {
                let written = self.source.get(span.clone()).unwrap_or_default();
                let start = written
                    .find(path)
                    .map_or(span.start, |skip| span.start + skip + at);
                let end = span.end.max(start);
                self.mistake(
                    code::BAD_JSON_PATH,
                    &(start..end),
                    format!("`{path}` is no path into JSON: {why}"),
                    "here",
                    "write it as in `users[0].name` or `[\"odd.key\"].x`",
                );
                None
            }
        }
    }
}
