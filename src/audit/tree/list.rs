//! An index and the indexes within it, as one flat list.

use std::collections::HashSet;

use super::read::Reader;
use super::{IndexDocument, Trouble, WrittenPlatform};
use crate::image::{Descriptor, Digest, Document, Index, Platform};

/// How deep indexes may stand in each other. Real ones stand two deep.
const DEEPEST: usize = 4;
/// How much indexes may list in all. The longest known ones list some dozens.
const MOST_ENTRIES: usize = 1000;

/// Something that an index lists and that is no index.
pub(super) struct Listed {
    pub(super) descriptor: Descriptor,
    pub(super) written: Option<WrittenPlatform>,
    /// The descriptor's, else an enclosing index's.
    pub(super) platform: Option<Platform>,
}

/// All that the indexes list.
#[derive(Default)]
pub(super) struct List {
    pub(super) listed: Vec<Listed>,
    pub(super) indexes: Vec<IndexDocument>,
    pub(super) broken: Vec<(Descriptor, Trouble)>,
}

/// An entry that has not been looked at, and how many indexes it stands in.
struct Open {
    listed: Listed,
    depth: usize,
}

/// Reads all nested indexes. The same child listed twice for the same platform is
/// one child.
pub(super) async fn flatten(
    reader: &Reader<'_>,
    root: &Descriptor,
    bytes: Vec<u8>,
    index: Index,
) -> List {
    let mut list = List::default();
    let mut seen: HashSet<(Digest, Option<Platform>)> = HashSet::new();
    // The next entry is the last one: a stack keeps the order of the document.
    let mut open = Vec::new();
    push(&mut open, &bytes, index, None, 1);
    list.indexes.push(IndexDocument {
        digest: root.digest.clone(),
        listed_as: None,
        bytes,
    });
    while let Some(Open { listed, depth }) = open.pop() {
        let is_new = seen.insert((listed.descriptor.digest.clone(), listed.platform.clone()));
        if !is_new {
            continue;
        }
        if seen.len() > MOST_ENTRIES {
            let why = format!(
                "it lists more than {MOST_ENTRIES} entries; those after them were not looked at"
            );
            list.broken.push((root.clone(), Trouble::Invalid(why)));
            break;
        }
        if !listed.descriptor.is_index() {
            list.listed.push(listed);
            continue;
        }
        match nested(reader, &listed.descriptor, depth).await {
            Ok((bytes, index)) => {
                push(
                    &mut open,
                    &bytes,
                    index,
                    listed.platform.as_ref(),
                    depth + 1,
                );
                list.indexes.push(IndexDocument {
                    digest: listed.descriptor.digest,
                    listed_as: Some(listed.descriptor.media_type),
                    bytes,
                });
            }
            Err(trouble) => list.broken.push((listed.descriptor, trouble)),
        }
    }
    list
}

fn push(
    open: &mut Vec<Open>,
    bytes: &[u8],
    index: Index,
    inherited: Option<&Platform>,
    depth: usize,
) {
    let mut written = WrittenPlatform::of_index(bytes);
    written.resize(index.manifests.len(), None);
    for (descriptor, written) in index.manifests.into_iter().zip(written).rev() {
        let platform = descriptor.platform.as_ref().or(inherited).cloned();
        open.push(Open {
            listed: Listed {
                descriptor,
                written,
                platform,
            },
            depth,
        });
    }
}

async fn nested(
    reader: &Reader<'_>,
    descriptor: &Descriptor,
    depth: usize,
) -> Result<(Vec<u8>, Index), Trouble> {
    if depth >= DEEPEST {
        return Err(Trouble::Invalid(format!(
            "indexes stand more than {DEEPEST} deep in each other"
        )));
    }
    let bytes = reader.document(descriptor).await?;
    match Document::parse(&bytes) {
        Ok(Document::Index(index)) => Ok((bytes, index)),
        Ok(Document::Manifest(_)) => Err(Trouble::Invalid(
            "it is a manifest, listed as an index".to_owned(),
        )),
        Err(why) => Err(Trouble::Invalid(why.to_string())),
    }
}
