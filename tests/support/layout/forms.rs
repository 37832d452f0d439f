//! The forms in which images are handed on: a folder, archives, a registry.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::digest;
use super::images::Layout;
use super::layer::Layer;
use super::packing::{Packing, packed};

impl Layout {
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
