//! Several images, and the index that lists them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::image::{Edit, Image};
use super::{OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, descriptor, digest, platform};

const REF_NAME: &str = "org.opencontainers.image.ref.name";

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

pub(super) struct Placed {
    pub(super) manifest: String,
    pub(super) config: String,
    pub(super) layers: Vec<String>,
    pub(super) diff_ids: Vec<Vec<u8>>,
    pub(super) config_bytes: Vec<u8>,
}

/// Images, their index and all blobs. One tag, unless another one is begun.
pub struct Layout {
    pub(super) tag: String,
    pub(super) entries: Vec<Value>,
    /// Of tags that are finished.
    pub(super) finished: Vec<Value>,
    pub(super) index_edits: Vec<Edit>,
    pub(super) images: Vec<Placed>,
    pub(super) blobs: BTreeMap<String, (String, Vec<u8>)>,
    pub(super) is_bare: bool,
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
    pub(super) fn finish(&mut self) {
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
}
