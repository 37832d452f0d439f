//! `blob-missing`: a manifest names a config or layer that is not there.

use super::placed;
use crate::audit::tree::{Tree, Trouble};
use crate::event::{Finding, Severity};
use crate::image::LayerType;
use crate::source::ContentsError;

const CODE: &str = "blob-missing";
const HINT: &str =
    "push the image again; copying an image by its manifests alone leaves its blobs behind";

pub(super) fn judge(tree: &Tree) -> Vec<Finding> {
    let absent = Trouble::Contents(ContentsError::Absent);
    let mut found = Vec::new();
    for entry in &tree.entries {
        let Ok(manifest) = &entry.manifest else {
            continue;
        };
        let mut missing = Vec::new();
        if matches!(&entry.config, Some(Err(trouble)) if *trouble == absent) {
            missing.push(format!("config {}", manifest.config.digest));
        }
        for (at, layer, size) in entry.sized_layers() {
            // Kept elsewhere, and fetched from there.
            let is_foreign = !layer.urls.is_empty()
                || LayerType::parse(&layer.media_type).is_some_and(|kind| kind.is_foreign);
            if *size == Err(ContentsError::Absent) && !is_foreign {
                missing.push(format!("layer {} ({})", at + 1, layer.digest));
            }
        }
        let message = match missing.as_slice() {
            [] => continue,
            [one] => format!("the {} names the {one}, which is not there", entry.name()),
            several => format!(
                "the {} names {} blobs that are not there",
                entry.name(),
                several.len()
            ),
        };
        let mut finding = Finding::new(CODE, Severity::Error, message).hint(HINT);
        finding.evidence = missing.into_iter().take(20).collect();
        found.push(placed(finding, entry));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::tests::{codes, tree_of, two_platforms};
    use crate::layout::{Image, Layer, Layout, Part};

    #[tokio::test]
    async fn a_layer_or_a_config_that_is_gone_is_an_error_of_its_platform() {
        for part in [Part::Config(1), Part::Layer(1, 0)] {
            let found = judge(&tree_of(two_platforms().without(part)).await);
            assert_eq!(codes(&found), ["error blob-missing linux/arm64"], "{part:?}");
        }
    }

    #[tokio::test]
    async fn a_bare_image_without_its_config_is_told_although_its_platform_is_unknown() {
        let layout = Layout::new().image(Image::small("linux/amd64")).bare();
        let found = judge(&tree_of(layout.without(Part::Config(0))).await);
        assert_eq!(codes(&found), ["error blob-missing"]);
    }

    #[tokio::test]
    async fn a_foreign_layer_is_rightly_absent() {
        let foreign = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
        let image = Image::new("windows/amd64")
            .layer(Layer::of(&[("a", b"1")]).media_type(foreign))
            .layer(Layer::of(&[("b", b"2")]));
        let layout = Layout::new().image(image);
        let found = judge(&tree_of(layout.without(Part::Layer(0, 0))).await);
        assert_eq!(found, []);
    }

    #[tokio::test]
    async fn a_whole_image_is_fine() {
        assert_eq!(judge(&tree_of(two_platforms().attestation(1)).await), []);
    }
}
