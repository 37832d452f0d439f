//! `integration:`: compose-style services on every platform.

use super::engine;
use super::lab::{Lab, image};
use super::outcome::Outcome;

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";
pub(super) const UP: &str = "with its friends › services come up";

/// A suite with one integration that asks for these things besides.
pub(super) fn suite(more: &str) -> String {
    format!(
        "
version: 1
emulation_factor: 2
integration:
  - name: with its friends
    compose: compose.yml
    under_test: app
    timeout: 1m
{more}"
    )
}

/// Runs it on two platforms, and looks that nothing of it is left.
pub(super) fn run(compose: &str, more: &str, arguments: &[&str]) -> Outcome {
    let lab = Lab::new();
    // Images of the tests' own registry.
    let compose = compose.replace("BUSYBOX", &image("test/busybox:all"));
    lab.write("compose.yml", &compose);
    let mut all = vec!["--no-audit"];
    all.extend(arguments);
    lab.check(&image("test/busybox:docker"), &suite(more), &all)
}

fn story(outcome: &Outcome, platform: &str) -> String {
    let suite = format!("suite {platform}");
    let printed = outcome.with_test_case(&suite, UP, |case| {
        let printed = case.system_out.as_ref();
        printed.map(|text| text.as_str().to_owned())
    });
    printed.expect("what the services did")
}

/// What happened to which service, in order of time.
pub(super) fn events(outcome: &Outcome, platform: &str) -> Vec<String> {
    story(outcome, platform)
        .lines()
        .skip_while(|line| *line != "== events")
        .skip(1)
        .take_while(|line| !line.starts_with("=="))
        .filter_map(|line| Some(line.split_once(" s  ")?.1.replace("  ", " ")))
        .collect()
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn services_start_when_what_they_depend_on_is_so_far() {
    let compose = r#"
services:
  app:
    image: not/this:one
    platform: linux/s390x
    command: sh -c "echo up; mkdir /www; echo hello >/www/index.html; exec httpd -f -p 8080 -h /www"
    depends_on:
      migrate: { condition: service_completed_successfully }
    healthcheck: { test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:8080/"], interval: 1s }
    stop_grace_period: 1s
  db:
    image: BUSYBOX
    command: sh -c "echo ready >/data/ready; exec sleep 1000"
    volumes: ["data:/data"]
    healthcheck: { test: "test -e /data/ready", interval: 1s }
    stop_grace_period: 0s
  migrate:
    image: BUSYBOX
    command: sh -c "cat /seen/ready && echo migrated"
    volumes: ["data:/seen:ro"]
    depends_on: { db: { condition: service_healthy } }
volumes: { data: {} }
"#;
    let checks = "
    checks:
      - { service: app, run: uname -m, expect: { stdout: '${platform.uname}' } }
      - { service: app, http: { get: ':8080/', status: 200, contains: hello } }
      - { service: db, shell: 'wget -q -O- http://app:8080/', expect: { stdout: hello } }
      - { service: migrate, logs: { contains: migrated } }
";
    let outcome = run(compose, checks, &[]).exits(0);
    for platform in [AMD64, ARM64] {
        assert_eq!(
            outcome.names(platform),
            [
                UP,
                "with its friends › app: uname -m",
                "with its friends › app: GET :8080/",
                "with its friends › db: wget -q -O- http://app:8080/",
                "with its friends › migrate: logs",
            ]
        );
        let events = events(&outcome, platform);
        let started: Vec<&String> = events
            .iter()
            .filter(|event| !event.ends_with("created"))
            .take(6)
            .collect();
        assert_eq!(
            started,
            [
                "db started",
                "db healthy",
                "migrate started",
                "migrate exited with 0",
                "app started",
                "app healthy",
            ]
        );
        // What the file says of the service under test does not count, and that is told.
        let said = outcome.with_case(platform, UP, |case| case.story());
        for words in ["not/this:one", "linux/s390x"] {
            assert!(said.contains(words), "{words}: {said}");
        }
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_service_has_the_exit_code_of_the_case() {
    let compose = r#"
services:
  app:
    image: BUSYBOX
    command: sleep 1000
    stop_grace_period: 0s
  tests:
    image: BUSYBOX
    command: sh -c "echo $$WANTED; exit $$WANTED"
    environment: { WANTED: "${WANTED:-7}" }
    depends_on: [app]
"#;
    let more = "    exit_code_from: tests\n";
    let outcome = run(compose, more, &[]).exits(1);
    let name = "with its friends › tests exits with 0";
    for platform in [AMD64, ARM64] {
        outcome.passed(platform, UP);
        outcome.failed(platform, name, &["tests exited with 7", "tests | 7"]);
    }
    let good = format!("{more}    env: {{ WANTED: '0' }}\n");
    let outcome = run(compose, &good, &["--platform", AMD64]).exits(0);
    outcome.passed(AMD64, name);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn the_first_service_that_fails_ends_the_wait_and_is_named() {
    let compose = r#"
services:
  app:
    image: BUSYBOX
    command: sleep 1000
    depends_on: { db: { condition: service_healthy } }
  db:
    image: BUSYBOX
    command: sh -c "echo no space left >&2; exit 3"
    healthcheck: { test: "false", interval: 30s }
"#;
    let more = "    exit_code_from: app\n";
    let outcome = run(compose, more, &["--platform", AMD64]).exits(1);
    outcome.failed(AMD64, UP, &["db exited with 3", "db | no space left"]);
    assert_eq!(
        outcome.names(AMD64),
        [UP],
        "nothing was asked of what never was"
    );
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_service_that_never_gets_healthy_shows_what_its_healthcheck_said() {
    let compose = r#"
services:
  app:
    image: BUSYBOX
    command: sleep 1000
    stop_grace_period: 0s
    healthcheck: { test: "echo not yet; exit 1", interval: 1s, retries: 2 }
"#;
    let more = "    exit_code_from: app\n";
    let outcome = run(compose, more, &["--platform", AMD64]).exits(1);
    outcome.failed(
        AMD64,
        UP,
        &["app is unhealthy", "its last healthcheck said: not yet"],
    );
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_crash_under_emulation_is_told_at_once() {
    let compose = r#"
services:
  app:
    image: BUSYBOX
    command: sh -c "kill -SEGV $$$$; sleep 1000"
"#;
    let more = "    exit_code_from: app\n";
    let outcome = run(compose, more, &["--platform", ARM64]).exits(1);
    let said = outcome.names(ARM64);
    let name = said.last().expect("a case");
    outcome.failed(
        ARM64,
        name,
        &["app crashed under the emulator with signal 11"],
    );
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn what_is_still_waited_for_at_the_deadline_is_named() {
    let compose = r#"
services:
  app:
    image: BUSYBOX
    command: sleep 1000
    stop_grace_period: 0s
"#;
    let lab = Lab::new();
    lab.write("compose.yml", compose.replace("BUSYBOX", "unused"));
    let suite = suite("    exit_code_from: app\n").replace("timeout: 1m", "timeout: 3s");
    let arguments = ["--no-audit", "--platform", AMD64];
    let outcome = lab
        .check(&image("test/busybox:docker"), &suite, &arguments)
        .exits(1);
    let name = "with its friends › app exits with 0";
    outcome.failed(AMD64, name, &["app was not over in time"]);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn sidecars_run_natively_unless_the_suite_says_otherwise() {
    let compose = r#"
services:
  app: { image: BUSYBOX, command: sleep 1000, stop_grace_period: 0s }
  friend: { image: BUSYBOX, command: sleep 1000, stop_grace_period: 0s }
"#;
    let host = engine::ask(&["version", "--format", "{{.Server.Arch}}"]);
    let native = if host == "arm64" { "aarch64" } else { "x86_64" };
    for (sidecars, machine) in [("native", native), ("variant", "aarch64")] {
        let more = format!(
            "    sidecars: {sidecars}
    checks:
      - {{ service: app, run: uname -m, expect: {{ stdout: aarch64 }} }}
      - {{ service: friend, run: uname -m, expect: {{ stdout: {machine} }} }}
"
        );
        run(compose, &more, &["--platform", ARM64]).exits(0);
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn an_image_that_can_not_be_had_is_an_error_and_no_failure() {
    let compose = "
services:
  app: { image: BUSYBOX }
  friend: { image: 'REGISTRY/no/such:image' }
";
    let compose = compose.replace("REGISTRY", &super::lab::registry());
    let more = "    exit_code_from: app\n";
    let outcome = run(&compose, more, &["--platform", AMD64]).exits(3);
    outcome.broke(AMD64, UP, &["the image of friend", "no/such:image"]);
}

/// Mistakes are told with their place, before anything is pulled.
#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs a registry and the images of ci/images: run ci/test"
)]
fn mistakes_in_compose_files_are_told_before_anything_runs() {
    let ask = "    exit_code_from: app\n";
    for (compose, more, words) in [
        (
            "services:\n  app: { image: x, depends_on: [b] }\n  b: { image: x, depends_on: [app] }\n",
            ask,
            &["compose.yml:", "app"][..],
        ),
        (
            "services:\n  app: { image: x, env_file: missing.env }\n",
            ask,
            &["missing.env"][..],
        ),
        (
            "services:\n  app: { image: x, comand: y }\n",
            ask,
            &["did you mean `command`?", "compose.yml:2"][..],
        ),
        (
            "services:\n  other: { image: x, build: . }\n  app: { image: x }\n",
            ask,
            &["build", "compose.yml:2"][..],
        ),
        (
            "services:\n  api: { image: x }\n",
            ask,
            &["`under_test: app` is no service", "did you mean `api`?"][..],
        ),
        (
            "services:\n  app: { image: x }\n",
            "    checks: [{ service: ap, run: 'true' }]\n",
            &["did you mean `app`?"][..],
        ),
    ] {
        let outcome = run(compose, more, &["--platform", AMD64]).exits(2);
        for word in words {
            assert!(outcome.stderr.contains(word), "{word}\n{outcome}");
        }
        assert!(!outcome.said_what_it_ran(), "{outcome}");
    }
}
