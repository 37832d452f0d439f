//! A tree of names, kept small: a root file system may have a million of them.
//!
//! A node knows its parent, its first child and its next sibling; names stand in one
//! text; an index finds the child of a folder by its name. Some 70 bytes a node.

use std::hash::{BuildHasher, Hasher, RandomState};

use crate::audit::file::FileFacts;

/// A node's number.
pub(super) type NodeId = u32;

/// The root's number.
pub(super) const ROOT: NodeId = 0;
/// No node.
const NONE: NodeId = NodeId::MAX;
/// A bound for images made to fill memory.
const MAX_NODES: usize = 8_000_000;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    /// `start` and `length` of its target.
    Symlink(u32, u32),
    Special,
    /// A hard link whose target is looked up when the whole layer is there.
    Pending,
    /// Nothing any more.
    Gone,
}

/// What stands at a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    parent: NodeId,
    first_child: NodeId,
    next_sibling: NodeId,
    name_start: u32,
    name_length: u16,
    /// The layer that brought it.
    pub(super) layer: u16,
    /// Permission bits.
    pub(super) mode: u16,
    /// What it is.
    pub(super) kind: Kind,
    /// Bytes of a file.
    pub(super) size: u64,
    /// Its facts' place.
    pub(super) facts: Option<std::num::NonZeroU32>,
    /// The last round of laying a layer on top that had it.
    pub(super) round: u32,
    /// The last round that hid all that was below it.
    pub(super) hidden: u32,
}

/// All nodes.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    texts: String,
    facts: Vec<FileFacts>,
    /// Node numbers by the hash of parent and name; a power of two of them.
    index: Vec<NodeId>,
    indexed: usize,
    hasher: RandomState,
}

/// There are more nodes than an image has.
#[derive(Debug)]
pub(super) struct Full;

impl Default for Tree {
    fn default() -> Self {
        let mut tree = Self {
            nodes: Vec::new(),
            texts: String::new(),
            facts: Vec::new(),
            index: vec![NONE; 64],
            indexed: 0,
            hasher: RandomState::new(),
        };
        tree.nodes.push(Node {
            kind: Kind::Directory,
            mode: 0o755,
            ..BLANK
        });
        tree
    }
}

const BLANK: Node = Node {
    parent: ROOT,
    first_child: NONE,
    next_sibling: NONE,
    name_start: 0,
    name_length: 0,
    layer: 0,
    mode: 0,
    kind: Kind::Gone,
    size: 0,
    facts: None,
    round: 0,
    hidden: 0,
};

impl Tree {
    /// A node; of a number that was never given out, nothing.
    pub(super) fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id as usize).unwrap_or(&BLANK)
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(id as usize)
    }

    pub(super) fn name(&self, id: NodeId) -> &str {
        let node = self.node(id);
        self.text(node.name_start, node.name_length.into())
    }

    /// A text that was kept.
    pub(super) fn text(&self, start: u32, length: u32) -> &str {
        let start = start as usize;
        self.texts
            .get(start..start.saturating_add(length as usize))
            .unwrap_or_default()
    }

    /// Keeps a text.
    pub(super) fn keep(&mut self, text: &str) -> Result<(u32, u32), Full> {
        let start = u32::try_from(self.texts.len()).map_err(|_| Full)?;
        let length = u32::try_from(text.len()).map_err(|_| Full)?;
        self.texts.push_str(text);
        Ok((start, length))
    }

    pub(super) fn keep_facts(&mut self, facts: FileFacts) -> Option<std::num::NonZeroU32> {
        self.facts.push(facts);
        u32::try_from(self.facts.len())
            .ok()
            .and_then(std::num::NonZeroU32::new)
    }

    pub(super) fn facts(&self, id: NodeId) -> Option<&FileFacts> {
        let place = self.node(id).facts?;
        self.facts.get(place.get() as usize - 1)
    }

    /// The folder it is in; the root is in itself.
    pub(super) fn parent(&self, id: NodeId) -> NodeId {
        self.node(id).parent
    }

    /// What a folder has of this name.
    pub(super) fn child(&self, folder: NodeId, name: &str) -> Option<NodeId> {
        let id = *self.index.get(self.slot(folder, name))?;
        (id != NONE && self.node(id).kind != Kind::Gone).then_some(id)
    }

    /// What a folder has, in no order.
    pub(super) fn children(&self, folder: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let mut next = self.node(folder).first_child;
        std::iter::from_fn(move || {
            loop {
                let id = next;
                if id == NONE {
                    return None;
                }
                let node = self.node(id);
                next = node.next_sibling;
                if node.kind != Kind::Gone {
                    return Some(id);
                }
            }
        })
    }

    /// What a folder has, by name.
    pub(super) fn sorted_children(&self, folder: NodeId) -> Vec<NodeId> {
        let mut children: Vec<NodeId> = self.children(folder).collect();
        children.sort_unstable_by(|one, other| self.name(*one).cmp(self.name(*other)));
        children
    }

    /// A fresh node of this name, `Kind::Gone` as yet. What was there is gone, with
    /// all that was in it.
    pub(super) fn renew(&mut self, folder: NodeId, name: &str) -> Result<NodeId, Full> {
        let slot = self.slot(folder, name);
        let old = self.index.get(slot).copied().filter(|id| *id != NONE);
        let blank = |before: &Node| Node {
            parent: before.parent,
            next_sibling: before.next_sibling,
            name_start: before.name_start,
            name_length: before.name_length,
            ..BLANK
        };
        if let Some(old) = old {
            if self.node(old).first_child == NONE {
                if let Some(node) = self.node_mut(old) {
                    *node = blank(node);
                }
                return Ok(old);
            }
            // Its children still name it as their parent.
            if let Some(node) = self.node_mut(old) {
                node.kind = Kind::Gone;
            }
        }
        if self.nodes.len() >= MAX_NODES {
            return Err(Full);
        }
        let id = NodeId::try_from(self.nodes.len()).map_err(|_| Full)?;
        let (name_start, name_length) = match old {
            Some(old) => (self.node(old).name_start, self.node(old).name_length),
            None => {
                let (start, length) = self.keep(name)?;
                (start, u16::try_from(length).map_err(|_| Full)?)
            }
        };
        self.nodes.push(Node {
            parent: folder,
            next_sibling: self.node(folder).first_child,
            name_start,
            name_length,
            ..BLANK
        });
        if let Some(folder) = self.node_mut(folder) {
            folder.first_child = id;
        }
        if let Some(place) = self.index.get_mut(slot) {
            *place = id;
        }
        if old.is_none() {
            self.indexed += 1;
            if self.indexed > self.index.len() / 4 * 3 {
                self.grow();
            }
        }
        Ok(id)
    }

    /// The place in the index of a folder's child: where it stands, or would.
    fn slot(&self, folder: NodeId, name: &str) -> usize {
        // The index has a power of two of places, and free ones among them.
        let mask = self.index.len() - 1;
        let mut slot = self.hash(folder, name) as usize & mask;
        loop {
            match self.index.get(slot) {
                Some(&id) if id != NONE => {
                    if self.node(id).parent == folder && self.name(id) == name {
                        return slot;
                    }
                }
                _ => return slot,
            }
            slot = (slot + 1) & mask;
        }
    }

    fn hash(&self, folder: NodeId, name: &str) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u32(folder);
        hasher.write(name.as_bytes());
        hasher.finish()
    }

    fn grow(&mut self) {
        let larger = vec![NONE; self.index.len() * 2];
        let mask = larger.len() - 1;
        let before = std::mem::replace(&mut self.index, larger);
        for id in before.into_iter().filter(|id| *id != NONE) {
            let mut slot = self.hash(self.parent(id), self.name(id)) as usize & mask;
            while self.index.get(slot).is_some_and(|other| *other != NONE) {
                slot = (slot + 1) & mask;
            }
            if let Some(place) = self.index.get_mut(slot) {
                *place = id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(tree: &mut Tree, folder: NodeId, name: &str) -> NodeId {
        let id = tree.renew(folder, name).expect("room");
        tree.node_mut(id).expect("a node").kind = Kind::Directory;
        id
    }

    #[test]
    fn a_thousand_names_are_found_again() {
        let mut tree = Tree::default();
        let folders: Vec<NodeId> = (0..10)
            .map(|number| add(&mut tree, ROOT, &format!("f{number}")))
            .collect();
        for number in 0..1000 {
            let folder = folders[number % 10];
            add(&mut tree, folder, &number.to_string());
        }
        for number in 0..1000 {
            let name = number.to_string();
            let id = tree.child(folders[number % 10], &name).expect("a child");
            assert_eq!(tree.name(id), name);
            assert_eq!(tree.child(folders[(number + 1) % 10], &name), None);
        }
        assert_eq!(tree.children(folders[3]).count(), 100);
    }

    #[test]
    fn what_was_in_a_folder_that_is_gone_does_not_come_back_with_its_name() {
        let mut tree = Tree::default();
        let folder = add(&mut tree, ROOT, "folder");
        add(&mut tree, folder, "inside");
        let again = add(&mut tree, ROOT, "folder");
        assert_eq!(tree.child(ROOT, "folder"), Some(again));
        assert_eq!(tree.child(again, "inside"), None);
        assert_eq!(tree.children(ROOT).collect::<Vec<_>>(), [again]);
    }

    #[test]
    fn a_node_is_small() {
        assert!(size_of::<Node>() <= 64, "{}", size_of::<Node>());
    }
}
