//! Bad suites, arguments and report paths: told at once, and nothing is lost.

use super::lab::{Lab, image};
use super::loopback::Loopback;

const AMD64: &str = "linux/amd64";

const SMALL: &str = "
version: 1
smoke:
  - name: runs
    run: 'true'
";

// Images in files: bytes can be looked at, but no engine runs them.

#[test]
fn a_file_can_not_be_run_and_is_told_what_can() {
    for (image, word) in [
        ("oci:out:1.0", "skopeo copy --all"),
        ("oci-archive:out.tar", "push it to a registry"),
        ("docker-archive:out.tar:me/app:1", "docker-daemon:NAME"),
    ] {
        let outcome = Lab::new().everyarch(&["run", image]).exits(2);
        for word in [image, word] {
            assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
        }
    }
}

// Suites: exit 2, before anything is pulled.

#[test]
fn every_mistake_of_a_suite_is_told_at_once_before_anything_is_asked_of_anyone() {
    let loopback = Loopback::with_small_index("app");
    let lab = Lab::new();
    let suite = r"version: 1
platforms: [linux/amd64, linux/amr64]
smoke:
  - name: says hello
    run: echo hello
    expct: { stdout: hello }
  - name: says hello
    run: echo hello again
    expect: { stdout: { matches: 'v(\d+' } }
";
    let outcome = lab.check(&loopback.reference("app:1"), suite, &[]).exits(2);
    insta::assert_snapshot!(outcome.stderr, @r#"
    error[bad-platform]: `linux/amr64` names no known platform
     --> suite.yaml:2:26
      |
    2 | platforms: [linux/amd64, linux/amr64]
      |                          ^^^^^^^^^^^ not a platform
      |
      = help: did you mean `linux/amd64`?

    error[unknown-key]: a check has no key `expct`
     --> suite.yaml:6:5
      |
    6 |     expct: { stdout: hello }
      |     ^^^^^ unknown key
      |
      = help: did you mean `expect`?

    error[duplicate-name]: two checks are called `says hello`
     --> suite.yaml:7:11
      |
    4 |   - name: says hello
      |           ---------- first here
    ...
    7 |   - name: says hello
      |           ^^^^^^^^^^ again here
      |
      = help: reports and exceptions know a check by its name

    error[bad-regex]: this is no regular expression: unclosed group
     --> suite.yaml:9:34
      |
    9 |     expect: { stdout: { matches: 'v(\d+' } }
      |                                  ^^^^^^^ not a regular expression

    suite.yaml: 4 mistakes
    suite.yaml: 4 mistakes; nothing was pulled or run
    "#);
    assert_eq!(outcome.stdout, "");
    assert_eq!(loopback.count("GET /v2/app/manifests/1"), 0);
    assert_eq!(outcome.json_text, None, "a report of nothing\n{outcome}");
}

#[test]
fn the_mistakes_of_all_files_are_told() {
    let lab = Lab::new();
    lab.write("one.yaml", "version: 1\nsmoke: [{ name: a, run: b }\n");
    lab.write("two.yaml", "version: 1\nsmoke:\n  - name: a\n    rum: b\n");
    let outcome = lab
        .everyarch(&["run", "app", "--suite", "one.yaml", "two.yaml", "none.yaml"])
        .exits(2);
    insta::assert_snapshot!(outcome.stderr, @r#"
    error[yaml-syntax]: this is not YAML: unclosed bracket '['
     --> one.yaml:2:8
      |
    2 | smoke: [{ name: a, run: b }
      |        ^ here
    one.yaml: 1 mistake; nothing was pulled or run
    error[unknown-key]: a check has no key `rum`
     --> two.yaml:4:5
      |
    4 |     rum: b
      |     ^^^ unknown key
      |
      = help: did you mean `run`?
    two.yaml: 1 mistake; nothing was pulled or run
    error: the suite none.yaml can't be read: No such file or directory (os error 2)
    "#);
}

#[test]
fn a_usage_mistake_says_what_is_right() {
    let lab = Lab::new();
    for (arguments, said) in [
        (vec!["run"], "<IMAGE>"),
        (
            vec!["run", "app", "--platform", "linux/amr64"],
            "did you mean",
        ),
        (vec!["run", "app", "--filter", "("], "--filter"),
        (vec!["run", "app", "--pull", "sometimes"], "always"),
        (vec!["run", "Upper/Case"], "lower case"),
        (
            vec!["run", "app", "--engine", "here"],
            "unix:///var/run/docker.sock",
        ),
        (vec!["run", "app", "--jobs", "0"], "--jobs"),
    ] {
        lab.everyarch(&arguments).exits(2).complains(said);
    }
}

// Reports and selections.

#[test]
fn a_report_that_can_not_be_written_is_told_before_anything_runs() {
    let loopback = Loopback::with_small_index("app");
    let reference = loopback.reference("app:1");
    let lab = Lab::new();
    lab.write("suite.yaml", SMALL);
    std::fs::create_dir(lab.path("a-folder")).expect("a folder");
    for (flag, path) in [
        ("--junit", "no/such/folder/result.xml"),
        ("--json", "a-folder"),
        ("--json", "suite.yaml/result.json"),
    ] {
        lab.everyarch(&["run", &reference, flag, path])
            .exits(3)
            .complains(&format!("the report {path} can't be written"))
            .complains("nothing was run");
    }
    assert_eq!(loopback.count("GET /v2/app/manifests/1"), 0);
}

#[test]
fn a_run_that_selects_nothing_is_no_pass() {
    let loopback = Loopback::with_small_index("app");
    let reference = loopback.reference("app:1");
    let lab = Lab::new();
    let empty = "version: 1\n";
    let elsewhere = "
version: 1
smoke:
  - name: only there
    when: linux/s390x
    run: 'true'
";
    for suite in [empty, elsewhere] {
        let outcome = lab.check(&reference, suite, &[]).exits(4);
        outcome.reports_error("nothing-selected");
        outcome.complains("the suite selects nothing");
    }
    let outcome = lab
        .check(&reference, SMALL, &["--filter", "^walks$"])
        .exits(4);
    outcome.reports_error("nothing-selected");
    outcome.complains("no case's `suite/name` matches ^walks$");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_pass_that_can_not_be_written_down_is_no_pass() {
    let arguments = ["-p", AMD64, "--json", "/dev/full"];
    let lab = Lab::new();
    lab.write("suite.yaml", SMALL);
    let busybox = image("test/busybox:all");
    let mut all = vec!["run", &busybox, "--suite", "suite.yaml"];
    let engine = lab.engine_arguments();
    all.extend(engine.iter().map(String::as_str));
    all.extend(arguments);
    lab.everyarch(&all)
        .exits(3)
        .prints("PASSED")
        .complains("the report /dev/full can't be written")
        .complains("a result that nobody can read is no pass");
}
