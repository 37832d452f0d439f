//! Small images made from code and pushed to the real registry, for what
//! `ci/images` does not hold. What is pushed depends on nothing but the code, so
//! that a second run finds it there.

use std::io::Write as _;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::Digest as _;

use super::lab::registry;
use super::outcome::{array, text};
use crate::registry::LoopbackRegistry;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// One platform of a new image.
pub(super) struct NewVariant {
    platform: String,
    layers: Vec<Layer>,
    /// The image's own settings: `Env`, `Cmd` and so on.
    settings: Value,
}

struct Layer {
    descriptor: Value,
    diff_id: String,
    source: Source,
}

enum Source {
    /// In this repository of the registry already.
    Of(String),
    Bytes(Vec<u8>),
}

/// The digest of an image of `ci/images` for one platform.
pub(super) fn child(name: &str, platform: &str) -> String {
    let (repository, tag) = name.split_once(':').expect("a tag");
    let index = get(&format!("/v2/{repository}/manifests/{tag}"));
    let child = array(&index["manifests"])
        .iter()
        .find(|child| words(&child["platform"]) == platform)
        .unwrap_or_else(|| panic!("{name} has no {platform}: {index}"));
    text(&child["digest"])
}

impl NewVariant {
    /// With the layers and settings of an image of `ci/images`, by its platform.
    pub(super) fn like(name: &str, platform: &str) -> Self {
        let (repository, _) = name.split_once(':').expect("a tag");
        let digest = child(name, platform);
        let manifest = get(&format!("/v2/{repository}/manifests/{digest}"));
        let digest = text(&manifest["config"]["digest"]);
        let config = get(&format!("/v2/{repository}/blobs/{digest}"));
        let layers = array(&manifest["layers"]).iter();
        let ids = array(&config["rootfs"]["diff_ids"]).iter();
        Self {
            platform: platform.to_owned(),
            layers: layers
                .zip(ids)
                .map(|(layer, id)| Layer {
                    descriptor: layer.clone(),
                    diff_id: text(id),
                    source: Source::Of(repository.to_owned()),
                })
                .collect(),
            settings: config["config"].clone(),
        }
    }

    /// With nothing in it.
    pub(super) fn empty(platform: &str) -> Self {
        Self {
            platform: platform.to_owned(),
            layers: Vec::new(),
            settings: json!({}),
        }
    }

    /// For another platform than its layers are.
    pub(super) fn called(mut self, platform: &str) -> Self {
        self.platform = platform.to_owned();
        self
    }

    /// With these settings beside those it has.
    pub(super) fn with(mut self, settings: Value) -> Self {
        for (key, value) in settings.as_object().expect("settings") {
            self.settings[key] = value.clone();
        }
        self
    }

    /// With a layer of these files, for everyone to read and execute.
    pub(super) fn file(mut self, path: &str, content: &[u8]) -> Self {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        let path = path.trim_start_matches('/');
        archive
            .append_data(&mut header, path, content)
            .expect("a tar entry");
        let plain = archive.into_inner().expect("a tar");
        let diff_id = digest(&plain);
        let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        zipped.write_all(&plain).expect("compressed");
        let bytes = zipped.finish().expect("compressed");
        self.layers.push(Layer {
            descriptor: json!({"mediaType": LAYER, "digest": digest(&bytes), "size": bytes.len()}),
            diff_id,
            source: Source::Bytes(bytes),
        });
        self
    }

    /// Pushes it; returns its descriptor.
    fn push(&self, repository: &str) -> Value {
        for layer in &self.layers {
            let digest = text(&layer.descriptor["digest"]);
            match &layer.source {
                Source::Bytes(bytes) => put_blob(repository, &digest, bytes.clone()),
                Source::Of(other) => {
                    let path =
                        format!("/v2/{repository}/blobs/uploads/?mount={digest}&from={other}");
                    let (status, _, said) = call(Method::POST, &path, None, Vec::new());
                    assert_eq!(status, StatusCode::CREATED, "{path}: {said:?}");
                }
            }
        }
        let ids: Vec<&str> = self.layers.iter().map(|l| l.diff_id.as_str()).collect();
        let mut config = platform(&self.platform);
        config["config"] = self.settings.clone();
        config["rootfs"] = json!({"type": "layers", "diff_ids": ids});
        let config = config.to_string().into_bytes();
        let config_digest = digest(&config);
        put_blob(repository, &config_digest, config.clone());
        let layers: Vec<&Value> = self.layers.iter().map(|l| &l.descriptor).collect();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": config_digest, "size": config.len()},
            "layers": layers,
        });
        let mut descriptor = put_manifest(repository, None, MANIFEST, &manifest);
        descriptor["platform"] = platform(&self.platform);
        descriptor
    }
}

/// Pushes an index of these as `NAME:all`; returns the reference.
pub(super) fn push(name: &str, variants: &[NewVariant]) -> String {
    let children: Vec<Value> = variants.iter().map(|variant| variant.push(name)).collect();
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": children});
    put_manifest(name, Some("all"), INDEX, &index);
    format!("{}/{name}:all", registry())
}

/// Puts a copy of one platform of an image into another registry, tagged `tag`.
pub(super) fn copy_into(other: &LoopbackRegistry, name: &str, child: &str, tag: &str) {
    let (repository, _) = name.split_once(':').expect("a tag");
    let (_, digest) = children(name)
        .into_iter()
        .find(|(platform, _)| platform == child)
        .unwrap_or_else(|| panic!("{name} has no {child}"));
    let manifest = get(&format!("/v2/{repository}/manifests/{digest}"));
    let layers = array(&manifest["layers"]).iter();
    for descriptor in layers.chain([&manifest["config"]]) {
        let path = format!("/v2/{repository}/blobs/{}", text(&descriptor["digest"]));
        let (status, _, bytes) = call(Method::GET, &path, None, Vec::new());
        assert_eq!(status, StatusCode::OK, "{path}");
        other.blob(repository, &text(&descriptor["mediaType"]), bytes);
    }
    other.manifest(repository, &[tag], &text(&manifest["mediaType"]), &manifest);
}

/// What a reference's index lists: platforms and digests.
pub(super) fn children(name: &str) -> Vec<(String, String)> {
    let (repository, tag) = name.split_once(':').expect("a tag");
    let index = get(&format!("/v2/{repository}/manifests/{tag}"));
    array(&index["manifests"])
        .iter()
        .map(|child| (words(&child["platform"]), text(&child["digest"])))
        .collect()
}

/// The digests of one platform's layers.
pub(super) fn layers_of(name: &str, child: &str) -> Vec<String> {
    NewVariant::like(name, child)
        .layers
        .iter()
        .map(|layer| text(&layer.descriptor["digest"]))
        .collect()
}

/// Takes a blob away; a later push brings it back.
pub(super) fn delete_blob(repository: &str, digest: &str) {
    let path = format!("/v2/{repository}/blobs/{digest}");
    let (status, _, said) = call(Method::DELETE, &path, None, Vec::new());
    assert_eq!(status, StatusCode::ACCEPTED, "{path}: {said:?}");
}

/// The digest that a tag names.
pub(super) fn digest_of(name: &str) -> String {
    let (repository, tag) = name.split_once(':').expect("a tag");
    let (status, _, bytes) = call(
        Method::GET,
        &format!("/v2/{repository}/manifests/{tag}"),
        None,
        Vec::new(),
    );
    assert_eq!(status, StatusCode::OK, "{name}");
    digest(&bytes)
}

/// `os`, `architecture` and `variant` of `linux/arm/v7`.
fn platform(words: &str) -> Value {
    let mut words = words.split('/');
    let mut value = json!({"os": words.next(), "architecture": words.next()});
    if let Some(variant) = words.next() {
        value["variant"] = variant.into();
    }
    value
}

/// And back.
fn words(platform: &Value) -> String {
    ["os", "architecture", "variant"]
        .iter()
        .filter_map(|key| platform[key].as_str())
        .collect::<Vec<_>>()
        .join("/")
}

fn digest(bytes: &[u8]) -> String {
    let hash = sha2::Sha256::digest(bytes);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn put_blob(repository: &str, digest: &str, bytes: Vec<u8>) {
    let path = format!("/v2/{repository}/blobs/uploads/");
    let (status, location, said) = call(Method::POST, &path, None, Vec::new());
    assert_eq!(status, StatusCode::ACCEPTED, "{path}: {said:?}");
    let location = location.expect("where to upload to");
    let path = location
        .split_once("/v2/")
        .map_or(location.as_str(), |(_, rest)| rest);
    let path = format!("/v2/{}&digest={digest}", path.trim_start_matches('/'));
    let (status, _, said) = call(Method::PUT, &path, Some("application/octet-stream"), bytes);
    assert_eq!(status, StatusCode::CREATED, "{path}: {said:?}");
}

fn put_manifest(repository: &str, tag: Option<&str>, kind: &str, document: &Value) -> Value {
    let bytes = document.to_string().into_bytes();
    let digest = digest(&bytes);
    let size = bytes.len();
    let name = tag.unwrap_or(&digest);
    let path = format!("/v2/{repository}/manifests/{name}");
    let (status, _, said) = call(Method::PUT, &path, Some(kind), bytes);
    assert_eq!(status, StatusCode::CREATED, "{path}: {said:?}");
    json!({"mediaType": kind, "digest": digest, "size": size})
}

fn get(path: &str) -> Value {
    let (status, _, bytes) = call(Method::GET, path, None, Vec::new());
    assert_eq!(status, StatusCode::OK, "{path}: run ci/images first");
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// One request to the registry: status, `Location`, body.
fn call(
    method: Method,
    path: &str,
    content_type: Option<&str>,
    body: Vec<u8>,
) -> (StatusCode, Option<String>, Bytes) {
    let host = registry();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", &host)
        .header("content-type", content_type.unwrap_or("application/json"))
        .header(
            "accept",
            format!("{INDEX}, {MANIFEST}, {DOCKER_LIST}, {DOCKER_MANIFEST}"),
        )
        .body(Full::new(Bytes::from(body)))
        .expect("a request");
    let work = async move {
        let stream = tokio::net::TcpStream::connect(&host)
            .await
            .unwrap_or_else(|error| {
                panic!("no registry at {host}: {error}; start one with ci/registry")
            });
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let response = sender.send_request(request).await?;
        let status = response.status();
        let location = response
            .headers()
            .get("location")
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let body = response.into_body().collect().await?.to_bytes();
        Ok::<_, hyper::Error>((status, location, body))
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
        .unwrap_or_else(|error| panic!("the registry: {error}"))
}
