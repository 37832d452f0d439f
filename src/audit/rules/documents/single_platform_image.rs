//! `single-platform-image`: the reference names a manifest, not an index.

use crate::audit::tree::Tree;
use crate::event::{Finding, Severity};
use crate::image::Platform;

const CODE: &str = "single-platform-image";
const HINT: &str = "push an index of all platforms; a later push of a single platform may have replaced it";

pub(super) fn judge(tree: &Tree) -> Vec<Finding> {
    if tree.is_index {
        return Vec::new();
    }
    let offered = tree.platforms();
    let [only] = offered.as_slice() else {
        // What it is could not be read, which other rules say.
        return Vec::new();
    };
    let missing: Vec<&Platform> = tree
        .required
        .iter()
        .filter(|required| !only.satisfies(required))
        .collect();
    if missing.is_empty() && tree.note.is_none() {
        let message = format!("the reference names a manifest and no index: it is for {only} alone");
        return vec![Finding::new(CODE, Severity::Info, message).on(only)];
    }
    missing
        .into_iter()
        .map(|required| {
            let message = format!(
                "the reference names a manifest and no index: it is for {only} alone, and {required} is required"
            );
            Finding::new(CODE, Severity::Error, message)
                .on(required)
                .hint(HINT)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::tests::{codes, requiring, tree_of, two_platforms};
    use crate::layout::{Image, Layout};

    fn bare() -> Layout {
        Layout::new().image(Image::small("linux/amd64")).bare()
    }

    #[tokio::test]
    async fn a_bare_image_lacks_every_other_platform_that_is_required() {
        let tree = requiring(tree_of(bare()).await, &["linux/amd64", "linux/arm64"]);
        assert_eq!(codes(&judge(&tree)), ["error single-platform-image linux/arm64"]);
    }

    #[tokio::test]
    async fn a_bare_image_of_which_nothing_else_is_asked_is_worth_knowing() {
        let found = judge(&tree_of(bare()).await);
        assert_eq!(codes(&found), ["info single-platform-image linux/amd64"]);
    }

    #[tokio::test]
    async fn an_index_is_fine_and_so_is_an_image_that_an_engine_saved() {
        assert_eq!(judge(&tree_of(two_platforms()).await), []);
        let mut saved = tree_of(bare()).await;
        saved.note = Some("saved".to_owned());
        assert_eq!(judge(&saved), []);
    }
}
