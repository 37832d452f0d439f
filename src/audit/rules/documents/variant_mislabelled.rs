//! `variant-mislabelled`: a variant that its architecture does not have, or that
//! index and config do not agree about.

use crate::audit::tree::{Entry, Tree};
use crate::event::{Finding, Severity};
use crate::image::Architecture;

const CODE: &str = "variant-mislabelled";

pub(super) fn judge(tree: &Tree) -> Vec<Finding> {
    tree.images()
        .filter_map(|entry| {
            impossible(entry)
                .or_else(|| contradiction(entry))
                .or_else(|| missing(entry))
                .map(|finding| finding.on(&entry.platform))
        })
        .collect()
}

/// `linux/amd64/v8`: nobody who asks for `linux/amd64` gets it.
fn impossible(entry: &Entry) -> Option<Finding> {
    let variant = entry.platform.variant()?;
    let number = variant.strip_prefix('v').unwrap_or(variant);
    let (is_possible, known) = match entry.platform.architecture() {
        Architecture::Amd64 => (matches!(number, "1" | "2" | "3" | "4"), "v1 to v4"),
        Architecture::Arm64 => (
            number.starts_with('8') || number.starts_with('9'),
            "v8 and v9",
        ),
        Architecture::Arm => (matches!(number, "5" | "6" | "7" | "8"), "v5 to v8"),
        _ => return None,
    };
    if is_possible {
        return None;
    }
    let architecture = entry.platform.architecture().as_str();
    let message = format!(
        "{architecture} has no variant {variant} (it has {known}): who asks for {}/{architecture} does not get this image",
        entry.platform.os()
    );
    Some(
        Finding::new(CODE, Severity::Error, message)
            .hint("build it for the platform without that variant"),
    )
}

fn contradiction(entry: &Entry) -> Option<Finding> {
    let listed = entry.written.as_ref()?;
    let Some(Ok(config)) = &entry.config else {
        return None;
    };
    let named = config.platform.as_ref()?;
    let config_written = entry.config_written.as_ref()?;
    // A config that says no variant contradicts nothing: many builders write none.
    let is_same = named.architecture() != entry.platform.architecture()
        || config_written.variant().is_none()
        || named.variant() == entry.platform.variant();
    if is_same {
        return None;
    }
    let message = format!(
        "the index lists this image as {listed}, and its config says {config_written}; on hardware between the two it is pulled and does not run, or is not found"
    );
    Some(
        Finding::new(CODE, Severity::Warning, message)
            .hint("build it with the exact `--platform`, variant included, and let the builder write both"),
    )
}

/// `linux/arm` alone is taken for v7, which no v6 machine runs.
fn missing(entry: &Entry) -> Option<Finding> {
    let listed = entry.written.as_ref()?;
    if *entry.platform.architecture() != Architecture::Arm || listed.variant().is_some() {
        return None;
    }
    let message = format!(
        "the index lists this image as {listed} without a variant: runtimes take it for linux/arm/v7"
    );
    Some(
        Finding::new(CODE, Severity::Warning, message)
            .hint("say which it is: linux/arm/v6 or linux/arm/v7"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::tests::{codes, tree_of, two_platforms};
    use crate::layout::{Image, Layout};

    async fn of(image: Image) -> Vec<String> {
        codes(&judge(&tree_of(Layout::new().image(image)).await))
    }

    #[tokio::test]
    async fn a_variant_that_does_not_exist_is_an_error() {
        assert_eq!(
            of(Image::small("linux/amd64/v8")).await,
            ["error variant-mislabelled linux/amd64/v8"]
        );
        assert_eq!(
            of(Image::small("linux/arm64/v7")).await,
            ["error variant-mislabelled linux/arm64/v7"]
        );
    }

    #[tokio::test]
    async fn variants_that_are_swapped_are_a_warning() {
        assert_eq!(
            of(Image::small("linux/arm/v7").listed_as("linux/arm/v6")).await,
            ["warning variant-mislabelled linux/arm/v6"]
        );
        assert_eq!(
            of(Image::small("linux/arm/v6").listed_as("linux/arm")).await,
            ["warning variant-mislabelled linux/arm/v7"]
        );
    }

    #[tokio::test]
    async fn arm_without_a_variant_is_a_warning() {
        assert_eq!(
            of(Image::small("linux/arm")).await,
            ["warning variant-mislabelled linux/arm/v7"]
        );
    }

    #[tokio::test]
    async fn variants_that_exist_and_configs_without_one_are_fine() {
        for (config, listed) in [
            ("linux/arm64", "linux/arm64/v8"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/amd64", "linux/amd64/v3"),
            ("linux/arm", "linux/arm/v6"),
            ("linux/arm/v7", "linux/arm/v7"),
        ] {
            let found = of(Image::small(config).listed_as(listed)).await;
            assert_eq!(found, [""; 0], "{config} as {listed}");
        }
        assert_eq!(judge(&tree_of(two_platforms()).await), []);
    }
}
