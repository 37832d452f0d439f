//! `platform-not-in-index`: a platform that has to be there is not.

use crate::audit::tree::Tree;
use crate::event::{Finding, Severity};

pub(super) fn judge(tree: &Tree) -> Vec<Finding> {
    if !tree.is_index {
        return Vec::new();
    }
    let offered = tree.platforms();
    tree.required
        .iter()
        .filter(|required| !offered.iter().any(|offer| offer.satisfies(required)))
        .map(|required| {
            let names: Vec<String> = offered.iter().map(ToString::to_string).collect();
            let has = match names.as_slice() {
                [] => "lists no platform at all".to_owned(),
                names => format!("has {}", names.join(", ")),
            };
            let finding = Finding::new(
                "platform-not-in-index",
                Severity::Error,
                format!("{required} is required, and the index {has}"),
            )
            .on(required);
            // A variant that is near is no match: arm/v8 does not fall back to arm64.
            let near = offered
                .iter()
                .find(|offer| offer.os() == required.os() && offer.architecture() == required.architecture());
            match near {
                Some(near) => finding.hint(format!(
                    "{near} is there, which is not taken for {required}; build that variant, or require the one that is there"
                )),
                None => finding
                    .hint("build and push that platform, or leave it out of `platforms`"),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::tests::{codes, requiring, tree_of, tree_wanting, two_platforms};
    use crate::layout::{Image, Layout};

    #[tokio::test]
    async fn every_required_platform_has_to_be_there() {
        let tree = requiring(
            tree_of(two_platforms()).await,
            &["linux/arm64", "linux/s390x", "linux/ppc64le"],
        );
        assert_eq!(
            codes(&judge(&tree)),
            [
                "error platform-not-in-index linux/s390x",
                "error platform-not-in-index linux/ppc64le"
            ]
        );
    }

    #[tokio::test]
    async fn a_near_variant_is_named() {
        let layout = Layout::new().image(Image::small("linux/arm/v7"));
        let tree = requiring(tree_of(layout).await, &["linux/arm/v6"]);
        let found = judge(&tree);
        let hint = found[0].hint.as_deref().expect("a hint");
        assert!(hint.starts_with("linux/arm/v7 is there"), "{hint}");
    }

    #[tokio::test]
    async fn what_is_asked_for_is_required_and_the_rest_counts_as_there() {
        let tree = tree_wanting(two_platforms(), &["linux/arm64", "linux/s390x"]).await;
        assert_eq!(codes(&judge(&tree)), ["error platform-not-in-index linux/s390x"]);
        let tree = requiring(tree, &["linux/amd64"]);
        assert_eq!(judge(&tree), []);
    }
}
