//! `runner: plugin`: the compose plugin brings the services up, and everything else
//! is as with our own runner.

use super::engine;
use super::lab::{Lab, eventually, image};
use super::stacks::{UP, events, run, suite};

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";
const MARK: &str = "dev.everyarch.test.plugin";

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry, the compose plugin and the images of ci/images: run ci/test"
)]
fn two_platforms_are_up_at_once_whatever_the_file_fixes() {
    // A key that our own runner refuses, a fixed name, port, network and volume.
    let compose = r#"
services:
  app:
    image: not/this:one
    platform: linux/s390x
    container_name: everyarch-plugin-app
    command: sh -c "mkdir /www; echo $$FROM >/www/index.html; exec httpd -f -p 8080 -h /www"
    environment: { FROM: "${FROM:-nobody}" }
    ports: ["18080:8080"]
    networks: { inner: { aliases: [web] } }
    depends_on:
      migrate: { condition: service_completed_successfully }
    stop_grace_period: 0s
  migrate:
    image: BUSYBOX
    command: sh -c "echo ready >/data/ready; echo migrated"
    volumes: ["data:/data"]
    annotations: { of: this }
    networks: [inner]
  seer:
    image: BUSYBOX
    profiles: [seeing]
    command: sleep 1000
    volumes: ["data:/seen:ro"]
    networks: [inner]
    depends_on: [app]
    stop_grace_period: 0s
networks: { inner: { name: everyarch-plugin-net } }
volumes: { data: { name: everyarch-plugin-data } }
"#;
    let more = "    runner: plugin
    profiles: [seeing]
    env: { FROM: the suite }
    checks:
      - { service: app, run: uname -m, expect: { stdout: '${platform.uname}' } }
      - { service: app, http: { get: ':8080/', status: 200, contains: the suite } }
      - { service: seer, run: cat /seen/ready, expect: { stdout: ready } }
      - { service: seer, shell: 'wget -q -O- http://web:8080/', expect: { stdout: the suite } }
      - { service: migrate, logs: { contains: migrated } }
";
    let outcome = run(compose, more, &[]).exits(0);
    for platform in [AMD64, ARM64] {
        assert_eq!(outcome.names(platform).len(), 6, "{outcome}");
        let events = events(&outcome, platform);
        let at = |event: &str| {
            let found = events.iter().position(|said| said == event);
            found.unwrap_or_else(|| panic!("{event}: {events:?}"))
        };
        assert!(
            at("migrate exited with 0") < at("app started"),
            "{events:?}"
        );
        assert!(at("app started") < at("seer started"), "{events:?}");
        let said = outcome.with_case(platform, UP, |case| case.story());
        for words in ["not/this:one", "linux/s390x"] {
            assert!(said.contains(words), "{words}: {said}");
        }
    }
}

/// Podman without systemd runs no healthcheck, and so compose waits for ever there:
/// that is said, with what to do.
#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry, the compose plugin and the images of ci/images: run ci/test"
)]
fn healthchecks_are_the_engine_s() {
    let compose = r#"
services:
  app:
    image: BUSYBOX
    command: sleep 1000
    stop_grace_period: 0s
    depends_on: { db: { condition: service_healthy } }
  db:
    image: BUSYBOX
    command: sh -c "touch /tmp/ready; exec sleep 1000"
    stop_grace_period: 0s
    healthcheck: { test: test -e /tmp/ready, interval: 1s }
"#;
    let more = "    runner: plugin\n    checks: [{ service: app, run: 'true' }]\n";
    if engine::is_podman() {
        let more = format!("{more}    per_platform: {{ linux/amd64: {{ timeout: 5s }} }}\n");
        let outcome = run(compose, &more, &["--platform", AMD64]).exits(1);
        let words = ["db was not healthy in time", "Podman runs no healthcheck"];
        return outcome.failed(AMD64, UP, &words);
    }
    let outcome = run(compose, more, &["--platform", AMD64]).exits(0);
    let events = events(&outcome, AMD64);
    let healthy = events.iter().position(|said| said == "db healthy");
    let started = events.iter().position(|said| said == "app started");
    assert!(healthy.is_some() && healthy < started, "{events:?}");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry, the compose plugin and the images of ci/images: run ci/test"
)]
fn a_service_that_fails_is_named_and_not_the_plugin() {
    let app = "services: { app: { image: x, command: sleep 1000, stop_grace_period: 0s, depends_on: { db: { condition: service_completed_successfully } } }, db: ";
    for (db, words) in [
        (
            "{ image: BUSYBOX, command: sh -c 'echo no space left; exit 3' } }",
            &["db exited with 3", "db | no space left"][..],
        ),
        (
            "{ image: BUSYBOX, command: /no/such/program } }",
            &["db could not be started", "/no/such/program"],
        ),
    ] {
        let more = "    runner: plugin\n    checks: [{ service: app, run: 'true' }]\n";
        let outcome = run(&format!("{app}{db}"), more, &["--platform", AMD64]).exits(1);
        outcome.failed(AMD64, UP, words);
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry, the compose plugin and the images of ci/images: run ci/test"
)]
fn the_exit_code_is_a_service_s() {
    let compose = "
services:
  app: { image: x, command: sleep 1000, stop_grace_period: 0s }
  tests: { image: BUSYBOX, command: 'false', depends_on: [app] }
";
    let more = "    runner: plugin\n    exit_code_from: tests\n";
    let outcome = run(compose, more, &["--platform", ARM64]).exits(1);
    outcome.failed(
        ARM64,
        "with its friends › tests exits with 0",
        &["tests exited with 1"],
    );
}

/// What the plugin can't do for a reason of its own is nobody's failure.
#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry, the compose plugin and the images of ci/images: run ci/test"
)]
fn what_the_plugin_can_not_do_is_an_error_in_its_words() {
    let compose = "
services:
  app: { image: x, command: sleep 1000, networks: [there] }
networks: { there: { external: true, name: everyarch-no-such-network } }
";
    let more = "    runner: plugin\n    checks: [{ service: app, run: 'true' }]\n";
    let outcome = run(compose, more, &["--platform", AMD64]).exits(3);
    let words = ["the compose plugin did not", "everyarch-no-such-network"];
    outcome.broke(AMD64, UP, &words);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs a registry, the compose plugin and the images of ci/images: run ci/test"
)]
fn mistakes_are_told_in_the_plugin_s_words_before_anything_runs() {
    let more = "    runner: plugin\n    checks: [{ service: app, run: 'true' }]\n";
    for (compose, words) in [
        (
            "services: { app: { image: x, comand: y } }",
            &["suite.yaml:5", "the compose plugin refuses", "comand"][..],
        ),
        (
            "services: { api: { image: x } }",
            &["`under_test: app` is no service", "did you mean `api`?"],
        ),
    ] {
        let outcome = run(compose, more, &["--platform", AMD64]).exits(2);
        for word in words {
            assert!(outcome.stderr.contains(word), "{word}\n{outcome}");
        }
        assert!(!outcome.said_what_it_ran(), "{outcome}");
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs a registry and the images of ci/images: run ci/test"
)]
fn where_there_is_no_plugin_it_is_said_what_to_do() {
    let lab = Lab::new().env("PATH", "/nowhere");
    lab.write("compose.yml", "services: { app: { image: x } }");
    let suite = suite("    runner: plugin\n    exit_code_from: app\n");
    let arguments = ["--no-audit", "--platform", AMD64];
    let outcome = lab
        .check(&image("test/busybox:docker"), &suite, &arguments)
        .exits(2);
    for word in [
        "needs the `docker` command",
        "the built-in runner needs none",
    ] {
        assert!(outcome.stderr.contains(word), "{word}\n{outcome}");
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry, the compose plugin and the images of ci/images: run ci/test"
)]
fn an_interrupt_takes_down_what_the_plugin_is_bringing_up() {
    let lab = Lab::new();
    let compose = "
services:
  app: { image: x, command: sleep 1000, depends_on: { slow: { condition: service_completed_successfully } } }
  slow: { image: BUSYBOX, command: sleep 1000, volumes: ['data:/data'], labels: { MARK: 'PID' } }
volumes: { data: {} }
";
    let compose = compose
        .replace("BUSYBOX", &image("test/busybox:all"))
        .replace("MARK", MARK)
        .replace("PID", &std::process::id().to_string());
    lab.write("compose.yml", compose);
    let suite = suite("    runner: plugin\n    exit_code_from: app\n");
    let running = lab.start_check(&image("test/busybox:docker"), &suite, &["--no-audit"]);
    let label = format!("label={MARK}={}", std::process::id());
    eventually("a service that has started", || {
        let started = engine::ask(&["ps", "--quiet", "--filter", &label]);
        (!started.is_empty()).then_some(())
    });
    running.signal("TERM");
    // That nothing is left is looked at after each run of these tests.
    running.finish().exits(130);
}
