//! Symbol versions: those that are needed of other libraries, and those defined
//! (Linux Standard Base, "Symbol Versioning").

use std::collections::BTreeSet;

use super::dynamic::{Dynamic, Names};
use super::layout::Layout;
use crate::audit::file::bytes::FileBytes;

/// `VER_FLG_BASE`: the entry is the library's own name.
const BASE: u16 = 1;
/// `VER_FLG_WEAK`: the loader goes on without it.
const WEAK: u16 = 2;
/// Steps through all tables of a file. A list can lead back to its beginning.
const MOST_STEPS: u32 = 16_384;

/// Where a list of entries goes on: `None` at its end.
fn next(at: u64, distance: u32, steps: &mut u32) -> Option<u64> {
    *steps = steps.checked_sub(1)?;
    if distance == 0 {
        return None;
    }
    at.checked_add(distance.into())
}

/// What `DT_VERNEED` says.
#[derive(Default)]
pub(super) struct Needs {
    /// Each library with the versions it must have.
    pub(super) libraries: Vec<(String, Vec<String>)>,
    /// The numbers, in the table of symbols' versions, of those of which a library
    /// that has the version has every symbol.
    pub(super) settled: BTreeSet<u16>,
}

/// Whether a library with this version has all its symbols: glibc and libstdc++ never
/// add one to a version that was released.
fn is_settled(version: &str) -> bool {
    let is_numbered = |prefix: &str| {
        version
            .strip_prefix(prefix)
            .is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
    };
    ["GLIBC_", "GLIBCXX_", "CXXABI_"]
        .into_iter()
        .any(is_numbered)
}

/// `DT_VERNEED`
pub(super) fn needed(
    layout: Layout,
    dynamic: &Dynamic,
    names: &mut Names,
    file: &mut FileBytes<'_>,
) -> Needs {
    let mut needs = Needs::default();
    let Some((start, count)) = dynamic.version_needs else {
        return needs;
    };
    let mut steps = MOST_STEPS;
    let mut here = Some(start);
    for _ in 0..count {
        let Some((at, entry)) = here.and_then(|at| {
            let bytes = file.get(at, 16)?;
            let library = layout.u32(bytes, 4)?;
            let versions = layout.u32(bytes, 8)?;
            let count = layout.u16(bytes, 2)?;
            Some((at, (library, versions, count, layout.u32(bytes, 12)?)))
        }) else {
            break;
        };
        let (library, versions, version_count, distance) = entry;
        let Some(library) = names.get(library.into(), file) else {
            break;
        };
        let mut wanted = Vec::new();
        let mut version_here = at.checked_add(versions.into());
        for _ in 0..version_count {
            let Some((at, flags, number, name, distance)) = version_here.and_then(|at| {
                let bytes = file.get(at, 16)?;
                let (flags, number) = (layout.u16(bytes, 4)?, layout.u16(bytes, 6)?);
                let name = layout.u32(bytes, 8)?;
                Some((at, flags, number, name, layout.u32(bytes, 12)?))
            }) else {
                break;
            };
            if flags & WEAK == 0 {
                let Some(name) = names.get(name.into(), file) else {
                    break;
                };
                if is_settled(&name) {
                    needs.settled.insert(number);
                }
                wanted.push(name);
            }
            version_here = next(at, distance, &mut steps);
        }
        if !wanted.is_empty() {
            needs.libraries.push((library, wanted));
        }
        here = next(at, distance, &mut steps);
    }
    needs
}

/// `DT_VERDEF`: the versions that the library has.
pub(super) fn defined(
    layout: Layout,
    dynamic: &Dynamic,
    names: &mut Names,
    file: &mut FileBytes<'_>,
) -> Vec<String> {
    let mut versions = Vec::new();
    let Some((start, count)) = dynamic.version_definitions else {
        return versions;
    };
    let mut steps = MOST_STEPS;
    let mut here = Some(start);
    for _ in 0..count {
        let Some((at, flags, name_at, distance)) = here.and_then(|at| {
            let bytes = file.get(at, 20)?;
            let flags = layout.u16(bytes, 2)?;
            Some((at, flags, layout.u32(bytes, 12)?, layout.u32(bytes, 16)?))
        }) else {
            break;
        };
        if flags & BASE == 0 {
            // The first auxiliary entry is the version, the rest are its ancestors.
            let name = at
                .checked_add(name_at.into())
                .and_then(|at| layout.u32(file.get(at, 8)?, 0))
                .and_then(|name| names.get(name.into(), file));
            let Some(name) = name else {
                break;
            };
            versions.push(name);
        }
        here = next(at, distance, &mut steps);
    }
    versions
}
