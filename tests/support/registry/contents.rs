//! What is put into it.

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::Digest as _;

use super::{LoopbackRegistry, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST};

/// Something in the registry.
#[derive(Clone, Debug)]
pub struct Pushed {
    pub digest: String,
    pub size: usize,
    pub media_type: String,
}

impl Pushed {
    /// A descriptor of it; `platform` as `os/architecture[/variant]`.
    pub fn descriptor(&self, platform: Option<&str>) -> Value {
        let mut descriptor = json!({
            "mediaType": self.media_type, "digest": self.digest, "size": self.size,
        });
        if let Some(platform) = platform {
            let mut words = platform.split('/');
            let mut value = json!({"os": words.next(), "architecture": words.next()});
            if let Some(variant) = words.next() {
                value["variant"] = variant.into();
            }
            descriptor["platform"] = value;
        }
        descriptor
    }
}

impl LoopbackRegistry {
    /// Puts a blob into it.
    pub fn blob(&self, repository: &str, media_type: &str, bytes: impl Into<Vec<u8>>) -> Pushed {
        self.put("blobs", repository, &[], media_type, bytes.into())
    }

    /// Puts a manifest or an index into it, by digest and by tags.
    pub fn manifest(
        &self,
        repository: &str,
        tags: &[&str],
        media_type: &str,
        content: &Value,
    ) -> Pushed {
        let bytes = content.to_string().into_bytes();
        self.put("manifests", repository, tags, media_type, bytes)
    }

    fn put(
        &self,
        kind: &str,
        repository: &str,
        tags: &[&str],
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Pushed {
        let hash = sha2::Sha256::digest(&bytes);
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let pushed = Pushed {
            digest: format!("sha256:{hex}"),
            size: bytes.len(),
            media_type: media_type.to_owned(),
        };
        let stored = (media_type.to_owned(), Bytes::from(bytes));
        let mut state = self.state();
        for name in tags.iter().copied().chain([pushed.digest.as_str()]) {
            state
                .contents
                .insert(format!("/v2/{repository}/{kind}/{name}"), stored.clone());
        }
        pushed
    }

    /// A small image in OCI's media types, untagged; `platform` as
    /// `os/architecture[/variant]`, `note` makes its digest its own.
    pub fn image(&self, repository: &str, platform: &str, note: &str) -> Pushed {
        self.image_of(repository, &[], platform, note, OCI_MANIFEST, OCI_CONFIG)
    }

    /// The same, with tags and media types.
    pub fn image_of(
        &self,
        repository: &str,
        tags: &[&str],
        platform: &str,
        note: &str,
        manifest_type: &str,
        config_type: &str,
    ) -> Pushed {
        let mut words = platform.split('/');
        let mut config = json!({
            "os": words.next(), "architecture": words.next(),
            "config": {"Labels": {"note": note}},
            "rootfs": {"type": "layers", "diff_ids": []},
        });
        if let Some(variant) = words.next() {
            config["variant"] = variant.into();
        }
        let config = self.blob(repository, config_type, config.to_string());
        let manifest = json!({
            "schemaVersion": 2, "mediaType": manifest_type,
            "config": config.descriptor(None), "layers": [],
        });
        self.manifest(repository, tags, manifest_type, &manifest)
    }

    /// An OCI index of these descriptors.
    pub fn index(&self, repository: &str, tags: &[&str], entries: &[Value]) -> Pushed {
        let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries});
        self.manifest(repository, tags, OCI_INDEX, &index)
    }

    /// Deletes something.
    pub fn forget(&self, path: &str) {
        self.state().contents.remove(path);
    }
}
