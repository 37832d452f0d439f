//! `duplicate-platform`: an index lists two images for one platform, and which of
//! them is pulled is up to the runtime.

use crate::audit::tree::Tree;
use crate::event::{Finding, Severity};
use crate::image::Platform;

pub(super) fn judge(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut done: Vec<&Platform> = Vec::new();
    for entry in tree.images() {
        // `os.version` and `os.features` are part of a platform: they tell apart.
        if done.contains(&&entry.platform) {
            continue;
        }
        done.push(&entry.platform);
        let mut twins: Vec<_> = tree
            .images()
            .filter(|twin| twin.platform == entry.platform)
            .collect();
        twins.dedup_by_key(|twin| &twin.descriptor.digest);
        if twins.len() < 2 {
            continue;
        }
        let message = format!(
            "the index lists {} different images for {}; which of them is pulled is up to the runtime",
            twins.len(),
            entry.platform
        );
        let mut finding = Finding::new("duplicate-platform", Severity::Error, message)
            .on(&entry.platform)
            .hint("push the index again with one child for each platform");
        finding.evidence = twins
            .iter()
            .take(20)
            .map(|twin| match &twin.written {
                Some(written) => format!("{}, listed as {written}", twin.descriptor.digest),
                None => twin.descriptor.digest.to_string(),
            })
            .collect();
        found.push(finding);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::tests::{codes, tree_of, two_platforms};
    use crate::layout::{Image, Layer, Layout};

    fn noted(platform: &str, note: &str) -> Image {
        Image::new(platform).layer(Layer::of(&[("note", note.as_bytes())]))
    }

    #[tokio::test]
    async fn two_images_of_one_platform_are_an_error_however_it_is_spelt() {
        let layout = Layout::new()
            .image(noted("linux/arm64", "a"))
            .image(noted("linux/arm64/v8", "b"))
            .image(noted("linux/amd64", "c"));
        let found = judge(&tree_of(layout).await);
        assert_eq!(codes(&found), ["error duplicate-platform linux/arm64"]);
        assert!(found[0].evidence[1].contains("linux/arm64/v8"), "{found:?}");
    }

    #[tokio::test]
    async fn versions_of_windows_and_the_same_image_twice_are_fine() {
        let version = |version: &'static str| {
            noted("windows/amd64", version)
                .listed(move |entry| entry["platform"]["os.version"] = version.into())
        };
        let layout = Layout::new()
            .image(version("10.0.1"))
            .image(version("10.0.2"))
            .image(Image::small("linux/amd64"))
            .image(Image::small("linux/amd64"));
        assert_eq!(judge(&tree_of(layout).await), []);
        assert_eq!(judge(&tree_of(two_platforms()).await), []);
    }
}
