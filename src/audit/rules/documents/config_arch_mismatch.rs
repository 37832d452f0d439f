//! `config-arch-mismatch`: the index says one architecture, the config another. What
//! the files are is for another rule to say.

use crate::audit::tree::Tree;
use crate::event::{Finding, Severity};

pub(super) fn judge(tree: &Tree) -> Vec<Finding> {
    tree.images()
        .filter_map(|entry| {
            let listed = entry.descriptor.platform.as_ref()?;
            let Some(Ok(config)) = &entry.config else {
                return None;
            };
            let named = config.platform.as_ref()?;
            if listed.os() == named.os() && listed.architecture() == named.architecture() {
                return None;
            }
            let message = format!("the index lists this image for {listed}, and its config says {named}");
            Some(
                Finding::new("config-arch-mismatch", Severity::Error, message)
                    .on(&entry.platform)
                    .because(format!("index entry: {}", entry.descriptor.digest))
                    .because(match &entry.config_written {
                        Some(written) => format!("config: {written}"),
                        None => format!("config: {named}"),
                    })
                    .hint("build it with `--platform`, so that the builder writes both; where the ELF files are of the index's architecture, only the config is wrong, but `docker run --platform` may refuse it all the same"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::tests::{codes, tree_of, two_platforms};
    use crate::layout::{Image, Layout};

    #[tokio::test]
    async fn an_index_that_contradicts_the_config_is_an_error() {
        let layout = Layout::new()
            .image(Image::small("linux/amd64"))
            .image(Image::small("linux/amd64").config(|c| c["x"] = 1.into()).listed_as("linux/arm64"));
        let found = judge(&tree_of(layout).await);
        assert_eq!(codes(&found), ["error config-arch-mismatch linux/arm64"]);
    }

    #[tokio::test]
    async fn other_words_for_the_same_are_fine() {
        let layout = Layout::new()
            .image(Image::small("linux/aarch64").listed_as("linux/arm64"))
            .image(Image::small("linux/arm").listed_as("linux/arm/v6"));
        assert_eq!(judge(&tree_of(layout).await), []);
        assert_eq!(judge(&tree_of(two_platforms()).await), []);
    }
}
