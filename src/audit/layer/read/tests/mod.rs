//! Layers made in code, read as if somebody had pushed them.

mod archive;
mod bounds;
mod contents;
mod formats;
mod integrity;

use std::io::Write;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::audit::layer::LayerEntry;
use crate::image::Digest;
use archive::Archive;

const TAR: &str = "application/vnd.oci.image.layer.v1.tar";
const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("compressed");
    encoder.finish().expect("compressed")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).expect("compressed")
}

fn descriptor(blob: &[u8], media_type: &str) -> Descriptor {
    Descriptor {
        media_type: media_type.to_owned(),
        digest: Digest::of(blob),
        size: blob.len() as u64,
        platform: None,
        annotations: Default::default(),
        urls: Vec::new(),
    }
}

fn read_with(
    blob: impl Read + Send,
    descriptor: &Descriptor,
    limits: &Limits,
) -> Result<LayerFacts, LayerError> {
    let reading = Reading {
        limits,
        folder: &std::env::temp_dir(),
        cancelled: &AtomicBool::new(false),
    };
    read(blob, descriptor, reading)
}

fn read_plain(blob: &[u8]) -> Result<LayerFacts, LayerError> {
    read_with(blob, &descriptor(blob, TAR), &Limits::default())
}

fn entries(archive: Archive) -> Vec<LayerEntry> {
    let facts = read_plain(&archive.end()).expect("a layer");
    facts.entries().collect()
}

fn paths(facts: &LayerFacts) -> Vec<String> {
    facts.entries().map(|entry| entry.path).collect()
}
