//! Any bytes under any name that a reader knows, beside ELF files: zip archives, lists
//! of packages, scripts, search paths. The first byte chooses the name.

#![no_main]

use everyarch::audit::file::examine;
use everyarch_fuzz::InMemory;
use libfuzzer_sys::fuzz_target;

const PATHS: &[&str] = &[
    "app/lib.jar",
    "app/node_modules/@scope/name/package.json",
    "var/lib/dpkg/status",
    "lib/apk/db/installed",
    "usr/lib/python3/x-1.dist-info/WHEEL",
    "usr/include/node/node_version.h",
    "etc/ld.so.conf",
    "etc/ld-musl-aarch64.path",
    "usr/bin/script",
    "usr/lib/libx.so.1",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    let path = PATHS[usize::from(*first) % PATHS.len()];
    let _ = examine(path, 0o755, bytes.len() as u64, &mut InMemory(bytes));
});
