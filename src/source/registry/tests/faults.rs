//! What a registry, the network and broken content do, and what is said of it.

use super::*;
use crate::source::untrusted_tls::untrusted_tls_port;

const TAG: &str = "/v2/app/manifests/1";

#[tokio::test]
async fn a_missing_tag_is_named_with_its_repository() {
    let registry = registry().await;
    two_platforms(&registry);
    let error = try_resolve(&registry, "app:2", &options())
        .await
        .expect_err("no such tag");
    assert!(matches!(error, SourceError::NotFound { .. }), "{error:?}");
    says(
        &error.to_string(),
        &[&registry.host(), "tag `2`", "repository app", "pushed"],
    );
}

#[tokio::test]
async fn a_missing_child_is_that_platform_s_fault_and_the_others_go_on() {
    let registry = registry().await;
    let (_, _, arm64) = two_platforms(&registry);
    registry.forget(&manifest_path(&arm64));

    let image = resolved(&registry, "app:1").await;

    assert_eq!(variants(&image), ["linux/amd64"]);
    let broken = only_fault(&image);
    assert_eq!(broken.platform, platform("linux/arm64"));
    assert_eq!(
        broken.digest.as_ref().map(ToString::to_string),
        Some(arm64.digest)
    );
    assert_eq!(broken.fault.code(), "index-child-missing");
    assert!(broken.fault.is_of_the_image());
}

#[tokio::test]
async fn a_missing_config_is_that_platform_s_fault() {
    let registry = registry().await;
    two_platforms(&registry);
    let image = resolved(&registry, "app:1").await;
    registry.forget(&format!(
        "/v2/app/blobs/{}",
        image.variants[1].config_digest
    ));

    let image = resolved(&registry, "app:1").await;

    assert_eq!(variants(&image), ["linux/amd64"]);
    assert_eq!(only_fault(&image).fault.code(), "blob-missing");
}

#[tokio::test]
async fn bytes_that_do_not_match_their_digest_are_never_used() {
    let registry = registry().await;
    let (index, _, arm64) = two_platforms(&registry);
    let image = resolved(&registry, "app:1").await;
    let config = format!("/v2/app/blobs/{}", image.variants[0].config_digest);
    // A valid config of the right length, for another architecture.
    registry.fails_always(&config, Fault::Bytes(b"{\"os\":\"linux\"}".to_vec()));
    registry.fails_always(&manifest_path(&arm64), Fault::Bytes(b"{}".to_vec()));

    let image = resolved(&registry, "app:1").await;

    assert!(image.variants.is_empty(), "{:?}", image.variants);
    for broken in &image.broken {
        assert_eq!(broken.fault.code(), "digest-mismatch");
        assert!(broken.fault.is_of_the_image());
    }
    says(&image.broken[0].fault.to_string(), &["config"]);
    says(
        &image.broken[1].fault.to_string(),
        &["manifest", &arm64.digest],
    );
    assert_eq!(image.broken[0].platform, platform("linux/amd64"));

    registry.fails_always(
        &format!("/v2/app/manifests/{}", index.digest),
        Fault::Bytes(b"{}".to_vec()),
    );
    says(
        &refused(&registry, &format!("app@{}", index.digest), &options()).await,
        &[&index.digest, "other bytes", &registry.host()],
    );
}

#[tokio::test]
async fn a_digest_header_that_contradicts_the_tag_s_bytes_is_an_error() {
    let registry = registry().await;
    two_platforms(&registry);
    let promised = format!("sha256:{}", "0".repeat(64));
    registry.fails_always(
        TAG,
        Fault::Answer(
            200,
            vec![("Docker-Content-Digest", promised.clone())],
            "{}".to_owned(),
        ),
    );
    says(
        &refused(&registry, "app:1", &options()).await,
        &["tag `1`", &promised],
    );
}

#[tokio::test]
async fn a_size_that_contradicts_the_descriptor_is_the_image_s_fault() {
    let registry = registry().await;
    let child = registry.image("app", "linux/amd64", "");
    let mut short = child.descriptor(Some("linux/amd64"));
    short["size"] = 5.into();
    registry.index("app", &["1"], &[short]);
    assert_eq!(
        only_fault(&resolved(&registry, "app:1").await).fault.code(),
        "size-mismatch"
    );

    // A config is not even read beyond what is promised.
    let config = registry.blob(
        "app",
        loopback::OCI_CONFIG,
        config_of("linux/amd64").to_string(),
    );
    let mut descriptor = config.descriptor(None);
    descriptor["size"] = 5.into();
    registry.manifest(
        "app",
        &["2"],
        loopback::OCI_MANIFEST,
        &json!({"schemaVersion": 2, "config": descriptor, "layers": []}),
    );
    let image = resolved(&registry, "app:2").await;
    assert!(
        matches!(
            only_fault(&image).fault,
            VariantFault::SizeMismatch {
                what: "config",
                expected: 5,
                ..
            }
        ),
        "{:?}",
        image.broken
    );
}

/// No manifest has more bytes (`Pushing Manifests` of the distribution
/// specification), and what is read beyond them is a piece of the network's.
const TAKEN: std::ops::Range<u64> = 4 * 1024 * 1024..5 * 1024 * 1024;

#[tokio::test]
async fn a_manifest_without_end_is_given_up_within_bounds() {
    let registry = registry().await;
    let (_, amd64, _) = two_platforms(&registry);
    registry.fails_always(&manifest_path(&amd64), Fault::Endless);

    let image = resolved(&registry, "app:1").await;

    assert_eq!(variants(&image), ["linux/arm64"]);
    let VariantFault::SizeMismatch { what, actual, .. } = &only_fault(&image).fault else {
        panic!("{:?}", image.broken);
    };
    assert_eq!(*what, "manifest");
    assert!(TAKEN.contains(actual), "{actual}");
    assert_eq!(registry.count(&format!("GET {}", manifest_path(&amd64))), 1);
}

#[tokio::test]
async fn a_tag_without_end_is_given_up_within_bounds_by_whoever_asks() {
    let registry = registry().await;
    two_platforms(&registry);
    registry.fails_always(TAG, Fault::Endless);
    let reference: RegistryReference = registry.reference("app:1").parse().expect("a reference");

    let of_run = refused(&registry, "app:1", &options()).await;
    let Err(of_audit) = crate::source::RegistryContents::open(&reference, &options()).await else {
        panic!("it has no end");
    };

    for error in [of_run, of_audit.to_string()] {
        says(&error, &["looking up", "tag `1` goes on after", "4194304"]);
        let taken = error.split("goes on after ").nth(1).expect("a number");
        let taken = taken.split(' ').next().and_then(|word| word.parse().ok());
        assert!(taken.is_some_and(|taken| TAKEN.contains(&taken)), "{error}");
    }
    // Once for each: it would not be shorter another time.
    assert_eq!(registry.count(&format!("GET {TAG}")), 2);
}

#[tokio::test]
async fn a_manifest_of_a_hundred_megabytes_is_none_even_if_its_descriptor_says_so() {
    let registry = registry().await;
    let child = registry.image("app", "linux/amd64", "");
    let mut large = child.descriptor(Some("linux/amd64"));
    large["size"] = 100_000_000.into();
    registry.index("app", &["1"], &[large]);
    registry.fails_always(&manifest_path(&child), Fault::Endless);

    let image = resolved(&registry, "app:1").await;

    let fault = &only_fault(&image).fault;
    assert_eq!(fault.code(), "invalid-manifest");
    says(&fault.to_string(), &["100000000 bytes", "4194304"]);
}

#[tokio::test]
async fn an_index_of_more_entries_than_any_has_is_read_so_far_and_said_to_go_on() {
    let registry = registry().await;
    let entries: Vec<Value> = (0..1500)
        .map(|number| {
            json!({
                "mediaType": loopback::OCI_MANIFEST, "size": 2,
                "digest": format!("sha256:{number:064}"),
                "platform": {"os": "linux", "architecture": "s390x"},
            })
        })
        .collect();
    registry.index("app", &["1"], &entries);

    let image = try_resolve(&registry, "app:1", &wanting(&["linux/amd64"]))
        .await
        .expect("it resolves");

    let codes: Vec<&str> = image.broken.iter().map(|b| b.fault.code()).collect();
    assert_eq!(codes, ["invalid-manifest", "platform-not-in-index"]);
    says(&image.broken[0].fault.to_string(), &["behind 1000 others"]);
}

#[tokio::test]
async fn what_passes_is_asked_again() {
    for fault in [
        Fault::status(503),
        Fault::status(500),
        Fault::Truncated,
        Fault::Closed,
    ] {
        let registry = registry().await;
        let (_, amd64, _) = two_platforms(&registry);
        let image = resolved(&registry, "app:1").await;
        let config = format!("/v2/app/blobs/{}", image.variants[0].config_digest);
        for path in ["/v2/", TAG, &manifest_path(&amd64), &config] {
            registry.fails_once(path, fault.clone());
            registry.fails_once(path, fault.clone());
        }

        let image = resolved(&registry, "app:1").await;

        assert_eq!(
            variants(&image),
            ["linux/amd64", "linux/arm64"],
            "{fault:?}: {:?}",
            image.broken
        );
        assert_eq!(registry.count(&format!("GET {TAG}")), 1 + 3, "{fault:?}");
    }
}

#[tokio::test]
async fn what_does_not_pass_is_said_with_the_number_of_attempts() {
    let registry = registry().await;
    two_platforms(&registry);
    registry.fails_always(TAG, Fault::Answer(502, Vec::new(), "no backend".to_owned()));
    says(
        &refused(&registry, "app:1", &options()).await,
        &[
            "looking up",
            &registry.host(),
            "502: no backend",
            "asked 3 times",
        ],
    );
    registry.fails_always(TAG, Fault::Truncated);
    says(
        &refused(&registry, "app:1", &options()).await,
        &["the connection", "broke", "asked 3 times"],
    );
}

#[tokio::test]
async fn what_can_t_pass_is_asked_once() {
    let registry = registry().await;
    registry.fails_always(TAG, Fault::status(400));
    says(&refused(&registry, "app:1", &options()).await, &["400"]);
    assert_eq!(registry.count(&format!("GET {TAG}")), 1);
}

#[tokio::test]
async fn a_throttling_registry_is_given_the_time_it_asks_for() {
    let registry = registry().await;
    let (_, amd64, _) = two_platforms(&registry);
    for path in ["/v2/", TAG, &manifest_path(&amd64)] {
        registry.fails_once(path, Fault::throttled("1"));
    }
    let started = std::time::Instant::now();

    let image = resolved(&registry, "app:1").await;

    assert!(started.elapsed() >= Duration::from_secs(3));
    assert_eq!(variants(&image), ["linux/amd64", "linux/arm64"]);
}

#[tokio::test]
async fn a_registry_that_wants_too_much_time_is_given_up_at_once() {
    let registry = registry().await;
    registry.fails_always(TAG, Fault::throttled("3600"));
    says(
        &refused(&registry, "app:1", &options()).await,
        &["429", "3600 s", "docker login"],
    );
    assert_eq!(registry.count(&format!("GET {TAG}")), 1);
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let registry = registry().await;
    let (_, _, arm64) = two_platforms(&registry);
    let mut hasty = options();
    hasty.patience.retries = 1;
    hasty.patience.request_deadline = Duration::from_secs(1);
    registry.fails_always(&manifest_path(&arm64), Fault::Silent);

    let image = try_resolve(&registry, "app:1", &hasty)
        .await
        .expect("the others resolve");

    assert_eq!(variants(&image), ["linux/amd64"]);
    let broken = only_fault(&image);
    assert_eq!(broken.fault.code(), "registry-error");
    assert!(!broken.fault.is_of_the_image());
    says(
        &broken.fault.to_string(),
        &["did not answer within 1 s", &arm64.digest, "asked 2 times"],
    );

    registry.fails_always("/v2/", Fault::Silent);
    says(
        &refused(&registry, "app:1", &hasty).await,
        &["reaching the registry", "did not answer within 1 s"],
    );
}

#[tokio::test]
async fn a_port_where_nothing_listens_is_named() {
    // Bound and held, so that nobody else gets it, but not listening.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket
        .bind(([127, 0, 0, 1], 0).into())
        .expect("a free port");
    let free = socket.local_addr().expect("its address");
    let reference: RegistryReference = format!("{free}/app:1").parse().expect("a reference");
    let error = resolve(&reference, &options()).await.expect_err("refused");
    says(
        &error.to_string(),
        &[
            &free.to_string(),
            "nothing listens",
            "reaching the registry",
        ],
    );
    assert!(!error.to_string().contains("asked"), "{error}");
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_named() {
    let reference: RegistryReference = "no-such-host.invalid/app:1".parse().expect("a reference");
    let error = resolve(&reference, &options()).await.expect_err("no host");
    says(
        &error.to_string(),
        &["no-such-host.invalid", "can't be resolved"],
    );
}

fn with_tls() -> RegistryOptions {
    RegistryOptions {
        loopback_is_plain: false,
        ..options()
    }
}

#[tokio::test]
async fn tls_on_a_plain_port_is_told_with_the_flag_to_pass() {
    let registry = registry().await;
    two_platforms(&registry);
    says(
        &refused(&registry, "app:1", &with_tls()).await,
        &[
            "does not speak TLS",
            &format!("--insecure-registry {}", registry.host()),
        ],
    );
    let mut insecure = with_tls();
    insecure.insecure = vec![registry.host()];
    try_resolve(&registry, "app:1", &insecure)
        .await
        .expect("it resolves with the flag");
}

#[tokio::test]
async fn plain_http_on_a_tls_port_is_told() {
    let tls = untrusted_tls_port().expect("a TLS port");
    let reference: RegistryReference = format!("{tls}/app:1").parse().expect("a reference");
    let error = resolve(&reference, &options()).await.expect_err("not HTTP");
    says(
        &error.to_string(),
        &["probably speaks TLS", &tls.to_string()],
    );

    // Go's server answers in plain HTTP that it does not speak it.
    let registry = registry().await;
    registry.fails_always(
        "/v2/",
        Fault::Answer(
            400,
            Vec::new(),
            "Client sent an HTTP request to an HTTPS server.\n".to_owned(),
        ),
    );
    says(
        &refused(&registry, "app:1", &options()).await,
        &["probably speaks TLS"],
    );
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_is_told() {
    let tls = untrusted_tls_port().expect("a TLS port");
    let reference: RegistryReference = format!("{tls}/app:1").parse().expect("a reference");
    let error = resolve(&reference, &with_tls())
        .await
        .expect_err("untrusted");
    says(
        &error.to_string(),
        &[
            "certificate",
            "not trusted",
            &tls.to_string(),
            "SSL_CERT_FILE",
        ],
    );
    assert!(!error.to_string().contains("asked"), "{error}");
}
