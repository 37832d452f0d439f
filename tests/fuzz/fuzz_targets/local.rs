//! Any bytes as an archive of images: an OCI one, and one of `docker save`.

#![no_main]

use std::sync::{Arc, OnceLock};

use everyarch::image::{FileFormat, FileReference};
use everyarch::source::LocalContents;
use everyarch_fuzz::{judge, with_right_checksums};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|archive: &[u8]| {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
    });
    let path = std::env::temp_dir().join(format!("everyarch-fuzz-{}", std::process::id()));
    std::fs::write(&path, with_right_checksums(archive)).expect("a file");
    for format in [FileFormat::OciArchive, FileFormat::DockerArchive] {
        let reference = FileReference::new(format, &path);
        if let Ok(contents) = runtime.block_on(LocalContents::open(&reference)) {
            judge(Arc::new(contents));
        }
    }
});
