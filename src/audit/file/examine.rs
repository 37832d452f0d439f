//! Decides which reader a file is for. Most files are for none, and of those no
//! more than the first bytes are looked at.

use std::fs::File;

use super::bytes::FileBytes;
use super::{
    FileFacts, apk, archive, dpkg, elf, foreign, loader_path, node_header, node_package, script,
    wheel,
};

/// A file's bytes, as its layer brings them.
pub trait Content {
    /// The first bytes: at least 4096, or all where there are fewer.
    fn head(&mut self) -> &[u8];

    /// The whole file. An error is for whoever implements this to report: it is
    /// the machine's fault or the layer's, and says nothing of the file.
    fn whole(&mut self) -> std::io::Result<Whole<'_>>;
}

/// A whole file, for reads in any order.
#[derive(Debug)]
pub enum Whole<'a> {
    /// It is in memory.
    Bytes(&'a [u8]),
    /// It was too large for that.
    File(&'a mut File),
}

/// Whether a path is one that a reader knows.
type Knows = fn(&str) -> bool;
/// Keeps of the file what a rule needs.
type Read = fn(&mut FileBytes<'_>) -> Option<FileFacts>;

/// The kinds of files that are known by their paths.
const KINDS: &[(Knows, Read)] = &[
    (node_package::is_one, node_package::read),
    (archive::is_one, archive::read),
    (wheel::is_one, wheel::read),
    (node_header::is_one, node_header::read),
    (
        loader_path::is_configuration,
        loader_path::read_configuration,
    ),
    (loader_path::is_musl, loader_path::read_musl),
    (dpkg::is_one, dpkg::read),
    (apk::is_one, apk::read),
];

/// Keeps of a file what a rule needs; `None` where that is nothing. `path` has no
/// leading slash.
pub fn examine(path: &str, mode: u32, size: u64, content: &mut dyn Content) -> Option<FileFacts> {
    if content.head().starts_with(b"\x7fELF") {
        let facts = match content.whole().and_then(FileBytes::new) {
            Ok(mut file) => elf::read(path, &mut file),
            Err(error) => elf::unreadable(content.head(), &error),
        };
        return Some(FileFacts::Elf(Box::new(facts)));
    }
    if let Some((_, read)) = KINDS.iter().find(|(knows, _)| knows(path)) {
        let mut file = content.whole().and_then(FileBytes::new).ok()?;
        return read(&mut file);
    }
    let is_executable = mode & 0o111 != 0;
    let is_library = is_library(path);
    let head = content.head();
    if is_executable || is_library {
        let found = foreign::recognise(path, size, head, is_library);
        if let Some(found) = found {
            return Some(FileFacts::NotElf(found));
        }
    }
    if is_library {
        return None;
    }
    script::read(head, is_executable).map(FileFacts::Script)
}

/// The last part of a path.
pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a path ends with these folders and a name, and not in the middle of one.
pub(super) fn ends_with_path(path: &str, end: &str) -> bool {
    path.strip_suffix(end)
        .is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// Whether a name says that something loads it: `x.node`, `x.so`, `x.so.1.2`.
pub(super) fn is_library(path: &str) -> bool {
    let name = name_of(path);
    if name.ends_with(".node") || name.ends_with(".so") {
        return true;
    }
    // `ld.so.conf` and `libx.so.1-gdb.py` are none.
    name.split_once(".so.").is_some_and(|(_, version)| {
        version
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    })
}
