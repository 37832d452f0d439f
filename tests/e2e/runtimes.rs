//! `architecture:` and `native_modules:` with real runtimes.

use super::lab::{Lab, image};
use super::push::{self, NewVariant};

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn every_runtime_of_an_image_reports_its_architecture() {
    let suite = "
version: 1
timeout: 1m
smoke:
  - name: architecture
    architecture: auto
  - name: gems
    when: linux/amd64
    native_modules: [bcrypt, msgpack]
";
    let outcome = Lab::new()
        .check(&image("test/runtimes:all"), suite, &[])
        .exits(0);
    for platform in [AMD64, ARM64] {
        for runtime in [
            "uname", "node", "python", "ruby", "java", "php", "perl", "deno", "bun",
        ] {
            outcome.passed(platform, &format!("architecture › {runtime}"));
        }
    }
    for gem in ["bcrypt", "msgpack"] {
        outcome.passed(AMD64, &format!("gems › {gem} (ruby)"));
    }
    let said = |runtime: &str| {
        let name = format!("architecture › {runtime}");
        outcome.with_case(ARM64, &name, |case| case.story())
    };
    assert!(said("node").contains("node says arm64"), "{}", said("node"));
    assert!(
        said("java").contains("java says aarch64"),
        "{}",
        said("java")
    );
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_runtime_that_is_asked_for_and_missing_fails() {
    let suite = "
version: 1
smoke:
  - { name: architecture, architecture: [uname, deno] }
  - { name: modules, native_modules: [sharp] }
";
    let outcome = Lab::new()
        .check(&image("test/busybox:docker"), suite, &[])
        .exits(1);
    for platform in [AMD64, ARM64] {
        outcome.passed(platform, "architecture › uname");
        outcome.failed(
            platform,
            "architecture › deno",
            &["deno is not in the image", "/bin"],
        );
        outcome.failed(
            platform,
            "modules › sharp",
            &[
                "the module sharp is not in the image",
                "neither Node, Python nor Ruby",
            ],
        );
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn modules_named_must_be_there_and_a_crash_hides_none() {
    let variant = |platform, machine: &str, e_machine: u8| {
        let folder = "/usr/local/lib/python3.11/dist-packages";
        // The head of a shared object of the right machine: it is looked at, never loaded.
        let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\0\0".to_vec();
        elf[18] = e_machine;
        NewVariant::like("test/python:healthy", platform)
            .file(
                &format!("{folder}/crasher/__init__.py"),
                b"import os\nprint('about to crash', flush=True)\nos.abort()\n",
            )
            .file(
                &format!("{folder}/crasher/_native.cpython-311-{machine}-linux-gnu.so"),
                &elf,
            )
    };
    let reference = push::push(
        "e2e/python-crash",
        &[variant(AMD64, "x86_64", 62), variant(ARM64, "aarch64", 183)],
    );
    let suite = "
version: 1
smoke:
  - { name: all, native_modules: auto }
  - { name: some, native_modules: [bcrypt, no_such_module] }
";
    let outcome = Lab::new().check(&reference, suite, &[]).exits(1);
    for platform in [AMD64, ARM64] {
        // In this order: what comes after the crash is judged as well.
        for name in ["_cffi_backend", "bcrypt", "markupsafe"] {
            outcome.passed(platform, &format!("all › {name} (python)"));
        }
        outcome.failed(
            platform,
            "all › crasher (python)",
            &["loading crasher ended the whole process", "SIGABRT"],
        );
        outcome.passed(platform, "some › bcrypt (python)");
        outcome.failed(
            platform,
            "some › no_such_module",
            &["the module no_such_module is not in the image", "python"],
        );
        let names = outcome.names(platform);
        assert_eq!(
            names.iter().filter(|name| name.starts_with("some")).count(),
            2
        );
    }
}

/// The ways in which Node packages bring their native code, and what each is
/// called when `node_modules` came from a stage of the build's own platform.
#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn node_modules_of_another_platform_fail_package_by_package() {
    let suite = "
version: 1
smoke:
  - name: native modules load
    native_modules: auto
";
    let healthy = Lab::new()
        .check(&image("test/packages:healthy"), suite, &[])
        .exits(0);
    let broken = Lab::new()
        .check(&image("test/packages:broken"), suite, &[])
        .exits(1);
    assert_eq!(broken.verdict("linux/amd64"), "passed");
    for (package, code) in [
        ("@node-rs/argon2", "napi-rs-binding-missing"),
        ("@parcel/watcher", "napi-rs-binding-missing"),
        ("@swc/core", "napi-rs-binding-missing"),
        ("@tailwindcss/oxide", "napi-rs-binding-missing"),
        ("esbuild", "esbuild-other-platform"),
        ("lightningcss", "napi-rs-binding-missing"),
        ("rollup", "rollup-native-missing"),
        ("sharp", "sharp-platform-package-missing"),
    ] {
        let name = format!("native modules load › {package}");
        for platform in ["linux/amd64", "linux/arm64"] {
            healthy.passed(platform, &name);
        }
        broken.failed("linux/arm64", &name, &[code]);
    }
    // It carries nothing for this platform, and does without.
    broken.passed("linux/arm64", "native modules load › bufferutil");
}
