//! What the rules on packages of all languages share.

#[cfg(test)]
pub(super) mod fixture;
mod target;

pub(super) use target::{System, Target, cpu, platform_package};

use crate::audit::Unpacked;
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

/// Whether a rule on packages judges a foreign file, under a code of its own: the
/// rules on programs leave it to them.
pub(super) fn claims(path: &str, platform: &Platform) -> bool {
    platform_package(path).is_some_and(|target| !target.is_for(platform))
        || super::node::claims(path, platform)
        || super::python::claims(path)
        || super::php::is_extension(path)
}

/// Whether the image's own shell is of another machine: then all packages are, and
/// the rules on programs say so once.
pub(super) fn is_alien(unpacked: &Unpacked) -> bool {
    ["/bin/sh", "/usr/bin/env", "/bin/busybox"]
        .iter()
        .filter_map(|path| unpacked.rootfs.resolve(path).ok())
        .find_map(|file| elf(file.facts()))
        .is_some_and(|elf| !elf.header().runs_on(&unpacked.platform))
}
