//! What images on this machine promise, on images made in code.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::image::{Document, ImageReference, Manifest};
use crate::layout::{Image, Layer, Layout, Packing, Part, archive, digest, packed};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Opens `transport:PATH/rest`.
async fn try_open(transport: &str, path: &Path, name: &str) -> Result<LocalContents, String> {
    let text = format!("{transport}:{}{name}", path.display());
    let Ok(ImageReference::File(reference)) = text.parse() else {
        panic!("{text} names a file");
    };
    LocalContents::open(&reference)
        .await
        .map_err(|error| error.to_string())
}

async fn open(transport: &str, path: &Path, name: &str) -> LocalContents {
    try_open(transport, path, name).await.expect("it opens")
}

async fn refused(transport: &str, path: &Path, name: &str) -> String {
    match try_open(transport, path, name).await {
        Ok(_) => panic!("it opens"),
        Err(why) => why,
    }
}

fn says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "`{word}` is missing in: {message}");
    }
}

fn two_platforms() -> Layout {
    Layout::new()
        .image(Image::small("linux/amd64"))
        .image(Image::small("linux/arm64"))
}

/// The children of what it opened, and the manifest of the first.
async fn first_child(contents: &LocalContents) -> (Vec<Descriptor>, Manifest) {
    let root = contents.root().await.expect("a root");
    assert!(root.digest.matches(&root.bytes));
    let Ok(Document::Index(index)) = Document::parse(&root.bytes) else {
        panic!("an index");
    };
    let first = index.manifests.first().expect("a child");
    let bytes = contents.document(first).await.expect("a manifest");
    let Ok(Document::Manifest(manifest)) = Document::parse(&bytes) else {
        panic!("a manifest");
    };
    (index.manifests, manifest)
}

async fn read(contents: &LocalContents, descriptor: &Descriptor) -> Vec<u8> {
    let mut reader = contents.open(descriptor).await.expect("a blob");
    tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).expect("it is read");
        bytes
    })
    .await
    .expect("it does not panic")
}

fn descriptor_of(digest: &str, size: u64) -> Descriptor {
    Descriptor {
        media_type: String::new(),
        digest: digest.parse().expect("a digest"),
        size,
        platform: None,
        annotations: BTreeMap::new(),
        urls: Vec::new(),
    }
}

async fn is_whole(contents: &LocalContents) {
    let (children, manifest) = first_child(contents).await;
    assert_eq!(children.len(), 2);
    let config = contents.blob(&manifest.config).await.expect("a config");
    assert!(manifest.config.digest.matches(&config));
    let layer = manifest.layers.first().expect("a layer");
    assert_eq!(contents.size(&layer.digest).await, Ok(layer.size));
    assert!(layer.digest.matches(&read(contents, layer).await));
}

#[tokio::test]
async fn a_layout_is_read_from_a_folder_and_from_an_archive_packed_or_not() {
    let place = folder();
    two_platforms().write_folder(&place.path().join("out"));
    is_whole(&open("oci", &place.path().join("out"), "").await).await;
    for packing in [Packing::Plain, Packing::Gzip, Packing::Zstd] {
        let file = place.path().join(format!("{packing:?}.tar"));
        two_platforms().write_archive(&file, packing);
        is_whole(&open("oci-archive", &file, ":latest").await).await;
    }
}

#[tokio::test]
async fn one_of_several_images_has_to_be_named() {
    let place = folder();
    two_platforms()
        .tagged("2.0")
        .image(Image::small("linux/s390x"))
        .write_folder(place.path());
    let two = open("oci", place.path(), ":2.0").await;
    assert_eq!(first_child(&two).await.0.len(), 1);
    says(
        &refused("oci", place.path(), "").await,
        &["several images", "`latest`", "`2.0`"],
    );
    says(
        &refused("oci", place.path(), ":3").await,
        &["no image of the tag `3`", "`latest`, `2.0`"],
    );
}

#[tokio::test]
async fn an_index_json_that_lists_platforms_without_names_is_the_image_itself() {
    let place = folder();
    let mut files = two_platforms().files();
    let index = files.get("index.json").expect("one").clone();
    let index: serde_json::Value = serde_json::from_slice(&index).expect("JSON");
    let inner = index["manifests"][0]["digest"].as_str().expect("a digest");
    let inner = files[&format!("blobs/{}", inner.replace(':', "/"))].clone();
    files.insert("index.json".to_owned(), inner);
    let file = place.path().join("a.tar");
    std::fs::write(&file, archive(&files)).expect("a file");
    is_whole(&open("oci-archive", &file, "").await).await;
}

#[tokio::test]
async fn a_blob_that_is_missing_longer_or_another_is_told_apart() {
    let place = folder();
    let layout = two_platforms();
    let gone = layout.digest_of(Part::Layer(0, 0));
    let other = layout.digest_of(Part::Config(0));
    layout
        .without(Part::Layer(0, 0))
        .replaced(Part::Config(0), b"{}")
        .write_folder(place.path());
    let contents = open("oci", place.path(), "").await;
    let gone = descriptor_of(&gone, 1);
    assert_eq!(
        contents.size(&gone.digest).await,
        Err(ContentsError::Absent)
    );
    assert_eq!(
        contents.open(&gone).await.err(),
        Some(ContentsError::Absent)
    );
    let mismatch = Err(ContentsError::Mismatch {
        actual: digest(b"{}"),
    });
    assert_eq!(contents.blob(&descriptor_of(&other, 2)).await, mismatch);
    assert_eq!(
        contents.blob(&descriptor_of(&other, 1)).await,
        Err(ContentsError::TooLong { at_least: 2 })
    );
}

#[tokio::test]
async fn a_link_out_of_the_layout_is_not_followed_and_one_within_it_is() {
    let place = folder();
    let layout = two_platforms();
    let (layer, config) = (
        layout.digest_of(Part::Layer(0, 0)),
        layout.digest_of(Part::Config(0)),
    );
    let out = place.path().join("out");
    layout.write_folder(&out);
    let blob = |digest: &str| out.join(format!("blobs/{}", digest.replace(':', "/")));
    let secret = place.path().join("secret");
    std::fs::rename(blob(&layer), &secret).expect("it moves");
    std::os::unix::fs::symlink("../../../secret", blob(&layer)).expect("a link");
    std::fs::rename(blob(&config), out.join("inside")).expect("it moves");
    std::os::unix::fs::symlink("../../inside", blob(&config)).expect("a link");

    let contents = open("oci", &out, "").await;

    let layer = descriptor_of(&layer, 1);
    for error in [
        contents.size(&layer.digest).await.err(),
        contents.open(&layer).await.err(),
    ] {
        let Some(ContentsError::Unreachable(why)) = error else {
            panic!("{error:?}");
        };
        says(&why, &["leads out of the layout"]);
    }
    let (_, manifest) = first_child(&contents).await;
    assert!(contents.blob(&manifest.config).await.is_ok());
}

#[tokio::test]
async fn what_is_no_layout_is_told_with_its_reason() {
    let place = folder();
    std::fs::write(place.path().join("file"), "hello").expect("a file");
    let cut = packed(&archive(&two_platforms().files()), Packing::Plain);
    let cut_at = |name: &str, length: usize| {
        std::fs::write(place.path().join(name), &cut[..length]).expect("a file");
    };
    cut_at("cut.tar", cut.len() - 1024 - 700);
    cut_at("without-its-end.tar", cut.len() - 1024);
    for (transport, path, word) in [
        ("oci", "nowhere", "nothing of that name"),
        ("oci", "file", "no folder"),
        ("oci", "", "no file `oci-layout`"),
        ("oci-archive", "file", "no tar archive"),
        ("oci-archive", "", "no file"),
        ("oci-archive", "cut.tar", "ends too early"),
        ("oci-archive", "without-its-end.tar", "ends too early"),
        ("docker-archive", "cut.tar", "ends too early"),
    ] {
        let path = place.path().join(path);
        says(&refused(transport, &path, "").await, &[word]);
    }
}

#[tokio::test]
async fn a_saved_image_gets_a_manifest_of_its_own_and_says_that_it_was_never_pushed() {
    let place = folder();
    let layers = [
        Layer::of(&[("a", b"1")]).created_by("COPY a /"),
        Layer::of(&[("b", b"2")]).created_by("COPY b /"),
    ];
    let image = layers
        .into_iter()
        .fold(Image::new("linux/arm64"), Image::layer);
    let file = place.path().join("saved.tar");
    let saved = Layout::new().image(image).docker_archive(&["me/app:1"]);
    std::fs::write(&file, packed(&saved, Packing::Gzip)).expect("a file");

    for name in ["", ":me/app:1", ":docker.io/me/app:1"] {
        let contents = open("docker-archive", &file, name).await;
        let root = contents.root().await.expect("a root");
        says(&root.note.expect("a note"), &["a registry never saw it"]);
        assert!(root.digest.matches(&root.bytes));
        let Ok(Document::Manifest(manifest)) = Document::parse(&root.bytes) else {
            panic!("a manifest");
        };
        let config = contents.blob(&manifest.config).await.expect("a config");
        let config = crate::image::ImageConfig::parse(&config).expect("a config");
        let digests: Vec<String> = manifest
            .layers
            .iter()
            .map(|layer| layer.digest.to_string())
            .collect();
        assert_eq!(digests, config.diff_ids);
        for layer in &manifest.layers {
            assert_eq!(contents.size(&layer.digest).await, Ok(layer.size));
            assert!(layer.digest.matches(&read(&contents, layer).await));
        }
    }
    says(
        &refused("docker-archive", &file, ":me/app:2").await,
        &["no image of the name `me/app:2`", "`me/app:1`"],
    );
}

#[tokio::test]
async fn of_several_saved_images_one_has_to_be_named() {
    let place = folder();
    let file = place.path().join("saved.tar");
    let saved = two_platforms().docker_archive(&["a:1", "b:1"]);
    std::fs::write(&file, saved).expect("a file");
    says(
        &refused("docker-archive", &file, "").await,
        &["several images", "`a:1`, `b:1`"],
    );
    // Without a tag it is `b:latest`, which is not there.
    refused("docker-archive", &file, ":b").await;
    open("docker-archive", &file, ":b:1").await;
}

#[tokio::test]
async fn a_saved_layer_that_is_a_link_to_an_equal_one_is_found() {
    let place = folder();
    let plain = Layer::of(&[("a", b"1")]).packed(Packing::Plain).tar();
    let config = json!({
        "os": "linux", "architecture": "amd64",
        "rootfs": {"diff_ids": [digest(&plain), digest(b"gone")]},
    });
    let list = json!([{"Config": "c.json", "Layers": ["two/layer.tar", "gone/layer.tar"]}]);
    let tar = Layer::new()
        .file("c.json", config.to_string().as_bytes())
        .file("one/layer.tar", &plain)
        .symlink("two/layer.tar", "../one/layer.tar")
        .symlink("round", "round")
        .file("manifest.json", list.to_string().as_bytes())
        .packed(Packing::Plain)
        .tar();
    let file = place.path().join("saved.tar");
    std::fs::write(&file, tar).expect("a file");
    let contents = open("docker-archive", &file, "").await;
    let layer = descriptor_of(&digest(&plain), plain.len() as u64);
    assert_eq!(read(&contents, &layer).await, plain);
    let gone = descriptor_of(&digest(b"gone"), 0);
    assert_eq!(
        contents.size(&gone.digest).await,
        Err(ContentsError::Absent)
    );
}

#[tokio::test]
async fn a_newer_archive_that_is_nothing_but_a_layout_is_one_all_the_same() {
    let place = folder();
    let file = place.path().join("saved.tar");
    two_platforms().write_archive(&file, Packing::Plain);
    let contents = open("docker-archive", &file, "").await;
    assert!(contents.root().await.expect("a root").note.is_some());
    is_whole(&contents).await;
}

#[tokio::test]
async fn what_an_engine_streams_is_the_image_it_was_asked_for() {
    let saved = two_platforms().docker_archive(&["a:1", "b:1"]);
    let pieces = || {
        let pieces: Vec<Result<Bytes, String>> = saved
            .chunks(1000)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        pieces
    };
    let stream = futures_util::stream::iter(pieces());
    let contents = LocalContents::of_engine("b:1", stream).await.expect("one");
    assert!(contents.root().await.expect("a root").note.is_some());

    let mut broken = pieces();
    broken.truncate(2);
    broken.push(Err("the engine went away".to_owned()));
    let error = LocalContents::of_engine("b:1", futures_util::stream::iter(broken)).await;
    says(
        &error.err().expect("it is broken").to_string(),
        &["docker-daemon:b:1", "the engine went away"],
    );
}

#[tokio::test]
async fn an_archive_that_unpacks_without_end_is_given_up() {
    let place = folder();
    let file = place.path().join("bomb.tar.zst");
    let zeros = vec![0; 80 * 1024 * 1024];
    std::fs::write(&file, packed(&zeros, Packing::Zstd)).expect("a file");
    says(
        &refused("oci-archive", &file, "").await,
        &["unpacks to more than"],
    );
}

#[tokio::test]
async fn an_archive_of_nothing_but_long_names_is_given_up() {
    let place = folder();
    let file = place.path().join("names.tar");
    let name = "n".repeat(60_000);
    let names = (0..1200).fold(Layer::new(), |layer, number| {
        layer.file(&format!("{number}{name}"), b"")
    });
    std::fs::write(&file, names.packed(Packing::Plain).tar()).expect("a file");
    says(
        &refused("oci-archive", &file, "").await,
        &["its names have more than 67108864 bytes"],
    );
}

#[tokio::test]
async fn a_manifest_of_a_hundred_megabytes_is_not_read() {
    let place = folder();
    two_platforms().write_folder(place.path());
    let contents = open("oci", place.path(), "").await;
    let (children, _) = first_child(&contents).await;
    let hex = children[0].digest.as_str().trim_start_matches("sha256:");
    let blob = place.path().join("blobs/sha256").join(hex);
    // It takes no room on the disk.
    let file = std::fs::File::options().write(true).open(blob);
    file.and_then(|file| file.set_len(100_000_000))
        .expect("a longer file");
    assert_eq!(
        contents.document(&children[0]).await,
        Err(ContentsError::TooLong {
            at_least: 100_000_000
        })
    );
}

#[test]
fn names_in_an_archive_never_leave_it() {
    for (name, normal) in [
        ("./a/b", "a/b"),
        ("/a//b/", "a/b"),
        ("../../a", "a"),
        ("a/../../b", "b"),
    ] {
        assert_eq!(tar_file::normal(name), normal);
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_archive_reader_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..2048)) {
        index_of(&bytes);
    }

    #[test]
    fn no_change_of_an_archive_makes_its_reader_panic(at in 0_usize..6000, byte in proptest::num::u8::ANY, fix in proptest::bool::ANY) {
        let mut bytes = archive(&Layout::new().image(Image::small("linux/amd64")).files());
        let at = at % bytes.len();
        bytes[at] = byte;
        let block = at / 512 * 512;
        if fix && let Some(head) = bytes.get_mut(block..block + 512) {
            let mut header = tar::Header::from_byte_slice(head).clone();
            header.set_cksum();
            head.copy_from_slice(header.as_bytes());
        }
        index_of(&bytes);
    }
}

/// Indexes an archive and opens what is in it.
fn index_of(bytes: &[u8]) {
    use std::io::Write as _;
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("it is written");
    if let Ok(files) = TarFile::index(file) {
        let _ = docker_archive::open(files, Which::Only);
    }
}
