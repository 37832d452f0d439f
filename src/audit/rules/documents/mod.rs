//! Rules on what index, manifests and configs say: a rule is one file here and one
//! line below.

mod attestation_entry;
mod blob_missing;
mod config_arch_mismatch;
mod digest_mismatch;
mod duplicate_platform;
mod history_mismatch;
mod index_child_missing;
mod invalid_manifest;
mod layer_empty;
mod partial_index;
mod platform_not_in_index;
mod single_platform_image;
mod size_mismatch;
mod too_many_layers;
mod unknown_platform;
mod variant_mislabelled;

use crate::audit::tree::{Entry, Tree};
use crate::event::Finding;

/// Asks them all.
pub(super) fn judge(tree: &Tree) -> Vec<Finding> {
    ALL.iter().flat_map(|rule| rule(tree)).collect()
}

/// What is missing first, what is merely odd last.
const ALL: [fn(&Tree) -> Vec<Finding>; 16] = [
    index_child_missing::judge,
    blob_missing::judge,
    digest_mismatch::judge,
    size_mismatch::judge,
    invalid_manifest::judge,
    layer_empty::judge,
    duplicate_platform::judge,
    platform_not_in_index::judge,
    partial_index::judge,
    single_platform_image::judge,
    unknown_platform::judge,
    config_arch_mismatch::judge,
    variant_mislabelled::judge,
    attestation_entry::judge,
    too_many_layers::judge,
    history_mismatch::judge,
];

/// On the entry's platform, where it has one.
fn placed(finding: Finding, entry: &Entry) -> Finding {
    if entry.platform.is_unknown() {
        finding
    } else {
        finding.on(&entry.platform)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::tests::{codes, tree_of, two_platforms};
    use crate::event::Severity;
    use crate::layout::{Image, Layer, Layout, Packing};

    #[tokio::test]
    async fn a_healthy_image_leads_to_no_complaint() {
        let layout = two_platforms()
            .image(
                Image::new("linux/arm/v7")
                    .layer(Layer::of(&[("a", b"1")]).packed(Packing::Zstd))
                    .layer(Layer::new().packed(Packing::Plain))
                    .step("ENTRYPOINT [\"/a\"]"),
            )
            .attestation(0);
        assert_eq!(
            codes(&judge(&tree_of(layout).await)),
            ["info attestation-entry"]
        );
    }

    #[tokio::test]
    async fn one_mistake_is_told_once() {
        let layout = Layout::new()
            .image(Image::small("linux/amd64"))
            .image(Image::small("linux/arm64").manifest(|m| *m = serde_json::json!({})));
        assert_eq!(judge(&tree_of(layout).await).len(), 1);
    }

    #[cfg_attr(
        not(feature = "engine-tests"),
        ignore = "needs the registry and images of ci/images: run ci/test"
    )]
    #[tokio::test]
    async fn real_images_lead_to_no_complaint() {
        use crate::audit::tree::read;
        use crate::source::{RegistryContents, RegistryOptions};

        let registry =
            std::env::var("EVERYARCH_REGISTRY").unwrap_or_else(|_| "127.0.0.1:5055".to_owned());
        for image in [
            "busybox:all",
            "busybox:docker",
            "busybox:nested",
            "packages:healthy",
            "python:healthy",
            "runtimes:all",
        ] {
            let reference = format!("{registry}/test/{image}").parse().expect(image);
            let contents = RegistryContents::open(&reference, &RegistryOptions::default())
                .await
                .expect(image);
            let tree = read(&contents, None, 8).await.expect(image);
            assert!(tree.images().count() > 1, "{image}");
            assert!(tree.errors().is_empty(), "{image}");
            let mut found = judge(&tree);
            found.retain(|finding| finding.severity != Severity::Info);
            assert_eq!(found, [], "{image}");
        }
    }
}
