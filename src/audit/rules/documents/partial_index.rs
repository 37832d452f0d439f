//! `partial-index-after-failed-leg`: some of the required platforms are there, and
//! others are not: the merge published what it had when one platform's job failed.

use crate::audit::tree::Tree;
use crate::event::{Finding, Severity};

pub(super) fn judge(tree: &Tree) -> Vec<Finding> {
    if !tree.is_index {
        return Vec::new();
    }
    let offered = tree.platforms();
    let (there, missing): (Vec<_>, Vec<_>) = tree
        .required
        .iter()
        .partition(|required| offered.iter().any(|offer| offer.satisfies(required)));
    if there.is_empty() || missing.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let message = format!(
        "the index has {} of {} required platforms: the job of {} failed or was left out, and the rest was published all the same",
        there.len(),
        tree.required.len(),
        names.join(", ")
    );
    vec![
        Finding::new("partial-index-after-failed-leg", Severity::Warning, message)
            .hint("let the job that puts the index together need all platforms' jobs"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::tests::{codes, requiring, tree_of, two_platforms};

    #[tokio::test]
    async fn an_index_that_has_some_of_what_is_required_was_published_too_early() {
        let tree = requiring(tree_of(two_platforms()).await, &["linux/amd64", "linux/s390x"]);
        assert_eq!(codes(&judge(&tree)), ["warning partial-index-after-failed-leg"]);
    }

    #[tokio::test]
    async fn all_and_none_are_no_parts() {
        for required in [&["linux/amd64", "linux/arm64"][..], &["linux/s390x"], &[]] {
            let tree = requiring(tree_of(two_platforms()).await, required);
            assert_eq!(judge(&tree), [], "{required:?}");
        }
    }
}
