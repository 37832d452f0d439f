//! An index and the indexes within it, as one flat list of images.

use std::collections::HashSet;

use crate::image::{Descriptor, Digest, Document, Index, Platform, VariantFault};

use super::super::connection::{Connection, Pointer};
use super::child::{manifest_fault, unknown_platform};

/// How deep indexes may stand in each other. Real ones stand two deep.
const DEEPEST: usize = 4;
/// How much indexes may list in all. The longest known ones list some dozens.
const MOST_ENTRIES: usize = 1000;

/// What an index lists.
pub(super) enum Entry {
    /// An image; its platform where the index states it.
    Image {
        descriptor: Descriptor,
        platform: Option<Platform>,
    },
    /// An index that could not be opened.
    Broken {
        platform: Platform,
        digest: Digest,
        fault: VariantFault,
    },
}

/// All images in their order. Attestations are left out; the same child listed
/// twice for the same platform is one child.
pub(super) async fn flatten(connection: &Connection, index: Index) -> Vec<Entry> {
    let mut flat = Vec::new();
    let mut seen: HashSet<(Digest, Option<Platform>)> = HashSet::new();
    // The next entry is the last one: a stack keeps the order of the document.
    let mut open: Vec<(Descriptor, usize)> = Vec::new();
    let push = |open: &mut Vec<_>, index: Index, inherited: Option<&Platform>, depth| {
        for mut descriptor in index.manifests.into_iter().rev() {
            if descriptor.platform.is_none() {
                descriptor.platform = inherited.cloned();
            }
            open.push((descriptor, depth));
        }
    };
    push(&mut open, index, None, 1);
    while let Some((descriptor, depth)) = open.pop() {
        let platform = descriptor.platform.clone();
        if descriptor.is_attestation()
            || !seen.insert((descriptor.digest.clone(), platform.clone()))
        {
            continue;
        }
        if seen.len() > MOST_ENTRIES {
            flat.push(Entry::Broken {
                platform: unknown_platform(),
                digest: descriptor.digest.clone(),
                fault: VariantFault::Invalid {
                    what: "entry",
                    digest: descriptor.digest,
                    why: format!(
                        "it stands behind {MOST_ENTRIES} others in the index, which were looked at and no more"
                    ),
                },
            });
            break;
        }
        if !descriptor.is_index() {
            flat.push(Entry::Image {
                descriptor,
                platform,
            });
            continue;
        }
        match nested(connection, &descriptor, depth).await {
            Ok(index) => push(&mut open, index, platform.as_ref(), depth + 1),
            Err(fault) => flat.push(Entry::Broken {
                platform: platform.unwrap_or_else(unknown_platform),
                digest: descriptor.digest,
                fault,
            }),
        }
    }
    flat
}

async fn nested(
    connection: &Connection,
    descriptor: &Descriptor,
    depth: usize,
) -> Result<Index, VariantFault> {
    let invalid = |why: String| VariantFault::Invalid {
        what: "index",
        digest: descriptor.digest.clone(),
        why,
    };
    if depth >= DEEPEST {
        return Err(invalid(format!(
            "indexes stand more than {DEEPEST} deep in each other"
        )));
    }
    let (bytes, _) = connection
        .manifest(Pointer::Digest(&descriptor.digest))
        .await
        .map_err(|gave_up| manifest_fault(connection, gave_up, descriptor, "index"))?;
    match Document::parse(&bytes) {
        Ok(Document::Index(index)) => Ok(index),
        Ok(Document::Manifest(_)) => {
            Err(invalid("it is a manifest, listed as an index".to_owned()))
        }
        Err(why) => Err(invalid(why.to_string())),
    }
}
