//! `index-child-missing`: an index lists what is not there. A clean-up of untagged
//! images does that: the children of an index have no tags.

use super::placed;
use crate::audit::tree::{Tree, Trouble};
use crate::event::{Finding, Severity};
use crate::source::ContentsError;

const CODE: &str = "index-child-missing";
const HINT: &str = "push the image again; a clean-up of untagged images deletes the children of an index unless it knows indexes";

pub(super) fn judge(tree: &Tree) -> Vec<Finding> {
    let absent = Trouble::Contents(ContentsError::Absent);
    let mut found = Vec::new();
    for (descriptor, trouble) in &tree.broken_indexes {
        if *trouble == absent {
            let message = format!(
                "the index lists the index {}, which is not there",
                descriptor.digest
            );
            let finding = Finding::new(CODE, Severity::Error, message).hint(HINT);
            found.push(match &descriptor.platform {
                Some(platform) => finding.on(platform),
                None => finding,
            });
        }
    }
    for entry in &tree.entries {
        if entry.manifest.as_ref().err() != Some(&absent) {
            continue;
        }
        let name = entry.name();
        // Nothing that runs needs an attestation; what copies the index does.
        let finding = if entry.descriptor.is_attestation() {
            Finding::new(
                CODE,
                Severity::Warning,
                format!("the index lists the attestation {name}, which is not there"),
            )
        } else {
            Finding::new(
                CODE,
                Severity::Error,
                format!("the index lists the {name}, which is not there"),
            )
        };
        let finding = finding.hint(HINT);
        found.push(placed(finding, entry));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::tests::{codes, tree_of, two_platforms};
    use crate::layout::Part;

    #[tokio::test]
    async fn a_child_that_was_deleted_is_an_error_of_its_platform() {
        let tree = tree_of(two_platforms().without(Part::Manifest(1))).await;
        let found = judge(&tree);
        assert_eq!(codes(&found), ["error index-child-missing linux/arm64"]);
    }

    #[tokio::test]
    async fn a_missing_attestation_keeps_nobody_from_pulling() {
        let layout = two_platforms();
        let entry = serde_json::json!({
            "mediaType": crate::layout::OCI_MANIFEST,
            "digest": crate::layout::digest(b"gone"), "size": 4,
            "platform": {"os": "unknown", "architecture": "unknown"},
        });
        let found = judge(&tree_of(layout.entry(entry)).await);
        assert_eq!(codes(&found), ["warning index-child-missing"]);
    }

    #[tokio::test]
    async fn a_nested_index_that_is_missing_is_an_error() {
        let entry = serde_json::json!({
            "mediaType": crate::layout::OCI_INDEX,
            "digest": crate::layout::digest(b"gone"), "size": 4,
        });
        let found = judge(&tree_of(two_platforms().entry(entry)).await);
        assert_eq!(codes(&found), ["error index-child-missing"]);
    }

    #[tokio::test]
    async fn an_index_with_all_its_children_is_fine() {
        let tree = tree_of(two_platforms().attestation(0).nested()).await;
        assert_eq!(judge(&tree), []);
    }
}
