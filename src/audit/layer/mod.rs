//! What is kept of one layer.
//!
//! [`read`] walks a blob's archive once; [`cache`] keeps the result for the next
//! audit of the same bytes.

pub mod cache;
mod error;
mod facts;
mod limits;
mod read;

use serde::{Deserialize, Serialize};

use super::file::FileFacts;

pub use error::{LayerError, LayerFault};
pub use facts::{IntoEntries, LayerFacts, Unexamined};
pub use limits::Limits;
pub use read::{Reading, read};

/// One entry of a layer's archive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerEntry {
    /// Its path, without a leading slash, `.` and `..` resolved: it never leaves the root.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits, set-user-id and the like.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes.
    pub size: u64,
    /// What its bytes say.
    pub facts: Option<FileFacts>,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryKind {
    /// A file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link to this, as it is written.
    Symlink(String),
    /// Another name of this path, which is written like [`LayerEntry::path`].
    HardLink(String),
    /// A device, a pipe, a socket.
    Special,
    /// `.wh.NAME`: removes `path` of the layers below (OCI image specification, `layer.md`).
    Whiteout,
    /// `.wh..wh..opq`: hides what the layers below have in the folder `path`.
    Opaque,
}
