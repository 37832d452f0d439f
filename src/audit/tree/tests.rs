//! Trees of images made in code, for the rules' tests, and what reading one promises.

mod bounds;

use std::path::PathBuf;

use super::*;
use crate::event::Finding;
use crate::image::{FileFormat, FileReference};
use crate::layout::{Image, Layout, Part, digest};
use crate::source::LocalContents;

/// An index of linux/amd64 and linux/arm64, with nothing wrong.
pub(in crate::audit) fn two_platforms() -> Layout {
    Layout::new()
        .image(Image::small("linux/amd64"))
        .image(Image::small("linux/arm64"))
}

/// What is read of a layout.
pub(in crate::audit) async fn tree_of(layout: Layout) -> Tree {
    read_layout(layout, None).await
}

/// The same where platforms are named.
pub(in crate::audit) async fn tree_wanting(layout: Layout, wanted: &[&str]) -> Tree {
    read_layout(layout, Some(&platforms(wanted))).await
}

async fn read_layout(layout: Layout, wanted: Option<&[Platform]>) -> Tree {
    let folder = tempfile::tempdir().expect("a folder");
    layout.write_folder(folder.path());
    let reference = FileReference::new(FileFormat::OciLayout, PathBuf::from(folder.path()));
    let contents = LocalContents::open(&reference).await.expect("a layout");
    read(&contents, wanted, 4).await.expect("a tree")
}

/// The tree with these platforms required.
pub(in crate::audit) fn requiring(mut tree: Tree, required: &[&str]) -> Tree {
    tree.required = platforms(required);
    tree
}

fn platforms(names: &[&str]) -> Vec<Platform> {
    names
        .iter()
        .map(|name| name.parse().expect("one"))
        .collect()
}

/// Findings as `severity code platform`.
pub(in crate::audit) fn codes(found: &[Finding]) -> Vec<String> {
    found
        .iter()
        .map(|finding| {
            let platform = finding.platform.as_ref();
            let platform = platform.map_or(String::new(), |platform| format!(" {platform}"));
            format!("{} {}{platform}", finding.severity.as_str(), finding.code)
        })
        .collect()
}

fn names(tree: &Tree) -> Vec<String> {
    tree.entries
        .iter()
        .map(|entry| entry.platform.to_string())
        .collect()
}

#[tokio::test]
async fn everything_that_is_listed_is_read_in_its_order() {
    let tree = tree_of(
        Layout::new()
            .image(Image::small("linux/amd64"))
            .nested()
            .image(Image::small("linux/arm64/v8"))
            .attestation(0),
    )
    .await;
    assert!(tree.is_index);
    assert_eq!(
        names(&tree),
        ["linux/amd64", "linux/arm64", "unknown/unknown"]
    );
    assert_eq!(tree.indexes.len(), 2);
    assert_eq!(tree.platforms(), platforms(&["linux/amd64", "linux/arm64"]));
    for entry in tree.images() {
        let manifest = entry.manifest.as_ref().expect("a manifest");
        assert_eq!(entry.layers, [Ok(manifest.layers[0].size)]);
        assert!(matches!(entry.config, Some(Ok(_))));
    }
    let attestation = tree.entries.last().expect("one");
    assert!(attestation.manifest.is_ok());
    assert_eq!(attestation.config, None);
    assert_eq!(attestation.layers, []);
    assert!(tree.errors().is_empty());
}

#[tokio::test]
async fn a_bare_image_is_for_the_platform_of_its_config() {
    let layout = || Layout::new().image(Image::small("linux/arm/v6")).bare();
    let tree = tree_of(layout()).await;
    assert!(!tree.is_index);
    assert_eq!(names(&tree), ["linux/arm/v6"]);
    let other = tree_wanting(layout(), &["linux/arm64"]).await;
    assert_eq!(other.entries.len(), 0);
    assert_eq!(other.platforms(), platforms(&["linux/arm/v6"]));
}

#[tokio::test]
async fn what_is_not_wanted_is_named_and_not_read() {
    let layout = two_platforms()
        .attestation(0)
        .attestation(1)
        .without(Part::Manifest(0));
    let tree = tree_wanting(layout, &["linux/arm64"]).await;
    assert_eq!(names(&tree), ["linux/arm64", "unknown/unknown"]);
    assert_eq!(tree.unwanted.len(), 1);
    assert!(tree.entries.iter().all(|entry| entry.manifest.is_ok()));
    assert_eq!(tree.required, platforms(&["linux/arm64"]));
}

#[tokio::test]
async fn what_is_wrong_stays_in_the_tree() {
    let layout = two_platforms()
        .without(Part::Config(0))
        .without(Part::Layer(1, 0));
    let tree = tree_of(layout).await;
    let absent = ContentsError::Absent;
    let [amd64, arm64] = tree.entries.as_slice() else {
        panic!("two: {tree:?}");
    };
    assert_eq!(amd64.config, Some(Err(Trouble::Contents(absent.clone()))));
    assert_eq!(arm64.layers, [Err(absent)]);
}

#[tokio::test]
async fn an_index_that_lists_itself_or_too_much_ends() {
    let entries: Vec<serde_json::Value> = (0..1500)
        .map(|at: u32| {
            let digest = digest(&at.to_be_bytes());
            serde_json::json!({"mediaType": crate::layout::OCI_MANIFEST, "digest": digest, "size": 4})
        })
        .collect();
    let tree =
        tree_of(two_platforms().index(move |index| index["manifests"] = entries.into())).await;
    assert_eq!(tree.entries.len(), 1000);
    let [(_, Trouble::Invalid(why))] = tree.broken_indexes.as_slice() else {
        panic!("{:?}", tree.broken_indexes);
    };
    assert!(why.contains("more than 1000"), "{why}");
}

/// Contents that hold one document under every digest.
struct Echo(Vec<u8>);

#[async_trait::async_trait]
impl crate::source::Contents for Echo {
    async fn root(&self) -> Result<crate::source::Root, ContentsError> {
        Ok(crate::source::Root {
            bytes: self.0.clone(),
            digest: Digest::of(&self.0),
            note: None,
        })
    }

    async fn document(&self, _: &Descriptor) -> Result<Vec<u8>, ContentsError> {
        Ok(self.0.clone())
    }

    async fn blob(&self, _: &Descriptor) -> Result<Vec<u8>, ContentsError> {
        Ok(self.0.clone())
    }

    async fn size(&self, _: &Digest) -> Result<u64, ContentsError> {
        Err(ContentsError::Unreachable("the network is down".to_owned()))
    }

    async fn open(&self, _: &Descriptor) -> Result<Box<dyn std::io::Read + Send>, ContentsError> {
        Err(ContentsError::Absent)
    }
}

/// Reads any bytes as documents and lets all rules of trees look at them.
fn audit(bytes: &[u8]) -> Tree {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let tree = runtime
        .block_on(read(&Echo(bytes.to_vec()), None, 2))
        .expect("a tree");
    for rule in crate::audit::rules::ALL {
        if let crate::audit::rules::Rule::Tree(judge) = rule {
            let _ = judge(&tree);
        }
    }
    tree
}

#[test]
fn what_can_not_be_reached_is_an_error_and_no_finding() {
    let layer = serde_json::json!({
        "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(b""), "size": 3,
    });
    let mut document = serde_json::json!({
        "schemaVersion": 2, "os": "linux", "architecture": "amd64",
        "config": {"mediaType": crate::layout::OCI_CONFIG, "digest": digest(b""), "size": 10_000},
        "layers": [layer], "rootfs": {"diff_ids": [digest(b"")]},
    });
    // The same bytes are manifest and config here: the size is that of them all.
    let size = document.to_string().len() - 2;
    document["config"]["size"] = size.into();
    let tree = audit(document.to_string().as_bytes());
    let errors = tree.errors();
    assert_eq!(errors.len(), 1, "{errors:?} {tree:?}");
    assert!(
        errors[0].message.contains("layer 1 of linux/amd64"),
        "{errors:?}"
    );
    assert!(
        errors[0].message.contains("the network is down"),
        "{errors:?}"
    );
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_reader_or_a_rule_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        audit(&bytes);
    }

    #[test]
    fn no_change_of_a_document_makes_the_reader_or_a_rule_panic(
        is_index in proptest::bool::ANY,
        at in 0_usize..4000,
        with in ".{0,6}",
    ) {
        let layout = Layout::new().image(Image::small("linux/arm/v6")).attestation(0);
        let (blobs, root) = if is_index { layout } else { layout.bare() }.contents();
        let bytes = blobs
            .into_iter()
            .map(|(_, bytes)| bytes)
            .find(|bytes| digest(bytes) == root["digest"].as_str().unwrap_or_default())
            .expect("a root");
        let text = String::from_utf8(bytes).expect("JSON is text");
        let at = at % text.len();
        let end = (at + with.len()).min(text.len());
        audit(format!("{}{with}{}", &text[..at], &text[end..]).as_bytes());
    }
}
