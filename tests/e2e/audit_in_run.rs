//! The audit as the first suite of every run: the bytes and what runs, in one verdict.

use serde_json::json;

use super::lab::{Lab, image};
use super::outcome::{array, status, text};
use super::push;

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";

/// A suite that loads nothing: all that it runs is right on each platform.
const LOADS_NOTHING: &str = "
version: 1
smoke:
  - { name: runs, run: 'true' }
";

const INDEX: &str = "index, manifests and blobs are sound";
const LIBRARIES: &str = "libraries can be loaded";
const PARITY: &str = "platforms agree with one another";

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn the_bytes_are_judged_before_what_runs() {
    let outcome = Lab::new()
        .check(&image("demo/service:healthy"), LOADS_NOTHING, &[])
        .exits(0);
    for platform in [AMD64, ARM64] {
        assert_eq!(
            outcome.all_names(platform),
            [
                INDEX,
                "programs can be started",
                LIBRARIES,
                "processors and kernels of the platform suffice",
                "packages are for this platform",
                PARITY,
                "runs",
            ]
        );
        let first = outcome.with_test_case(&format!("audit {platform}"), INDEX, status);
        assert_eq!(first, "success");
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_library_that_no_check_loads_fails_the_run_all_the_same() {
    let reference = image("demo/service:broken");
    let lab = Lab::new();
    let outcome = lab.check(&reference, LOADS_NOTHING, &[]).exits(1);
    assert_eq!(outcome.verdict(AMD64), "passed");
    assert_eq!(outcome.verdict(ARM64), "failed");
    outcome.passed(ARM64, "runs");
    outcome.failed(
        ARM64,
        LIBRARIES,
        &[
            "bcrypt.glibc.node",
            "dlopen-wrong-machine-glibc",
            "brought by layer",
        ],
    );
    // The line shown with it does the same by hand.
    let line = outcome.with_case(ARM64, LIBRARIES, |case| text(&case.field("reproduce")));
    let digest = push::digest_of("demo/service:broken");
    let exact = image(&format!("demo/service@{digest}"));
    assert_eq!(
        line,
        format!("everyarch audit {exact} --platform linux/arm64")
    );
    let words: Vec<&str> = line.split(' ').skip(1).collect();
    lab.everyarch(&words).exits(1).prints("bcrypt.glibc.node");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn what_a_suite_accepts_does_not_count() {
    let suite = format!(
        "{LOADS_NOTHING}
audit:
  accept:
    - {{ code: dlopen-wrong-machine-glibc, path: /app/node_modules/bcrypt/**, reason: nobody logs in there }}
"
    );
    let outcome = Lab::new()
        .check(&image("demo/service:broken"), &suite, &[])
        .exits(0);
    outcome.passed(ARM64, LIBRARIES);
    let story = outcome.with_case(ARM64, LIBRARIES, |case| case.story());
    assert!(story.contains("accepted: nobody logs in there"), "{story}");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn differences_between_platforms_count_where_the_suite_is_strict() {
    let variant = |platform: &str, port: &str| {
        push::NewVariant::like("test/busybox:all", platform)
            .with(json!({"ExposedPorts": {port: {}}}))
    };
    let reference = push::push(
        "e2e/differs",
        &[variant(AMD64, "80/tcp"), variant(ARM64, "8080/tcp")],
    );
    let lab = Lab::new();
    let outcome = lab.check(&reference, LOADS_NOTHING, &[]).exits(0);
    outcome.passed(ARM64, PARITY);
    let strict = format!("{LOADS_NOTHING}\naudit: {{ parity: strict }}\n");
    let outcome = lab.check(&reference, &strict, &[]).exits(1);
    let bad: Vec<String> = [AMD64, ARM64]
        .into_iter()
        .filter(|platform| outcome.outcome(platform, PARITY) == "failed")
        .map(str::to_owned)
        .collect();
    assert_ne!(bad, Vec::<String>::new(), "{outcome}");
    let off = format!("{LOADS_NOTHING}\naudit: {{ parity: off }}\n");
    let outcome = lab.check(&reference, &off, &[]).exits(0);
    let names = outcome.all_names(ARM64);
    assert!(!names.contains(&PARITY.to_owned()), "{names:?}");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs a registry and the images of ci/images: run ci/test"
)]
fn the_audit_alone_needs_no_engine() {
    let lab = Lab::new()
        .with_empty_home()
        .env("DOCKER_HOST", "unix:///no/such/engine.sock");
    let run = |name: &str, filter: &str| {
        let reference = image(name);
        let arguments = ["run", &reference, "--json", "result.json", "--filter"];
        let mut words = arguments.to_vec();
        words.push(filter);
        lab.everyarch(&words)
    };
    let outcome = run("test/python:broken", "^audit/").exits(1);
    assert_eq!(outcome.verdict(AMD64), "passed");
    assert_eq!(outcome.verdict(ARM64), "failed");
    let outcome = run("test/python:broken", "^audit/index").exits(0);
    assert_eq!(outcome.all_names(ARM64), [INDEX]);
    run("test/python:broken", "reports its architecture")
        .exits(3)
        .complains("engine");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn the_audit_can_be_left_out() {
    let outcome = Lab::new()
        .check(
            &image("demo/service:broken"),
            LOADS_NOTHING,
            &["--no-audit", "--platform", ARM64],
        )
        .exits(0);
    assert_eq!(outcome.all_names(ARM64), ["runs"]);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn bytes_that_can_not_be_had_are_an_error_and_no_pass() {
    // The engine has the variant already, and never asks for its layer again.
    let name = "e2e/layer-lost";
    let layer = format!("{name}: the layer that is lost\n");
    let reference = push::push(
        name,
        &[push::NewVariant::like("test/busybox:all", AMD64).file("/lost.txt", layer.as_bytes())],
    );
    let lab = Lab::new();
    // Nothing of it may be known from an earlier run.
    let fresh = lab.path("cache");
    let lab = lab.env("XDG_CACHE_HOME", fresh.to_string_lossy());
    lab.check(&reference, LOADS_NOTHING, &["--no-audit"])
        .exits(0);
    for digest in push::layers_of(&format!("{name}:all"), AMD64) {
        push::delete_blob(name, &digest);
    }
    let outcome = lab.check(&reference, LOADS_NOTHING, &[]).exits(1);
    outcome.passed(AMD64, "runs");
    outcome.failed(AMD64, INDEX, &["blob-missing"]);
    let platforms = outcome.json()["platforms"].clone();
    assert_eq!(array(&platforms).len(), 1);
}
