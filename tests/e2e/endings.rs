//! The table of endings in `suites/README.md`: a test for each row.

use super::engine;
use super::lab::{Lab, Running, eventually, image, registry};
use super::outcome::Outcome;

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";
const NAME: &str = "ending";
const UP: &str = "ending › services come up";
const OVER: &str = "ending › app exits with 0";

/// A service that is there until it is stopped, and then answers with a failure.
const STAYS: &str = r#"{ image: BUSYBOX, command: "sh -c 'trap \"exit 3\" TERM; echo it stays; while :; do sleep 0.1; done'", stop_grace_period: 5s }"#;

fn start<'a>(lab: &'a Lab, services: &str, more: &str, arguments: &[&str]) -> Running<'a> {
    let compose = format!("services:\n{services}volumes: {{ data: {{}} }}\n")
        .replace("STAYS", STAYS)
        .replace("BUSYBOX", &image("test/busybox:all"));
    lab.write("compose.yml", compose);
    let timeout = if more.contains("timeout") {
        ""
    } else {
        "    timeout: 1m\n"
    };
    let suite = format!(
        "
version: 1
emulation_factor: 2
integration:
  - name: {NAME}
    compose: compose.yml
    under_test: app
{timeout}{more}"
    );
    let mut all = vec!["--no-audit"];
    if !arguments.contains(&"--platform") {
        all.extend(["--platform", AMD64]);
    }
    all.extend(arguments);
    lab.start_check(&image("test/busybox:docker"), &suite, &all)
}

/// Runs services to their end; that nothing of them is left is looked at after
/// each run of these tests.
fn run(services: &str, more: &str, arguments: &[&str]) -> Outcome {
    let lab = Lab::new();
    start(&lab, services, more, arguments).finish()
}

/// Whether this engine says of a container like that one that it was out of memory.
fn engine_tells_of_memory() -> bool {
    let busybox = image("test/busybox:amd64");
    engine::ask(&["pull", "--quiet", &busybox]);
    let greedy = "head -c 200m /dev/zero | tail";
    let words = ["create", "--memory", "16m", &busybox, "sh", "-c", greedy];
    let container = engine::Removed(engine::ask(&words));
    engine::ask(&["start", &container.0]);
    engine::ask(&["wait", &container.0]);
    let format = "{{.State.OOMKilled}}";
    engine::ask(&["inspect", "--format", format, &container.0]) == "true"
}

const OF_APP: &str = "    exit_code_from: app\n";

/// What the services did, as the report of this part tells it.
fn story(outcome: &Outcome, name: &str) -> String {
    let suite = format!("suite {AMD64}");
    let printed = outcome.with_test_case(&suite, name, |case| {
        let printed = case.system_out.as_ref();
        printed.map(|text| text.as_str().to_owned())
    });
    printed.unwrap_or_default()
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn ends_with_0_whoever_waits_for_it() {
    let services = r#"
  alone: { image: BUSYBOX, command: "true" }
  waited: { image: BUSYBOX, command: "true" }
  app:
    command: "true"
    depends_on: { waited: { condition: service_completed_successfully } }
"#;
    let asked = "    checks: [{ service: alone, logs: { empty: true } }]\n";
    run(services, asked, &[]).exits(0).passed(AMD64, UP);
}

/// `zeta` comes first: not by its name, but because others wait for it.
#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn ends_with_another_code_and_the_first_in_start_order_is_named() {
    let services = r#"
  zeta: { image: BUSYBOX, command: "sh -c 'echo no space left; exit 3'" }
  alpha:
    image: BUSYBOX
    command: "sh -c 'exit 4'"
    depends_on: { zeta: { condition: service_completed_successfully, required: false } }
  app:
    command: "true"
    depends_on: { zeta: { condition: service_completed_successfully } }
"#;
    let outcome = run(services, OF_APP, &[]).exits(1);
    let words = ["zeta exited with 3", "zeta | no space left"];
    outcome.failed(AMD64, UP, &words);
    let names = outcome.names(AMD64);
    assert_eq!(names, [UP], "app never was, and is not asked");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn is_exit_code_from_and_ends_with_0() {
    let services = "
  app: { command: 'true', depends_on: [stays] }
  stays: STAYS
";
    run(services, OF_APP, &[]).exits(0).passed(AMD64, OVER);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn is_exit_code_from_and_ends_with_another_code() {
    let services = r#"
  app: { command: "sh -c 'exit 42'", depends_on: [stays] }
  stays: STAYS
"#;
    let outcome = run(services, OF_APP, &[]).exits(1);
    outcome.passed(AMD64, UP);
    outcome.failed(AMD64, OVER, &["app exited with 42"]);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn is_exit_code_from_and_still_runs_at_the_deadline() {
    let services = r#"
  app:
    command: "sh -c 'trap \"exit 0\" TERM; while :; do sleep 0.1; done'"
    stop_grace_period: 10s
"#;
    let more = format!("    timeout: 3s\n{OF_APP}");
    let outcome = run(services, &more, &[]).exits(1);
    outcome.failed(AMD64, OVER, &["app was not over in time"]);
    // It did end with 0 when it was asked to, and that was no answer.
    let story = story(&outcome, OVER);
    assert!(story.contains("app  exited with 0"), "{story}");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn ends_before_it_was_healthy_and_others_wait_for_that() {
    for code in [0, 3] {
        let services = format!(
            r#"
  db:
    image: BUSYBOX
    command: "sh -c 'exit {code}'"
    healthcheck: {{ test: "false", interval: 30s }}
  app:
    command: "true"
    depends_on: {{ db: {{ condition: service_healthy }} }}
"#
        );
        let outcome = run(&services, OF_APP, &[]).exits(1);
        let words = match code {
            0 => "db exited with 0 before it was healthy".to_owned(),
            code => format!("db exited with {code}"),
        };
        outcome.failed(AMD64, UP, &[&words]);
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn becomes_unhealthy() {
    let services = r#"
  db:
    image: BUSYBOX
    command: sleep 1000
    stop_grace_period: 0s
    healthcheck: { test: "echo not yet; exit 1", interval: 1s, retries: 2 }
  app:
    command: "true"
    depends_on: { db: { condition: service_healthy } }
"#;
    let outcome = run(services, OF_APP, &[]).exits(1);
    let words = ["db is unhealthy", "its last healthcheck said: not yet"];
    outcome.failed(AMD64, UP, &words);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn crashes_under_emulation() {
    let services = r#"
  app: { command: "sh -c 'kill -SEGV $$$$; sleep 1000'" }
"#;
    let outcome = run(services, OF_APP, &["--platform", ARM64]).exits(1);
    // Seen while the services come up, or just after.
    let names = outcome.names(ARM64);
    let last = names.last().expect("a case");
    let words = ["app crashed under the emulator with signal 11"];
    outcome.failed(ARM64, last, &words);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn is_ended_by_the_kernel_for_want_of_memory() {
    let services = r#"
  app:
    command: "sh -c 'head -c 200m /dev/zero | tail'"
    deploy: { resources: { limits: { memory: 16M } } }
"#;
    let outcome = run(services, OF_APP, &[]).exits(1);
    // Not every engine tells, on every host; none is believed to have said more.
    let words = match engine_tells_of_memory() {
        true => "app was ended by the kernel for want of memory",
        false => "app exited with 137",
    };
    outcome.failed(AMD64, OVER, &[words]);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn can_not_be_started() {
    let services = r#"
  db: { image: BUSYBOX, command: [/no/such/program] }
  app: { command: "true", depends_on: [db] }
"#;
    let outcome = run(services, OF_APP, &[]).exits(1);
    let words = ["db could not be started", "/no/such/program"];
    outcome.failed(AMD64, UP, &words);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn fails_and_all_that_depend_on_it_say_that_it_is_not_required() {
    let services = r#"
  cache: { image: BUSYBOX, command: "sh -c 'exit 3'" }
  broken: { image: BUSYBOX, command: [/no/such/program] }
  app:
    command: "true"
    depends_on:
      cache: { condition: service_completed_successfully, required: false }
      broken: { condition: service_healthy, required: false }
"#;
    let outcome = run(services, OF_APP, &[]).exits(0);
    let story = story(&outcome, UP);
    assert!(story.contains("cache  exited with 3"), "{story}");
    assert!(story.contains("broken  could not be started"), "{story}");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn is_started_again_by_its_restart_policy_and_ends_well() {
    let services = r#"
  app:
    command: "sh -c 'echo x >>/data/tries; [ $$(wc -l </data/tries) -ge 3 ]'"
    restart: "on-failure:2"
    volumes: ["data:/data"]
"#;
    let outcome = run(services, OF_APP, &[]).exits(0);
    outcome.passed(AMD64, UP);
    outcome.passed(AMD64, OVER);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn is_started_again_by_its_restart_policy_and_ends_badly() {
    let services = r#"
  app:
    command: "sh -c 'echo x >>/data/tries; exit 1$$(wc -l </data/tries)'"
    restart: "on-failure:2"
    volumes: ["data:/data"]
"#;
    let outcome = run(services, OF_APP, &[]).exits(1);
    outcome.passed(AMD64, UP);
    // The third end is the one that counts.
    outcome.failed(AMD64, OVER, &["app exited with 13"]);
    outcome.prints("restarted 2 times");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn is_stopped_by_us_at_the_end() {
    let services = "
  app: { command: 'true' }
  stays: STAYS
";
    let asked = "    checks: [{ service: stays, logs: { contains: it stays } }]\n";
    let outcome = run(services, asked, &[]).exits(0);
    let story = story(&outcome, UP);
    assert!(story.contains("stays  exited with 3"), "{story}");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn has_no_image_that_can_be_pulled() {
    let services = "
  friend: { image: 'REGISTRY/no/such:image' }
  app: { command: 'true' }
"
    .replace("REGISTRY", &registry());
    let outcome = run(&services, OF_APP, &[]).exits(3);
    outcome.broke(AMD64, UP, &["the image of friend", "no/such:image"]);
}

/// Whatever it would have answered: an end that we brought about is no success.
#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn is_interrupted() {
    let services = r#"
  app:
    command: "sh -c 'trap \"exit 0\" INT TERM; while :; do sleep 0.1; done'"
    depends_on: [stays]
  stays: STAYS
"#;
    let lab = Lab::new();
    let running = start(&lab, services, OF_APP, &[]);
    let owner = format!("/{}/", running.pid());
    let format = "{{.Names}} {{.Label \"dev.everyarch.owner\"}}";
    eventually("app runs", || {
        let all = engine::ask(&["ps", "--format", format]);
        let mut mine = all.lines().filter(|line| line.contains(&owner));
        mine.find(|line| line.contains("-app ")).map(|_| ())
    });
    running.signal("INT");
    // That nothing is left is looked at by `finish`.
    let outcome = running.finish().exits(130).complains("interrupted");
    assert_eq!(outcome.json()["verdict"], "error");
    for name in outcome.names(AMD64) {
        outcome.broke(AMD64, &name, &["interrupted"]);
    }
}
