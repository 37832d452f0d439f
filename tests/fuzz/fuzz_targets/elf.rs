//! Any bytes under any name that a reader knows: nothing panics, nothing hangs,
//! and no more is kept than the file is long.

#![no_main]

use everyarch::audit::file::{Content, Whole, examine};
use libfuzzer_sys::fuzz_target;

/// One for each reader, and for each way through the ELF reader.
const PATHS: &[&str] = &[
    "usr/bin/app",
    "app/build/Release/addon.node",
    "usr/local/bin/node",
    "usr/lib/libx.so.1",
    "app/lib.jar",
    "app/node_modules/@scope/name/package.json",
    "var/lib/dpkg/status",
    "lib/apk/db/installed",
    "usr/lib/python3/x-1.dist-info/WHEEL",
    "usr/include/node/node_version.h",
    "etc/ld.so.conf",
    "etc/ld-musl-aarch64.path",
];

struct Bytes<'a>(&'a [u8]);

impl Content for Bytes<'_> {
    fn head(&mut self) -> &[u8] {
        self.0
    }

    fn whole(&mut self) -> std::io::Result<Whole<'_>> {
        Ok(Whole::Bytes(self.0))
    }
}

fuzz_target!(|input: (u8, bool, Vec<u8>)| {
    let (path, is_elf, mut bytes) = input;
    if is_elf {
        bytes.splice(0..0, *b"\x7fELF");
    }
    let path = PATHS[usize::from(path) % PATHS.len()];
    let size = bytes.len() as u64;
    let facts = examine(path, 0o755, size, &mut Bytes(&bytes));
    assert!(
        !is_elf || facts.is_some(),
        "an ELF file is never passed over"
    );
});
