//! `attestation-entry`: what BuildKit attaches to an index (provenance, SBOM) is no
//! platform of it, and belongs to one of its images.

use std::collections::HashSet;

use crate::audit::tree::Tree;
use crate::event::{Finding, Severity};

const CODE: &str = "attestation-entry";

pub(super) fn judge(tree: &Tree) -> Vec<Finding> {
    let images: HashSet<&str> = tree
        .entries
        .iter()
        .map(|entry| &entry.descriptor)
        .chain(&tree.unwanted)
        .filter(|descriptor| !descriptor.is_attestation())
        .map(|descriptor| descriptor.digest.as_str())
        .collect();
    let mut found = Vec::new();
    let mut attached = 0;
    for entry in &tree.entries {
        if !entry.descriptor.is_attestation() {
            continue;
        }
        let message = match entry.descriptor.attested() {
            Some(subject) if images.contains(subject) => {
                attached += 1;
                continue;
            }
            Some(subject) => format!(
                "the attestation {} is about {subject}, which is no child of this index",
                entry.name()
            ),
            None => format!(
                "the {} is for unknown/unknown, as attestations are, and does not say what it is about",
                entry.name()
            ),
        };
        found.push(
            Finding::new(CODE, Severity::Warning, message).hint(
                "the index was put together from parts of different builds: push all of one build again",
            ),
        );
    }
    if attached > 0 {
        let message = format!(
            "{attached} attestation{} (provenance, SBOM) stand in the index beside its images; they are no platforms",
            if attached == 1 { "" } else { "s" }
        );
        found.push(
            Finding::new(CODE, Severity::Info, message)
                .hint("tools that do not know them list unknown/unknown; `--provenance=false --sbom=false` leaves them out"),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::tests::{codes, tree_of, two_platforms};
    use crate::layout::digest;

    #[tokio::test]
    async fn attestations_of_the_index_s_images_are_recognised() {
        let tree = tree_of(two_platforms().attestation(0).attestation(1)).await;
        assert_eq!(tree.images().count(), 2);
        let found = judge(&tree);
        assert_eq!(codes(&found), ["info attestation-entry"]);
        assert!(found[0].message.starts_with("2 attestations"), "{found:?}");
    }

    #[tokio::test]
    async fn an_attestation_of_something_else_is_a_warning() {
        let tree = tree_of(two_platforms().attestation_of(&digest(b"another build"))).await;
        assert_eq!(codes(&judge(&tree)), ["warning attestation-entry"]);
    }

    #[tokio::test]
    async fn an_index_without_them_is_fine() {
        assert_eq!(judge(&tree_of(two_platforms()).await), []);
    }
}
