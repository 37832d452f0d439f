//! Any bytes as a layer: they end in a layer or an error, nothing leaves the root, and
//! what is found in the root file system is found there again.

#![no_main]

use std::sync::atomic::AtomicBool;

use everyarch::audit::layer::{EntryKind, Limits, Reading, read};
use everyarch::audit::rootfs::Rootfs;
use everyarch::image::{Descriptor, Digest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|blob: &[u8]| {
    let descriptor = Descriptor {
        media_type: "application/vnd.oci.image.layer.v1.tar".to_owned(),
        digest: Digest::of(blob),
        size: blob.len() as u64,
        platform: None,
        annotations: Default::default(),
        urls: Vec::new(),
    };
    // Small ones, so that they are met.
    let limits = Limits {
        unpacked_free: 4 << 20,
        entries: 10_000,
        kept_bytes: 1 << 20,
        in_memory_bytes: 1 << 10,
        spooled_bytes: 1 << 16,
        ..Limits::default()
    };
    let reading = Reading {
        limits: &limits,
        folder: &std::env::temp_dir(),
        cancelled: &AtomicBool::new(false),
    };
    let Ok(facts) = read(blob, &descriptor, reading) else {
        return;
    };
    for entry in facts.entries() {
        assert_inside(&entry.path);
        if let EntryKind::HardLink(target) = &entry.kind {
            assert_inside(target);
        }
    }
    let mut rootfs = Rootfs::default();
    rootfs.apply(0, facts.clone());
    rootfs.apply(1, facts);
    for node in rootfs.nodes() {
        let path = node.path();
        let found = rootfs.entry(&path).map(|found| found.path());
        assert_eq!(found, Some(path.clone()));
        let _ = rootfs.resolve(&path);
    }
});

fn assert_inside(path: &str) {
    let is_name = |part: &str| !matches!(part, "" | "." | "..");
    assert!(path.is_empty() || path.split('/').all(is_name), "{path}");
}
