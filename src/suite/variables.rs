//! `${…}`: what differs between platforms, and what comes from outside.
//!
//! A value is data. It is filled in after a command has been split into words,
//! and it stands for itself within a regular expression.

use std::collections::BTreeMap;

use super::secret::Secret;
use crate::image::Platform;

/// Where values come from: fixed when the file is read, so that filling in
/// later can find nothing missing.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    /// Every environment variable that the file names; `None`: not set.
    pub(super) environment: BTreeMap<String, Option<String>>,
    /// The secrets that it declares.
    pub(super) secrets: Vec<Secret>,
}

/// How a value is put into the text around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Embedding {
    /// As it is.
    Plain,
    /// Into a regular expression: it matches itself, as one group.
    Regex,
}

/// Why a `${…}` can't be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VariableError {
    /// The whole `${…}` as it is written.
    pub(super) written: String,
    pub(super) kind: VariableErrorKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum VariableErrorKind {
    /// No `}` follows.
    Open,
    /// No variable of that name.
    Unknown(String),
    /// `${env.NAME}` that is not set.
    Unset(String),
    /// `${secrets.NAME}` that the suite does not declare.
    Undeclared(String),
}

/// What follows `platform.`
const PLATFORM: [&str; 7] = ["os", "arch", "variant", "uname", "node", "debian", "slug"];

/// All variables, for messages and suggestions.
pub(super) fn known() -> Vec<String> {
    let mut names = vec!["platform".to_owned()];
    names.extend(PLATFORM.iter().map(|name| format!("platform.{name}")));
    names.extend(["env.NAME".to_owned(), "secrets.NAME".to_owned()]);
    names
}

/// The environment variables that a text names.
pub(super) fn environment_names(text: &str, mut each: impl FnMut(&str)) {
    for piece in pieces(text).flatten() {
        if let Piece::Variable { name, .. } = piece
            && let Some(name) = name.strip_prefix("env.")
        {
            each(name.split_once(":-").map_or(name, |(name, _)| name));
        }
    }
}

/// Whether a text says something else on each platform.
pub(super) fn depends_on_platform(text: &str) -> bool {
    text.contains("${platform")
}

/// Fills in a text; the error is every variable that can't be.
pub(super) fn substitute(
    text: &str,
    platform: &Platform,
    values: &Values,
    embedding: Embedding,
) -> Result<String, Vec<VariableError>> {
    let mut filled = String::with_capacity(text.len());
    let mut errors = Vec::new();
    for piece in pieces(text) {
        match piece {
            Ok(Piece::Text(text)) => filled.push_str(text),
            Ok(Piece::Dollar) => filled.push('$'),
            Ok(Piece::Variable { written, name }) => {
                match (value(name, platform, values), embedding) {
                    (Ok(value), Embedding::Plain) => filled.push_str(&value),
                    (Ok(value), Embedding::Regex) => {
                        filled.push_str(&format!("(?:{})", regex::escape(&value)));
                    }
                    (Err(kind), _) => errors.push(VariableError {
                        written: written.to_owned(),
                        kind,
                    }),
                }
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(filled)
    } else {
        Err(errors)
    }
}

#[derive(Debug)]
enum Piece<'t> {
    Text(&'t str),
    /// `$$`
    Dollar,
    Variable {
        written: &'t str,
        name: &'t str,
    },
}

fn pieces(text: &str) -> impl Iterator<Item = Result<Piece<'_>, VariableError>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(after) = rest.strip_prefix("$$") {
            rest = after;
            return Some(Ok(Piece::Dollar));
        }
        if let Some(inner) = rest.strip_prefix("${") {
            let Some(end) = inner.find('}') else {
                let written = std::mem::take(&mut rest).to_owned();
                return Some(Err(VariableError {
                    written,
                    kind: VariableErrorKind::Open,
                }));
            };
            let (written, after) = rest.split_at(end + 3);
            rest = after;
            return Some(Ok(Piece::Variable {
                written,
                name: inner.get(..end).unwrap_or_default(),
            }));
        }
        // A lone `$` is an ordinary character: regular expressions end in it.
        let skip = usize::from(rest.starts_with('$'));
        let end = rest
            .get(skip..)
            .and_then(|tail| tail.find('$'))
            .map_or(rest.len(), |at| at + skip);
        let (text, after) = rest.split_at(end);
        rest = after;
        Some(Ok(Piece::Text(text)))
    })
}

fn value(name: &str, platform: &Platform, values: &Values) -> Result<String, VariableErrorKind> {
    let name = name.trim();
    if let Some(variable) = name.strip_prefix("env.") {
        let (variable, default) = match variable.split_once(":-") {
            Some((variable, default)) => (variable, Some(default)),
            None => (variable, None),
        };
        let set = values.environment.get(variable).cloned().flatten();
        // As in a shell, `:-` also stands in for an empty value.
        return match (set, default) {
            (Some(value), None) => Ok(value),
            (Some(value), Some(_)) if !value.is_empty() => Ok(value),
            (_, Some(default)) => Ok(default.to_owned()),
            (None, None) => Err(VariableErrorKind::Unset(variable.to_owned())),
        };
    }
    if let Some(secret) = name.strip_prefix("secrets.") {
        return values
            .secrets
            .iter()
            .find(|known| known.name() == secret)
            .map(|known| known.reveal().to_owned())
            .ok_or_else(|| VariableErrorKind::Undeclared(secret.to_owned()));
    }
    let architecture = platform.architecture().as_str();
    let value = match name {
        "platform" => return Ok(harmless(&bare(platform))),
        "platform.os" => platform.os(),
        "platform.arch" => architecture,
        "platform.variant" => platform.variant().unwrap_or_default(),
        // An architecture that a runtime has no name for keeps its own: the
        // comparison then fails, and shows it.
        "platform.uname" => platform.uname().first().copied().unwrap_or(architecture),
        "platform.node" => platform.node().unwrap_or(architecture),
        "platform.debian" => platform.debian().unwrap_or(architecture),
        "platform.slug" => return Ok(harmless(&bare(platform).replace(['/', '.'], "-"))),
        other => return Err(VariableErrorKind::Unknown(other.to_owned())),
    };
    Ok(harmless(value))
}

/// Without the `os.version` that tells Windows children apart.
fn bare(platform: &Platform) -> String {
    let mut text = format!("{}/{}", platform.os(), platform.architecture().as_str());
    if let Some(variant) = platform.variant() {
        text.push('/');
        text.push_str(variant);
    }
    text
}

/// An index may hold any text as a platform. Within a suite it is one word of
/// a plain alphabet, so a text that was valid for one platform is for all.
fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' | '-' | '/' => c,
            _ => '_',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fill(text: &str) -> Result<String, VariableErrorKind> {
        let values = Values {
            environment: [
                ("SET".to_owned(), Some("1.2".to_owned())),
                ("EMPTY".to_owned(), Some(String::new())),
                ("UNSET".to_owned(), None),
            ]
            .into(),
            secrets: vec![Secret::new("TOKEN".to_owned(), "hush".to_owned())],
        };
        let platform: Platform = "linux/arm/v7".parse().expect("a platform");
        substitute(text, &platform, &values, Embedding::Plain)
            .map_err(|mut errors| errors.remove(0).kind)
    }

    #[test]
    fn variables_are_filled_in() {
        for (text, expected) in [
            ("${platform}", "linux/arm/v7"),
            (
                "${platform.os}-${platform.arch}${platform.variant}",
                "linux-armv7",
            ),
            (
                "${platform.uname} ${platform.node} ${platform.debian}",
                "armv7l arm armhf",
            ),
            ("${platform.slug}", "linux-arm-v7"),
            (
                "${env.SET}${env.UNSET:-x y}${env.EMPTY:-e}${env.EMPTY}",
                "1.2x ye",
            ),
            ("Bearer ${secrets.TOKEN}", "Bearer hush"),
            ("$${platform} $$ ^a$ $HOME", "${platform} $ ^a$ $HOME"),
        ] {
            assert_eq!(fill(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_can_not_be_filled_in_is_told() {
        use VariableErrorKind::{Open, Undeclared, Unknown, Unset};
        assert_eq!(
            fill("${platform.arhc}"),
            Err(Unknown("platform.arhc".into()))
        );
        assert_eq!(fill("${HOME}"), Err(Unknown("HOME".into())));
        assert_eq!(fill("${env.UNSET}"), Err(Unset("UNSET".into())));
        assert_eq!(fill("${secrets.NO}"), Err(Undeclared("NO".into())));
        assert_eq!(fill("a ${platform"), Err(Open));
    }

    #[test]
    fn a_value_in_a_regular_expression_stands_for_itself() {
        let platform = Platform::new("linux", "a+b(", None);
        let values = Values {
            environment: [("V".to_owned(), Some("1.2".to_owned()))].into(),
            ..Values::default()
        };
        let text = substitute(
            "^v${env.V}-${platform.arch}$",
            &platform,
            &values,
            Embedding::Regex,
        )
        .expect("filled in");
        assert_eq!(text, r"^v(?:1\.2)-(?:a_b_)$");
        let mut names = Vec::new();
        environment_names("${env.A} $${env.B} ${env.C:-x}", |name| {
            names.push(name.to_owned())
        });
        assert_eq!(names, ["A", "C"]);
    }

    proptest! {
        #[test]
        fn filling_in_never_panics(text in "[a-z${}.:-]{0,32}|.{0,32}") {
            let _ = fill(&text);
        }

        #[test]
        fn doubled_dollars_bring_any_text_through(text in ".{0,32}") {
            let filled = fill(&text.replace('$', "$$"));
            prop_assert_eq!(filled, Ok(text));
        }
    }
}
