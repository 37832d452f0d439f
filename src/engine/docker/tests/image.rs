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
