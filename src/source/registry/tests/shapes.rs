//! Indexes, nested indexes, bare manifests; which of their children count.

use super::*;
use crate::image::Origin;

#[tokio::test]
async fn every_platform_is_known_by_its_digest_and_the_tag_is_asked_for_once() {
    let registry = registry().await;
    let (index, amd64, arm64) = two_platforms(&registry);

    let image = resolved(&registry, "app:1").await;

    assert_eq!(image.digest.as_str(), index.digest);
    assert_eq!(image.origin, Origin::RegistryIndex);
    assert_eq!(variants(&image), ["linux/amd64", "linux/arm64"]);
    assert!(image.broken.is_empty());
    for (variant, child) in image.variants.iter().zip([&amd64, &arm64]) {
        assert_eq!(variant.digest.as_str(), child.digest);
        assert_eq!(
            variant.pull_reference,
            registry.reference(&format!("app@{}", child.digest))
        );
        assert!(!variant.is_local);
        assert_eq!(variant.config.platform.as_ref(), Some(&variant.platform));
        assert_eq!(registry.count(&format!("GET {}", manifest_path(child))), 1);
    }
    assert_eq!(registry.count("GET /v2/app/manifests/1"), 1);
    assert_eq!(registry.count("HEAD /v2/app/manifests/1"), 0);
}

#[tokio::test]
async fn a_digest_beats_the_tag_beside_it() {
    let registry = registry().await;
    let (index, ..) = two_platforms(&registry);
    registry.index("app", &["1"], &[]);

    let image = resolved(&registry, &format!("app:1@{}", index.digest)).await;

    assert_eq!(variants(&image), ["linux/amd64", "linux/arm64"]);
    assert_eq!(registry.count("GET /v2/app/manifests/1"), 0);
}

#[tokio::test]
async fn docker_s_media_types_are_read_like_oci_s() {
    let registry = registry().await;
    let child = registry.image_of(
        "app",
        &[],
        "linux/amd64",
        "",
        loopback::DOCKER_MANIFEST,
        loopback::DOCKER_CONFIG,
    );
    let list = json!({
        "schemaVersion": 2, "mediaType": loopback::DOCKER_LIST,
        "manifests": [child.descriptor(Some("linux/amd64"))],
    });
    registry.manifest("app", &["1"], loopback::DOCKER_LIST, &list);

    assert_eq!(
        variants(&resolved(&registry, "app:1").await),
        ["linux/amd64"]
    );
}

#[tokio::test]
async fn nested_indexes_are_flattened_in_order_and_hand_their_platform_down() {
    let registry = registry().await;
    let amd64 = registry.image("app", "linux/amd64", "");
    let arm64 = registry.image("app", "linux/arm64", "");
    let s390x = registry.image("app", "linux/s390x", "");
    let inner = registry.index("app", &[], &[arm64.descriptor(None)]);
    registry.index(
        "app",
        &["1"],
        &[
            amd64.descriptor(Some("linux/amd64")),
            inner.descriptor(Some("linux/arm64")),
            s390x.descriptor(Some("linux/s390x")),
        ],
    );

    let image = resolved(&registry, "app:1").await;

    assert_eq!(
        variants(&image),
        ["linux/amd64", "linux/arm64", "linux/s390x"]
    );
}

#[tokio::test]
async fn indexes_that_stand_too_deep_in_each_other_are_a_fault_of_the_image() {
    let registry = registry().await;
    let mut innermost = registry.image("app", "linux/amd64", "");
    for depth in 0..9 {
        let tags: &[&str] = if depth == 8 { &["1"] } else { &[] };
        innermost = registry.index("app", tags, &[innermost.descriptor(None)]);
    }

    let image = resolved(&registry, "app:1").await;

    assert!(image.variants.is_empty());
    assert_eq!(only_fault(&image).fault.code(), "invalid-manifest");
}

#[tokio::test]
async fn a_bare_manifest_takes_its_platform_from_its_config() {
    let registry = registry().await;
    let child = registry.image_of(
        "app",
        &["1"],
        "linux/arm/v7",
        "",
        loopback::OCI_MANIFEST,
        loopback::OCI_CONFIG,
    );

    let image = resolved(&registry, "app:1").await;

    assert_eq!(image.origin, Origin::RegistryManifest);
    assert_eq!(image.digest.as_str(), child.digest);
    assert_eq!(variants(&image), ["linux/arm/v7"]);

    let image = try_resolve(&registry, "app:1", &wanting(&["linux/arm64"]))
        .await
        .expect("it resolves");
    assert!(image.variants.is_empty());
    assert_eq!(only_fault(&image).fault.code(), "single-platform-image");
    says(
        &only_fault(&image).fault.to_string(),
        &["no index", "linux/arm/v7"],
    );
}

#[tokio::test]
async fn an_entry_without_a_platform_takes_it_from_its_config() {
    let registry = registry().await;
    let child = registry.image("app", "linux/riscv64", "");
    registry.index("app", &["1"], &[child.descriptor(None)]);

    let image = try_resolve(&registry, "app:1", &wanting(&["linux/riscv64"]))
        .await
        .expect("it resolves");

    assert_eq!(variants(&image), ["linux/riscv64"]);
    assert_eq!(image.available, [platform("linux/riscv64")]);
}

#[tokio::test]
async fn attestations_and_artifacts_are_no_platforms() {
    let registry = registry().await;
    let amd64 = registry.image("app", "linux/amd64", "");
    let annotated = registry.image("app", "linux/amd64", "attestation");
    let unknown = registry.image("app", "linux/amd64", "unknown");
    let signature = registry.blob("app", "application/vnd.oci.empty.v1+json", "{}");
    let artifact = registry.manifest(
        "app",
        &[],
        loopback::OCI_MANIFEST,
        &json!({"schemaVersion": 2, "config": signature.descriptor(None), "layers": []}),
    );
    let mut attestation = annotated.descriptor(None);
    attestation["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    registry.index(
        "app",
        &["1"],
        &[
            amd64.descriptor(Some("linux/amd64")),
            attestation,
            unknown.descriptor(Some("unknown/unknown")),
            artifact.descriptor(None),
        ],
    );

    let image = resolved(&registry, "app:1").await;

    assert_eq!(variants(&image), ["linux/amd64"]);
    assert_eq!(image.available, [platform("linux/amd64")]);
    assert!(image.broken.is_empty(), "{:?}", image.broken);
    for child in [annotated, unknown] {
        assert_eq!(registry.count(&format!("GET {}", manifest_path(&child))), 0);
    }
}

#[tokio::test]
async fn two_children_for_one_platform_are_a_fault_of_that_platform_alone() {
    let registry = registry().await;
    let first = registry.image("app", "linux/arm64", "first");
    let second = registry.image("app", "linux/arm64", "second");
    let amd64 = registry.image("app", "linux/amd64", "");
    registry.index(
        "app",
        &["1"],
        &[
            first.descriptor(Some("linux/arm64")),
            amd64.descriptor(Some("linux/amd64")),
            second.descriptor(Some("linux/arm64/v8")),
        ],
    );

    let image = resolved(&registry, "app:1").await;

    assert_eq!(variants(&image), ["linux/amd64"]);
    let broken = only_fault(&image);
    assert_eq!(broken.platform, platform("linux/arm64"));
    assert_eq!(broken.fault.code(), "duplicate-platform");
    says(&broken.fault.to_string(), &[&first.digest, &second.digest]);
}

#[tokio::test]
async fn the_same_child_listed_twice_is_one_child() {
    let registry = registry().await;
    let amd64 = registry.image("app", "linux/amd64", "");
    let entry = amd64.descriptor(Some("linux/amd64"));
    registry.index("app", &["1"], &[entry.clone(), entry]);

    let image = resolved(&registry, "app:1").await;

    assert_eq!(variants(&image), ["linux/amd64"]);
    assert!(image.broken.is_empty());
}

#[tokio::test]
async fn windows_children_are_told_apart_by_their_version() {
    let registry = registry().await;
    let mut entries = Vec::new();
    for version in ["10.0.17763.1", "10.0.20348.2"] {
        let child = registry.image("app", "windows/amd64", version);
        let mut entry = child.descriptor(Some("windows/amd64"));
        entry["platform"]["os.version"] = version.into();
        entries.push(entry);
    }
    registry.index("app", &["1"], &entries);

    let image = try_resolve(&registry, "app:1", &wanting(&["windows/amd64"]))
        .await
        .expect("it resolves");

    assert_eq!(
        variants(&image),
        ["windows/amd64 10.0.17763.1", "windows/amd64 10.0.20348.2"]
    );
    assert!(image.broken.is_empty(), "{:?}", image.broken);
}

#[tokio::test]
async fn only_what_is_wanted_is_fetched_but_all_that_is_there_is_known() {
    let registry = registry().await;
    let (_, amd64, arm64) = two_platforms(&registry);

    let image = try_resolve(
        &registry,
        "app:1",
        &wanting(&["linux/s390x", "linux/arm64"]),
    )
    .await
    .expect("it resolves");

    assert_eq!(variants(&image), ["linux/arm64"]);
    assert_eq!(
        image.available,
        [platform("linux/amd64"), platform("linux/arm64")]
    );
    assert_eq!(registry.count(&format!("GET {}", manifest_path(&arm64))), 1);
    assert_eq!(registry.count(&format!("GET {}", manifest_path(&amd64))), 0);
    let broken = only_fault(&image);
    assert_eq!(broken.platform, platform("linux/s390x"));
    assert_eq!(broken.digest, None);
    assert_eq!(broken.fault.code(), "platform-not-in-index");
    assert!(broken.fault.is_of_the_image());
    says(
        &broken.fault.to_string(),
        &["it has linux/amd64, linux/arm64"],
    );
}

#[tokio::test]
async fn an_index_of_nothing_and_a_thing_that_is_no_image_are_errors() {
    let registry = registry().await;
    registry.index("app", &["empty"], &[]);
    says(
        &refused(&registry, "app:empty", &options()).await,
        &["app:empty", "no platform at all"],
    );

    registry.manifest(
        "app",
        &["old"],
        "application/json",
        &json!({"schemaVersion": 1, "name": "app"}),
    );
    says(
        &refused(&registry, "app:old", &options()).await,
        &["schema version 1", "push the image again"],
    );
}

#[tokio::test]
async fn resolving_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let reference: RegistryReference = "127.0.0.1:9/app:1".parse().expect("a reference");
    let options = options();
    is_send(&resolve(&reference, &options));
}

/// The same, as a registry of the real kind serves it.
#[tokio::test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs the registry and images of ci/images: run ci/test"
)]
async fn a_real_registry_s_images_resolve() {
    let host = std::env::var("EVERYARCH_REGISTRY").unwrap_or_else(|_| "127.0.0.1:5055".to_owned());
    for (name, expected) in [
        (
            "all",
            &[
                "linux/amd64",
                "linux/arm64",
                "linux/arm/v7",
                "linux/ppc64le",
                "linux/s390x",
            ][..],
        ),
        ("docker", &["linux/amd64", "linux/arm64"]),
        ("nested", &["linux/amd64", "linux/arm64"]),
        ("amd64", &["linux/amd64"]),
    ] {
        let reference: RegistryReference = format!("{host}/test/busybox:{name}")
            .parse()
            .expect("a reference");
        let image = resolve(&reference, &RegistryOptions::default())
            .await
            .expect("it resolves");
        assert_eq!(variants(&image), expected, "{name}");
        assert!(image.broken.is_empty(), "{:?}", image.broken);
    }
    let missing: RegistryReference = format!("{host}/test/busybox:no-such-tag")
        .parse()
        .expect("a reference");
    let error = resolve(&missing, &RegistryOptions::default())
        .await
        .expect_err("no such tag");
    says(
        &error.to_string(),
        &["tag `no-such-tag`", "test/busybox", &host],
    );
}
