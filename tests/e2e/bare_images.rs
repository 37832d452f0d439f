//! Platforms that can not run here, and images that hold next to nothing.

use super::lab::{Lab, image};
use super::outcome::array;
use super::push::{self, NewVariant};

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";

const SMALL: &str = "
version: 1
smoke:
  - name: runs
    run: 'true'
";

// Emulation.

/// Switches an emulator of this machine off, and on again at the end.
struct SwitchedOff(&'static str);

impl SwitchedOff {
    fn emulator(handler: &'static str) -> Self {
        if std::path::Path::new(handler).exists() {
            std::fs::write(handler, "0").unwrap_or_else(|error| {
                panic!("{handler} can't be switched off ({error}): run this test as root")
            });
        }
        Self(handler)
    }
}

impl Drop for SwitchedOff {
    fn drop(&mut self) {
        let _ = std::fs::write(self.0, "1");
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_platform_without_emulation_is_an_error_that_says_how_to_install_it() {
    // No image of any other test is for this one.
    let _off = SwitchedOff::emulator("/proc/sys/fs/binfmt_misc/qemu-loongarch64");
    let reference = push::push(
        "e2e/unemulated",
        &[
            NewVariant::like("test/busybox:all", AMD64),
            NewVariant::like("test/busybox:all", AMD64).called("linux/loong64"),
        ],
    );
    let outcome = Lab::new().check(&reference, SMALL, &[]).exits(3);
    outcome.passed(AMD64, "runs");
    assert_eq!(outcome.verdict(AMD64), "passed");
    outcome.broke(
        "linux/loong64",
        "the platform runs on this engine",
        &[
            "can't run programs for linux/loong64",
            "docker run --privileged --rm tonistiigi/binfmt --install loong64",
            "qemu-user-static",
            "--engine linux/loong64=URL",
        ],
    );
    let json = outcome.json();
    let platforms = array(&json["platforms"]);
    assert!(
        platforms.iter().any(|p| p["execution"] == "impossible"),
        "{outcome}"
    );
}

// Images that hold next to nothing.

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn an_image_of_one_binary_is_tested_like_any_other() {
    let suite = "
version: 1
smoke:
  - name: reports its architecture
    architecture: auto
  - name: says its version
    run: /app version
    expect: { stdout: 'static 1.0.0 ${platform.arch}' }
  - name: has no shell
    shell: echo hello
";
    let outcome = Lab::new()
        .check(
            &image("test/static:all"),
            suite,
            &["-p", "linux/amd64,linux/arm64"],
        )
        .exits(1);
    for platform in [AMD64, ARM64] {
        outcome.passed(platform, "reports its architecture › entrypoint");
        outcome.passed(platform, "says its version");
        outcome.failed(platform, "has no shell", &["/bin/sh is not in the image"]);
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn an_image_in_which_nothing_can_be_asked_fails_the_architecture_check() {
    let reference = push::push(
        "e2e/nothing-to-ask",
        &[NewVariant::empty(AMD64).file("/note.txt", b"no program here\n")],
    );
    let suite = "
version: 1
smoke:
  - name: reports its architecture
    architecture: auto
";
    let outcome = Lab::new().check(&reference, suite, &[]).exits(1);
    outcome.failed(
        AMD64,
        "reports its architecture",
        &["nothing in this image could be asked for its architecture"],
    );
}
