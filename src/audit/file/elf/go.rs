//! What Go's linker writes of the build (`debug/buildinfo`, inline since Go 1.18).

use memchr::memmem;

use super::layout::{LOAD, Segment};
use super::sections::Sections;
use crate::audit::file::GoBuild;
use crate::audit::file::bytes::{FileBytes, WINDOW};

const MAGIC: &[u8] = b"\xff Go buildinf:";
/// The magic, the size of a pointer, flags, and two pointers or nothing.
const HEADER: u64 = 32;
/// Flag: the strings follow, where older files have pointers to them.
const INLINE: u8 = 2;
/// Without section headers the blob is looked for at the start of the data.
const SEARCHED: u64 = 1024 * 1024;
/// A list of modules is rarely longer, and the settings come after it.
const MOST_BYTES: u64 = 4 * 1024 * 1024;
/// Settings that name a level of the processor, `GOAMD64=v3`.
const LEVELS: &[&str] = &[
    "GO386",
    "GOAMD64",
    "GOARM",
    "GOARM64",
    "GOMIPS",
    "GOMIPS64",
    "GOPPC64",
    "GORISCV64",
];

pub(super) fn build(
    sections: &Sections,
    segments: &[Segment],
    file: &mut FileBytes<'_>,
) -> Option<GoBuild> {
    let start = match sections.go_build {
        Some(part) => part.offset,
        None if sections.are_there => return None,
        None => {
            let data = segments
                .iter()
                .find(|segment| segment.kind == LOAD && segment.is_writable())?;
            let end = data.range().end.min(data.offset.saturating_add(SEARCHED));
            file.find(data.offset..end, &memmem::Finder::new(MAGIC))?
        }
    };
    let header = file.get(start, 16)?;
    if !header.starts_with(MAGIC) {
        return None;
    }
    if header.get(15)? & INLINE == 0 {
        // Go 1.17 and older: there are no settings.
        return Some(GoBuild::default());
    }
    let mut at = start.checked_add(HEADER)?;
    let version = length(&mut at, file)?;
    at = at.checked_add(version)?;
    let modules = length(&mut at, file)?.min(MOST_BYTES);
    Some(settings(at, at.checked_add(modules)?, file))
}

/// A length in Go's variable-length form; `at` moves behind it.
fn length(at: &mut u64, file: &mut FileBytes<'_>) -> Option<u64> {
    let mut value = 0u64;
    for (shift, byte) in (0..63).step_by(7).zip(file.up_to(*at, 9)?) {
        *at = at.checked_add(1)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Reads `build\tGOARCH=arm64` and the like, line by line.
fn settings(mut at: u64, end: u64, file: &mut FileBytes<'_>) -> GoBuild {
    let mut found = GoBuild::default();
    let setting = memmem::Finder::new(b"\nbuild\tGO");
    while let Some(line) = file.find(at..end, &setting) {
        at = line.saturating_add(1);
        let most = usize::try_from(end - at).map_or(WINDOW, |rest| rest.min(256));
        let bytes = file.up_to(at, most).unwrap_or_default();
        let line = bytes.split(|byte| *byte == b'\n').next();
        let text = String::from_utf8_lossy(line.unwrap_or_default());
        let Some((name, value)) = text
            .strip_prefix("build\t")
            .and_then(|text| text.split_once('='))
        else {
            continue;
        };
        if name == "GOARCH" {
            found.goarch = Some(value.to_owned());
        } else if LEVELS.contains(&name) {
            found.level = Some((name.to_owned(), value.to_owned()));
        }
    }
    found
}
