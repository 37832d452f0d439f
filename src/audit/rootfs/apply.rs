//! Lays a layer on what is there (OCI image specification, `layer.md`).
//!
//! Where the specification leaves room, this does what Docker (overlay2) and
//! containerd (overlayfs) do: they unpack each layer into a folder of its own, and the
//! kernel lays the folders over one another. So links are followed on the way to an
//! entry only where this very layer has them. A folder that is needed and not in the
//! layer is made – also where the layers below have a link of that name, which is
//! hidden by it: a layer with `lib/x` and no `lib` takes a merged `/usr` its `/lib`.
//!
//! Where a layer has a whiteout and a folder of one name, they disagree: the file
//! system overlay shows what is below again, others do not. The specification does
//! not, and is followed.

use super::tree::{Full, Kind, Node, NodeId, ROOT, Tree};
use super::walk::{Parts, walk};
use super::{RefusedEntry, Rootfs};
use crate::audit::layer::{EntryKind, LayerEntry, LayerFacts};

/// The mode of folders that no entry describes.
const IMPLIED_MODE: u16 = 0o755;
/// Parts of paths that are walked for one layer. Two million entries, each a hundred
/// folders deep, have as many; forty links, each to a path of a thousand parts, make
/// more of a single entry.
pub(super) const MOST_STEPS: u64 = 200_000_000;

/// One round: a layer that is being laid on.
struct Round<'r> {
    rootfs: &'r mut Rootfs,
    number: u32,
    layer: u16,
    /// Parts of paths that may still be walked.
    steps_left: u64,
    /// Hard links whose targets this layer does not have.
    pending: Vec<(NodeId, String, String)>,
}

/// Why an entry is left out.
struct Refused(String);

impl From<Full> for Refused {
    fn from(_: Full) -> Self {
        Self("the image has more files than there is room for".to_owned())
    }
}

/// See [`Rootfs::apply`]. `steps` is how many parts of paths may be walked.
pub(super) fn apply(rootfs: &mut Rootfs, layer: usize, facts: LayerFacts, steps: u64) {
    rootfs.order.take();
    rootfs.rounds = rootfs.rounds.saturating_add(1);
    let mut round = Round {
        number: rootfs.rounds,
        layer: u16::try_from(layer).unwrap_or(u16::MAX),
        rootfs,
        steps_left: steps,
        pending: Vec::new(),
    };
    let number = round.number;
    if let Some(root) = round.tree().node_mut(ROOT) {
        root.round = number;
    }
    // They speak of the layers below, wherever in the archive they stand.
    for (path, kind) in facts.removals() {
        let outcome = round.remove(&path, &kind);
        round.note(path, outcome);
    }
    for entry in facts {
        if !matches!(entry.kind, EntryKind::Whiteout | EntryKind::Opaque) {
            let path = entry.path.clone();
            let outcome = round.put(entry);
            round.note(path, outcome);
        }
    }
    round.finish();
}

impl Round<'_> {
    fn tree(&mut self) -> &mut Tree {
        &mut self.rootfs.tree
    }

    fn note(&mut self, path: String, outcome: Result<(), Refused>) {
        if let Err(Refused(why)) = outcome {
            let layer = self.layer.into();
            self.rootfs.refused_count = self.rootfs.refused_count.saturating_add(1);
            if self.rootfs.refused.len() < Rootfs::REFUSED_SHOWN {
                self.rootfs.refused.push(RefusedEntry { layer, path, why });
            }
        }
    }

    /// One more part of a path.
    fn step(&mut self) -> Result<(), Refused> {
        match self.steps_left.checked_sub(1) {
            Some(left) => {
                self.steps_left = left;
                Ok(())
            }
            None => Err(Refused(
                "the paths of its layer lead through more folders and links than any image's"
                    .to_owned(),
            )),
        }
    }

    /// Whether this layer has it.
    fn has(&self, id: NodeId) -> bool {
        self.rootfs.tree.node(id).round == self.number
    }

    fn remove(&mut self, path: &str, kind: &EntryKind) -> Result<(), Refused> {
        if *kind == EntryKind::Opaque {
            let folder = self.folder(path)?;
            self.hide(folder);
            return Ok(());
        }
        let (folder, name) = split(path);
        let folder = self.folder(folder)?;
        let Some(child) = self.tree().child(folder, name) else {
            return Ok(());
        };
        let (is_ours, number, layer) = (self.has(child), self.number, self.layer);
        if is_ours {
            // Another whiteout is in it: a folder anew, with nothing from below.
            self.hide(child);
        }
        if let Some(node) = self.tree().node_mut(child) {
            if is_ours {
                node.layer = layer;
                node.mode = IMPLIED_MODE;
                node.round = number;
            } else {
                node.kind = Kind::Gone;
            }
        }
        Ok(())
    }

    /// Takes away what the layers below have in a folder.
    fn hide(&mut self, folder: NodeId) {
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            let number = self.number;
            match self.tree().node_mut(folder) {
                Some(node) if node.hidden != number => node.hidden = number,
                _ => continue,
            }
            let children: Vec<NodeId> = self.tree().children(folder).collect();
            for child in children {
                if self.has(child) {
                    folders.push(child);
                } else if let Some(node) = self.tree().node_mut(child) {
                    node.kind = Kind::Gone;
                }
            }
        }
    }

    /// The folder of an entry: made where it is not there.
    fn folder(&mut self, path: &str) -> Result<NodeId, Refused> {
        let mut parts = Parts::new(path);
        let mut at = ROOT;
        while let Some((part, _)) = parts.next() {
            self.step()?;
            let tree = &mut self.rootfs.tree;
            at = match part {
                "." => at,
                ".." => tree.parent(at),
                name => match tree.child(at, name) {
                    Some(child) if tree.node(child).round == self.number => {
                        match tree.node(child).kind {
                            Kind::Directory => child,
                            Kind::Symlink(start, length) => {
                                let target = tree.text(start, length);
                                if !parts.follow(target) {
                                    return Err(Refused(
                                        "the links on the way to it go round in circles".to_owned(),
                                    ));
                                }
                                if target.starts_with('/') { ROOT } else { at }
                            }
                            _ => {
                                return Err(Refused(format!(
                                    "`{name}` is no folder in the same layer"
                                )));
                            }
                        }
                    }
                    Some(child) if tree.node(child).kind == Kind::Directory => {
                        if let Some(node) = tree.node_mut(child) {
                            node.round = self.number;
                        }
                        child
                    }
                    _ => {
                        let id = tree.renew(at, name)?;
                        if let Some(node) = tree.node_mut(id) {
                            node.kind = Kind::Directory;
                            node.mode = IMPLIED_MODE;
                            node.layer = self.layer;
                            node.round = self.number;
                            node.hidden = self.number;
                        }
                        id
                    }
                },
            };
        }
        Ok(at)
    }

    fn put(&mut self, entry: LayerEntry) -> Result<(), Refused> {
        let (folder, name) = split(&entry.path);
        if name.is_empty() {
            return Ok(());
        }
        let folder = self.folder(folder)?;
        let mode = (entry.mode & 0o7777) as u16;
        let (number, layer) = (self.number, self.layer);
        let tree = self.tree();

        if entry.kind == EntryKind::Directory
            && let Some(child) = tree.child(folder, name)
            && let Some(node) = tree.node_mut(child)
            && node.kind == Kind::Directory
        {
            node.mode = mode;
            node.round = number;
            return Ok(());
        }

        let linked = match &entry.kind {
            EntryKind::HardLink(target) => self.own(target)?,
            _ => None,
        };
        let tree = self.tree();
        let kind = match &entry.kind {
            EntryKind::File => Kind::File,
            EntryKind::Directory => Kind::Directory,
            EntryKind::Symlink(target) => {
                let (start, length) = tree.keep(target)?;
                Kind::Symlink(start, length)
            }
            EntryKind::HardLink(_) => linked.map_or(Kind::Pending, |node| node.kind),
            EntryKind::Special | EntryKind::Whiteout | EntryKind::Opaque => Kind::Special,
        };
        let facts = match entry.facts {
            Some(facts) => tree.keep_facts(facts),
            None => linked.and_then(|node| node.facts),
        };
        let id = tree.renew(folder, name)?;
        if let Some(node) = tree.node_mut(id) {
            node.kind = kind;
            node.mode = linked.map_or(mode, |linked| linked.mode);
            node.size = linked.map_or(entry.size, |linked| linked.size);
            node.facts = facts;
            node.layer = layer;
            node.round = number;
            node.hidden = number;
        }
        if kind == Kind::Pending
            && let EntryKind::HardLink(target) = entry.kind
        {
            self.pending.push((id, entry.path, target));
        }
        Ok(())
    }

    /// What this layer has at a hard link's target; a link there is not followed.
    fn own(&mut self, target: &str) -> Result<Option<Node>, Refused> {
        let mut parts = Parts::new(target);
        let mut at = ROOT;
        while let Some((part, is_last)) = parts.next() {
            self.step()?;
            let tree = &self.rootfs.tree;
            let next = match part {
                "." => at,
                ".." => tree.parent(at),
                name => match tree.child(at, name) {
                    Some(child) if tree.node(child).round == self.number => child,
                    _ => return Ok(None),
                },
            };
            match tree.node(next).kind {
                Kind::Symlink(start, length) if !is_last => {
                    let target = tree.text(start, length);
                    if !parts.follow(target) {
                        return Ok(None);
                    }
                    if target.starts_with('/') {
                        at = ROOT;
                    }
                }
                _ => at = next,
            }
        }
        let node = *self.rootfs.tree.node(at);
        match node.kind {
            Kind::Directory => Err(Refused(format!("its target `{target}` is a folder"))),
            Kind::Pending | Kind::Gone => Ok(None),
            Kind::File | Kind::Symlink(..) | Kind::Special => Ok(Some(node)),
        }
    }

    /// Hard links to what the layers below have. Docker refuses them; engines that
    /// unpack one layer into the other do not, and so they are there.
    fn finish(&mut self) {
        for (id, path, target) in std::mem::take(&mut self.pending) {
            let tree = &self.rootfs.tree;
            if tree.node(id).kind != Kind::Pending {
                continue;
            }
            let found = walk(tree, &target, false).map(|target| *tree.node(target));
            let linked = found
                .ok()
                .filter(|node| matches!(node.kind, Kind::File | Kind::Symlink(..) | Kind::Special));
            if let Some(node) = self.tree().node_mut(id) {
                node.kind = linked.map_or(Kind::Gone, |linked| linked.kind);
                if let Some(linked) = linked {
                    node.mode = linked.mode;
                    node.size = linked.size;
                    node.facts = linked.facts;
                }
            }
            let why = match linked {
                Some(_) => "which is in a layer below",
                None => "which is no file",
            };
            let why = format!("it is a hard link to `{target}`, {why}");
            self.note(path, Err(Refused(why)));
        }
    }
}

/// A path's folder and its last part.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}
