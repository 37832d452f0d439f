//! The main job: every platform of a real image, run and judged.

use serde_json::json;

use super::engine;
use super::lab::{Lab, image};
use super::outcome::{array, status, text};
use super::push::{self, NewVariant};

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";

const VERSION: &str = "
version: 1
smoke:
  - name: says what it is
    run: uname -m
    expect: { stdout: '${platform.uname}' }
";

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_healthy_service_passes_on_every_platform() {
    let outcome = Lab::new()
        .run(&image("demo/service:healthy"), &[])
        .exits(0)
        .prints("PASSED");
    for platform in [AMD64, ARM64] {
        assert_eq!(outcome.verdict(platform), "passed");
        for name in [
            "reports its architecture › uname",
            "reports its architecture › node",
            "native modules load › bcrypt",
            "native modules load › classic-level",
            "native modules load › esbuild",
            "native modules load › sharp",
            "starts as it is",
        ] {
            outcome.passed(platform, name);
        }
    }
    let digests = push::children("demo/service:healthy");
    let json = outcome.json();
    assert_eq!(
        json["index_digest"],
        push::digest_of("demo/service:healthy")
    );
    for (platform, digest) in digests {
        let reported = array(&json["platforms"])
            .iter()
            .find(|record| record["platform"] == platform.as_str())
            .expect(&platform);
        assert_eq!(text(&reported["digest"]), digest);
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn its_broken_twin_fails_on_arm64_alone_naming_the_file() {
    let file = "/app/node_modules/bcrypt/prebuilds/linux-arm64/bcrypt.glibc.node";
    let suite = "
version: 1
smoke:
  - name: native modules load
    native_modules: auto
  - name: answers
    start:
    ready: { http: ':8080/healthz', within: 30s }
    http:
      - { get: /version, json: { arch: '${platform.node}' } }
";
    let outcome = Lab::new()
        .check(&image("demo/service:broken"), suite, &[])
        .exits(1)
        .prints("FAILED");
    assert_eq!(outcome.verdict(AMD64), "passed");
    assert_eq!(outcome.verdict(ARM64), "failed");
    let reason = &[
        file,
        "is an ELF file for x86-64, in an image for linux/arm64",
    ];
    outcome.failed(ARM64, "native modules load › bcrypt", reason);
    outcome.failed(ARM64, "answers", reason);
    // What has nothing to do with it is not drawn in.
    for name in ["classic-level", "esbuild", "sharp"] {
        outcome.passed(ARM64, &format!("native modules load › {name}"));
    }
    let failing = outcome.with_test_case("suite linux/arm64", "answers", status);
    assert_eq!(failing, "failure");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn one_suite_runs_on_five_platforms() {
    let suite = "
version: 1
smoke:
  - name: reports its architecture
    architecture: [uname]
  - name: names its platform
    run: echo ${platform} ${platform.arch} ${platform.variant} ${platform.slug} ${platform.debian}
    per_platform:
      linux/arm/v7: { expect: { stdout: linux/arm/v7 arm v7 linux-arm-v7 armhf } }
      linux/ppc64le: { expect: { stdout: 'linux/ppc64le ppc64le  linux-ppc64le ppc64el' } }
";
    let outcome = Lab::new()
        .check(&image("test/busybox:all"), suite, &[])
        .exits(0);
    let platforms = [AMD64, ARM64, "linux/arm/v7", "linux/ppc64le", "linux/s390x"];
    for platform in platforms {
        outcome.passed(platform, "reports its architecture › uname");
        outcome.passed(platform, "names its platform");
    }
    // The attestation beside them is no platform.
    assert_eq!(array(&outcome.json()["platforms"]).len(), platforms.len());
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn an_amd64_binary_in_an_arm64_image_is_found_though_it_runs() {
    let outcome = Lab::new()
        .check(&image("test/masked:all"), VERSION, &[])
        .exits(1);
    outcome.passed(AMD64, "says what it is");
    outcome.failed(
        ARM64,
        "says what it is",
        &["/bin/busybox is an ELF file for x86-64, in an image for linux/arm64"],
    );
    let suite = "
version: 1
smoke:
  - name: answers anything
    run: echo yes
    expect: { stdout: 'yes' }
  - name: comes up
    start: { cmd: [sleep, '1000'] }
";
    let outcome = Lab::new().check(&image("test/masked:all"), suite, &["--platform", ARM64]);
    for name in ["answers anything", "comes up"] {
        outcome.failed(ARM64, name, &["/bin/busybox is an ELF file for x86-64"]);
        assert_eq!(outcome.codes(ARM64, name), ["masked-native-binary"]);
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_config_that_contradicts_the_index_fails() {
    let outcome = Lab::new().run(&image("test/mislabelled:all"), &[]).exits(1);
    outcome.failed(
        ARM64,
        "index, manifests and blobs are sound",
        &["config-arch-mismatch", "linux/arm64", "linux/amd64"],
    );
    // Its files are right, which is told as well.
    outcome.passed(ARM64, "reports its architecture › uname");
    let unaudited = Lab::new()
        .run(&image("test/mislabelled:all"), &["--no-audit"])
        .exits(1);
    unaudited.failed(
        ARM64,
        "the config names the platform",
        &["the index says linux/arm64, the image's own config says linux/amd64"],
    );
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_program_of_a_machine_nobody_has_is_named_as_such() {
    let outcome = Lab::new().run(&image("test/alien:all"), &[]).exits(1);
    assert_eq!(outcome.verdict(AMD64), "passed");
    let reason = &["/bin/busybox is an ELF file for machine 4660, in an image for linux/arm64"];
    outcome.failed(ARM64, "reports its architecture › uname", reason);
    outcome.failed(ARM64, "starts as it is", reason);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn python_extensions_of_the_wrong_platform_are_named() {
    let suite = "
version: 1
smoke:
  - name: native modules load
    native_modules: auto
";
    let lab = Lab::new();
    let outcome = lab.check(&image("test/python:broken"), suite, &[]).exits(1);
    for name in ["_cffi_backend", "bcrypt", "markupsafe"] {
        outcome.passed(AMD64, &format!("native modules load › {name} (python)"));
    }
    outcome.passed(ARM64, "native modules load › markupsafe (python)");
    outcome.failed(
        ARM64,
        "native modules load › bcrypt (python)",
        &["bcrypt/_bcrypt.abi3.so is an ELF file for x86-64, in an image for linux/arm64"],
    );
    outcome.failed(
        ARM64,
        "native modules load › _cffi_backend (python)",
        &["_cffi_backend", "another platform"],
    );
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn docker_s_media_types_a_nested_index_and_a_bare_manifest_are_images_too() {
    for (tag, platforms) in [
        ("docker", vec![AMD64, ARM64]),
        ("nested", vec![AMD64, ARM64]),
        ("amd64", vec![AMD64]),
    ] {
        let outcome = Lab::new()
            .check(&image(&format!("test/busybox:{tag}")), VERSION, &[])
            .exits(0);
        assert_eq!(array(&outcome.json()["platforms"]).len(), platforms.len());
        for platform in platforms {
            outcome.passed(platform, "says what it is");
        }
        let note = outcome.json()["origin_note"].clone();
        if tag == "amd64" {
            assert!(text(&note).starts_with("a bare manifest"), "{note}");
        } else {
            assert!(note.is_null(), "{note}");
        }
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn an_image_of_the_engine_s_own_store_is_tested_and_called_that() {
    let name = "everyarch.test/only-here:1";
    let source = image("test/busybox:amd64");
    engine::ask(&["pull", "--quiet", &source]);
    engine::ask(&["tag", &source, name]);
    let lab = Lab::new();
    let outcome = lab
        .check(&format!("docker-daemon:{name}"), VERSION, &[])
        .exits(0)
        .prints("of the engine's own store, not of a registry");
    outcome.passed(AMD64, "says what it is");
    outcome.passed(AMD64, "programs can be started");
    let note = text(&outcome.json()["origin_note"]);
    assert!(note.contains("engine's own store"), "{note}");
    let junit = outcome.junit_text.as_deref().unwrap_or_default();
    assert!(junit.contains("<property name=\"origin\""), "{junit}");

    let outcome = lab.check("docker-daemon:everyarch.test/no-such:1", VERSION, &[]);
    outcome
        .exits(3)
        .complains("the engine has no image `everyarch.test/no-such:1`");

    // The engine has one platform of it, and no other is made up.
    let wants_both = format!("platforms: [linux/amd64, linux/arm64]{VERSION}");
    let outcome = lab
        .check(&format!("docker-daemon:{name}"), &wants_both, &[])
        .exits(1);
    outcome.failed(ARM64, "the image has the platform", &["linux/amd64"]);
    engine::ask(&["rmi", name]);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_wanted_platform_that_is_not_there_fails_by_name() {
    let suite = format!("platforms: [linux/amd64, linux/riscv64]{VERSION}");
    let outcome = Lab::new()
        .check(&image("demo/service:healthy"), &suite, &[])
        .exits(1);
    outcome.passed(AMD64, "says what it is");
    outcome.failed(
        "linux/riscv64",
        "the image has the platform",
        &["the index has no such platform; it has linux/amd64, linux/arm64"],
    );
    assert_eq!(outcome.verdict("linux/riscv64"), "failed");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn an_index_is_tested_by_its_digest() {
    let digest = push::digest_of("test/busybox:docker");
    let reference = image(&format!("test/busybox@{digest}"));
    let outcome = Lab::new().check(&reference, VERSION, &[]).exits(0);
    assert_eq!(text(&outcome.json()["index_digest"]), digest);
    outcome.passed(ARM64, "says what it is");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn platforms_are_chosen_by_any_of_their_names() {
    let lab = Lab::new();
    let busybox = image("test/busybox:all");
    let chosen = |arguments: &[&str]| {
        let outcome = lab.check(&busybox, VERSION, arguments).exits(0);
        array(&outcome.json()["platforms"])
            .iter()
            .map(|record| text(&record["platform"]))
            .collect::<Vec<_>>()
    };
    let words = ["--platform", "linux/aarch64", "--platform", "linux/arm"];
    assert_eq!(chosen(&words), [ARM64, "linux/arm/v7"]);
    assert_eq!(
        chosen(&["-p", "linux/s390x,linux/amd64"]),
        ["linux/s390x", AMD64]
    );
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn native_and_emulated_are_recorded_facts() {
    let outcome = Lab::new()
        .check(&image("test/busybox:docker"), VERSION, &[])
        .exits(0);
    let json = outcome.json();
    let platforms = array(&json["platforms"]);
    let of = |platform: &str| {
        let found = platforms.iter().find(|p| p["platform"] == platform);
        found.expect(platform).clone()
    };
    // The engine's host is one of the two.
    let host = engine::ask(&["version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"]);
    let other = if host == AMD64 { ARM64 } else { AMD64 };
    assert_eq!(of(&host)["execution"], "native");
    assert_eq!(of(&host)["emulator"], json!(null));
    assert_eq!(of(other)["execution"], "emulated");
    let emulator = text(&of(other)["emulator"]);
    assert!(emulator.starts_with("qemu-"), "{emulator}");
    assert!(emulator.contains("version"), "{emulator}");
    for platform in [&host, other] {
        let engine = text(&of(platform)["engine"]);
        assert!(
            engine.starts_with("Docker ") || engine.starts_with("Podman "),
            "{engine}"
        );
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn two_children_of_one_platform_are_an_error_of_the_index() {
    let twin = |settings| NewVariant::like("test/busybox:all", AMD64).with(settings);
    let reference = push::push(
        "e2e/twins",
        &[
            twin(json!({"Labels": {"twin": "one"}})),
            twin(json!({"Labels": {"twin": "two"}})),
        ],
    );
    let outcome = Lab::new().check(&reference, VERSION, &[]).exits(1);
    outcome.failed(
        AMD64,
        "the platform's image is whole",
        &["2 different children for this platform"],
    );
}
