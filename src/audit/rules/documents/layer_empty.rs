//! `layer-empty`: a layer of zero bytes. Even an archive without files has some: an
//! upload or a copy went wrong, and what the layer held is gone.

use super::placed;
use crate::audit::tree::Tree;
use crate::event::{Finding, Severity};

/// sha256 of nothing.
const NOTHING: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

pub(super) fn judge(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for entry in &tree.entries {
        for (at, layer, size) in entry.sized_layers() {
            let is_empty = match size {
                Ok(size) => *size == 0,
                Err(_) => layer.size == 0,
            };
            if !is_empty {
                continue;
            }
            let diff_id = match &entry.config {
                Some(Ok(config)) => config.diff_ids.get(at).map(String::as_str),
                _ => None,
            };
            let layers = entry.manifest.as_ref().map_or(0, |m| m.layers.len());
            let message = format!(
                "layer {} of {layers} ({}) has no bytes at all",
                at + 1,
                layer.digest.short()
            );
            // Runtimes take nothing for an empty archive, and then compare diff ids.
            let finding = match diff_id {
                Some(diff_id) if diff_id != NOTHING => {
                    Finding::new("layer-empty", Severity::Error, message).because(format!(
                        "the config promises {diff_id}, so that it can't be unpacked"
                    ))
                }
                _ => Finding::new("layer-empty", Severity::Warning, message)
                    .because("runtimes unpack it as a layer without files".to_owned()),
            };
            let finding = finding.hint("build and push the image again");
            found.push(placed(finding, entry));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::tests::{codes, tree_of, two_platforms};
    use crate::layout::{Image, Layer, Layout, digest};

    #[tokio::test]
    async fn a_layer_without_bytes_is_never_meant() {
        let image = Image::small("linux/arm64").layer(Layer::raw(""));
        let found = judge(&tree_of(Layout::new().image(image)).await);
        assert_eq!(codes(&found), ["warning layer-empty linux/arm64"]);
        assert!(found[0].message.starts_with("layer 2 of 2"), "{found:?}");
    }

    #[tokio::test]
    async fn one_whose_diff_id_promises_files_can_not_be_unpacked() {
        let image = Image::new("linux/arm64")
            .layer(Layer::raw(""))
            .config(|config| config["rootfs"]["diff_ids"][0] = digest(b"files").into());
        let found = judge(&tree_of(Layout::new().image(image)).await);
        assert_eq!(codes(&found), ["error layer-empty linux/arm64"]);
    }

    #[tokio::test]
    async fn an_archive_without_files_is_a_layer() {
        let image = Image::small("linux/arm64").layer(Layer::new());
        assert_eq!(judge(&tree_of(Layout::new().image(image)).await), []);
        assert_eq!(judge(&tree_of(two_platforms()).await), []);
    }
}
