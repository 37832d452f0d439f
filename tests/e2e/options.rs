//! What the command line changes: what is pulled, listed, left out, and where it runs.

use serde_json::json;

use super::engine;
use super::lab::{Lab, image};
use super::loopback::Loopback;
use super::outcome::{array, text};
use super::push::{self, NewVariant};

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";
const SHORT: &str = "version: 1\nsmoke:\n  - { name: runs, run: 'true' }\n";

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn the_first_failure_ends_the_run_where_that_is_asked_for() {
    let suite = "
version: 1
smoke:
  - { name: passes, run: 'true' }
  - { name: fails, run: 'false' }
  - { name: is not run, run: touch /tmp/ran }
  - { name: is not started, start: { cmd: [touch, /tmp/ran] }, when: linux/s390x }
";
    let arguments = ["--fail-fast", "--jobs", "1"];
    let outcome = Lab::new()
        .check(&image("test/busybox:amd64"), suite, &arguments)
        .exits(1);
    outcome.passed(AMD64, "passes");
    outcome.failed(AMD64, "fails", &["it exited with 1"]);
    assert_eq!(outcome.outcome(AMD64, "is not run"), "skipped");
    let reason = outcome.with_case(AMD64, "is not run", |case| case.field("skip_reason"));
    assert!(text(&reason).contains("--fail-fast"), "{reason}");
}

#[test]
fn what_would_run_is_listed_without_an_engine() {
    let loopback = Loopback::with_small_index("app");
    let lab = Lab::new()
        .with_empty_home()
        .env("DOCKER_HOST", "unix:///no/such/engine.sock");
    lab.write(
        "suite.yaml",
        "version: 1\nsmoke:\n  - { name: one, run: a }\n  - { name: two, run: b, when: linux/arm64 }\n",
    );
    let reference = loopback.reference("app:1");
    let list = ["run", &reference, "--suite", "suite.yaml", "--list"];
    let outcome = lab.everyarch(&list).exits(0);
    let audit = "  audit/index, manifests and blobs are sound
  audit/programs can be started
  audit/libraries can be loaded
  audit/processors and kernels of the platform suffice
  audit/packages are for this platform
  audit/platforms agree with one another
";
    assert_eq!(
        outcome.stdout,
        format!("linux/amd64\n{audit}  suite/one\nlinux/arm64\n{audit}  suite/one\n  suite/two\n")
    );
    let mut unaudited = list.to_vec();
    unaudited.push("--no-audit");
    assert_eq!(
        lab.everyarch(&unaudited).exits(0).stdout,
        "linux/amd64\n  suite/one\nlinux/arm64\n  suite/one\n  suite/two\n"
    );
    let mut filtered = list.to_vec();
    filtered.extend(["--filter", "two$"]);
    let outcome = lab.everyarch(&filtered).exits(0);
    assert!(outcome.stdout.contains("  suite/two\n"), "{outcome}");
    assert!(!outcome.stdout.contains("  suite/one\n"), "{outcome}");
}

/// An image that no other test has pulled; its name in the engine's store.
fn unpulled(name: &str) -> (String, String) {
    let variant =
        NewVariant::like("test/busybox:all", AMD64).with(json!({"Labels": {"for": name}}));
    let reference = push::push(name, &[variant]);
    let (_, digest) = push::children(&format!("{name}:all")).remove(0);
    let stored = image(&format!("{name}@{digest}"));
    let _ = engine::docker().args(["rmi", &stored]).output();
    (reference, stored)
}

fn is_stored(image: &str) -> bool {
    let done = engine::docker().args(["image", "inspect", image]).output();
    done.is_ok_and(|done| done.status.success())
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn images_are_pulled_when_that_is_allowed() {
    let (reference, stored) = unpulled("e2e/pulls");
    let lab = Lab::new();
    let outcome = lab.check(&reference, SHORT, &["--pull", "never"]).exits(3);
    outcome.broke(
        AMD64,
        "the image can be pulled",
        &["the engine has no", &stored, "--pull never", "docker pull"],
    );
    assert!(!is_stored(&stored));
    lab.check(&reference, SHORT, &["--pull", "missing"])
        .exits(0);
    assert!(is_stored(&stored));
    lab.check(&reference, SHORT, &["--pull", "never"]).exits(0);
    lab.check(&reference, SHORT, &["--pull", "always"]).exits(0);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn images_that_a_run_pulled_are_removed_where_that_is_asked_for() {
    let (reference, stored) = unpulled("e2e/removes");
    let lab = Lab::new();
    lab.check(&reference, SHORT, &["--remove-images"]).exits(0);
    assert!(!is_stored(&stored));
    // One that was there before was not pulled by the run.
    lab.check(&reference, SHORT, &[]).exits(0);
    lab.check(&reference, SHORT, &["--remove-images"]).exits(0);
    assert!(is_stored(&stored));
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn an_engine_that_does_not_answer_is_the_error_of_its_platform_alone() {
    let nowhere = "linux/arm64=unix:///no/such/engine.sock";
    let outcome = Lab::new()
        .check(&image("test/busybox:docker"), SHORT, &["--engine", nowhere])
        .exits(3);
    outcome.passed(AMD64, "runs");
    outcome.broke(
        ARM64,
        "an engine answers",
        &["unix:///no/such/engine.sock", "there is no such socket"],
    );
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn each_platform_may_have_an_engine_of_its_own() {
    let second = std::env::var("EVERYARCH_SECOND_ENGINE")
        .expect("EVERYARCH_SECOND_ENGINE names another engine: ci/podman starts one");
    let first = engine::ask(&["version", "--format", "{{.Server.Version}}"]);
    let argument = format!("linux/arm64={second}");
    let lab = Lab::new();
    let outcome = lab
        .check(
            &image("test/busybox:docker"),
            SHORT,
            &["--engine", &argument],
        )
        .exits(0);
    for platform in [AMD64, ARM64] {
        outcome.passed(platform, "runs");
    }
    let json = outcome.json();
    let engine_of = |platform: &str| {
        let records = array(&json["platforms"]);
        let found = records.iter().find(|record| record["platform"] == platform);
        text(&found.expect(platform)["engine"])
    };
    assert!(engine_of(ARM64).contains(&second), "{outcome}");
    assert!(!engine_of(AMD64).contains(&second), "{outcome}");
    assert!(engine_of(AMD64).contains(&first), "{first}\n{outcome}");
}
