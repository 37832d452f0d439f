//! The stack of `examples/users`: a Node service with a real PostgreSQL, its
//! migrations and a container that tests it.

use super::engine;
use super::lab::{Lab, image, registry, shown};
use super::outcome::Outcome;

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";
const UP: &str = "with its database › services come up";
const TESTS: &str = "with its database › tests exits with 0";
const ASKED: [&str; 3] = [
    "with its database › app: node migrate.js --check",
    "with its database › app: GET :8080/users",
    "with its database › db: logs",
];

/// Runs the example as it is, without the audit: what it finds is found by running.
fn run(tag: &str) -> Outcome {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/users/everyarch.yaml");
    let lab = Lab::new().env("EVERYARCH_REGISTRY", registry());
    lab.run(
        &image(&format!("demo/users:{tag}")),
        &["--suite", &shown(example.as_ref()), "--no-audit"],
    )
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_service_works_with_a_real_database_on_every_platform() {
    let outcome = run("healthy").exits(0);
    let host = engine::ask(&["version", "--format", "{{.Server.Arch}}"]);
    let native = match host.as_str() {
        "arm64" => "on aarch64-",
        _ => "on x86_64-",
    };
    for platform in [AMD64, ARM64] {
        assert_eq!(outcome.names(platform), [&[UP, TESTS], &ASKED[..]].concat());
        // The database says itself what it was built for.
        let suite = format!("users {platform}");
        outcome.with_test_case(&suite, UP, |case| {
            let story = case.system_out.as_ref().expect("what the services did");
            let line = story
                .as_str()
                .lines()
                .find(|line| line.contains("starting PostgreSQL"));
            let line = line.expect("the server's first line");
            assert!(line.contains(native), "{platform}: {line}");
        });
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_bug_that_only_the_tests_meet_fails_its_platform_alone_and_is_named() {
    let outcome = run("broken").exits(1);
    assert_eq!(outcome.verdict(AMD64), "passed");
    assert_eq!(outcome.verdict(ARM64), "failed");
    let words = [
        "tests exited with 1",
        "No native build was found for platform=linux arch=arm64",
        "app printed it",
    ];
    outcome.failed(ARM64, TESTS, &words);
    assert_eq!(
        outcome.codes(ARM64, TESTS),
        ["service-ended", "node-gyp-build-no-prebuild"]
    );
    // Everything came up there, and all else that is asked of it is answered.
    outcome.passed(ARM64, UP);
    for name in ASKED {
        outcome.passed(ARM64, name);
    }
}
