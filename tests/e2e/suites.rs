//! What one suite says to many platforms: conditions, differences, variables,
//! exceptions, secrets.

use super::lab::{Lab, image};
use super::outcome::{array, status, text};

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";
const ARMV7: &str = "linux/arm/v7";
const THREE: &[&str] = &["--platform", "linux/amd64,linux/arm64,linux/arm/v7"];

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn conditions_differences_and_variables() {
    let suite = "
version: 1
smoke:
  - { name: everywhere, run: 'true' }
  - { name: on one, when: linux/arm64, run: 'true' }
  - { name: on two, when: [linux/amd64, linux/arm], run: 'true' }
  - { name: not on one, when: { not_platforms: linux/arm/v7 }, run: 'true' }
  - { name: native, when: { execution: native }, run: 'true' }
  - { name: emulated, when: { execution: emulated }, run: 'true' }
  - name: differs
    run: echo ${LINE}
    env: { SAME: '1' }
    expect: { stdout: { contains: common } }
    per_platform:
      linux/amd64: { run: echo common, expect: { stdout: { not_contains: other } } }
      linux/arm64: { shell: 'echo common $SAME', expect: { stdout: { contains: common 1 } } }
      linux/arm/v7: { run: [echo, common, '${platform.variant}'], expect: { stdout: common v7 } }
  - name: variables
    run: [printf, '%s ', '${platform}', '${platform.os}', '${platform.arch}',
          '${platform.uname}', '${platform.node}', '${platform.debian}', '${platform.slug}',
          '${env.E2E_WORD}', '${env.E2E_UNSET:-default}', '$${platform}', '$HOME']
    expect: { stdout: { matches: '^${platform} linux ${platform.arch} .* word default \\$\\{platform\\} \\$HOME $' } }
";
    let outcome = Lab::new()
        .env("E2E_WORD", "word")
        .env("E2E_UNSET", "")
        .check(&image("test/busybox:all"), suite, THREE)
        .exits(0);
    let names = |platform| outcome.names(platform);
    // The engine's host is one of amd64 and arm64.
    let (host, other) = match names(AMD64).contains(&"native".to_owned()) {
        true => (AMD64, ARM64),
        false => (ARM64, AMD64),
    };
    assert!(names(host).contains(&"native".to_owned()));
    assert!(!names(host).contains(&"emulated".to_owned()));
    assert!(names(other).contains(&"emulated".to_owned()));
    assert!(!names(other).contains(&"native".to_owned()));
    for (name, platforms) in [
        ("everywhere", vec![AMD64, ARM64, ARMV7]),
        ("on one", vec![ARM64]),
        ("on two", vec![AMD64, ARMV7]),
        ("not on one", vec![AMD64, ARM64]),
        ("differs", vec![AMD64, ARM64, ARMV7]),
        ("variables", vec![AMD64, ARM64, ARMV7]),
    ] {
        for platform in [AMD64, ARM64, ARMV7] {
            let is_there = names(platform).contains(&name.to_owned());
            assert_eq!(
                is_there,
                platforms.contains(&platform),
                "{name} on {platform}"
            );
        }
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_condition_that_leaves_nothing_of_a_platform_is_no_pass() {
    let suite = "
version: 1
smoke:
  - { name: native, when: { execution: native }, run: 'true' }
";
    let outcome = Lab::new()
        .check(&image("test/busybox:docker"), suite, &[])
        .exits(3);
    let emulated = array(&outcome.json()["platforms"])
        .iter()
        .find(|record| record["execution"] == "emulated")
        .map(|record| text(&record["platform"]))
        .expect("one is emulated");
    outcome.broke(
        &emulated,
        "something was tested",
        &["no case of the plan applies"],
    );
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn exceptions_are_shown_with_their_reason_and_end() {
    let suite = "
version: 1
smoke:
  - { name: known to fail, run: 'false' }
  - { name: was known to fail, run: 'false' }
  - { name: passes, run: 'true' }
  - { name: reports its architecture, architecture: [uname, deno] }
exceptions:
  - { case: known to fail, reason: issue 4711, until: 2999-12-31 }
  - { case: was known to fail, platform: linux/arm64, reason: issue 12, until: 2020-01-31 }
  - { case: reports its architecture › deno, reason: there is none for it }
  - { case: reports its architecture › uname, reason: no longer true }
";
    let outcome = Lab::new()
        .check(&image("test/busybox:docker"), suite, &[])
        .exits(3)
        .prints("issue 4711");
    for platform in [AMD64, ARM64] {
        let sheet = format!("suite {platform}");
        for (name, reason) in [
            ("known to fail", "issue 4711"),
            ("reports its architecture › deno", "there is none for it"),
        ] {
            assert_eq!(outcome.outcome(platform, name), "skipped");
            let said = outcome.with_case(platform, name, |case| case.field("skip_reason"));
            assert_eq!(text(&said), reason);
            assert_eq!(outcome.with_test_case(&sheet, name, status), "skipped");
        }
        outcome.passed(platform, "passes");
        outcome.passed(platform, "reports its architecture › uname");
        let notes = outcome.with_case(platform, "reports its architecture › uname", |case| {
            case.story()
        });
        assert!(
            notes.contains("its exception is no longer needed"),
            "{notes}"
        );
    }
    // Past its date it is an error, on the platform it is for; elsewhere it never was one.
    let expired = &[
        "the exception for this case ended on 2020-01-31",
        "issue 12",
    ];
    outcome.broke(ARM64, "was known to fail", expired);
    outcome.failed(AMD64, "was known to fail", &["it exited with 1"]);
    assert_eq!(outcome.verdict(ARM64), "error");
    assert_eq!(outcome.verdict(AMD64), "failed");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn emulation_is_forbidden_or_warned_of_where_the_suite_asks() {
    let suite = |policy: &str| {
        format!("version: 1\nemulation: {policy}\nsmoke:\n  - {{ name: runs, run: 'true' }}\n")
    };
    let lab = Lab::new();
    let busybox = image("test/busybox:docker");
    let warned = lab
        .check(&busybox, &suite("warn"), &[])
        .exits(0)
        .prints("is emulated here; the suite asks to be told");
    let json = warned.json();
    let emulated = array(&json["platforms"])
        .iter()
        .find(|record| record["execution"] == "emulated")
        .map(|record| text(&record["platform"]))
        .expect("one is emulated");
    let forbidden = lab.check(&busybox, &suite("forbid"), &[]).exits(3);
    let hint = format!("--engine {emulated}=URL");
    forbidden.broke(
        &emulated,
        "emulation is allowed",
        &["forbids emulation", &hint],
    );
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn secrets_are_masked_everywhere() {
    let secret = "s3cr3t-&<'\"value";
    let suite = r#"
version: 1
secrets: [E2E_SECRET]
smoke:
  - name: prints it
    run: [sh, -c, 'echo out $T; echo err $T >&2; exit 1']
    env: { T: '${secrets.E2E_SECRET}' }
    expect: { stdout: { equals: 'not ${secrets.E2E_SECRET}' } }
  - name: is given it
    run: [printf, '%s', '${secrets.E2E_SECRET}']
    expect: { stdout: '${secrets.E2E_SECRET}' }
  - name: sends it
    start: { cmd: [sh, -c, 'echo starting with $T; sleep 1000'], env: { T: '${secrets.E2E_SECRET}' } }
    ready: { log: never, within: 1s }
"#;
    let outcome = Lab::new()
        .env("E2E_SECRET", secret)
        .check(&image("test/busybox:amd64"), suite, &["-vv"])
        .exits(1);
    outcome.failed(AMD64, "prints it", &["***"]);
    outcome.failed(AMD64, "sends it", &["not ready"]);
    outcome.passed(AMD64, "is given it");
    let junit = outcome.junit_text.clone().unwrap_or_default();
    for shown in [
        &outcome.stdout,
        &outcome.stderr,
        &outcome.json_text.clone().unwrap_or_default(),
        &junit,
    ] {
        assert!(!shown.contains("s3cr3t"), "{outcome}\n{junit}");
    }
    assert!(junit.contains("out ***"), "{junit}");
    assert!(junit.contains("err ***"), "{junit}");
    assert!(junit.contains("starting with ***"), "{junit}");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn several_suites_are_told_apart() {
    let lab = Lab::new();
    lab.write(
        "one.yaml",
        "version: 1\nsmoke: [{ name: runs, run: 'true' }]\n",
    );
    lab.write(
        "two.yaml",
        "version: 1\nname: second\nsmoke: [{ name: runs, run: 'false' }]\n",
    );
    let arguments = ["--suite", "one.yaml", "two.yaml", "-p", AMD64];
    let busybox = image("test/busybox:all");
    let outcome = lab.run(&busybox, &arguments).exits(1);
    assert_eq!(
        outcome.with_test_case("one linux/amd64", "runs", status),
        "success"
    );
    assert_eq!(
        outcome.with_test_case("second linux/amd64", "runs", status),
        "failure"
    );
    // `--filter` sees the suite's name.
    let mut chosen = arguments.to_vec();
    chosen.extend(["--filter", "^one/"]);
    assert_eq!(lab.run(&busybox, &chosen).exits(0).names(AMD64), ["runs"]);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn the_suite_beside_you_is_the_default() {
    let lab = Lab::new();
    lab.write(
        "everyarch.yaml",
        "version: 1\nsmoke: [{ name: mine, run: 'true' }]\n",
    );
    let outcome = lab.run(&image("test/busybox:amd64"), &[]).exits(0);
    assert_eq!(outcome.names(AMD64), ["mine"]);
    assert_eq!(
        outcome.with_test_case("everyarch linux/amd64", "mine", status),
        "success"
    );
}
