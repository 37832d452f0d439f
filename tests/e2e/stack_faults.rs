//! What is wrong with services, or with the files that say which they are: told in
//! words that are enough to mend it, and nothing is left of it.

use super::engine;
use super::lab::{Lab, image, registry};
use super::outcome::Outcome;

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";
const UP: &str = "with its friends › services come up";

const SUITE: &str = "
version: 1
emulation_factor: 2
integration:
  - name: with its friends
    compose: docker/compose.yml
    under_test: app
    exit_code_from: app
    timeout: TIMEOUT
";

/// Runs it, and looks that no container, network or volume of it is left.
fn run(compose: &str, platform: &str, timeout: &str) -> Outcome {
    let lab = Lab::new();
    for folder in ["deploy", "deploy/docker"] {
        std::fs::create_dir(lab.path(folder)).expect("a folder");
    }
    let compose = compose.replace("BUSYBOX", &image("test/busybox:all"));
    lab.write("deploy/docker/compose.yml", compose);
    lab.write("deploy/suite.yaml", SUITE.replace("TIMEOUT", timeout));
    let busybox = image("test/busybox:docker");
    let words = ["--suite", "deploy/suite.yaml", "--no-audit"];
    let arguments = [&words[..], &["--platform", platform]].concat();
    let running = lab.start(&busybox, &arguments);
    let pid = running.pid();
    let outcome = running.finish();
    assert_eq!(engine::left_of(pid), Vec::<String>::new(), "{outcome}");
    outcome
}

/// A mistake in a compose file, and all that is said of it.
#[track_caller]
fn is_told(compose: &str, expected: &str) {
    let outcome = run(compose, AMD64, "1m").exits(2);
    let after = "
error: the compose files of a suite have mistakes
  hint: they are told above; nothing was pulled or run
";
    let said = outcome.stderr.trim_end();
    assert_eq!(
        said,
        format!("{}\n{}", expected.trim(), after.trim()),
        "{outcome}"
    );
    assert!(!outcome.said_what_it_ran(), "{outcome}");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_dependency_cycle_is_told_with_each_step() {
    is_told(
        r#"
services:
  app: { image: any, depends_on: [db] }
  db: { image: any, depends_on: [seed] }
  seed: { image: any, depends_on: { app: { condition: service_healthy } } }
"#,
        r#"
error[compose-cycle]: services wait for each other: `app` → `db` → `seed` → `app`
 --> deploy/docker/compose.yml:5:37
  |
3 |   app: { image: any, depends_on: [db] }
  |                                   -- `app` waits for `db`
4 |   db: { image: any, depends_on: [seed] }
5 |   seed: { image: any, depends_on: { app: { condition: service_healthy } } }
  |                                     ^^^ `seed` waits for `app`
"#,
    );
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn an_env_file_that_is_not_there_is_told_with_the_path_it_was_looked_for_at() {
    is_told(
        r#"
services:
  app:
    image: any
    env_file: ../settings/app.env
"#,
        r#"
error[compose-file]: there is no file `deploy/settings/app.env`
 --> deploy/docker/compose.yml:5:15
  |
5 |     env_file: ../settings/app.env
  |               ^^^^^^^^^^^^^^^^^^^ not there
"#,
    );
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_port_that_two_services_publish_is_told_with_both() {
    is_told(
        r#"
services:
  app: { image: any, ports: ["8080:80"] }
  admin: { image: any, ports: ["127.0.0.1:8080:81"] }
"#,
        r#"
error[compose-taken]: the port 8080/tcp of the host is published twice
 --> deploy/docker/compose.yml:3:30
  |
3 |   app: { image: any, ports: ["8080:80"] }
  |                              ^^^^^^^^^ `app` publishes it too
4 |   admin: { image: any, ports: ["127.0.0.1:8080:81"] }
  |                                ------------------- `admin` publishes it
  |
  = help: services reach each other without published ports, at the container's port
"#,
    );
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_service_that_crashes_under_emulation_is_an_end_at_once() {
    let compose = r#"
services:
  app: { command: "sh -c 'echo here we go; kill -SEGV $$$$; sleep 1000'" }
"#;
    let outcome = run(compose, ARM64, "1m").exits(1);
    let names = outcome.names(ARM64);
    // Seen while the services come up, or just after.
    let last = names.last().expect("a case");
    let words = [
        "app crashed under the emulator with signal 11",
        "app | here we go",
        "the program crashed under emulation with SIGSEGV",
    ];
    outcome.failed(ARM64, last, &words);
    assert!(!outcome.stdout.contains("in time"), "{outcome}");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_service_that_never_gets_healthy_is_named_with_what_its_healthcheck_said() {
    let compose = r#"
services:
  app: { command: "true", depends_on: { db: { condition: service_healthy } } }
  db:
    image: BUSYBOX
    command: sh -c "echo it begins; exec sleep 1000"
    stop_grace_period: 0s
    healthcheck: { test: "echo the system is starting up; exit 1", interval: 1s, start_period: 1h }
"#;
    let outcome = run(compose, AMD64, "5s").exits(1);
    let words = [
        "db was not healthy in time",
        "db | it begins",
        "its last healthcheck said: the system is starting up",
    ];
    outcome.failed(AMD64, UP, &words);
    outcome
        .prints("db: running, starting")
        .prints("app: created");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn an_image_that_can_not_be_pulled_is_an_error_before_anything_starts() {
    let missing = format!("{}/no/such:image", registry());
    let compose = format!(
        r#"
services:
  app: {{ command: "true", depends_on: [db] }}
  db: {{ image: "{missing}" }}
"#
    );
    let outcome = run(&compose, AMD64, "1m").exits(3);
    let words = format!("the image of db, {missing}: ");
    outcome.broke(AMD64, UP, &[&words, "sidecar-image"]);
    assert_eq!(outcome.names(AMD64), [UP]);
}
