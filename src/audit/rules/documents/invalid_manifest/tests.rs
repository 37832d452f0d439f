//! What is refused, and what is not.

use serde_json::json;

use super::*;
use crate::audit::tree::tests::{codes, tree_of, two_platforms};
use crate::layout::{Image, Layer, Layout, Part};

fn beside(image: Image) -> Layout {
    Layout::new()
        .image(Image::small("linux/amd64"))
        .image(image)
}

fn arm64() -> Image {
    Image::small("linux/arm64")
}

async fn is_refused(layout: Layout, word: &str) {
    let found = judge(&tree_of(layout).await);
    assert_eq!(codes(&found), ["error invalid-manifest linux/arm64"], "{found:?}");
    assert!(found[0].message.contains(word), "{found:?}");
}

#[tokio::test]
async fn a_manifest_that_runtimes_refuse_is_an_error_of_its_platform() {
    is_refused(beside(arm64().manifest(|m| m["schemaVersion"] = 3.into())), "schemaVersion").await;
    is_refused(beside(arm64().manifest(|m| m["manifests"] = json!([]))), "both").await;
    is_refused(
        beside(arm64().manifest(|m| m["annotations"] = json!({"built": 5}))),
        "annotation `built` is 5",
    )
    .await;
    is_refused(
        beside(arm64().manifest(|m| m["mediaType"] = crate::layout::OCI_INDEX.into())),
        "is listed as",
    )
    .await;
    is_refused(beside(arm64().manifest(|m| *m = json!([1]))), "not valid").await;
    is_refused(
        beside(arm64().manifest(|m| m["layers"][0]["digest"] = "sha256:abc".into())),
        "wrong length",
    )
    .await;
    is_refused(
        beside(arm64().listed(|entry| entry["mediaType"] = "application/x-what".into())),
        "application/x-what",
    )
    .await;
}

#[tokio::test]
async fn what_is_no_layer_and_no_config_is_an_error() {
    let attested = Layer::of(&[("a", b"1")]).media_type("application/vnd.in-toto+json");
    is_refused(beside(arm64().layer(attested)), "layer 2").await;
    is_refused(
        beside(arm64().config_type("application/vnd.cncf.helm.config.v1+json")),
        "helm",
    )
    .await;
}

#[tokio::test]
async fn a_config_that_does_not_fit_its_manifest_is_an_error() {
    is_refused(
        beside(arm64().config(|c| c["rootfs"]["diff_ids"] = json!([]))),
        "0 diff ids for 1 layers",
    )
    .await;
    is_refused(beside(arm64().config(|c| *c = json!("x"))), "the config").await;
    is_refused(
        beside(arm64().config(|c| {
            c["os"] = "".into();
            c["architecture"] = "".into();
        })),
        "neither operating system nor architecture",
    )
    .await;
}

#[tokio::test]
async fn an_index_that_can_not_be_read_is_an_error_and_no_panic() {
    for edit in [
        |index: &mut serde_json::Value| index["manifests"][0]["annotations"] = json!({"a": [1]}),
        |index: &mut serde_json::Value| index["schemaVersion"] = 1.into(),
        |index: &mut serde_json::Value| index["mediaType"] = "text/plain".into(),
    ] {
        let tree = tree_of(two_platforms().index(edit)).await;
        let found = judge(&tree);
        assert_eq!(codes(&found)[0], "error invalid-manifest", "{found:?}");
    }
    let tree = tree_of(two_platforms().index(|index| {
        index.as_object_mut().expect("an object").remove("schemaVersion");
    }))
    .await;
    assert_eq!(codes(&judge(&tree)), ["warning invalid-manifest"]);
}

#[tokio::test]
async fn nesting_has_an_end() {
    let mut layout = two_platforms();
    for _ in 0..6 {
        layout = layout.nested();
    }
    let found = judge(&tree_of(layout).await);
    assert_eq!(codes(&found), ["error invalid-manifest"]);
    assert!(found[0].message.contains("deep"), "{found:?}");
}

#[tokio::test]
async fn a_signature_beside_the_images_is_no_mistake() {
    let entry = json!({
        "mediaType": "application/vnd.cncf.notary.signature",
        "digest": crate::layout::digest(b"s"), "size": 1,
    });
    let found = judge(&tree_of(two_platforms().entry(entry)).await);
    assert_eq!(codes(&found), ["info invalid-manifest"]);
}

#[tokio::test]
async fn docker_s_manifests_take_docker_s_layers() {
    let mixed = arm64().in_docker_types().layer(Layer::of(&[("b", b"2")]));
    let found = judge(&tree_of(beside(mixed)).await);
    assert_eq!(codes(&found), ["warning invalid-manifest linux/arm64"]);
}

#[tokio::test]
async fn healthy_images_of_every_kind_are_fine() {
    for layout in [
        two_platforms().attestation(0),
        two_platforms().nested(),
        beside(arm64().in_docker_types()),
        Layout::new().image(arm64()).bare(),
        two_platforms().index(|index| index["annotations"] = json!({"a": "b"})),
        // Their absence is another rule's.
        two_platforms().without(Part::Manifest(0)),
    ] {
        assert_eq!(judge(&tree_of(layout).await), []);
    }
}
