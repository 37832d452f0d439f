//! `too-many-layers`: more than Docker's classic store stacks.

use crate::audit::tree::Tree;
use crate::event::{Finding, Severity};

/// Docker's overlay2 driver refuses more ("max depth exceeded").
const MOST: usize = 127;

pub(super) fn judge(tree: &Tree) -> Vec<Finding> {
    tree.images()
        .filter_map(|entry| {
            let layers = entry.manifest.as_ref().ok()?.layers.len();
            (layers > MOST).then(|| {
                Finding::new(
                    "too-many-layers",
                    Severity::Warning,
                    format!("it has {layers} layers; engines with Docker's classic store pull no more than {MOST}"),
                )
                .on(&entry.platform)
                .hint("join `RUN` and `COPY` instructions, or copy the result into a stage of its own")
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::tests::{codes, tree_of};
    use crate::layout::{Image, Layer, Layout};

    #[tokio::test]
    async fn one_layer_too_many_is_told() {
        let layers = |count: usize| {
            let image = Image::new("linux/amd64");
            Layout::new().image((0..count).fold(image, |image, _| image.layer(Layer::new())))
        };
        assert_eq!(judge(&tree_of(layers(127)).await), []);
        assert_eq!(
            codes(&judge(&tree_of(layers(128)).await)),
            ["warning too-many-layers linux/amd64"]
        );
    }
}
