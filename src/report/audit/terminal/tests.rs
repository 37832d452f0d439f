use super::findings::OF_ONE_CODE;
use super::*;
use crate::report::audit::fixture;
use crate::report::golden;
use crate::report::view::{Glyphs, Palette};

fn written(report: &AuditReport, view: &View) -> String {
    let mut out = Vec::new();
    write_summary(report, view, &mut out).expect("written");
    String::from_utf8(out).expect("UTF-8")
}

fn with(verbosity: Verbosity) -> View {
    View {
        verbosity,
        ..View::plain()
    }
}

#[test]
fn summaries_are_as_expected() {
    for (name, report) in fixture::all() {
        golden::check(
            &format!("audit-{name}.txt"),
            &written(&report, &View::plain()),
        );
    }
}

#[test]
fn verbosely_infos_and_what_is_accepted_are_told() {
    let text = written(&fixture::accepted(), &with(Verbosity::Verbose));
    golden::check("audit-accepted.verbose.txt", &text);
    assert!(text.contains("info[cpu-baseline-x86]"), "{text}");
    assert!(text.contains("accepted: bcrypt is not used"), "{text}");
}

#[test]
fn quietly_only_errors_and_the_verdict_are_told() {
    let quiet = with(Verbosity::Quiet);
    assert_eq!(
        written(&fixture::healthy(), &quiet),
        "PASSED localhost:5055/app:2.4.1: no error on 2 platforms; 0 errors, 0 warnings, 1 info in 2.7s\n"
    );
    let text = written(&fixture::failing(), &quiet);
    assert!(text.starts_with("linux/arm64: 2 errors\n"), "{text}");
    assert!(!text.contains("warning["), "{text}");
}

#[test]
fn what_could_not_be_looked_at_is_said_however_quiet_it_should_be() {
    let text = written(&fixture::broken(), &with(Verbosity::Quiet));
    assert!(
        text.contains("error: not everything could be looked at")
            && text.contains("the registry closed the connection"),
        "{text}"
    );
    assert!(
        text.ends_with("ERROR localhost:5055/app:broken: 2 things could not be looked at; errors on linux/arm64; 1 error, 0 warnings in 2.7s\n"),
        "{text}"
    );
}

#[test]
fn the_worst_platform_comes_first() {
    let text = written(&fixture::failing(), &View::plain());
    let at = |heading: &str| text.find(heading).expect("a heading");
    assert!(at("\nlinux/arm64: 2 errors\n") < at("\nlinux/arm/v7: 1 error\n"));
    assert!(at("\nlinux/arm/v7: 1 error\n") < at("\nthe image as a whole: 1 warning\n"));
    assert!(at("\nthe image as a whole: 1 warning\n") < at("\nlinux/amd64: 1 warning\n"));
}

#[test]
fn one_mistake_in_many_files_is_told_in_full_for_some_of_them() {
    let mut report = fixture::failing();
    let first = report.findings[0].clone();
    report.findings = (0..50)
        .map(|number| first.clone().at(format!("/app/{number}.node")))
        .collect();
    let text = written(&report, &View::plain());
    assert_eq!(text.matches("error[").count(), OF_ONE_CODE);
    assert!(
        text.contains("and 30 more [dlopen-wrong-machine-glibc] here; -v shows them all\n"),
        "{text}"
    );
    let verbose = written(&report, &with(Verbosity::Verbose));
    assert_eq!(verbose.matches("error[").count(), 50);
}

#[test]
fn colours_change_nothing_but_colours() {
    let view = View {
        palette: Palette::colored(),
        ..with(Verbosity::Verbose)
    };
    for (name, report) in fixture::all() {
        let colored = written(&report, &view);
        assert!(colored.contains("\u{1b}["));
        let stripped = anstream::adapter::strip_str(&colored).to_string();
        let plain = written(&report, &with(Verbosity::Verbose));
        assert_eq!(stripped, plain, "{name}");
    }
}

#[test]
fn without_unicode_no_sign_is_above_seven_bits() {
    let view = View {
        glyphs: Glyphs::ASCII,
        ..View::plain()
    };
    let mut report = fixture::accepted();
    report.findings.retain(|finding| finding.accepted.is_some());
    assert!(written(&report, &view).is_ascii());
}

#[test]
fn nothing_in_a_summary_is_a_ci_command() {
    let mut report = fixture::hostile();
    for accepted in [None, Some("\u{1b}[2J::error::x\n::error::y".to_owned())] {
        report.findings[0].accepted = accepted;
        let text = written(&report, &with(Verbosity::Verbose));
        assert!(!text.contains('\u{1b}') && !text.contains("##[") && !text.contains("##vso["));
        assert!(
            text.lines()
                .all(|line| !line.trim_start().starts_with("::")),
            "{text}"
        );
    }
}
