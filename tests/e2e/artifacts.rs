//! `--artifacts`: what the services of a case leave to be looked at.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::lab::{Lab, image};

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";
const SECRET: &str = "pa\"ss\\wo'rd";

const SUITE: &str = "
version: 1
emulation_factor: 2
integration:
  - name: with its friends
    compose: compose.yml
    under_test: app
    exit_code_from: tests
    retries: RETRIES
";

/// Services that print a secret to both streams, have it in their environment, and
/// end as they are told.
const COMPOSE: &str = r#"
services:
  app:
    image: any
    command: sh -c "echo it listens; exec sleep 1000"
    stop_grace_period: 0s
    volumes: ["data:/data"]
  tests:
    image: BUSYBOX
    command: sh -c "cat /run/secrets/token; echo $$TOKEN >&2; exit CODE"
    environment: { TOKEN: "${TOKEN}" }
    secrets: [token]
    depends_on: [app]
volumes: { data: {} }
secrets: { token: { environment: TOKEN } }
"#;

fn lab(code: &str) -> Lab {
    let lab = Lab::new().env("TOKEN", SECRET);
    let compose = COMPOSE.replace("BUSYBOX", &image("test/busybox:all"));
    lab.write("compose.yml", compose.replace("CODE", code));
    lab
}

/// The files below a folder, with what is in them.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("in it");
                let text = std::fs::read_to_string(&path).expect("a text");
                all.insert(name.to_string_lossy().into_owned(), text);
            }
        }
    }
    all
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn logs_and_events_of_services_are_left_in_files() {
    let lab = lab("0");
    let arguments = ["--no-audit", "--artifacts", "left/here"];
    lab.check(
        &image("test/busybox:docker"),
        &SUITE.replace("RETRIES", "0"),
        &arguments,
    )
    .exits(0);
    let files = files(&lab.path("left/here"));
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    // Of what went well the engine is not asked.
    assert_eq!(
        names,
        [
            "suite/linux-amd64/with its friends/app.stdout.log",
            "suite/linux-amd64/with its friends/events.txt",
            "suite/linux-amd64/with its friends/tests.stderr.log",
            "suite/linux-amd64/with its friends/tests.stdout.log",
            "suite/linux-arm64/with its friends/app.stdout.log",
            "suite/linux-arm64/with its friends/events.txt",
            "suite/linux-arm64/with its friends/tests.stderr.log",
            "suite/linux-arm64/with its friends/tests.stdout.log",
        ]
    );
    let of = |name: &str| files[&format!("suite/linux-arm64/with its friends/{name}")].as_str();
    assert_eq!(of("app.stdout.log"), "it listens\n");
    let events: Vec<&str> = of("events.txt")
        .lines()
        .filter_map(|line| Some(line.split_once(" s  ")?.1))
        .collect();
    assert!(events.contains(&"app  started"), "{events:?}");
    assert!(events.contains(&"tests  exited with 0"), "{events:?}");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_failure_leaves_what_the_engine_says_of_each_container_and_no_secret() {
    let lab = lab("7");
    let arguments = ["--no-audit", "--artifacts", "left", "--platform", ARM64];
    let outcome = lab
        .check(
            &image("test/busybox:docker"),
            &SUITE.replace("RETRIES", "1"),
            &arguments,
        )
        .exits(1);
    let files = files(&lab.path("left"));
    let folder = "suite/linux-arm64/with its friends";
    for attempt in ["", "/attempt-2"] {
        let of = |name: &str| {
            let path = format!("{folder}{attempt}/{name}");
            files
                .get(&path)
                .unwrap_or_else(|| panic!("no {path}: {files:?}"))
        };
        assert_eq!(of("tests.stdout.log").trim(), "***");
        assert_eq!(of("tests.stderr.log").trim(), "***");
        let said: Value = serde_json::from_str(of("tests.inspect.json")).expect("JSON");
        assert_eq!(said["State"]["ExitCode"], 7);
        let environment = said["Config"]["Env"].as_array().expect("variables");
        assert!(environment.contains(&Value::from("TOKEN=***")), "{said}");
        let said: Value = serde_json::from_str(of("app.inspect.json")).expect("JSON");
        assert_eq!(said["State"]["Status"], "running", "before it was stopped");
    }
    let shown = [&outcome.stdout, &outcome.stderr].map(String::as_str);
    let reports = [&outcome.json_text, &outcome.junit_text];
    let reports = reports.into_iter().flatten().map(String::as_str);
    let texts = files.values().map(String::as_str);
    for text in texts.chain(reports).chain(shown) {
        assert!(!text.contains("wo'rd"), "{text}");
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn every_report_of_a_failure_says_what_became_of_the_containers() {
    let lab = lab("7");
    let arguments = ["--no-audit", "--platform", AMD64];
    let outcome = lab
        .check(
            &image("test/busybox:docker"),
            &SUITE.replace("RETRIES", "0"),
            &arguments,
        )
        .exits(1);
    let name = "with its friends › tests exits with 0";
    let services = outcome.with_case(AMD64, name, |case| case.field("services"));
    let containers = services["containers"].as_array().expect("containers");
    let states: Vec<(&str, &str, Option<i64>)> = containers
        .iter()
        .map(|container| {
            let text = |key: &str| container[key].as_str().unwrap_or_default();
            (
                text("service"),
                text("state"),
                container["exit_code"].as_i64(),
            )
        })
        .collect();
    assert_eq!(
        states,
        [("app", "running", None), ("tests", "exited", Some(7))]
    );
    let app = &containers[0];
    assert_eq!(app["platform"], AMD64);
    let image = app["image"].as_str().unwrap_or_default();
    assert!(image.starts_with("sha256:"), "{app}");
    assert!(app["networks"].to_string().contains("default"), "{app}");
    assert!(app["mounts"].to_string().contains(" at /data"), "{app}");
    let events = services["events"].as_array().expect("events");
    let has = |service: &str, what: &str| {
        events
            .iter()
            .any(|event| event["service"] == service && event["what"] == what)
    };
    assert!(
        has("app", "started") && has("tests", "exited with 7"),
        "{services}"
    );
    // The terminal says it too; the story is where it failed.
    let outcome = outcome
        .prints("tests: exited with 7")
        .prints("app: running");
    let suite = format!("suite {AMD64}");
    let story = outcome.with_test_case(&suite, name, |case| {
        case.system_out
            .as_ref()
            .map(|text| text.as_str().to_owned())
    });
    let story = story.expect("what the services did");
    assert!(
        story.contains("== events") && story.contains("tests stderr"),
        "{story}"
    );
}

#[test]
fn a_folder_that_can_not_be_written_is_told_before_anything_runs() {
    let lab = Lab::new();
    lab.write("taken", "a file");
    let outcome = lab
        .run("127.0.0.1:1/never:asked", &["--artifacts", "taken/below"])
        .exits(3)
        .complains("artifacts can't be written to taken/below")
        .complains("nothing was run");
    assert!(!outcome.said_what_it_ran());
}
