//! What the reports hold, for whoever reads them.

use std::collections::HashSet;
use std::process::Command;

use quick_junit::TestCaseStatus;

use super::engine;
use super::lab::{Lab, image};
use super::outcome::{array, text};
use super::push;

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";

const MIXED: &str = "version: 1
smoke:
  - name: passes
    run: echo fine
  - name: fails
    run: [sh, -c, 'echo printed; echo complained >&2; exit 7']
    expect: { exit: 0 }
  - name: is excepted
    run: 'false'
  - name: architecture
    architecture: [uname, perl]
exceptions:
  - { case: is excepted, reason: known }
";

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn the_junit_document_is_what_its_readers_need() {
    let outcome = Lab::new()
        .check(&image("test/busybox:docker"), MIXED, &[])
        .exits(1);
    let report = outcome.junit();
    let names: Vec<&str> = report.test_suites.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "audit linux/amd64",
            "suite linux/amd64",
            "audit linux/arm64",
            "suite linux/arm64"
        ]
    );
    // Six groups of findings and five checks, on each platform.
    assert_eq!((report.tests, report.failures, report.errors), (22, 4, 0));
    let mut identities = HashSet::new();
    for suite in &report.test_suites {
        let (name, _) = suite.name.as_str().split_once(' ').expect("a platform");
        let expected = if name == "audit" {
            (6, 0, 0)
        } else {
            (5, 2, 0)
        };
        assert_eq!((suite.tests, suite.failures, suite.errors), expected);
        let property = |name: &str| {
            let found = suite.properties.iter().find(|p| p.name.as_str() == name);
            found.map(|property| property.value.as_str().to_owned())
        };
        let platform = property("platform").expect("a platform");
        assert!(suite.name.as_str().ends_with(&platform));
        for name in ["digest", "execution", "engine", "reference", "index_digest"] {
            assert!(
                property(name).is_some_and(|value| !value.is_empty()),
                "{name}"
            );
        }
        if property("execution").as_deref() == Some("emulated") {
            assert!(property("emulator").is_some_and(|value| value.starts_with("qemu-")));
        }
        for case in &suite.test_cases {
            let class = case.classname.as_ref().expect("a class name").as_str();
            assert_eq!(class, format!("{name}.{}", platform.replace('/', "-")));
            assert!(identities.insert((class.to_owned(), case.name.as_str().to_owned())));
            assert!(case.time.is_some());
            // It stands in no suite's file.
            if name == "audit" {
                continue;
            }
            let extra = |name: &str| {
                let found = case.extra.iter().find(|(key, _)| key.as_str() == name);
                found.map(|(_, value)| value.as_str().to_owned())
            };
            let line = match case.name.as_str() {
                "passes" => "3",
                "fails" => "5",
                "is excepted" => "8",
                _ => "10",
            };
            assert_eq!(
                extra("file").as_deref(),
                Some("suite.yaml"),
                "{:?}",
                case.extra
            );
            assert_eq!(extra("line").as_deref(), Some(line), "{:?}", case.name);
            if case.name.as_str() == "fails" {
                let TestCaseStatus::NonSuccess {
                    message,
                    ty,
                    description,
                    ..
                } = &case.status
                else {
                    panic!("{:?}", case.status);
                };
                let message = message.as_ref().expect("a message").as_str();
                assert_eq!(message, "exit: expected 0, but it exited with 7");
                assert!(ty.as_ref().is_some_and(|ty| !ty.is_empty()));
                let body = description.as_ref().expect("a body").as_str();
                for words in [
                    message,
                    "suite.yaml:5",
                    "exit: 0",
                    "complained",
                    "docker run --rm",
                ] {
                    assert!(body.contains(words), "{words}: {body}");
                }
                let printed = case.system_out.as_ref().expect("output").as_str();
                assert!(printed.contains("printed"), "{printed}");
            }
        }
    }
    let skipped = outcome.junit_text.as_deref().unwrap_or_default();
    assert!(skipped.contains("skipped=\"2\""), "{skipped}");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn the_json_document_has_every_field_it_promises() {
    let outcome = Lab::new()
        .check(&image("test/busybox:docker"), MIXED, &[])
        .exits(1);
    let json = outcome.json();
    assert_eq!(json["version"], 1);
    assert_eq!(json["reference"], image("test/busybox:docker").as_str());
    assert_eq!(json["index_digest"], push::digest_of("test/busybox:docker"));
    assert_eq!(json["verdict"], "failed");
    let platforms = array(&json["platforms"]);
    assert_eq!(platforms.len(), 2);
    for (record, (platform, digest)) in platforms.iter().zip(push::children("test/busybox:docker"))
    {
        assert_eq!(record["platform"], platform.as_str());
        assert_eq!(record["digest"], digest.as_str());
        assert!(["native", "emulated"].contains(&text(&record["execution"]).as_str()));
        assert!(record.get("emulator").is_some());
        assert_eq!(record["verdict"], "failed");
    }
    let cases = array(&json["cases"]);
    assert_eq!(cases.len(), 22);
    for (place, case) in cases.iter().enumerate() {
        let suite = if place % 11 < 6 { "audit" } else { "suite" };
        assert_eq!(case["suite"], suite);
        assert!([AMD64, ARM64].contains(&text(&case["platform"]).as_str()));
        let outcomes = ["passed", "failed", "error", "skipped"];
        assert!(outcomes.contains(&text(&case["outcome"]).as_str()));
        assert!(case["flaky"].is_boolean());
        assert!(
            case["seconds"]
                .as_f64()
                .is_some_and(|seconds| seconds >= 0.0)
        );
        assert!(!text(&case["name"]).is_empty());
        let causes = array(&case["causes"]);
        assert_eq!(causes.is_empty(), case["outcome"] != "failed", "{case}");
        for cause in causes {
            assert!(!text(&cause["code"]).is_empty());
            let confidences = ["established", "consistent", "unknown"];
            assert!(confidences.contains(&text(&cause["confidence"]).as_str()));
            assert!(!text(&cause["message"]).is_empty());
            assert!(cause["evidence"].is_array());
            assert!(cause.get("hint").is_some());
        }
        if case["outcome"] == "failed" && case["name"] == "fails" {
            assert!(text(&case["reproduce"]).starts_with("docker run --rm --platform linux/"));
        }
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn the_line_that_reproduces_a_failure_reproduces_it() {
    let suite = r#"
version: 1
smoke:
  - name: fails
    shell: 'echo "it''s $GREETING, $(id -u) in $(pwd) on $(uname -m)"; echo oh >&2; exit 7'
    env: { GREETING: "two words\n& a 'line'" }
    user: '1000'
    workdir: /tmp
"#;
    let outcome = Lab::new()
        .check(&image("test/busybox:docker"), suite, &[])
        .exits(1);
    for (platform, machine) in [(AMD64, "x86_64"), (ARM64, "aarch64")] {
        let line = outcome.with_case(platform, "fails", |case| text(&case.field("reproduce")));
        let mut shell = Command::new("sh");
        match engine::named() {
            // As those have it who call podman by docker's name.
            Some(url) if engine::is_podman() => {
                let docker = format!("docker() {{ podman --remote --url '{url}' \"$@\"; }}");
                shell.args(["-c", &format!("{docker}\n{line}")]);
            }
            Some(url) => {
                shell.args(["-c", &line]).env("DOCKER_HOST", url);
            }
            None => {
                shell.args(["-c", &line]);
            }
        }
        let done = shell.output().expect("a shell");
        assert_eq!(done.status.code(), Some(7), "{line}\n{done:?}");
        let printed = String::from_utf8_lossy(&done.stdout).into_owned();
        assert_eq!(
            printed,
            format!("it's two words\n& a 'line', 1000 in /tmp on {machine}\n"),
            "{line}"
        );
        assert!(
            String::from_utf8_lossy(&done.stderr).contains("oh"),
            "{line}"
        );
        // What it prints is what the report holds.
        let reported = outcome.with_test_case(&format!("suite {platform}"), "fails", |case| {
            case.system_out
                .as_ref()
                .map(|text| text.as_str().to_owned())
        });
        assert_eq!(
            reported.as_deref().map(str::trim_end),
            Some(printed.trim_end())
        );
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn the_terminal_ends_in_a_matrix_and_the_failures_with_the_suite_s_own_lines() {
    let outcome = Lab::new()
        .check(&image("test/busybox:docker"), MIXED, &["--color", "never"])
        .exits(1);
    let summary = outcome.stdout.split("linux/amd64  linux/arm64\n").nth(1);
    let summary = summary.unwrap_or_else(|| panic!("no matrix\n{outcome}"));
    let rows: Vec<String> = summary
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        rows,
        [
            "audit",
            "index, manifests and blobs are sound ✓ ✓",
            "programs can be started ✓ ✓",
            "libraries can be loaded ✓ ✓",
            "processors and kernels of the platform suffice ✓ ✓",
            "packages are for this platform ✓ ✓",
            "platforms agree with one another ✓ ✓",
            "suite",
            "passes ✓ ✓",
            "fails ✗ ✗",
            "is excepted – –",
            "architecture",
            "uname ✓ ✓",
            "perl ✗ ✗"
        ]
    );
    for words in [
        "failed: suite › fails on linux/amd64",
        "--> suite.yaml:5",
        "5 |   - name: fails",
        "reproduce by hand:",
        "is excepted on linux/amd64: known",
    ] {
        assert!(outcome.stdout.contains(words), "{words}\n{outcome}");
    }
    let last = outcome.stdout.lines().last().unwrap_or_default();
    assert!(last.starts_with("FAILED "), "{last}");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn quiet_says_only_what_failed_and_verbose_more() {
    let lab = Lab::new();
    let busybox = image("test/busybox:amd64");
    let quiet = lab.check(&busybox, MIXED, &["--quiet"]).exits(1);
    assert!(!quiet.stdout.contains("passes"), "{quiet}");
    let quiet = quiet.prints("fails").prints("FAILED");
    let normal = lab.check(&busybox, MIXED, &[]).exits(1);
    let verbose = lab
        .check(&busybox, MIXED, &["-v"])
        .exits(1)
        .prints("uname says");
    assert!(quiet.stdout.len() < normal.stdout.len());
    assert!(normal.stdout.len() < verbose.stdout.len());
    let coloured = lab.check(&busybox, MIXED, &["--color", "always"]).exits(1);
    assert!(coloured.stdout.contains("\u{1b}["), "{coloured}");
}
