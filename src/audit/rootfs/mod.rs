//! The files of a variant: its layers laid over one another.

mod apply;
#[cfg(test)]
mod tests;
mod tree;
mod walk;

use std::fmt;
use std::sync::OnceLock;

use super::file::FileFacts;
use super::layer::LayerFacts;
use tree::{Kind, NodeId, ROOT, Tree};

/// A root file system, without the files' bytes.
#[derive(Debug, Default)]
pub struct Rootfs {
    tree: Tree,
    /// How many layers were laid on.
    rounds: u32,
    /// All nodes in the order of their paths, once somebody asked.
    order: OnceLock<Vec<NodeId>>,
    refused: Vec<RefusedEntry>,
    refused_count: u64,
}

/// An entry that Docker refuses when it unpacks the layer, and with it the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedEntry {
    /// The layer that has it, from 0.
    pub layer: usize,
    /// Its path in the archive.
    pub path: String,
    /// What is wrong with it.
    pub why: String,
}

/// A file of it: regular, or another name of one.
#[derive(Clone, Copy)]
pub struct FileRef<'a> {
    rootfs: &'a Rootfs,
    id: NodeId,
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
    /// How many of [`Rootfs::refused`] are kept.
    const REFUSED_SHOWN: usize = 20;

    /// Lays a layer over what is there: whiteouts and opaque folders first.
    pub fn apply(&mut self, layer: usize, facts: LayerFacts) {
        apply::apply(self, layer, facts, apply::MOST_STEPS);
    }

    /// The first of the entries that engines refuse. They are left out, but for hard
    /// links to files of lower layers, which some engines take.
    pub fn refused(&self) -> &[RefusedEntry] {
        &self.refused
    }

    /// How many there are of them.
    pub fn refused_count(&self) -> u64 {
        self.refused_count
    }

    /// What stands at a path, all symbolic links followed inside this root as the
    /// kernel would. `path` is absolute, or relative to `/`.
    pub fn resolve(&self, path: &str) -> Result<FileRef<'_>, Nowhere> {
        let id = walk::walk(&self.tree, path, true)?;
        Ok(FileRef { rootfs: self, id })
    }

    /// The same without following the last part.
    pub fn entry(&self, path: &str) -> Option<FileRef<'_>> {
        let id = walk::walk(&self.tree, path, false).ok()?;
        Some(FileRef { rootfs: self, id })
    }

    /// The names in a folder, links on the way followed; empty where there is none.
    pub fn list(&self, folder: &str) -> Vec<FileRef<'_>> {
        let Ok(folder) = self.resolve(folder) else {
            return Vec::new();
        };
        let children = self.tree.sorted_children(folder.id);
        let file = |id| FileRef { rootfs: self, id };
        children.into_iter().map(file).collect()
    }

    /// Every regular file, parents before children, names in order.
    pub fn files(&self) -> impl Iterator<Item = FileRef<'_>> {
        self.nodes().filter(|node| node.kind() == NodeKind::File)
    }

    /// Everything but the root itself: folders, links and special files too.
    pub fn nodes(&self) -> impl Iterator<Item = FileRef<'_>> {
        let order = self.order.get_or_init(|| self.ordered());
        order.iter().map(|id| FileRef {
            rootfs: self,
            id: *id,
        })
    }

    fn ordered(&self) -> Vec<NodeId> {
        let mut order = Vec::new();
        // The last comes first.
        let mut waiting = vec![ROOT];
        while let Some(id) = waiting.pop() {
            if id != ROOT {
                order.push(id);
            }
            if self.tree.node(id).kind == Kind::Directory {
                waiting.extend(self.tree.sorted_children(id).into_iter().rev());
            }
        }
        order
    }
}

/// A node's path from the root.
fn absolute(tree: &Tree, id: NodeId) -> String {
    let mut names = Vec::new();
    let mut at = id;
    while at != ROOT {
        names.push(tree.name(at));
        at = tree.parent(at);
    }
    let length = names.iter().map(|name| name.len() + 1).sum();
    let mut path = String::with_capacity(length);
    for name in names.into_iter().rev() {
        path.push('/');
        path.push_str(name);
    }
    if path.is_empty() {
        path.push('/');
    }
    path
}

impl<'a> FileRef<'a> {
    fn node(&self) -> &'a tree::Node {
        self.rootfs.tree.node(self.id)
    }

    /// Its real path, absolute.
    pub fn path(&self) -> String {
        absolute(&self.rootfs.tree, self.id)
    }

    /// Its name; the root's is empty.
    pub fn name(&self) -> &'a str {
        self.rootfs.tree.name(self.id)
    }

    /// What it is.
    pub fn kind(&self) -> NodeKind<'a> {
        match self.node().kind {
            Kind::File => NodeKind::File,
            Kind::Directory => NodeKind::Directory,
            Kind::Symlink(start, length) => NodeKind::Symlink(self.rootfs.tree.text(start, length)),
            Kind::Special | Kind::Pending | Kind::Gone => NodeKind::Special,
        }
    }

    /// Permission bits.
    pub fn mode(&self) -> u32 {
        self.node().mode.into()
    }

    /// Whether anyone may execute it.
    pub fn is_executable(&self) -> bool {
        self.mode() & 0o111 != 0
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.node().size
    }

    /// The layer that brought it, from 0.
    pub fn layer(&self) -> usize {
        self.node().layer.into()
    }

    /// What its bytes say.
    pub fn facts(&self) -> Option<&'a FileFacts> {
        self.rootfs.tree.facts(self.id)
    }
}

impl fmt::Debug for FileRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.path(), self.kind())
    }
}
