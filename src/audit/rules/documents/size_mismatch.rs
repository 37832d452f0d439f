//! `size-mismatch`: a descriptor says another size than its content has. Runtimes
//! compare them, and refuse the content.

use super::placed;
use crate::audit::tree::{Entry, Tree, Trouble};
use crate::event::{Finding, Severity};
use crate::image::Descriptor;
use crate::source::ContentsError;

const HINT: &str = "push the image again with a tool that writes the sizes itself";

pub(super) fn judge(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (descriptor, trouble) in &tree.broken_indexes {
        found.extend(of_document("index", descriptor, trouble));
    }
    for entry in &tree.entries {
        let about = of_entry(entry);
        found.extend(about.into_iter().map(|finding| placed(finding, entry)));
    }
    found
}

fn of_entry(entry: &Entry) -> Vec<Finding> {
    let mut found = Vec::new();
    match (&entry.manifest, &entry.config) {
        (Err(trouble), _) => {
            found.extend(of_document("manifest", &entry.descriptor, trouble));
        }
        (Ok(manifest), Some(Err(trouble))) => {
            found.extend(of_document("config", &manifest.config, trouble));
        }
        _ => {}
    }
    for (at, layer, size) in entry.sized_layers() {
        if let Ok(size) = size
            && *size != layer.size
        {
            let what = format!("layer {}", at + 1);
            found.push(finding(&what, layer, &format!("has {size}")));
        }
    }
    found
}

fn of_document(what: &str, descriptor: &Descriptor, trouble: &Trouble) -> Option<Finding> {
    let real = match trouble {
        Trouble::Size(size) => format!("has {size}"),
        Trouble::Contents(ContentsError::TooLong { at_least }) => format!("has at least {at_least}"),
        _ => return None,
    };
    Some(finding(what, descriptor, &real))
}

fn finding(what: &str, descriptor: &Descriptor, real: &str) -> Finding {
    let message = format!(
        "the {what} {} should have {} bytes by its descriptor, and {real}",
        descriptor.digest, descriptor.size
    );
    Finding::new("size-mismatch", Severity::Error, message).hint(HINT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::tests::{codes, tree_of, two_platforms};
    use crate::layout::{Image, Layout};

    #[tokio::test]
    async fn every_descriptor_s_size_is_compared() {
        let lies: [fn(Image) -> Image; 4] = [
            |image| image.listed(|descriptor| descriptor["size"] = 7.into()),
            |image| image.manifest(|manifest| manifest["config"]["size"] = 7.into()),
            |image| image.manifest(|manifest| manifest["config"]["size"] = 70_000.into()),
            |image| image.manifest(|manifest| manifest["layers"][0]["size"] = 7.into()),
        ];
        for lie in lies {
            let layout = Layout::new()
                .image(Image::small("linux/amd64"))
                .image(lie(Image::small("linux/arm64")));
            let found = judge(&tree_of(layout).await);
            assert_eq!(codes(&found), ["error size-mismatch linux/arm64"]);
        }
    }

    #[tokio::test]
    async fn sizes_that_are_right_are_fine() {
        assert_eq!(judge(&tree_of(two_platforms()).await), []);
    }
}
