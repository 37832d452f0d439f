//! The files of a variant: its layers laid over one another.

use super::file::FileFacts;
use super::layer::LayerFacts;

/// A root file system, without the files' bytes.
#[derive(Debug, Default)]
pub struct Rootfs {}

/// A file of it: regular, or another name of one.
#[derive(Clone, Copy, Debug)]
pub struct FileRef<'a> {
    rootfs: &'a Rootfs,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind<'a> {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link to this.
    Symlink(&'a str),
    /// A device, a pipe, a socket.
    Special,
}

/// Why a path leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Nowhere {
    /// This part of it does not exist.
    #[error("{0} does not exist")]
    Missing(String),
    /// Its symbolic links go round in circles.
    #[error("its symbolic links go round in circles")]
    Loop,
    /// This part of it is no folder.
    #[error("{0} is no folder")]
    NotADirectory(String),
}

impl Rootfs {
    /// Lays a layer over what is there: whiteouts and opaque folders first.
    pub fn apply(&mut self, layer: usize, facts: LayerFacts) {
        let _ = (layer, facts);
    }

    /// What stands at a path, all symbolic links followed inside this root as the
    /// kernel would. `path` is absolute, or relative to `/`.
    pub fn resolve(&self, path: &str) -> Result<FileRef<'_>, Nowhere> {
        Err(Nowhere::Missing(path.to_owned()))
    }

    /// The same without following the last part.
    pub fn entry(&self, path: &str) -> Option<FileRef<'_>> {
        let _ = path;
        None
    }

    /// The names in a folder, links on the way followed; empty where there is none.
    pub fn list(&self, folder: &str) -> Vec<FileRef<'_>> {
        let _ = folder;
        Vec::new()
    }

    /// Every regular file, parents before children, names in order.
    pub fn files(&self) -> impl Iterator<Item = FileRef<'_>> {
        std::iter::empty()
    }

    /// Everything: folders, links and special files too.
    pub fn nodes(&self) -> impl Iterator<Item = FileRef<'_>> {
        std::iter::empty()
    }
}

impl<'a> FileRef<'a> {
    /// Its real path, absolute.
    pub fn path(&self) -> String {
        let _ = self.rootfs;
        String::new()
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        ""
    }

    /// What it is.
    pub fn kind(&self) -> NodeKind<'a> {
        NodeKind::File
    }

    /// Permission bits.
    pub fn mode(&self) -> u32 {
        0
    }

    /// Whether anyone may execute it.
    pub fn is_executable(&self) -> bool {
        self.mode() & 0o111 != 0
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        0
    }

    /// The layer that brought it, from 0.
    pub fn layer(&self) -> usize {
        0
    }

    /// What its bytes say.
    pub fn facts(&self) -> Option<&'a FileFacts> {
        None
    }
}
