//! What the rules on packages of all languages share.

#[cfg(test)]
pub(super) mod fixture;
mod libc;
mod target;

pub(super) use libc::Libc;
pub(super) use target::{System, Target, cpu};

use crate::audit::file::{ElfFacts, FileFacts};
use crate::image::Platform;

/// Whether the facts are those of an ELF file, and for which machine.
pub(super) fn elf(facts: Option<&FileFacts>) -> Option<&ElfFacts> {
    match facts {
        Some(FileFacts::Elf(elf)) => Some(elf),
        _ => None,
    }
}

/// Whether the facts are those of an ELF file of this platform's own machine.
pub(super) fn is_native(facts: Option<&FileFacts>, platform: &Platform) -> bool {
    elf(facts).is_some_and(|elf| elf.header().is_for(platform))
}

/// The first few of many, and how many more there are.
pub(super) fn listed<T: AsRef<str>>(all: &[T], most: usize) -> String {
    let shown: Vec<&str> = all.iter().take(most).map(AsRef::as_ref).collect();
    match all.len().checked_sub(shown.len()) {
        Some(rest) if rest > 0 => format!("{} and {rest} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

/// `1 file`, `2 files`
pub(super) fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
