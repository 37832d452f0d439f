//! The image of one platform.

use serde_json::{Value, json};

use super::layer::{BuiltLayer, Layer};
use super::{OCI_CONFIG, OCI_MANIFEST, digest, platform};

/// The last word on a document.
pub(super) type Edit = Box<dyn FnOnce(&mut Value)>;

/// The image of one platform.
pub struct Image {
    pub(super) platform: String,
    pub(super) config: Value,
    pub(super) layers: Vec<BuiltLayer>,
    pub(super) manifest_type: String,
    pub(super) config_type: String,
    pub(super) config_edits: Vec<Edit>,
    pub(super) manifest_edits: Vec<Edit>,
    pub(super) descriptor_edits: Vec<Edit>,
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
