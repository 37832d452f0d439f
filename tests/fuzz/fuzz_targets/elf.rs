//! Any bytes as an ELF file, under each name by which more of it is read: nothing
//! panics, nothing hangs, and an ELF file is never passed over.

#![no_main]

use everyarch::audit::file::examine;
use everyarch_fuzz::InMemory;
use libfuzzer_sys::fuzz_target;

const PATHS: &[&str] = &[
    "usr/bin/app",
    "app/build/Release/addon.node",
    "usr/local/bin/node",
    "usr/lib/libx.so.1",
];

fuzz_target!(|bytes: &[u8]| {
    let is_elf = bytes.starts_with(b"\x7fELF");
    for path in PATHS {
        let facts = examine(path, 0o755, bytes.len() as u64, &mut InMemory(bytes));
        assert!(!is_elf || facts.is_some(), "{path} is passed over");
    }
});
