//! `history-mismatch`: the history tells of another number of layers than there are,
//! so that no layer can be attributed to an instruction.

use crate::audit::tree::Tree;
use crate::event::{Finding, Severity};

pub(super) fn judge(tree: &Tree) -> Vec<Finding> {
    tree.images()
        .filter_map(|entry| {
            let (Ok(manifest), Some(Ok(config))) = (&entry.manifest, &entry.config) else {
                return None;
            };
            // Many builders write none at all.
            if config.history.is_empty() {
                return None;
            }
            let told = config.history.iter().filter(|step| !step.empty_layer).count();
            let layers = manifest.layers.len();
            (told != layers).then(|| {
                Finding::new(
                    "history-mismatch",
                    Severity::Info,
                    format!("the history tells of {told} layers, and there are {layers}: what a layer comes from can't be said"),
                )
                .on(&entry.platform)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::tests::{codes, tree_of, two_platforms};
    use crate::layout::{Image, Layout};

    #[tokio::test]
    async fn a_history_of_other_layers_is_worth_knowing() {
        let image = Image::small("linux/amd64").config(|config| {
            config["history"] = serde_json::json!([{"created_by": "a"}, {"created_by": "b"}]);
        });
        let found = judge(&tree_of(Layout::new().image(image)).await);
        assert_eq!(codes(&found), ["info history-mismatch linux/amd64"]);
    }

    #[tokio::test]
    async fn steps_without_layers_and_no_history_at_all_are_fine() {
        let image = Image::small("linux/amd64").step("ENV A=B");
        assert_eq!(judge(&tree_of(Layout::new().image(image)).await), []);
        let silent = Image::small("linux/amd64").config(|c| c["history"] = serde_json::json!([]));
        assert_eq!(judge(&tree_of(Layout::new().image(silent)).await), []);
        assert_eq!(judge(&tree_of(two_platforms()).await), []);
    }
}
