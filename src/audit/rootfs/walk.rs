//! Paths, as the kernel walks them within a root.

use std::borrow::Cow;

use super::tree::{Kind, NodeId, ROOT, Tree};
use super::{Nowhere, absolute};

/// Links that the kernel follows in one path (`path_resolution(7)`).
pub(super) const MAX_LINKS: usize = 40;

/// The parts of a path that are still to be walked; a link's target goes in front.
pub(super) struct Parts<'p> {
    text: Cow<'p, str>,
    at: usize,
    links: usize,
}

impl<'p> Parts<'p> {
    pub(super) fn new(path: &'p str) -> Self {
        Self {
            text: Cow::Borrowed(path),
            at: 0,
            links: 0,
        }
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next part, and whether it is the last: nothing, not even a slash, follows.
    pub(super) fn next(&mut self) -> Option<(&str, bool)> {
        let rest = self.rest();
        let start = self.at + (rest.len() - rest.trim_start_matches('/').len());
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let end = start + memchr::memchr(b'/', rest.as_bytes()).unwrap_or(rest.len());
        self.at = end;
        Some((self.text.get(start..end)?, end == self.text.len()))
    }

    /// Puts a link's target before what is left; `false` where it is one too many.
    pub(super) fn follow(&mut self, target: &str) -> bool {
        self.links += 1;
        if self.links > MAX_LINKS {
            return false;
        }
        self.text = Cow::Owned(format!("{target}{}", self.rest()));
        self.at = 0;
        true
    }
}

/// Where a path leads; `follow_last`: also where it ends in a link.
pub(super) fn walk(tree: &Tree, path: &str, follow_last: bool) -> Result<NodeId, Nowhere> {
    let mut parts = Parts::new(path);
    let mut at = ROOT;
    while let Some((part, is_last)) = parts.next() {
        if tree.node(at).kind != Kind::Directory {
            return Err(Nowhere::NotADirectory(absolute(tree, at)));
        }
        let next = match part {
            "." => at,
            ".." => tree.parent(at),
            name => match tree.child(at, name) {
                Some(child) => child,
                None => {
                    let folder = absolute(tree, at);
                    let folder = folder.trim_end_matches('/');
                    return Err(Nowhere::Missing(format!("{folder}/{name}")));
                }
            },
        };
        let Kind::Symlink(start, length) = tree.node(next).kind else {
            at = next;
            continue;
        };
        if is_last && !follow_last {
            return Ok(next);
        }
        let target = tree.text(start, length);
        if target.is_empty() {
            return Err(Nowhere::Missing(absolute(tree, next)));
        }
        if !parts.follow(target) {
            return Err(Nowhere::Loop);
        }
        if target.starts_with('/') {
            at = ROOT;
        }
    }
    // A slash at the end asks for a folder, also where a link's target has it.
    if parts.text.ends_with('/') && tree.node(at).kind != Kind::Directory {
        return Err(Nowhere::NotADirectory(absolute(tree, at)));
    }
    Ok(at)
}
