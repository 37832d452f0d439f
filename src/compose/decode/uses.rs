//! `secrets` and `configs` of a service.

use std::ops::Range;

use super::super::model::FileUse;
use super::Decoder;
use super::fields::Fields;
use crate::yaml::{Kind, Node};

/// A use and where it is written.
pub(in crate::compose) struct WrittenUse {
    pub(in crate::compose) file: FileUse,
    pub(in crate::compose) span: Range<usize>,
}

impl Decoder<'_> {
    /// `folder` is where a file is that is not said to be elsewhere: `/run/secrets/`.
    pub(super) fn file_uses(
        &mut self,
        node: &Node,
        what: &'static str,
        folder: &str,
    ) -> Option<Vec<WrittenUse>> {
        let all = self.list(node, |decoder, item| match item.kind {
            Kind::Map(_) => decoder.long_use(item, what, folder),
            _ => {
                let source = decoder.filled_text(item)?;
                Some(WrittenUse {
                    file: FileUse {
                        target: format!("{folder}{source}"),
                        source,
                        uid: None,
                        gid: None,
                        mode: None,
                    },
                    span: item.span.clone(),
                })
            }
        })?;
        // The last one at a place counts.
        let mut unique: Vec<WrittenUse> = Vec::new();
        for written in all {
            let target = &written.file.target;
            match unique.iter_mut().find(|known| known.file.target == *target) {
                Some(known) => *known = written,
                None => unique.push(written),
            }
        }
        Some(unique)
    }

    fn long_use(&mut self, node: &Node, what: &'static str, folder: &str) -> Option<WrittenUse> {
        let mut fields = Fields::of(self, node, what, &[])?;
        let source = fields.require(self, "source");
        let target = fields.take("target");
        let uid = fields.take("uid");
        let gid = fields.take("gid");
        let mode = fields.take("mode");
        fields.finish(self);
        let [uid, gid] = [uid, gid].map(|node| match node {
            Some(node) => self.u32(node).map(Some),
            None => Some(None),
        });
        let mode = match mode {
            Some(node) => self.mode(node).map(Some),
            None => Some(None),
        };
        let span = source?.span.clone();
        let source = self.filled_text(source?)?;
        let target = match target {
            Some(node) => {
                let target = self.filled_text(node)?;
                let target = match target.starts_with('/') {
                    true => target,
                    false => format!("{folder}{target}"),
                };
                self.absolute(&node.span, &target)?
            }
            None => format!("{folder}{source}"),
        };
        Some(WrittenUse {
            file: FileUse {
                source,
                target,
                uid: uid?,
                gid: gid?,
                mode: mode?,
            },
            span,
        })
    }
}
