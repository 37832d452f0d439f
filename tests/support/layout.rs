//! Images made in code, for what reads images: layers from lists of files, images
//! of several platforms, their index, attestations; and every way in which they can
//! be wrong. Written as an OCI layout, an OCI archive or a docker archive.
//!
//! ```ignore
//! let image = Image::new("linux/arm64")
//!     .layer(Layer::new().program("usr/bin/app", &elf).created_by("COPY app /usr/bin"))
//!     .config(|config| config["config"]["Entrypoint"] = json!(["/usr/bin/app"]));
//! Layout::new().image(image).write_folder(folder.path());
//! ```
//!
//! Unit and integration tests share this file; it uses nothing of the crate.

#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::unwrap_used,
    unreachable_pub,
    missing_docs,
    reason = "shared by two test binaries, each of which uses a part; a test that can't write its image has failed"
)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use sha2::Digest as _;

pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// `sha256:…` of these bytes.
pub fn digest(bytes: &[u8]) -> String {
    let hash = sha2::Sha256::digest(bytes);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// `os/architecture[/variant]` as the object of an index.
pub fn platform(text: &str) -> Value {
    let mut words = text.split('/');
    let mut value = json!({"os": words.next(), "architecture": words.next()});
    if let Some(variant) = words.next() {
        value["variant"] = variant.into();
    }
    value
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": digest(bytes), "size": bytes.len()})
}

/// How a layer is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Packing {
    Plain,
    #[default]
    Gzip,
    Zstd,
}

/// A layer: a tar archive, entry by entry.
pub struct Layer {
    tar: tar::Builder<Vec<u8>>,
    /// Instead of an archive.
    raw: Option<Vec<u8>>,
    packing: Packing,
    media_type: Option<String>,
    created_by: String,
}

impl Default for Layer {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer {
    /// An empty one, compressed with gzip.
    pub fn new() -> Self {
        Self {
            tar: tar::Builder::new(Vec::new()),
            raw: None,
            packing: Packing::Gzip,
            media_type: None,
            created_by: "COPY . .".to_owned(),
        }
    }

    /// Of these files.
    pub fn of(files: &[(&str, &[u8])]) -> Self {
        files
            .iter()
            .fold(Self::new(), |layer, (path, bytes)| layer.file(path, bytes))
    }

    /// These bytes instead of an archive, as they are.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            raw: Some(bytes.into()),
            ..Self::new()
        }
    }

    /// An entry of any kind. The path is written as it is, `..` and all.
    pub fn entry(
        mut self,
        path: &str,
        kind: tar::EntryType,
        mode: u32,
        target: Option<&str>,
        bytes: &[u8],
    ) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(bytes.len() as u64);
        // The crate's own setters refuse what tests have to write.
        let long = path.len() > 100;
        if long {
            let mut name = path.as_bytes().to_vec();
            name.push(0);
            let mut head = tar::Header::new_gnu();
            head.set_entry_type(tar::EntryType::GNULongName);
            head.set_size(name.len() as u64);
            head.as_gnu_mut().expect("GNU").name[..13].copy_from_slice(b"././@LongLink");
            head.set_cksum();
            self.tar.append(&head, name.as_slice()).expect("in memory");
        }
        let name = &path.as_bytes()[..path.len().min(100)];
        header.as_gnu_mut().expect("GNU").name[..name.len()].copy_from_slice(name);
        if let Some(target) = target {
            header
                .set_link_name_literal(target)
                .expect("a short target");
        }
        header.set_cksum();
        self.tar.append(&header, bytes).expect("in memory");
        self
    }

    /// A file that nobody may execute.
    pub fn file(self, path: &str, bytes: &[u8]) -> Self {
        self.entry(path, tar::EntryType::Regular, 0o644, None, bytes)
    }

    /// A file that everybody may execute.
    pub fn program(self, path: &str, bytes: &[u8]) -> Self {
        self.entry(path, tar::EntryType::Regular, 0o755, None, bytes)
    }

    /// A folder.
    pub fn folder(self, path: &str) -> Self {
        self.entry(path, tar::EntryType::Directory, 0o755, None, b"")
    }

    /// A symbolic link.
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(path, tar::EntryType::Symlink, 0o777, Some(target), b"")
    }

    /// Another name of a file of this or a lower layer.
    pub fn hard_link(self, path: &str, target: &str) -> Self {
        self.entry(path, tar::EntryType::Link, 0o644, Some(target), b"")
    }

    /// Removes a path of the layers below.
    pub fn whiteout(self, path: &str) -> Self {
        let path = match path.rsplit_once('/') {
            Some((folder, name)) => format!("{folder}/.wh.{name}"),
            None => format!(".wh.{path}"),
        };
        self.file(&path, b"")
    }

    /// Hides what the layers below have in a folder.
    pub fn opaque(self, folder: &str) -> Self {
        self.file(&format!("{folder}/.wh..wh..opq"), b"")
    }

    /// How it is compressed.
    pub fn packed(mut self, packing: Packing) -> Self {
        self.packing = packing;
        self
    }

    /// Another media type than its compression has.
    pub fn media_type(mut self, media_type: &str) -> Self {
        self.media_type = Some(media_type.to_owned());
        self
    }

    /// The history line it belongs to.
    pub fn created_by(mut self, line: &str) -> Self {
        self.created_by = line.to_owned();
        self
    }

    /// The archive itself.
    pub fn tar(self) -> Vec<u8> {
        self.build().plain
    }

    fn build(self) -> BuiltLayer {
        let (plain, blob) = match self.raw {
            Some(raw) => (raw.clone(), raw),
            None => {
                let plain = self.tar.into_inner().expect("in memory");
                let blob = packed(&plain, self.packing);
                (plain, blob)
            }
        };
        let suffix = match self.packing {
            Packing::Plain => "",
            Packing::Gzip => "+gzip",
            Packing::Zstd => "+zstd",
        };
        BuiltLayer {
            media_type: self
                .media_type
                .unwrap_or_else(|| format!("{OCI_LAYER}{suffix}")),
            created_by: self.created_by,
            plain,
            blob,
        }
    }
}

/// These bytes, compressed.
pub fn packed(bytes: &[u8], packing: Packing) -> Vec<u8> {
    match packing {
        Packing::Plain => bytes.to_vec(),
        Packing::Gzip => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).expect("in memory");
            encoder.finish().expect("in memory")
        }
        Packing::Zstd => zstd::encode_all(bytes, 1).expect("in memory"),
    }
}

struct BuiltLayer {
    media_type: String,
    created_by: String,
    plain: Vec<u8>,
    blob: Vec<u8>,
}

type Edit = Box<dyn FnOnce(&mut Value)>;

/// The image of one platform.
pub struct Image {
    platform: String,
    config: Value,
    layers: Vec<BuiltLayer>,
    manifest_type: String,
    config_type: String,
    config_edits: Vec<Edit>,
    manifest_edits: Vec<Edit>,
    descriptor_edits: Vec<Edit>,
}

impl Image {
    /// Without layers. `platform` as `os/architecture[/variant]`, both in the index
    /// and in the config.
    pub fn new(platform_name: &str) -> Self {
        let mut config = platform(platform_name);
        config["created"] = "2026-01-01T00:00:00Z".into();
        config["config"] = json!({"Cmd": ["/app"]});
        config["rootfs"] = json!({"type": "layers", "diff_ids": []});
        config["history"] = json!([]);
        Self {
            platform: platform_name.to_owned(),
            config,
            layers: Vec::new(),
            manifest_type: OCI_MANIFEST.to_owned(),
            config_type: OCI_CONFIG.to_owned(),
            config_edits: Vec::new(),
            manifest_edits: Vec::new(),
            descriptor_edits: Vec::new(),
        }
    }

    /// With one layer that holds one file, which makes its digest its own.
    pub fn small(platform_name: &str) -> Self {
        let layer = Layer::of(&[("app", platform_name.as_bytes())]);
        Self::new(platform_name).layer(layer)
    }

    /// The next layer, with its history line.
    pub fn layer(mut self, layer: Layer) -> Self {
        let layer = layer.build();
        push(
            &mut self.config["history"],
            json!({"created_by": layer.created_by}),
        );
        push(
            &mut self.config["rootfs"]["diff_ids"],
            digest(&layer.plain).into(),
        );
        self.layers.push(layer);
        self
    }

    /// A step of the build that made no layer.
    pub fn step(mut self, created_by: &str) -> Self {
        let line = json!({"created_by": created_by, "empty_layer": true});
        push(&mut self.config["history"], line);
        self
    }

    /// Docker's media types instead of OCI's.
    pub fn in_docker_types(mut self) -> Self {
        self.manifest_type = "application/vnd.docker.distribution.manifest.v2+json".to_owned();
        self.config_type = "application/vnd.docker.container.image.v1+json".to_owned();
        for layer in &mut self.layers {
            layer.media_type = "application/vnd.docker.image.rootfs.diff.tar.gzip".to_owned();
        }
        self
    }

    /// Another media type of its config.
    pub fn config_type(mut self, media_type: &str) -> Self {
        self.config_type = media_type.to_owned();
        self
    }

    /// The last word on its config.
    pub fn config(mut self, edit: impl FnOnce(&mut Value) + 'static) -> Self {
        self.config_edits.push(Box::new(edit));
        self
    }

    /// The last word on its manifest.
    pub fn manifest(mut self, edit: impl FnOnce(&mut Value) + 'static) -> Self {
        self.manifest_edits.push(Box::new(edit));
        self
    }

    /// The last word on what the index says of it.
    pub fn listed(mut self, edit: impl FnOnce(&mut Value) + 'static) -> Self {
        self.descriptor_edits.push(Box::new(edit));
        self
    }

    /// Another platform in the index than in the config.
    pub fn listed_as(self, platform_name: &str) -> Self {
        let platform = platform(platform_name);
        self.listed(move |descriptor| descriptor["platform"] = platform)
    }
}

fn push(list: &mut Value, value: Value) {
    list.as_array_mut().expect("a list").push(value);
}

/// One blob of an image that was put into a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The manifest of the image of this number, from 0.
    Manifest(usize),
    /// Its config.
    Config(usize),
    /// Its layer of this number, from 0.
    Layer(usize, usize),
}

struct Placed {
    manifest: String,
    config: String,
    layers: Vec<String>,
    diff_ids: Vec<Vec<u8>>,
    config_bytes: Vec<u8>,
}

/// Images, their index and all blobs. One tag, unless another one is begun.
pub struct Layout {
    tag: String,
    entries: Vec<Value>,
    /// Of tags that are finished.
    finished: Vec<Value>,
    index_edits: Vec<Edit>,
    images: Vec<Placed>,
    blobs: BTreeMap<String, (String, Vec<u8>)>,
    is_bare: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self::new()
    }
}

impl Layout {
    /// An empty one, with the tag `latest`.
    pub fn new() -> Self {
        Self {
            tag: "latest".to_owned(),
            entries: Vec::new(),
            finished: Vec::new(),
            index_edits: Vec::new(),
            images: Vec::new(),
            blobs: BTreeMap::new(),
            is_bare: false,
        }
    }

    /// Another tag for what follows, or for all if nothing stands before.
    pub fn tagged(mut self, tag: &str) -> Self {
        if !self.entries.is_empty() {
            self.finish();
        }
        self.tag = tag.to_owned();
        self
    }

    /// No index: the tag names the one image.
    pub fn bare(mut self) -> Self {
        self.is_bare = true;
        self
    }

    /// An image, as the index's next entry.
    pub fn image(mut self, image: Image) -> Self {
        let mut config = image.config;
        for edit in image.config_edits {
            edit(&mut config);
        }
        let config_bytes = config.to_string().into_bytes();
        let config = self.blob(&image.config_type, &config_bytes);
        let layers: Vec<Value> = image
            .layers
            .iter()
            .map(|layer| self.blob(&layer.media_type, &layer.blob))
            .collect();
        let mut manifest = json!({
            "schemaVersion": 2, "mediaType": image.manifest_type,
            "config": config, "layers": layers,
        });
        for edit in image.manifest_edits {
            edit(&mut manifest);
        }
        let bytes = manifest.to_string().into_bytes();
        let mut entry = self.blob(&image.manifest_type, &bytes);
        self.images.push(Placed {
            manifest: digest(&bytes),
            config: digest(&config_bytes),
            layers: image.layers.iter().map(|l| digest(&l.blob)).collect(),
            diff_ids: image.layers.into_iter().map(|l| l.plain).collect(),
            config_bytes,
        });
        entry["platform"] = platform(&image.platform);
        for edit in image.descriptor_edits {
            edit(&mut entry);
        }
        self.entries.push(entry);
        self
    }

    /// BuildKit's attestation of the image of this number.
    pub fn attestation(self, image: usize) -> Self {
        let subject = self.images[image].manifest.clone();
        self.attestation_of(&subject)
    }

    /// BuildKit's attestation of something with this digest.
    pub fn attestation_of(mut self, subject: &str) -> Self {
        let statement = json!({"_type": "https://in-toto.io/Statement/v0.1", "about": subject});
        let layer = self.blob(
            "application/vnd.in-toto+json",
            statement.to_string().as_bytes(),
        );
        let config = json!({"os": "unknown", "architecture": "unknown", "about": subject});
        let config = self.blob(OCI_CONFIG, config.to_string().as_bytes());
        let manifest = json!({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer],
        });
        let mut entry = self.blob(OCI_MANIFEST, manifest.to_string().as_bytes());
        entry["platform"] = platform("unknown/unknown");
        entry["annotations"] = json!({
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": subject,
        });
        self.entries.push(entry);
        self
    }

    /// An entry that says what it likes.
    pub fn entry(mut self, entry: Value) -> Self {
        self.entries.push(entry);
        self
    }

    /// All entries so far, in an index of their own that the outer one lists.
    pub fn nested(mut self) -> Self {
        let entries = std::mem::take(&mut self.entries);
        let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries});
        let entry = self.blob(OCI_INDEX, index.to_string().as_bytes());
        self.entries.push(entry);
        self
    }

    /// The last word on the index.
    pub fn index(mut self, edit: impl FnOnce(&mut Value) + 'static) -> Self {
        self.index_edits.push(Box::new(edit));
        self
    }

    /// Puts a blob into it and returns its descriptor.
    pub fn blob(&mut self, media_type: &str, bytes: &[u8]) -> Value {
        self.blobs
            .insert(digest(bytes), (media_type.to_owned(), bytes.to_vec()));
        descriptor(media_type, bytes)
    }

    /// The digest of a part.
    pub fn digest_of(&self, part: Part) -> String {
        match part {
            Part::Manifest(image) => self.images[image].manifest.clone(),
            Part::Config(image) => self.images[image].config.clone(),
            Part::Layer(image, layer) => self.images[image].layers[layer].clone(),
        }
    }

    /// A part that is not there.
    pub fn without(mut self, part: Part) -> Self {
        let digest = self.digest_of(part);
        self.blobs.remove(&digest).expect("it is there");
        self
    }

    /// A part that holds other bytes than its digest says.
    pub fn replaced(mut self, part: Part, bytes: &[u8]) -> Self {
        let digest = self.digest_of(part);
        self.blobs.get_mut(&digest).expect("it is there").1 = bytes.to_vec();
        self
    }

    /// Closes the current tag.
    fn finish(&mut self) {
        let entries = std::mem::take(&mut self.entries);
        let mut root = if self.is_bare {
            let mut entry = entries.into_iter().next().expect("an image");
            entry
                .as_object_mut()
                .expect("a descriptor")
                .remove("platform");
            entry
        } else {
            let mut index =
                json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries});
            for edit in self.index_edits.drain(..) {
                edit(&mut index);
            }
            self.blob(OCI_INDEX, index.to_string().as_bytes())
        };
        root["annotations"] = json!({REF_NAME: self.tag});
        self.finished.push(root);
        self.is_bare = false;
    }

    /// The layout's files, by their names.
    pub fn files(mut self) -> BTreeMap<String, Vec<u8>> {
        self.finish();
        let index = json!({"schemaVersion": 2, "manifests": self.finished});
        let mut files = BTreeMap::from([
            (
                "oci-layout".to_owned(),
                br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec(),
            ),
            ("index.json".to_owned(), index.to_string().into_bytes()),
        ]);
        for (digest, (_, bytes)) in self.blobs {
            files.insert(format!("blobs/{}", digest.replace(':', "/")), bytes);
        }
        files
    }

    /// Everything for a registry: the blobs with their media types (manifests and
    /// indexes among them), and the descriptor of what the last tag names.
    pub fn contents(mut self) -> (Vec<(String, Vec<u8>)>, Value) {
        self.finish();
        let root = self.finished.pop().expect("a tag");
        (self.blobs.into_values().collect(), root)
    }

    /// Writes it as a folder.
    pub fn write_folder(self, folder: &Path) {
        for (name, bytes) in self.files() {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, bytes).expect("a file");
        }
    }

    /// Writes it as an archive, compressed or not.
    pub fn write_archive(self, file: &Path, packing: Packing) {
        let bytes = packed(&archive(&self.files()), packing);
        std::fs::write(file, bytes).expect("a file");
    }

    /// What `docker save` writes of its images, each under one of these names.
    pub fn docker_archive(self, names: &[&str]) -> Vec<u8> {
        let mut files = BTreeMap::new();
        let mut list = Vec::new();
        for (at, image) in self.images.into_iter().enumerate() {
            let config = format!("{}.json", image.config.trim_start_matches("sha256:"));
            let mut layers = Vec::new();
            for plain in image.diff_ids {
                let name = format!("{}/layer.tar", digest(&plain).trim_start_matches("sha256:"));
                files.insert(name.clone(), plain);
                layers.push(name);
            }
            files.insert(config.clone(), image.config_bytes);
            let tags = names.get(at).map(|name| vec![*name]);
            list.push(json!({"Config": config, "RepoTags": tags, "Layers": layers}));
        }
        let list = Value::from(list).to_string();
        files.insert("manifest.json".to_owned(), list.into_bytes());
        archive(&files)
    }
}

/// A tar archive of these files.
pub fn archive(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let layer = files
        .iter()
        .fold(Layer::new(), |layer, (name, bytes)| layer.file(name, bytes));
    layer.packed(Packing::Plain).tar()
}
