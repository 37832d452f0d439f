//! A registry as the source of an audit: sizes without content, streams that are
//! resumed, and nothing that leaks on the way.

use std::collections::BTreeMap;
use std::io::Read;

use super::loopback::Access;
use super::*;
use crate::image::{Descriptor, Digest};
use crate::source::{
    Contents, ContentsError, Credentials, FoundCredentials, RegistryContents,
};

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

fn descriptor(pushed: &Pushed) -> Descriptor {
    Descriptor {
        media_type: pushed.media_type.clone(),
        digest: pushed.digest.parse().expect("a digest"),
        size: pushed.size as u64,
        platform: None,
        annotations: BTreeMap::new(),
        urls: Vec::new(),
    }
}

fn blob_path(pushed: &Pushed) -> String {
    format!("/v2/app/blobs/{}", pushed.digest)
}

async fn opened_with(registry: &LoopbackRegistry, options: &RegistryOptions) -> RegistryContents {
    let reference = registry.reference("app:1").parse().expect("a reference");
    RegistryContents::open(&reference, options)
        .await
        .expect("it opens")
}

/// A registry with the image `app:1` and a blob that is long enough to break.
async fn with_blob() -> (LoopbackRegistry, RegistryContents, Pushed, Vec<u8>) {
    let registry = registry().await;
    two_platforms(&registry);
    let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_be_bytes).collect();
    let blob = registry.blob("app", LAYER, bytes.clone());
    let contents = opened_with(&registry, &options()).await;
    (registry, contents, blob, bytes)
}

async fn read(
    contents: &RegistryContents,
    descriptor: &Descriptor,
) -> Result<Vec<u8>, std::io::Error> {
    let mut reader = contents
        .open(descriptor)
        .await
        .map_err(std::io::Error::other)?;
    tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map(|_| bytes)
    })
    .await
    .expect("it does not panic")
}

#[tokio::test]
async fn the_tag_is_looked_up_once_and_documents_are_verified() {
    let registry = registry().await;
    let (index, amd64, arm64) = two_platforms(&registry);
    let contents = opened_with(&registry, &options()).await;
    let root = contents.root().await.expect("a root");
    assert_eq!(root.digest.to_string(), index.digest);
    assert!(contents.document(&descriptor(&amd64)).await.is_ok());
    registry.fails_always(&manifest_path(&amd64), Fault::Bytes(b"{}".to_vec()));
    assert_eq!(
        contents.document(&descriptor(&amd64)).await,
        Err(ContentsError::Mismatch {
            actual: Digest::of(b"{}").to_string()
        })
    );
    registry.forget(&manifest_path(&arm64));
    assert_eq!(
        contents.document(&descriptor(&arm64)).await,
        Err(ContentsError::Absent)
    );
    assert_eq!(registry.count("GET /v2/app/manifests/1"), 1);
}

#[tokio::test]
async fn a_blob_is_no_longer_than_its_descriptor_says() {
    let (_registry, contents, blob, _) = with_blob().await;
    let mut short = descriptor(&blob);
    short.size = 1000;
    let error = contents.blob(&short).await.expect_err("it is too long");
    assert!(
        matches!(error, ContentsError::TooLong { at_least } if at_least > 1000),
        "{error:?}"
    );
    let error = read(&contents, &short).await.expect_err("it is too long");
    says(&error.to_string(), &["more bytes than its descriptor says"]);
}

#[tokio::test]
async fn a_document_without_end_is_given_up() {
    let registry = registry().await;
    let (_, amd64, _) = two_platforms(&registry);
    let contents = opened_with(&registry, &options()).await;
    registry.fails_always(
        &manifest_path(&amd64),
        Fault::Bytes(vec![b' '; 5 * 1024 * 1024]),
    );
    let error = contents.document(&descriptor(&amd64)).await;
    assert!(
        matches!(error, Err(ContentsError::TooLong { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_size_is_found_out_without_reading() {
    let (registry, contents, blob, bytes) = with_blob().await;
    let digest = descriptor(&blob).digest;
    assert_eq!(contents.size(&digest).await, Ok(bytes.len() as u64));
    assert_eq!(registry.count(&format!("GET {}", blob_path(&blob))), 0);
}

#[tokio::test]
async fn a_registry_that_refuses_head_is_asked_for_the_first_byte() {
    for status in [403, 404, 405, 501] {
        let (registry, contents, blob, bytes) = with_blob().await;
        registry.refuses_head(&blob_path(&blob), status);
        let size = contents.size(&descriptor(&blob).digest).await;
        assert_eq!(size, Ok(bytes.len() as u64), "{status}");
        assert_eq!(registry.count(&format!("GET {}", blob_path(&blob))), 1);
    }
    let (registry, contents, blob, bytes) = with_blob().await;
    registry.refuses_head(&blob_path(&blob), 405);
    registry.ignores_ranges();
    let size = contents.size(&descriptor(&blob).digest).await;
    assert_eq!(size, Ok(bytes.len() as u64), "without ranges");
}

#[tokio::test]
async fn nothing_and_an_empty_blob_are_told_apart() {
    let (registry, contents, blob, _) = with_blob().await;
    registry.forget(&blob_path(&blob));
    let gone = descriptor(&blob);
    assert_eq!(contents.size(&gone.digest).await, Err(ContentsError::Absent));
    let error = contents.open(&gone).await.err();
    assert_eq!(error, Some(ContentsError::Absent));
    let empty = registry.blob("app", LAYER, "");
    registry.refuses_head(&blob_path(&empty), 405);
    assert_eq!(contents.size(&descriptor(&empty).digest).await, Ok(0));
    assert_eq!(
        read(&contents, &descriptor(&empty)).await.expect("it is read"),
        b""
    );
}

#[tokio::test]
async fn a_stream_brings_all_bytes() {
    let (registry, contents, blob, bytes) = with_blob().await;
    let came = read(&contents, &descriptor(&blob)).await.expect("all");
    assert!(came == bytes);
    assert_eq!(registry.count(&format!("GET {}", blob_path(&blob))), 1);
}

#[tokio::test]
async fn a_broken_stream_is_resumed_where_it_broke() {
    let (registry, contents, blob, bytes) = with_blob().await;
    for _ in 0..6 {
        registry.fails_once(&blob_path(&blob), Fault::BreaksAfter(100_000));
    }
    let came = read(&contents, &descriptor(&blob)).await.expect("all");
    assert!(came == bytes);
    assert_eq!(registry.count(&format!("GET {}", blob_path(&blob))), 7);
}

#[tokio::test]
async fn a_registry_without_ranges_is_read_again_and_skipped_forward() {
    let (registry, contents, blob, bytes) = with_blob().await;
    registry.ignores_ranges();
    registry.fails_once(&blob_path(&blob), Fault::BreaksAfter(700_001));
    registry.fails_once(&blob_path(&blob), Fault::BreaksAfter(900_000));
    let came = read(&contents, &descriptor(&blob)).await.expect("all");
    assert!(came == bytes);
}

#[tokio::test]
async fn a_stream_that_never_gets_further_is_given_up() {
    let (registry, contents, blob, _) = with_blob().await;
    registry.ignores_ranges();
    registry.fails_always(&blob_path(&blob), Fault::BreaksAfter(700_000));
    let error = read(&contents, &descriptor(&blob)).await.expect_err("a break");
    says(&error.to_string(), &["broke", &registry.host()]);
}

#[tokio::test]
async fn a_length_that_promises_too_much_is_no_reason_to_wait() {
    let (registry, contents, blob, bytes) = with_blob().await;
    registry.fails_always(&blob_path(&blob), Fault::Promises(1));
    let mut longer = descriptor(&blob);
    longer.size += 1;
    let came = read(&contents, &longer).await;
    // After the last byte there is nothing, which the registry itself says (416).
    assert!(came.is_ok_and(|came| came == bytes));
}

#[tokio::test]
async fn a_stream_that_stops_is_broken_off_and_resumed() {
    let (registry, _, blob, bytes) = with_blob().await;
    let mut impatient = options();
    impatient.patience.request_deadline = Duration::from_millis(300);
    let contents = opened_with(&registry, &impatient).await;
    registry.fails_once(&blob_path(&blob), Fault::BreaksAfter(50_000));
    registry.fails_once(&blob_path(&blob), Fault::Silent);
    let came = read(&contents, &descriptor(&blob)).await.expect("all");
    assert!(came == bytes);
}

#[tokio::test]
async fn who_stops_reading_ends_the_download() {
    let (registry, contents, blob, _) = with_blob().await;
    let mut reader = contents.open(&descriptor(&blob)).await.expect("a reader");
    let read = tokio::task::spawn_blocking(move || {
        let mut first = [0; 10];
        let read = reader.read(&mut first);
        drop(reader);
        read
    });
    assert_eq!(read.await.expect("no panic").expect("bytes"), 10);
    // The way is free for others, and nothing is asked again.
    assert!(contents.size(&descriptor(&blob).digest).await.is_ok());
    assert_eq!(registry.count(&format!("GET {}", blob_path(&blob))), 1);
}

#[tokio::test]
async fn storage_elsewhere_never_sees_the_registry_s_credentials() {
    let (registry, _, blob, bytes) = with_blob().await;
    let user = ("me".to_owned(), "secret".to_owned());
    registry.protect(Access::Basic(user.0.clone(), user.1.clone()));
    let storage = LoopbackRegistry::start().await.expect("a port");
    let stored = storage.blob("app", LAYER, bytes.clone());
    let location = format!("http://{}{}?signed=yes", storage.host(), blob_path(&stored));
    let redirect = Fault::Answer(307, vec![("Location", location)], String::new());
    registry.fails_always(&blob_path(&blob), redirect);
    let mut options = options();
    options.credentials = Some(FoundCredentials {
        credentials: Credentials::Basic {
            username: user.0,
            password: user.1,
        },
        found_in: "a test".to_owned(),
    });
    let contents = opened_with(&registry, &options).await;
    storage.fails_once(&blob_path(&stored), Fault::BreaksAfter(100_000));

    let came = read(&contents, &descriptor(&blob)).await.expect("all");

    assert!(came == bytes);
    assert_eq!(storage.authorizations(&blob_path(&stored)), ["", ""]);
    // Resumed by way of the registry: a signed address may have run out.
    let asked = registry.authorizations(&blob_path(&blob));
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|value| value.starts_with("Basic ")));
}

#[tokio::test]
async fn redirects_without_end_are_given_up() {
    let (registry, contents, blob, _) = with_blob().await;
    let round = Fault::Answer(307, vec![("Location", blob_path(&blob))], String::new());
    registry.fails_always(&blob_path(&blob), round);
    let Err(ContentsError::Unreachable(why)) = contents.blob(&descriptor(&blob)).await else {
        panic!("it can't be read");
    };
    says(&why, &["sends requests on"]);
}

#[tokio::test]
async fn a_token_that_has_run_out_is_asked_for_again() {
    let (registry, _, blob, bytes) = with_blob().await;
    registry.protect(Access::Token {
        user: None,
        refresh: None,
    });
    let contents = opened_with(&registry, &options()).await;
    let tokens = registry.token_forms().len();
    registry.fails_once(&blob_path(&blob), Fault::status(401));
    let came = read(&contents, &descriptor(&blob)).await.expect("all");
    assert!(came == bytes);
    assert_eq!(registry.token_forms().len(), tokens + 1);
}

#[tokio::test]
async fn a_missing_tag_is_told_by_its_name() {
    let registry = registry().await;
    two_platforms(&registry);
    let reference = registry.reference("app:2").parse().expect("a reference");
    let Err(error) = RegistryContents::open(&reference, &options()).await else {
        panic!("there is no such tag");
    };
    says(&error.to_string(), &["tag `2`", "repository app"]);
}
