//! Images that are made to fill memory or to take for ever: the program itself, with
//! its own limits, in little memory.

use serde_json::json;

use super::lab::{Lab, shown};
use super::outcome::{Outcome, array};
use crate::layout::{Image, Layer, Layout, Packing, packed};

/// What the program may allocate: more than it needs for any layer, and far less
/// than these ask for.
const MEMORY: &str = "--data=268435456";

/// The audit of an image with this one layer, in little memory.
fn audited(layer: Layer) -> Outcome {
    let lab = Lab::new();
    let image = Image::new("linux/amd64").layer(layer);
    Layout::new().image(image).write_folder(&lab.path("image"));
    let reference = format!("oci:{}", shown(&lab.path("image")));
    let arguments = ["audit", &reference, "--json", "result.json", "--no-cache"];
    lab.spawn_as(&["prlimit", MEMORY], &arguments).finish()
}

/// It is not judged, which is no pass, and says why.
#[track_caller]
fn is_not_judged(layer: Layer, why: &str) {
    let outcome = audited(layer).exits(3);
    let json = outcome.json();
    assert_eq!(json["verdict"], "error");
    let errors = array(&json["errors"]);
    assert_eq!(errors.len(), 1, "{outcome}");
    assert!(errors[0].to_string().contains(why), "{outcome}");
    assert_eq!(json["findings"], json!([]), "{outcome}");
}

/// A header of a file, and nothing behind it.
fn header(name: &str, size: u64, kind: tar::EntryType) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_path(name).expect("a short name");
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(size);
    header.set_cksum();
    header.as_bytes().to_vec()
}

#[test]
fn a_decompression_bomb_is_given_up() {
    let start = header("zeros", 1 << 40, tar::EntryType::Regular);
    let frame = packed(&vec![0; 16 << 20], Packing::Zstd);
    let bomb = [packed(&start, Packing::Zstd), frame.repeat(1000)].concat();
    assert!(bomb.len() < 2 << 20, "{}", bomb.len());
    is_not_judged(
        Layer::raw(bomb),
        "it has more than 4294967296 bytes uncompressed: a decompression bomb",
    );
}

#[test]
fn a_layer_of_millions_of_folders_is_given_up() {
    // Each path names two thousand of its own.
    let deep = "/f".repeat(2000);
    let layer = (0..1100).fold(Layer::new(), |layer, number| {
        layer.file(&format!("{number}{deep}"), b"")
    });
    is_not_judged(layer, "it has more than 2000000 files and folders");
}

#[test]
fn a_layer_whose_paths_alone_fill_the_memory_is_given_up() {
    let long = "n".repeat(4000);
    let layer = (0..20_000).fold(Layer::new(), |layer, number| {
        layer.file(&format!("{number}{long}"), b"")
    });
    is_not_judged(
        layer,
        "it has more than 67108864 bytes of paths and findings to be kept in memory",
    );
}

#[test]
fn an_extended_header_of_gigabytes_is_given_up() {
    is_not_judged(
        Layer::raw(header("name", 5 << 30, tar::EntryType::XHeader)),
        "it has more than 1048576 bytes in one extended header",
    );
}

#[test]
fn a_size_that_lies_is_a_fault_of_the_image() {
    for kind in [tar::EntryType::Regular, tar::EntryType::GNUSparse] {
        let outcome = audited(Layer::raw(header("etc/x", 4 << 30, kind))).exits(1);
        let json = outcome.json();
        let findings = array(&json["findings"]);
        assert_eq!(findings[0]["code"], "layer-invalid", "{outcome}");
        outcome.prints("its archive is cut off in the contents of `etc/x`");
    }
}

#[test]
fn a_sparse_file_of_terabytes_costs_what_it_stores_and_is_said_not_to_be_looked_at() {
    let mut sparse = tar::Header::new_gnu();
    sparse.set_path("var/disk.img").expect("a short name");
    sparse.set_entry_type(tar::EntryType::GNUSparse);
    sparse.set_mode(0o644);
    sparse.set_size(0);
    sparse.as_gnu_mut().expect("GNU").set_real_size(4 << 40);
    sparse.set_cksum();
    let archive = [sparse.as_bytes().as_slice(), &[0; 1024]].concat();
    let outcome = audited(Layer::raw(archive));
    let notes = outcome.json()["notes"].to_string();
    assert!(
        notes.contains("var/disk.img: it is stored as a sparse file"),
        "{outcome}"
    );
}
