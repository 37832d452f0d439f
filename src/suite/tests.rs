//! Suites as their users write them: `tests/suites/` holds a file for each kind
//! of mistake, with what is said of it beside it. `UPDATE_GOLDEN=1` writes that anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::diagnostic::{CODES, Diagnostic, render};
use crate::image::Platform;

fn environment(name: &str) -> Option<String> {
    match name {
        "SET" => Some("1.2".to_owned()),
        "TOKEN" | "SERVICE_TOKEN" => Some("hush".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn parse(text: &str) -> Result<SuiteFile, Vec<Diagnostic>> {
    SuiteFile::parse("suite.yaml", text, &environment)
}

fn valid(text: &str) -> SuiteFile {
    parse(text)
        .unwrap_or_else(|mistakes| panic!("{}", render("suite.yaml", text, &mistakes, false)))
}

fn platform(text: &str) -> Platform {
    text.parse().expect(text)
}

fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("a folder of suites")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no suite in {}", folder.display());
    files
}

#[test]
fn every_mistake_is_said_as_it_was_agreed() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    let mut codes = BTreeSet::new();
    for path in yaml_files("tests/suites") {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        let source = std::fs::read_to_string(&path).expect("a suite");
        let said = match SuiteFile::parse(name, &source, &environment) {
            Ok(_) => String::new(),
            Err(mistakes) => {
                codes.extend(mistakes.iter().map(|mistake| mistake.code));
                render(name, &source, &mistakes, false)
            }
        };
        let golden = path.with_extension("err");
        let agreed = std::fs::read_to_string(&golden).unwrap_or_default();
        if said == agreed {
            continue;
        }
        if !update {
            wrong.push(format!("{name}: agreed was\n{agreed}\nbut it says\n{said}"));
        } else if said.is_empty() {
            std::fs::remove_file(&golden).expect("removed");
        } else {
            std::fs::write(&golden, said).expect("written");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let unused: Vec<_> = CODES
        .iter()
        .filter(|(code, _)| !codes.contains(code))
        .collect();
    assert!(unused.is_empty(), "no suite shows {unused:?}");
}

#[test]
fn shipped_suites_are_valid() {
    for path in yaml_files("suites") {
        let source = std::fs::read_to_string(&path).expect("a suite");
        let file = valid(&source);
        for name in ["linux/amd64", "linux/arm64", "linux/arm/v7"] {
            assert!(
                !file.checks(&platform(name)).is_empty(),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn a_secret_is_never_said() {
    let text = "version: 1\nsecrets: [TOKEN]\nsmoke:\n  - name: a\n    run: x\n    timeout: \"${secrets.TOKEN}\"\n    retries: \"${secrets.TOKEN}\"\n    user: \"${secrets.TOKEN}\"\n    workdir: \"${secrets.TOKEN}\"\n    expect: { exit: \"${secrets.TOKEN}\", stdout: { matches: '(${secrets.TOKEN}' } }\n";
    let mistakes = parse(text).expect_err("mistakes");
    assert_eq!(mistakes.len(), 5, "{mistakes:?}");
    assert!(!render("x", text, &mistakes, false).contains("hush"));
    let file = valid("version: 1\nsecrets: [TOKEN]\n");
    assert_eq!(file.suite().secrets[0].reveal(), "hush");
    assert!(!format!("{file:?}").contains("hush"));
}

#[test]
fn a_check_is_what_its_platform_makes_of_it() {
    let file = valid(
        "version: 1\ntimeout: 10s\nsmoke:\n  - name: a\n    when: { not_platforms: [linux/s390x], execution: emulated }\n    run: echo ${platform} '${platform.node} x'\n    env: { A: 1, B: 2 }\n    per_platform:\n      linux/arm64/v8: { timeout: 1m, env: { B: three } }\n  - name: b\n    when: linux/amd64\n    shell: echo $$HOME\n",
    );
    let checks = file.checks(&platform("linux/arm64"));
    assert_eq!(checks.len(), 1);
    let check = &checks[0];
    assert_eq!((check.name.as_str(), check.line), ("a", 4));
    assert_eq!(check.timeout, Duration::from_secs(60));
    assert_eq!(check.when_execution, Some(WhenExecution::Emulated));
    assert!(check.excerpt.starts_with("  - name: a\n    when:"));
    assert!(check.excerpt.ends_with("B: three } }"), "{}", check.excerpt);
    let Action::Run(run) = &check.action else {
        panic!("{check:?}");
    };
    let words = ["echo", "linux/arm64", "arm64 x"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(run.command, Command::Words(words));
    assert_eq!(
        run.env,
        [("A".into(), "1".into()), ("B".into(), "three".into())]
    );

    let checks = file.checks(&platform("linux/amd64"));
    assert_eq!(checks[0].timeout, Duration::from_secs(10));
    let Action::Run(run) = &checks[1].action else {
        panic!("{checks:?}");
    };
    assert_eq!(run.command, Command::Shell("echo $HOME".to_owned()));
    assert!(file.checks(&platform("linux/s390x")).is_empty());
}

#[test]
fn a_platform_that_nobody_foresaw_gets_its_checks_too() {
    let file = valid(
        "version: 1\nsmoke:\n  - name: a\n    run: x\n    expect: { stdout: { matches: '^[${platform.arch}]${platform.uname}+$' } }\n",
    );
    for (os, architecture, variant) in [("linux", "z80(+[", None), ("plan 9", "", Some("v${x}"))] {
        let odd = Platform::new(os, architecture, variant);
        assert_eq!(file.checks(&odd).len(), 1, "{odd}");
    }
    let windows = Platform::new("windows", "amd64", None).with_os(Some("10.0".into()), Vec::new());
    let file = valid("version: 1\nsmoke:\n  - name: a\n    when: windows/amd64\n    run: x\n");
    assert_eq!(file.checks(&windows).len(), 1);
}

#[test]
fn an_exception_holds_for_a_check_and_its_parts_until_its_day() {
    let file = valid(
        "version: 1\nsmoke:\n  - name: load\n    native_modules: auto\nexceptions:\n  - { case: load, platform: linux/arm64, reason: x, until: 2027-01-01 }\n",
    );
    let exception = &file.suite().exceptions[0];
    let arm64 = platform("linux/arm64");
    assert!(exception.covers("load", &arm64) && exception.covers("load › sharp", &arm64));
    assert!(!exception.covers("loading", &arm64));
    assert!(!exception.covers("load", &platform("linux/amd64")));
    let day = |text: &str| text.parse().expect("a date");
    assert!(!exception.has_expired(day("2027-01-01")) && exception.has_expired(day("2027-01-02")));
}

#[test]
fn emulation_is_decided_by_the_first_rule_that_fits() {
    let of = |text: &str, name: &str| valid(text).suite().emulation_of(&platform(name));
    let text = "version: 1\nemulation: { default: warn, linux/arm64: forbid }\n";
    assert_eq!(of(text, "linux/arm64"), EmulationPolicy::Forbid);
    assert_eq!(of(text, "linux/s390x"), EmulationPolicy::Warn);
    assert_eq!(
        of("version: 1\nemulation: forbid\n", "linux/s390x"),
        EmulationPolicy::Forbid
    );
    assert_eq!(of("version: 1\n", "linux/s390x"), EmulationPolicy::Allow);
}

#[test]
fn what_is_not_said_has_its_default() {
    let built_in = SuiteFile::built_in();
    let checks = built_in.checks(&platform("linux/arm64"));
    let names: Vec<&str> = checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "reports its architecture",
            "native modules load",
            "starts as it is"
        ]
    );
    let file = SuiteFile::parse("ci/smoke.v2.yaml", "version: 1\nsmoke:\n  - name: a\n    start:\n    ready: { tcp: 1 }\n    http: [{ post: /, body: [1] }]\n", &environment)
        .expect("a suite");
    assert_eq!(file.suite().name, "smoke.v2");
    let checks = file.checks(&platform("linux/arm64"));
    let Action::Start(start) = &checks[0].action else {
        panic!("{checks:?}");
    };
    assert_eq!(
        start.ready.as_ref().expect("ready").within,
        Duration::from_secs(30)
    );
    assert_eq!(
        start.http[0].headers,
        [("content-type".into(), "application/json".into())]
    );
    assert_eq!(start.http[0].body.as_deref(), Some("[1]"));
    assert_eq!(start.http[0].line, 6);
}

/// Texts that look like suites, so that more than the YAML parser is reached.
fn almost_suites() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "version",
        "smoke",
        "name",
        "run",
        "shell",
        "expect",
        "stdout",
        "matches",
        "json",
        "start",
        "ready",
        "http",
        "get",
        "files",
        "path",
        "size",
        "config",
        "env",
        "per_platform",
        "when",
        "linux/arm64",
        "exceptions",
        "case",
        "until",
        "secrets",
        "emulation",
        "timeout",
        ": ",
        ":\n",
        "\n  ",
        "\n    ",
        "\n",
        "- ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "'",
        "\"",
        "1",
        "30s",
        "auto",
        "&a ",
        "*a",
        "<<",
        "${platform}",
        "${",
        "|",
        "é",
        "\u{feff}",
        "\t",
        "# ",
        "~",
        "---",
        "!!str ",
        "? ",
    ]);
    prop::collection::vec(words, 0..60)
        .prop_map(|words| format!("version: 1\nsmoke:\n  - name: x\n    {}", words.concat()))
}

proptest! {
    // Each case reads a whole suite for a dozen platforms.
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_text_makes_it_panic(text in prop_oneof![".{0,80}", almost_suites()]) {
        match parse(&text) {
            Ok(file) => {
                let _ = file.checks(&platform("linux/arm64"));
            }
            Err(mistakes) => {
                prop_assert!(!mistakes.is_empty());
                prop_assert!(!render("x.yaml", &text, &mistakes, true).is_empty());
            }
        }
    }

    #[test]
    fn a_broken_suite_never_makes_it_panic(at in 0usize..6000, removed in 0usize..40, inserted in "[\\[\\]{}:#&*!|>'\"%@`$ \n\t-]{0,3}") {
        let text = include_str!("../../suites/full.yaml");
        let boundary = |mut at: usize| {
            at = at.min(text.len());
            while !text.is_char_boundary(at) { at -= 1; }
            at
        };
        let (start, end) = (boundary(at), boundary(at + removed));
        let broken = format!("{}{inserted}{}", &text[..start], &text[end..]);
        if let Err(mistakes) = parse(&broken) {
            prop_assert!(!render("x.yaml", &broken, &mistakes, false).is_empty());
        }
    }
}
