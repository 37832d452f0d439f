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
//! Unit and integration tests share this folder; it uses nothing of the crate.

#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::unwrap_used,
    unreachable_pub,
    unused_imports,
    missing_docs,
    reason = "shared by two test binaries, each of which uses a part; a test that can't write its image has failed"
)]

mod forms;
mod image;
mod images;
mod layer;
mod packing;

use serde_json::{Value, json};
use sha2::Digest as _;

pub use forms::archive;
pub use image::Image;
pub use images::{Layout, Part};
pub use layer::Layer;
pub use packing::{Packing, packed};

pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

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
