//! The catalogue. A new rule is one file here and one line in [`ALL`].

mod deadline;
mod exec;
mod glibc_version;
mod guest_signal;
mod library;
mod memory;
mod musl;
mod node_platform_package;
mod shared_object;
mod signal;

use super::{FileFacts, FileShape, Observation};
use crate::event::{Cause, Confidence};

/// One signature.
pub(super) struct Rule {
    /// Which files its text names.
    pub(super) suspects: fn(&Observation<'_>) -> Vec<String>,
    /// What it makes of them.
    pub(super) judge: fn(&Observation<'_>, &[FileFacts]) -> Option<Cause>,
}

pub(super) const ALL: &[Rule] = &[
    exec::RULE,
    shared_object::RULE,
    musl::RULE,
    library::RULE,
    glibc_version::RULE,
    node_platform_package::RULE,
    memory::RULE,
    guest_signal::RULE,
    signal::RULE,
    deadline::RULE,
];

/// For a rule whose text names no file.
fn no_suspects(_: &Observation<'_>) -> Vec<String> {
    Vec::new()
}

fn cause(code: &str, confidence: Confidence, message: impl Into<String>) -> Cause {
    Cause {
        code: code.to_owned(),
        confidence,
        message: message.into(),
        evidence: Vec::new(),
        hint: None,
        emulator_suspect: false,
    }
}

/// What was found at the path that a text names.
fn facts<'a>(files: &'a [FileFacts], named: &str) -> Option<&'a FileFacts> {
    files.iter().find(|file| file.named == named)
}

/// The file's shape as a line of evidence.
fn shown(file: &FileFacts) -> String {
    if file.path == file.named {
        format!("{} {}", file.path, file.shape.describe())
    } else {
        format!("{} -> {} {}", file.named, file.path, file.shape.describe())
    }
}

/// The lines of the text that a pattern finds, for evidence.
fn line_with<'a>(text: &'a str, needle: &str) -> Option<&'a str> {
    text.lines()
        .find(|line| line.contains(needle))
        .map(str::trim)
}

/// Whether a file is an ELF for another machine than the platform's.
fn is_foreign(file: &FileFacts, observation: &Observation<'_>) -> bool {
    matches!(&file.shape, FileShape::Elf(header, _) if !header.is_for(observation.platform))
}
