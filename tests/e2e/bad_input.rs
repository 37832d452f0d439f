//! Bad input gets a clear error, and nothing is lost.

use std::net::TcpListener;

use serde_json::json;

use super::lab::{Lab, image, registry, shown};
use super::loopback::Loopback;
use super::outcome::{Outcome, array, status, text};
use super::push::{self, NewVariant};
use crate::registry::{Access, Fault};
use crate::untrusted_tls::untrusted_tls_port;

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";

const SMALL: &str = "
version: 1
smoke:
  - name: runs
    run: 'true'
";

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

// Registries: exit 3; which host, which step, what to do.

/// A run that ends before any platform is known still writes both reports.
fn reported_error(outcome: &Outcome, code: &str) {
    let json = outcome.json();
    assert_eq!(json["verdict"], "error", "{outcome}");
    assert_eq!(json["error"]["code"], code, "{outcome}");
    let message = text(&json["error"]["message"]);
    assert!(
        outcome.stderr.contains(message.trim()),
        "{message}\n{outcome}"
    );
    let found = outcome.with_test_case("everyarch", "the run", status);
    assert_eq!(found, "error", "{outcome}");
    assert_eq!(outcome.junit().errors, 1);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_tag_that_does_not_exist() {
    let reference = image("test/busybox:no-such");
    let outcome = Lab::new().with_empty_home().run(&reference, &[]).exits(3);
    reported_error(&outcome, "registry-error");
    let said = outcome.stderr.replace(&registry(), "HOST");
    insta::assert_snapshot!(said, @"error: the registry HOST has no tag `no-such` in the repository test/busybox (manifest unknown); check its name, and whether it has been pushed");
}

#[test]
fn no_access_without_credentials_and_with_wrong_ones() {
    let loopback = Loopback::with_small_index("app");
    loopback.protect(Access::Basic("me".to_owned(), "right".to_owned()));
    let lab = Lab::new().with_empty_home();
    let outcome = lab.run(&loopback.reference("app:1"), &[]).exits(3);
    reported_error(&outcome, "registry-error");
    let said = outcome.stderr.replace(&loopback.host(), "HOST");
    insta::assert_snapshot!(said, @"error: looking up HOST/app:1: the registry HOST gives no access to app (401); no credentials were sent, since none are configured for it: check the name, and run `docker login HOST` or `podman login HOST`");

    std::fs::create_dir(lab.path("home/.docker")).expect("a folder");
    // me:wrong-password
    let auths = json!({"auths": {loopback.host(): {"auth": "bWU6d3JvbmctcGFzc3dvcmQ="}}});
    lab.write("home/.docker/config.json", auths.to_string());
    let outcome = lab.run(&loopback.reference("app:1"), &[]).exits(3);
    let said = outcome
        .stderr
        .replace(&loopback.host(), "HOST")
        .replace(&shown(&lab.path("home")), "HOME");
    insta::assert_snapshot!(said, @"error: looking up HOST/app:1: the registry HOST gives no access to app (401), though the credentials from ~/.docker/config.json were sent: check the name and that they may pull it, or log in again with `docker login HOST`");
    assert!(!format!("{outcome}{:?}", outcome.json_text).contains("wrong-password"));
}

#[test]
fn a_registry_that_is_down() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let host = listener.local_addr().expect("its address").to_string();
    drop(listener);
    let outcome = Lab::new()
        .with_empty_home()
        .run(&format!("{host}/app:1"), &[])
        .exits(3);
    reported_error(&outcome, "registry-error");
    insta::assert_snapshot!(outcome.stderr.replace(&host, "HOST"), @"error: reaching the registry: nothing listens at the registry HOST (connection refused); check its address, whether it is running, and the proxy in HTTPS_PROXY if there is one");
}

#[test]
fn tls_on_a_plain_port_and_plain_on_a_tls_port() {
    // Not by a loopback name: those are spoken to in plain HTTP.
    let loopback = Loopback::with_small_index("app");
    let host = loopback.host().replace("127.0.0.1", "0.0.0.0");
    let lab = Lab::new().with_empty_home();
    let outcome = lab.run(&format!("{host}/app:1"), &[]).exits(3);
    reported_error(&outcome, "registry-error");
    insta::assert_snapshot!(outcome.stderr.replace(&host, "HOST"), @"error: reaching the registry: the registry HOST does not speak TLS; if it is meant to be plain HTTP, pass --insecure-registry HOST");
    // What it says to do helps.
    let listed = lab.everyarch(&[
        "run",
        &format!("{host}/app:1"),
        "--list",
        "--insecure-registry",
        &host,
    ]);
    listed.exits(0).prints("linux/amd64");

    let host = untrusted_tls_port().expect("a port").to_string();
    let outcome = lab.run(&format!("{host}/app:1"), &[]).exits(3);
    insta::assert_snapshot!(outcome.stderr.replace(&host, "HOST"), @"error: reaching the registry: the registry HOST was spoken to in plain HTTP, but does not answer in it: it probably speaks TLS; leave out --insecure-registry HOST, and name it by its host name rather than a loopback address");
}

#[test]
fn a_registry_that_throttles_is_waited_for() {
    let loopback = Loopback::with_small_index("app");
    loopback.fails_once("/v2/app/manifests/1", Fault::throttled("1"));
    loopback.fails_once("/v2/app/manifests/1", Fault::Truncated);
    loopback.fails_once("/v2/app/manifests/1", Fault::status(503));
    Lab::new()
        .everyarch(&["run", &loopback.reference("app:1"), "--list"])
        .exits(0)
        .prints("linux/amd64\n")
        .prints("linux/arm64\n");
    assert_eq!(loopback.count("GET /v2/app/manifests/1"), 4);
}

#[test]
fn a_registry_that_asks_for_an_hour_is_given_up_at_once() {
    let loopback = Loopback::with_small_index("app");
    loopback.fails_always("/v2/app/manifests/1", Fault::throttled("3600"));
    let outcome = Lab::new()
        .with_empty_home()
        .run(&loopback.reference("app:1"), &[])
        .exits(3);
    insta::assert_snapshot!(outcome.stderr.replace(&loopback.host(), "HOST"), @"error: looking up HOST/app:1: the registry HOST says that there were too many requests (429) and asks to wait 3600 s; `docker login HOST` raises the limit");
    assert_eq!(loopback.count("GET /v2/app/manifests/1"), 1);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn what_is_wrong_with_one_child_is_that_platform_s_fault_or_error() {
    let loopback = Loopback::new();
    let amd64 = loopback.image("app", AMD64, "lies");
    let arm64 = loopback.image("app", ARM64, "never comes whole");
    let riscv = loopback.image("app", "linux/riscv64", "is gone");
    loopback.index(
        "app",
        &["1"],
        &[
            amd64.descriptor(Some(AMD64)),
            arm64.descriptor(Some(ARM64)),
            riscv.descriptor(Some("linux/riscv64")),
        ],
    );
    let path = |digest: &str| format!("/v2/app/manifests/{digest}");
    loopback.fails_always(&path(&amd64.digest), Fault::Bytes(b"{}".to_vec()));
    loopback.fails_always(&path(&arm64.digest), Fault::Truncated);
    loopback.forget(&path(&riscv.digest));
    let lab = Lab::new();
    let outcome = lab.check(&loopback.reference("app:1"), SMALL, &[]).exits(3);
    let whole = "the platform's image is whole";
    // Other bytes than the digest promises, or none: the image is not whole.
    outcome.failed(
        AMD64,
        whole,
        &[&amd64.digest, "has the digest", "mirror or proxy"],
    );
    outcome.failed(
        "linux/riscv64",
        whole,
        &[&riscv.digest, "does not have that manifest"],
    );
    // A connection that breaks says nothing of the image.
    outcome.broke(
        ARM64,
        whole,
        &[&arm64.digest, &loopback.host(), "broke", "asked 5 times"],
    );
    for (platform, verdict) in [
        (AMD64, "failed"),
        (ARM64, "error"),
        ("linux/riscv64", "failed"),
    ] {
        assert_eq!(outcome.verdict(platform), verdict);
    }
    // Without the error, the failures alone decide.
    let both = [AMD64, "linux/riscv64"].join(",");
    lab.check(&loopback.reference("app:1"), SMALL, &["--platform", &both])
        .exits(1);
}

#[test]
fn a_tag_that_serves_no_image_is_called_that() {
    let loopback = Loopback::new();
    loopback.index("empty", &["1"], &[]);
    loopback.manifest(
        "odd",
        &["1"],
        "application/json",
        &json!({"hello": "world"}),
    );
    for (name, said) in [
        ("empty:1", "lists no platform"),
        ("odd:1", "is not an image"),
    ] {
        let reference = loopback.reference(name);
        let outcome = Lab::new().run(&reference, &[]).exits(3);
        reported_error(&outcome, "registry-error");
        outcome.complains(said).complains(&reference);
    }
}

// Emulation.

/// Switches an emulator of this machine off, and on again at the end.
struct SwitchedOff(&'static str);

impl SwitchedOff {
    fn emulator(handler: &'static str) -> Self {
        if std::path::Path::new(handler).exists() {
            std::fs::write(handler, "0").unwrap_or_else(|error| {
                panic!("{handler} can't be switched off ({error}): run this test as root")
            });
        }
        Self(handler)
    }
}

impl Drop for SwitchedOff {
    fn drop(&mut self) {
        let _ = std::fs::write(self.0, "1");
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_platform_without_emulation_is_an_error_that_says_how_to_install_it() {
    // No image of any other test is for this one.
    let _off = SwitchedOff::emulator("/proc/sys/fs/binfmt_misc/qemu-loongarch64");
    let reference = push::push(
        "e2e/unemulated",
        &[
            NewVariant::like("test/busybox:all", AMD64),
            NewVariant::like("test/busybox:all", AMD64).called("linux/loong64"),
        ],
    );
    let outcome = Lab::new().check(&reference, SMALL, &[]).exits(3);
    outcome.passed(AMD64, "runs");
    assert_eq!(outcome.verdict(AMD64), "passed");
    outcome.broke(
        "linux/loong64",
        "the platform runs on this engine",
        &[
            "can't run programs for linux/loong64",
            "docker run --privileged --rm tonistiigi/binfmt --install loong64",
            "qemu-user-static",
            "--engine linux/loong64=URL",
        ],
    );
    let json = outcome.json();
    let platforms = array(&json["platforms"]);
    assert!(
        platforms.iter().any(|p| p["execution"] == "impossible"),
        "{outcome}"
    );
}

// Images that hold next to nothing.

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn an_image_of_one_binary_is_tested_like_any_other() {
    let suite = "
version: 1
smoke:
  - name: reports its architecture
    architecture: auto
  - name: says its version
    run: /app version
    expect: { stdout: 'static 1.0.0 ${platform.arch}' }
  - name: has no shell
    shell: echo hello
";
    let outcome = Lab::new()
        .check(
            &image("test/static:all"),
            suite,
            &["-p", "linux/amd64,linux/arm64"],
        )
        .exits(1);
    for platform in [AMD64, ARM64] {
        outcome.passed(platform, "reports its architecture › entrypoint");
        outcome.passed(platform, "says its version");
        outcome.failed(platform, "has no shell", &["/bin/sh is not in the image"]);
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn an_image_in_which_nothing_can_be_asked_fails_the_architecture_check() {
    let reference = push::push(
        "e2e/nothing-to-ask",
        &[NewVariant::empty(AMD64).file("/note.txt", b"no program here\n")],
    );
    let suite = "
version: 1
smoke:
  - name: reports its architecture
    architecture: auto
";
    let outcome = Lab::new().check(&reference, suite, &[]).exits(1);
    outcome.failed(
        AMD64,
        "reports its architecture",
        &["nothing in this image could be asked for its architecture"],
    );
}

// Programs that misbehave.

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_program_that_prints_a_gigabyte_is_capped() {
    let suite = "
version: 1
timeout: 2m
smoke:
  - name: floods
    run: /app flood
  - name: says its version afterwards
    run: /app version
";
    let outcome = Lab::new().check(&image("test/static:all"), suite, &["-p", AMD64]);
    let outcome = outcome.exits(0);
    outcome.passed(AMD64, "floods");
    let note = outcome.with_case(AMD64, "floods", |case| case.story());
    assert!(note.contains("stdout was 1073741824 bytes long"), "{note}");
    outcome.passed(AMD64, "says its version afterwards");
    let kept = outcome.junit_text.as_deref().unwrap_or_default().len();
    assert!(kept < 3 << 20, "the report has {kept} bytes");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn binary_output_is_escaped_everywhere() {
    let suite = r#"
version: 1
smoke:
  - name: prints binary
    shell: printf '\000\001\033[2J\377\376 ]]> <b> \302\233 ::error::injected\n##[error]injected\n'; exit 3
"#;
    let outcome = Lab::new()
        .check(&image("test/busybox:all"), suite, &["-p", AMD64])
        .exits(1);
    outcome.failed(AMD64, "prints binary", &["it exited with 3"]);
    for text in [&outcome.stdout, &outcome.stderr] {
        let acts = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(acts, None, "{outcome}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::")));
        assert!(!text.contains("##["), "{outcome}");
    }
    // It parses, and the printed text is in it, harmless.
    let printed = outcome.with_test_case("suite linux/amd64", "prints binary", |case| {
        case.system_out
            .as_ref()
            .map(|text| text.as_str().to_owned())
    });
    let printed = printed.expect("its output");
    assert!(printed.contains("]]>"), "{printed}");
    assert!(printed.contains("<b>"), "{printed}");
    assert!(!printed.contains('\u{1b}'), "{printed:?}");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn programs_that_never_end_are_ended_with_all_their_children() {
    let suite = "
version: 1
timeout: 2s
emulation_factor: 1
smoke:
  - name: hangs
    run: /app hang
  - name: forks without end
    run: /app fork
  - name: hangs in a container of its own
    run: /app hang
    isolate: true
  - name: says its version afterwards
    timeout: 20s
    run: /app version
";
    let outcome = Lab::new()
        .check(
            &image("test/static:all"),
            suite,
            &["-p", "linux/amd64,linux/arm64"],
        )
        .exits(1);
    for platform in [AMD64, ARM64] {
        for name in [
            "hangs",
            "forks without end",
            "hangs in a container of its own",
        ] {
            outcome.failed(
                platform,
                name,
                &["it was still running after 2s", "timeout"],
            );
            assert!(
                outcome
                    .codes(platform, name)
                    .contains(&"deadline".to_owned()),
                "{outcome}"
            );
        }
        outcome.passed(platform, "says its version afterwards");
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_crash_as_the_first_process_is_a_crash_and_no_timeout() {
    // Under qemu such a process hangs for ever; the deadlines are far away.
    let suite = "
version: 1
timeout: 10m
smoke:
  - name: comes up
    start: { cmd: [crash] }
    ready: { tcp: 8080, within: 10m }
  - name: starts
    start: { cmd: [crash] }
";
    let outcome = Lab::new()
        .check(
            &image("test/static:all"),
            suite,
            &["-p", "linux/amd64,linux/arm64"],
        )
        .exits(1);
    for name in ["comes up", "starts"] {
        outcome.failed(
            ARM64,
            name,
            &[
                "it crashed under emulation",
                "SIGABRT",
                "qemu: uncaught target signal 6",
            ],
        );
        let json = outcome.json();
        let suspect = array(&json["cases"])
            .iter()
            .filter(|case| case["platform"] == ARM64 && case["name"] == name)
            .flat_map(|case| array(&case["causes"]))
            .any(|cause| cause["emulator_suspect"] == true);
        assert!(suspect, "{outcome}");
        outcome.failed(AMD64, name, &["it ended with exit code 1"]);
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
        reported_error(&outcome, "nothing-selected");
        outcome.complains("the suite selects nothing");
    }
    let outcome = lab
        .check(&reference, SMALL, &["--filter", "^walks$"])
        .exits(4);
    reported_error(&outcome, "nothing-selected");
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
