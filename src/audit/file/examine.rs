//! What is kept of one file: the place where its bytes are looked at.

use std::fs::File;
use std::io;

use super::FileFacts;

/// A file's bytes, as far as somebody asks for them.
pub trait Content {
    /// Its first bytes: at least the first 4096, or all where it has fewer.
    fn head(&mut self) -> &[u8];

    /// The whole file, for reading at any place.
    fn whole(&mut self) -> io::Result<Whole<'_>>;
}

/// A whole file.
#[derive(Debug)]
pub enum Whole<'a> {
    /// In memory: a small one.
    Bytes(&'a [u8]),
    /// On disk, at its beginning.
    File(&'a mut File),
}

/// What a rule needs of a file; `None` where no rule cares for it.
///
/// `path` is written like [`LayerEntry::path`](crate::audit::layer::LayerEntry::path).
pub fn examine(path: &str, mode: u32, size: u64, content: &mut dyn Content) -> Option<FileFacts> {
    let _ = (path, mode, size, content);
    None
}
