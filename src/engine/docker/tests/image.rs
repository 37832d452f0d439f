//! The engine itself, and its images.

use super::*;

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn it_says_who_it_is() {
    let engine = engine().await;
    let facts = engine.facts();
    assert!(
        ["Docker", "Podman"].contains(&facts.name.as_str()),
        "{facts:?}"
    );
    assert!(facts.version.contains('.'), "{facts:?}");
    assert_eq!(facts.platform.os(), "linux");
    assert!(!facts.platform.architecture().is_unknown(), "{facts:?}");
    assert!(facts.is_local);
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_pulled_by_digest_and_told_by_its_config() {
    let engine = engine().await;
    let arm: Platform = "linux/arm64".parse().expect("a platform");
    let reference = pulled(&engine, &arm).await;
    let image = engine
        .image(&reference)
        .await
        .expect("an answer")
        .expect("an image");
    assert_eq!(image.platform, arm);
    assert!(image.id.starts_with("sha256:"), "{image:?}");
    assert!(!image.config.command_line().is_empty(), "{image:?}");
    assert_eq!(image.config.platform, Some(arm));
    assert!(image.repo_digests.contains(&reference), "{image:?}");

    let absent = format!("{}/test/busybox:no-such-tag", registry());
    assert!(engine.image(&absent).await.expect("an answer").is_none());
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_pull_that_fails_says_why() {
    let engine = engine().await;
    let native = engine.facts().platform.clone();
    let absent = format!("{}/test/busybox@sha256:{}", registry(), "0".repeat(64));
    let error = engine
        .pull(&absent, &native, None, Duration::from_secs(60), &|_, _| {})
        .await
        .expect_err("there is none");
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("unknown"), "{error}");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn an_image_of_its_store_is_saved_and_read_from_what_was_saved() {
    use crate::image::{Document, ImageConfig};
    use crate::source::{Contents as _, LocalContents};

    let engine = engine().await;
    let native = engine.facts().platform.clone();
    let reference = pulled(&engine, &native).await;
    let image = engine.image(&reference).await.expect("an answer");
    let id = image.expect("an image").id;

    let contents = LocalContents::of_engine(&id, engine.save(&id))
        .await
        .expect("an archive");

    let root = contents.root().await.expect("a root");
    assert!(root.note.is_some());
    let Ok(Document::Manifest(manifest)) = Document::parse(&root.bytes) else {
        panic!("a manifest: {}", String::from_utf8_lossy(&root.bytes));
    };
    let config = contents.blob(&manifest.config).await.expect("a config");
    let config = ImageConfig::parse(&config).expect("a config");
    assert_eq!(config.platform, Some(native));
    assert_eq!(config.diff_ids.len(), manifest.layers.len());
    for layer in &manifest.layers {
        assert_eq!(contents.size(&layer.digest).await, Ok(layer.size));
        let mut reader = contents.open(layer).await.expect("a layer");
        let bytes = tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).map(|_| bytes)
        });
        let bytes = bytes.await.expect("no panic").expect("bytes");
        assert!(layer.digest.matches(&bytes), "{}", layer.digest);
    }
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_not_there_can_not_be_saved() {
    use futures_util::StreamExt as _;

    let engine = engine().await;
    let absent = format!("{}/test/busybox:no-such-tag", registry());
    let pieces: Vec<_> = engine.save(&absent).collect().await;
    let [Err(EngineError::Refused { .. })] = pieces.as_slice() else {
        panic!("{pieces:?}");
    };
}
