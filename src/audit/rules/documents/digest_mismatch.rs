//! `digest-mismatch`: a manifest or config holds other bytes than its digest
//! promises. Layers are verified while they are walked.

use crate::audit::tree::{Tree, Trouble};
use crate::event::{Finding, Severity};
use crate::image::{Digest, Platform};
use crate::source::ContentsError;

const HINT: &str = "push the image again, and look for a broken mirror or proxy on the way";

pub(super) fn judge(tree: &Tree) -> Vec<Finding> {
    let indexes = tree
        .broken_indexes
        .iter()
        .filter_map(|(descriptor, trouble)| {
            finding("index", &descriptor.digest, trouble, descriptor.platform.as_ref())
        });
    let entries = tree.entries.iter().flat_map(|entry| {
        let manifest = entry.manifest.as_ref().err();
        let of_manifest = manifest.and_then(|trouble| {
            finding("manifest", &entry.descriptor.digest, trouble, Some(&entry.platform))
        });
        let of_config = match (&entry.manifest, &entry.config) {
            (Ok(manifest), Some(Err(trouble))) => finding(
                "config",
                &manifest.config.digest,
                trouble,
                Some(&entry.platform),
            ),
            _ => None,
        };
        of_manifest.into_iter().chain(of_config)
    });
    indexes.chain(entries).collect()
}

fn finding(
    what: &str,
    digest: &Digest,
    trouble: &Trouble,
    platform: Option<&Platform>,
) -> Option<Finding> {
    let Trouble::Contents(ContentsError::Mismatch { actual }) = trouble else {
        return None;
    };
    let message = format!("the {what} {digest} holds other bytes: their digest is {actual}");
    let finding = Finding::new("digest-mismatch", Severity::Error, message).hint(HINT);
    Some(match platform.filter(|platform| !platform.is_unknown()) {
        Some(platform) => finding.on(platform),
        None => finding,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::tests::{codes, tree_of, two_platforms};
    use crate::layout::Part;

    #[tokio::test]
    async fn other_bytes_than_promised_are_an_error_and_are_never_read() {
        for part in [Part::Manifest(1), Part::Config(1)] {
            let tree = tree_of(two_platforms().replaced(part, b"{}")).await;
            let found = judge(&tree);
            assert_eq!(codes(&found), ["error digest-mismatch linux/arm64"]);
        }
    }

    #[tokio::test]
    async fn the_right_bytes_are_fine() {
        assert_eq!(judge(&tree_of(two_platforms()).await), []);
    }
}
