//! The audit as a suite of cases: one for each platform and group of findings.

use std::time::Duration;

use crate::event::{
    AUDIT_SUITE, AuditReport, CaseResult, Cause, Confidence, Execution, Finding, FindingGroup,
    Outcome, RunResult, Severity, Unseen, VariantFacts, VariantResult, Verdict, finding_kind,
};
use crate::image::Platform;

/// The cases, platform by platform. What is wrong with the index as a whole is
/// wrong with each of its platforms.
pub fn cases(report: &AuditReport) -> Vec<CaseResult> {
    // Whether the platforms are alike was perhaps not asked, and only what was
    // found shows that it was.
    let is_parity = |finding: &Finding| group_of(finding) == FindingGroup::Parity;
    let asked: Vec<FindingGroup> = FindingGroup::ALL
        .into_iter()
        .filter(|group| *group != FindingGroup::Parity || report.findings.iter().any(is_parity))
        .collect();
    report
        .all_platforms()
        .into_iter()
        .flat_map(|(platform, _)| cases_of(report, platform, &asked))
        .collect()
}

/// The cases of one platform: one for each group that is asked. Nothing is said
/// of files that nobody saw.
pub fn cases_of(
    report: &AuditReport,
    platform: &Platform,
    asked: &[FindingGroup],
) -> Vec<CaseResult> {
    asked
        .iter()
        .filter_map(|group| case(report, platform, *group))
        .collect()
}

/// Why an audit is not whole.
pub fn incomplete<'a>(unseen: impl Iterator<Item = &'a Unseen>) -> Cause {
    Cause {
        code: "audit-incomplete".to_owned(),
        confidence: Confidence::Established,
        message: "not everything could be looked at, and what was not is not judged".to_owned(),
        evidence: unseen.map(|unseen| unseen.message.clone()).collect(),
        hint: None,
        emulator_suspect: false,
    }
}

/// The whole report as that of a run, for reporters that know nothing else.
pub fn as_run(report: &AuditReport, started: jiff::Timestamp) -> RunResult {
    let cases = cases(report);
    let platforms = report.all_platforms().into_iter();
    let variants = platforms.map(|(platform, audited)| {
        let mut own = cases.iter().filter(|case| case.platform == *platform);
        let verdict = match audited {
            _ if own.any(|case| case.outcome == Outcome::Failed) => Verdict::Failed,
            Some(_) if !report.errors.iter().any(|unseen| unseen.concerns(platform)) => {
                Verdict::Passed
            }
            _ => Verdict::Error,
        };
        VariantResult {
            facts: VariantFacts {
                platform: platform.clone(),
                digest: audited.map(|audited| audited.digest.clone()),
                execution: Execution::Unknown,
                emulator: None,
                engine: String::new(),
            },
            verdict,
        }
    });
    RunResult {
        reference: report.reference.clone(),
        index_digest: report.index_digest.clone(),
        origin_note: None,
        started,
        duration: report.duration,
        verdict: report.verdict(),
        interrupted: false,
        error: (!report.errors.is_empty()).then(|| incomplete(report.errors.iter())),
        variants: variants.collect(),
        cases,
    }
}

fn case(report: &AuditReport, platform: &Platform, group: FindingGroup) -> Option<CaseResult> {
    let findings: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| finding.platform.as_ref().is_none_or(|on| on == platform))
        .filter(|finding| group_of(finding) == group)
        .collect();
    let was_looked_at = report
        .platforms
        .iter()
        .any(|audited| audited.platform == *platform);
    if findings.is_empty() && !(was_looked_at && group.is_always_judged()) {
        return None;
    }
    let causes: Vec<Cause> = findings
        .iter()
        .filter(|finding| finding.counts())
        .map(|finding| cause(finding))
        .collect();
    Some(CaseResult {
        suite: AUDIT_SUITE.to_owned(),
        name: group.title().to_owned(),
        platform: platform.clone(),
        outcome: if causes.is_empty() {
            Outcome::Passed
        } else {
            Outcome::Failed
        },
        flaky: false,
        duration: Duration::ZERO,
        causes,
        notes: findings
            .iter()
            .filter_map(|finding| note(finding))
            .collect(),
        skip_reason: None,
        location: None,
        reproduce: None,
        stdout: String::new(),
        stderr: String::new(),
        services: None,
    })
}

fn group_of(finding: &Finding) -> FindingGroup {
    finding_kind(&finding.code).map_or(FindingGroup::Programs, |kind| kind.group)
}

fn cause(finding: &Finding) -> Cause {
    let mut evidence = finding.evidence.clone();
    if let Some(history) = &finding.history {
        evidence.push(format!("brought by {history}"));
    }
    Cause {
        code: finding.code.clone(),
        confidence: Confidence::Established,
        message: said(finding),
        evidence,
        hint: finding.hint.clone(),
        emulator_suspect: false,
    }
}

/// What does not count, but should be known.
fn note(finding: &Finding) -> Option<String> {
    let kind = format!("{}[{}]", finding.severity.as_str(), finding.code);
    match (&finding.accepted, finding.severity) {
        (Some(reason), _) => Some(format!("{kind} {}; accepted: {reason}", said(finding))),
        (None, Severity::Warning) => Some(format!("{kind} {}", said(finding))),
        (None, Severity::Error | Severity::Info) => None,
    }
}

fn said(finding: &Finding) -> String {
    match &finding.path {
        // Most messages name it themselves.
        Some(path) if !finding.message.contains(path.as_str()) => {
            format!("{path}: {}", finding.message)
        }
        _ => finding.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::AuditedPlatform;
    use crate::image::Digest;

    fn platform(text: &str) -> Platform {
        text.parse().expect(text)
    }

    fn report(findings: Vec<Finding>) -> AuditReport {
        let audited = |on: &str| AuditedPlatform {
            platform: platform(on),
            digest: Digest::of(on.as_bytes()),
            layers: 1,
            files: 1,
            elf_files: 1,
        };
        AuditReport {
            reference: "localhost:5055/app".to_owned(),
            index_digest: None,
            platforms: vec![audited("linux/amd64"), audited("linux/arm64")],
            findings,
            errors: Vec::new(),
            notes: Vec::new(),
            duration: Duration::from_millis(1500),
        }
    }

    fn failed(report: &AuditReport) -> Vec<(String, String)> {
        cases(report)
            .into_iter()
            .filter(|case| case.outcome == Outcome::Failed)
            .map(|case| (case.platform.to_string(), case.name))
            .collect()
    }

    fn junit(report: &AuditReport) -> quick_junit::Report {
        let mut out = Vec::new();
        let result = as_run(report, "2026-11-03T09:15:02Z".parse().expect("a time"));
        crate::report::junit::write(&result, &mut out).expect("written");
        let text = String::from_utf8(out).expect("UTF-8");
        quick_junit::Report::deserialize_from_str(&text).expect("JUnit")
    }

    #[test]
    fn a_finding_fails_the_case_of_its_group_on_its_platform() {
        let finding = Finding::new("glibc-too-old", Severity::Error, "it needs GLIBC_2.38")
            .on(&platform("linux/arm64"))
            .at("/app/x.node");
        let report = report(vec![finding]);
        assert_eq!(
            failed(&report),
            [(
                "linux/arm64".to_owned(),
                FindingGroup::Libraries.title().to_owned()
            )]
        );
        let run = as_run(&report, jiff::Timestamp::UNIX_EPOCH);
        let verdicts: Vec<Verdict> = run.variants.iter().map(|v| v.verdict).collect();
        assert_eq!(verdicts, [Verdict::Passed, Verdict::Failed]);
        let read = junit(&report);
        assert_eq!((read.tests, read.failures, read.errors), (10, 1, 0));
        assert_eq!(read.test_suites[1].name.as_str(), "audit linux/arm64");
    }

    #[test]
    fn what_is_wrong_with_the_index_is_wrong_on_every_platform() {
        let finding = Finding::new("invalid-manifest", Severity::Error, "unknown");
        assert_eq!(failed(&report(vec![finding])).len(), 2);
    }

    #[test]
    fn warnings_and_what_is_accepted_are_notes_of_a_case_that_passes() {
        let on = platform("linux/arm64");
        let warning = Finding::new("parity-config", Severity::Warning, "they differ").on(&on);
        let accepted = Finding {
            accepted: Some("known".to_owned()),
            ..Finding::new("parity-files", Severity::Error, "they differ").on(&on)
        };
        let report = report(vec![warning, accepted]);
        assert!(failed(&report).is_empty());
        let all = cases(&report);
        let parity = all.last().expect("a case");
        assert_eq!(
            parity.notes,
            [
                "warning[parity-config] they differ",
                "error[parity-files] they differ; accepted: known"
            ]
        );
    }

    #[test]
    fn a_platform_that_is_not_there_has_only_the_case_that_says_so() {
        let finding = Finding::new("platform-not-in-index", Severity::Error, "it is not there")
            .on(&platform("linux/s390x"));
        let report = report(vec![finding]);
        let names: Vec<String> = cases(&report)
            .into_iter()
            .filter(|case| case.platform == platform("linux/s390x"))
            .map(|case| case.name)
            .collect();
        assert_eq!(names, [FindingGroup::Index.title()]);
    }

    #[test]
    fn junit_is_green_only_if_the_audit_passed() {
        assert_eq!(junit(&report(Vec::new())).errors, 0);
        let mut broken = report(Vec::new());
        broken.errors.push("a layer can't be had".to_owned().into());
        assert_eq!(junit(&broken).errors, 1);
        let mut nothing = report(Vec::new());
        nothing.platforms.clear();
        assert_eq!(junit(&nothing).errors, 1);
    }
}
