//! What every JSON document of ours has in common: a version that is read first,
//! the tool that wrote it, and a text that is safe to be printed.

use std::io::{self, Write};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What wrote a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// `everyarch`
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Tool {
    /// This program.
    pub(super) fn this() -> Self {
        Self {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// Why a text is not the document it should be.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is no JSON, or lacks what a document of its version has.
    #[error("it is not {what} of everyarch: {why}")]
    Form {
        /// `a result document`
        what: &'static str,
        /// Where reading ended, and why.
        why: serde_json::Error,
    },
    /// It was written by a later everyarch.
    #[error("it has version {found}, and this everyarch reads version {read} only")]
    Version {
        /// What it says.
        found: u32,
        /// What can be read.
        read: u32,
    },
}

/// Reads a document. The version is looked at first, so that a later document is
/// named as such rather than called malformed.
pub(super) fn parse<T: DeserializeOwned>(
    text: &str,
    what: &'static str,
    version: u32,
) -> Result<T, DocumentError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let malformed = |why| DocumentError::Form { what, why };
    let Versioned { version: found } = serde_json::from_str(text).map_err(malformed)?;
    if found != version {
        return Err(DocumentError::Version {
            found,
            read: version,
        });
    }
    serde_json::from_str(text).map_err(malformed)
}

/// Writes a document, indented.
pub(super) fn write(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(document).map_err(io::Error::other)?;
    out.write_all(harmless(&text).as_bytes())?;
    out.write_all(b"\n")
}

/// A document of somebody else's as text, indented and as harmless.
pub(super) fn text(document: &serde_json::Value) -> String {
    format!("{}\n", harmless(&format!("{document:#}")))
}

/// The same JSON, safe to be printed into a terminal or a CI log as it is:
/// what could act there is written as an escape, which changes no value.
fn harmless(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut before = '\0';
    for character in json.chars() {
        // None of these occurs in JSON but within a string.
        let acts = matches!(character, '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || (before == '#' && character == '#');
        if acts {
            text.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            text.push(character);
        }
        before = character;
    }
    text
}

/// To the millisecond: more would be noise.
pub(super) fn seconds(duration: Duration) -> f64 {
    Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)).as_secs_f64()
}

/// Values that are written as they are displayed.
pub(super) mod in_words {
    use std::fmt::Display;

    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::image::Platform;

    pub(in crate::report) trait InWords: Display + Sized {
        fn read(text: &str) -> Result<Self, String>;
    }

    impl InWords for Timestamp {
        fn read(text: &str) -> Result<Self, String> {
            text.parse().map_err(|error: jiff::Error| error.to_string())
        }
    }

    impl InWords for Platform {
        /// Not as a person's input is read: an index may name anything.
        fn read(text: &str) -> Result<Self, String> {
            let (name, version) = match text.split_once(' ') {
                Some((name, version)) => (name, Some(version.to_owned())),
                None => (text, None),
            };
            let mut words = name.splitn(3, '/');
            match (words.next(), words.next(), words.next()) {
                (Some(os), Some(architecture), variant) if !os.is_empty() => {
                    Ok(Platform::new(os, architecture, variant).with_os(version, Vec::new()))
                }
                _ => Err(format!("`{text}` is not a platform")),
            }
        }
    }

    pub(in crate::report) fn serialize<T: InWords, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(in crate::report) fn deserialize<'de, T: InWords, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        T::read(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
