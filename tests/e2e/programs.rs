//! `run:` and `shell:` with everything that can be said of them.

use super::lab::{Lab, image};
use super::outcome::{array, status};

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn every_demand_on_a_program_can_be_met() {
    let suite = r#"
version: 1
smoke:
  - { name: exit, run: 'false', expect: { exit: 1 } }
  - { name: one of two exits, shell: exit 3, expect: { exit: [0, 3] } }
  - { name: nonzero, run: ls /no/such/file, expect: { exit: nonzero } }
  - { name: signal, shell: kill -SEGV $$$$, expect: { signal: SIGSEGV } }
  - { name: plain text, run: echo hello, expect: { stdout: hello } }
  - { name: equals, shell: 'echo a; echo b', expect: { stdout: { equals: "a\nb\n" } } }
  - { name: contains, run: echo one two, expect: { stdout: { contains: [one, two] } } }
  - { name: not_contains, run: echo one, expect: { stdout: { not_contains: two } } }
  - { name: matches, run: echo v1.20.3, expect: { stdout: { matches: '^v\d+\.\d+' } } }
  - { name: empty, run: 'true', expect: { stdout: { empty: true }, stderr: { empty: true } } }
  - name: json
    run: 'echo ''{"arch": "${platform.arch}", "list": [{"n": 1}]}'''
    expect: { stdout: { json: { arch: '${platform.arch}', 'list[0].n': 1.0 } } }
  - { name: stderr, shell: echo oh >&2, expect: { stderr: oh, stdout: { empty: true } } }
  - name: env
    run: printenv GREETING
    env: { GREETING: 'a "b" $HOME' }
    expect: { stdout: 'a "b" $HOME' }
  - { name: user by name, run: id -u, user: app, expect: { stdout: 1000 } }
  - { name: user by number, shell: 'id -u; id -g', user: '7:8', expect: { stdout: "7\n8" } }
  - { name: workdir, run: pwd, workdir: /tmp, expect: { stdout: /tmp } }
  - { name: stdin, run: wc -l, stdin: "one\ntwo\n", expect: { stdout: 2 } }
  - { name: words, run: [printf, '%s.', two words, '$HOME'], expect: { stdout: two words.$HOME. } }
  - { name: quotes, run: 'printf %s. "two words" ''*'' a\ b', expect: { stdout: two words.*.a b. } }
  - { name: shell, shell: 'for i in 1 2; do printf $i; done', expect: { stdout: 12 } }
  - { name: own timeout, run: sleep 1, timeout: 20s }
  - { name: leaves a file, run: touch /tmp/left }
  - { name: finds it, run: test -e /tmp/left }
  - { name: leaves a file alone, run: touch /tmp/alone, isolate: true }
  - { name: does not find it, run: test ! -e /tmp/left -a ! -e /tmp/alone, isolate: true }
"#;
    let outcome = Lab::new()
        .check(&image("test/busybox:docker"), suite, &[])
        .exits(0);
    for platform in [AMD64, ARM64] {
        assert_eq!(outcome.names(platform).len(), 25);
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn every_demand_that_is_not_met_says_what_was_there_instead() {
    let suite = r#"
version: 1
smoke:
  - { name: exit, run: 'false' }
  - { name: nonzero, run: 'true', expect: { exit: nonzero } }
  - { name: nonzero is no crash, shell: kill -SEGV $$$$, expect: { exit: nonzero } }
  - { name: signal, run: 'true', expect: { signal: SIGABRT } }
  - { name: equals, shell: 'echo a; echo b', expect: { stdout: "a\nc" } }
  - { name: contains, run: echo one, expect: { stdout: { contains: [one, two] } } }
  - { name: not_contains, run: echo one two, expect: { stdout: { not_contains: two } } }
  - { name: matches, run: echo v1, expect: { stdout: { matches: '^v\d+\.' } } }
  - { name: empty, run: echo hello, expect: { stdout: { empty: true } } }
  - { name: json, run: 'echo ''{"a": [1]}''', expect: { stdout: { json: { 'a[0]': 2, b: 3 } } } }
  - { name: no json, run: echo hello, expect: { stdout: { json: { a: 1 } } } }
  - { name: stderr, shell: echo oh >&2, expect: { stderr: { empty: true } } }
  - { name: missing program, run: no-such-program }
  - { name: unknown user, run: 'true', user: nobody-here }
  - { name: missing workdir, run: 'true', workdir: /no/such/folder }
"#;
    let outcome = Lab::new()
        .check(&image("test/busybox:docker"), suite, &[])
        .exits(1);
    for platform in [AMD64, ARM64] {
        for (name, words) in [
            ("exit", vec!["exit: expected 0, but it exited with 1"]),
            (
                "nonzero",
                vec!["expected an exit code but 0, but it exited with 0"],
            ),
            ("nonzero is no crash", vec!["it exited with 139 (SIGSEGV)"]),
            (
                "signal",
                vec!["signal: expected SIGABRT, but it exited with 0"],
            ),
            ("equals", vec!["stdout: expected", "- c", "+ b"]),
            (
                "contains",
                vec!["expected to contain \"two\"", "it was \"one"],
            ),
            (
                "not_contains",
                vec![
                    "expected not to contain \"two\"",
                    "its line 1 was \"one two\"",
                ],
            ),
            ("matches", vec![r"expected to match ^v\d+\.", "\"v1"]),
            ("empty", vec!["expected nothing, but it was \"hello"]),
            ("json", vec!["a[0]", "expected 2", "b"]),
            ("no json", vec!["JSON"]),
            ("stderr", vec!["stderr: expected nothing"]),
            (
                "missing program",
                vec!["no-such-program is not in the image"],
            ),
            ("unknown user", vec!["nobody-here"]),
        ] {
            outcome.failed(platform, name, &words);
        }
        assert_ne!(outcome.outcome(platform, "missing workdir"), "passed");
    }
    assert_eq!(outcome.junit().failures + outcome.junit().errors, 30);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_pass_after_a_retry_is_flaky_and_says_what_came_before() {
    let suite = "
version: 1
smoke:
  - name: passes the second time
    retries: 2
    shell: test -e /tmp/seen || { touch /tmp/seen; echo not yet; exit 4; }
  - name: never passes
    retries: 2
    shell: echo once more >> /tmp/tries; exit 5
  - name: was tried three times
    run: wc -l /tmp/tries
    expect: { stdout: { contains: '3 /tmp/tries' } }
";
    let outcome = Lab::new()
        .check(&image("test/busybox:docker"), suite, &[])
        .exits(1)
        .prints("only after a retry");
    for platform in [AMD64, ARM64] {
        let name = "passes the second time";
        outcome.passed(platform, name);
        let (flaky, story) =
            outcome.with_case(platform, name, |case| (case.field("flaky"), case.story()));
        assert_eq!(flaky, true, "{outcome}");
        assert!(story.contains("it exited with 4"), "{story}");
        let sheet = format!("suite {platform}");
        assert_eq!(outcome.with_test_case(&sheet, name, status), "flaky");
        outcome.failed(platform, "never passes", &["it exited with 5"]);
        outcome.passed(platform, "was tried three times");
    }
    let cases = outcome.json();
    let flaky = array(&cases["cases"])
        .iter()
        .filter(|case| case["flaky"] == true);
    assert_eq!(flaky.count(), 2);
}
