//! `native-runner-newer-glibc`: one platform was built on a newer distribution than the
//! others, as happens where each is built on a machine of its own.

use crate::audit::Unpacked;
use crate::audit::file::{ElfFacts, FileFacts};
use crate::audit::rules::process::numbered;
use crate::event::Finding;

use super::Likely;

/// Findings on versions that a library has not yet.
const TOO_OLD: &[&str] = &["glibc-too-old", "libstdcxx-too-old"];
/// Of what the versions are that count.
const KINDS: &[&str] = &["GLIBC", "GLIBCXX", "CXXABI"];

pub(super) fn likely(
    finding: &Finding,
    variant: &Unpacked,
    variants: &[Unpacked],
) -> Option<Likely> {
    if !TOO_OLD.contains(&finding.code.as_str()) {
        return None;
    }
    let path = finding.path.as_deref()?;
    let here = elf(variant, path)?;
    let others = variants
        .iter()
        .filter(|other| other.platform != variant.platform);
    others
        .filter_map(|other| Some((other, elf(other, path)?)))
        .find_map(|(other, there)| {
            KINDS.iter().find_map(|kind| {
                let (new, newest) = highest(here, kind)?;
                // A file that needs nothing of the kind is another program.
                let (old, oldest) = highest(there, kind)?;
                (new > old).then(|| Likely {
                    id: "native-runner-newer-glibc",
                    what: "this platform was built on a newer distribution than the others: build each in the same image, or in one of the release that it runs on",
                    shown: format!(
                        "{path} needs {newest} here, and no more than {oldest} in {}",
                        other.platform
                    ),
                })
            })
        })
}

fn elf<'a>(variant: &'a Unpacked, path: &str) -> Option<&'a ElfFacts> {
    match variant.rootfs.resolve(path).ok()?.facts()? {
        FileFacts::Elf(elf) => Some(elf),
        _ => None,
    }
}

/// The highest version of one kind that a file needs.
fn highest<'a>(elf: &'a ElfFacts, kind: &str) -> Option<(Vec<u32>, &'a str)> {
    elf.needs_versions
        .iter()
        .flat_map(|(_, versions)| versions)
        .filter_map(|version| {
            let (other, number) = numbered(version)?;
            (other == kind).then_some((number, version.as_str()))
        })
        .max()
}
