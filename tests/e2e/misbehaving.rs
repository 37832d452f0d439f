//! Programs under test that misbehave.

use super::lab::{Lab, image};
use super::outcome::array;

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";

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
fn what_was_dropped_of_a_flood_is_never_judged() {
    let suite = "
version: 1
smoke:
  - name: has a beginning and an end
    shell: echo first; yes middle | head -c 16000000; echo last
    expect:
      stdout: {contains: [first, last]}
  - name: says nothing bad
    shell: yes fine | head -c 16000000
    expect:
      stdout: {not_contains: bad}
  - name: says our own words
    shell: yes fine | head -c 16000000
    expect:
      stdout: {contains: left out}
";
    let outcome = Lab::new()
        .check(&image("test/busybox:all"), suite, &["-p", AMD64])
        .exits(1);
    outcome.passed(AMD64, "has a beginning and an end");
    for name in ["says nothing bad", "says our own words"] {
        let words = ["16000000 bytes long and cut, so this can't be judged"];
        outcome.failed(AMD64, name, &words);
    }
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
