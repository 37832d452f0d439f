//! One entry of `files:`.

use super::super::{FileExpectation, FileKind, units};
use super::Decoder;
use crate::diagnostic::{Diagnostic, code};
use crate::yaml::{Kind, Node};

/// What makes no sense of a file that must not be there.
const NEEDS_FILE: [&str; 11] = [
    "type",
    "mode",
    "owner",
    "size",
    "sha256",
    "equals",
    "contains",
    "not_contains",
    "matches",
    "json",
    "empty",
];

impl Decoder<'_> {
    pub(super) fn file(&mut self, node: &Node) -> Option<FileExpectation> {
        let mut map = self.map(node, "a file")?;
        let path = map
            .require(self, "path", "write `path: /app/dist/cli.js`")
            .and_then(|node| self.absolute_path(node));
        let exists = self.optional(map.take("exists"), Self::boolean);
        let absent = self.optional(map.take("absent"), Self::boolean);
        let kind = self.optional(map.take("type"), |decoder, node| {
            decoder.word(
                node,
                &[
                    ("file", FileKind::File),
                    ("directory", FileKind::Directory),
                    ("symlink", FileKind::Symlink),
                ],
            )
        });
        let mode = self.optional(map.take("mode"), Self::mode);
        let owner = self.optional(map.take("owner"), Self::owner);
        let size = self.optional(map.take("size"), Self::size_bounds);
        let sha256 = self.optional(map.take("sha256"), Self::sha256);
        let content = self.inline_text(&mut map);

        if map.key_span("exists").is_some() {
            self.conflict(
                &map,
                "exists",
                "absent",
                "each is the other's opposite: keep one",
            );
        }
        let is_there = exists.flatten().unwrap_or(true) && !absent.flatten().unwrap_or(false);
        if !is_there {
            let denial = if absent.is_some_and(|absent| absent.is_some()) {
                "absent"
            } else {
                "exists"
            };
            for key in NEEDS_FILE {
                self.conflict(
                    &map,
                    denial,
                    key,
                    "of a file that is not there nothing else can be demanded",
                );
            }
        }
        map.finish(self);
        exists?;
        absent?;
        Some(FileExpectation {
            line: self.line(node),
            path: path?,
            exists: is_there,
            kind: kind?,
            mode: mode?,
            owner: owner?,
            size: size?,
            sha256: sha256?,
            content: content?,
        })
    }

    fn mode(&mut self, node: &Node) -> Option<u32> {
        let text = self.text(node)?;
        match units::mode(&text) {
            Ok(mode) => Some(mode),
            Err(what) => {
                self.bad(
                    code::BAD_MODE,
                    node,
                    what,
                    "write it in octal, as in `\"0755\"`",
                );
                None
            }
        }
    }

    fn owner(&mut self, node: &Node) -> Option<(u64, Option<u64>)> {
        let text = self.text(node)?;
        let owner = units::owner(&text);
        if owner.is_none() {
            self.bad(
                code::BAD_OWNER,
                node,
                "is no owner",
                "write ids, as in `1000` or `1000:1000`: names differ between images (root is 0)",
            );
        }
        owner
    }

    fn sha256(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        let digest = units::sha256(&text);
        if digest.is_none() {
            self.bad(
                code::BAD_SHA256,
                node,
                "is no sha256",
                "write its 64 hexadecimal digits, as `sha256sum` prints them",
            );
        }
        digest
    }

    /// `10K`, or `{ min: 1, max: 10K }`.
    fn size_bounds(&mut self, node: &Node) -> Option<(u64, u64)> {
        let Kind::Map(_) = &node.kind else {
            return self.size(node).map(|size| (size, size));
        };
        let mut map = self.map(node, "`size`")?;
        let is_empty = map.is_empty();
        let min = self.optional(map.take("min"), Self::size);
        let max = self.optional(map.take("max"), Self::size);
        if is_empty {
            self.mistake(
                code::EMPTY_VALUE,
                &node.span,
                "`size` needs `min`, `max` or both",
                "nothing in it",
                None,
            );
        }
        let bounds = (min?.unwrap_or(0), max?.unwrap_or(u64::MAX));
        if bounds.0 > bounds.1
            && let (Some(low), Some(high)) = (map.key_span("min"), map.key_span("max"))
        {
            self.report(
                Diagnostic::new(
                    code::BAD_SIZE,
                    high,
                    "no size lies between these bounds",
                    "smaller than `min`",
                )
                .also(low, "the lower bound"),
            );
            return None;
        }
        map.finish(self);
        (!is_empty).then_some(bounds)
    }

    fn size(&mut self, node: &Node) -> Option<u64> {
        let text = self.text(node)?;
        match units::size(&text) {
            Ok(size) => Some(size),
            Err(what) => {
                self.bad(
                    code::BAD_SIZE,
                    node,
                    what,
                    "write bytes, as in `512`, `10K` or `2M`",
                );
                None
            }
        }
    }

    fn bad(&mut self, code: &'static str, node: &Node, what: &str, hint: &'static str) {
        let written = node.scalar().map_or("", |scalar| scalar.text.as_str());
        self.mistake(code, &node.span, format!("`{written}` {what}"), what, hint);
    }
}
