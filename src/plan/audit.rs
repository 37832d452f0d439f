//! What the suites make of an audit: how much differences between platforms
//! count, and which findings are accepted.

use jiff::civil::Date;

use super::Selection;
use crate::event::{AUDIT_SUITE, AuditReport, Finding, FindingGroup, Severity, finding_kind};
use crate::image::Platform;
use crate::suite::{Acceptance, AuditPolicy, Parity, SuiteFile};

/// The report as the suites judge it, worst findings first.
pub fn judge_audit(mut report: AuditReport, suites: &[SuiteFile], today: Date) -> AuditReport {
    weigh_parity(&mut report.findings, parity(suites));
    let looked_at: Vec<Platform> = report
        .platforms
        .iter()
        .map(|audited| audited.platform.clone())
        .collect();
    for suite in suites.iter().map(SuiteFile::suite) {
        let unused = accept(&mut report.findings, &suite.audit, &looked_at, today);
        // What could not be looked at might be what an acceptance is for.
        if report.errors.is_empty() {
            let name = suite.file.as_deref().unwrap_or(&suite.name);
            let notes = unused.into_iter().map(|unused| said(name, unused));
            report.notes.extend(notes);
        }
    }
    report.sort();
    report
}

/// What the audit is asked on a platform, as far as suites and command line want it.
pub(super) fn groups(suites: &[SuiteFile], selection: &Selection) -> Vec<FindingGroup> {
    if selection.no_audit {
        return Vec::new();
    }
    let is_wanted = |group: &FindingGroup| {
        let is_off = *group == FindingGroup::Parity && parity(suites) == Parity::Off;
        !is_off && selection.matches(AUDIT_SUITE, group.title())
    };
    FindingGroup::ALL.into_iter().filter(is_wanted).collect()
}

/// As with emulation, the strictest of those that say something.
fn parity(suites: &[SuiteFile]) -> Parity {
    let policies = suites.iter().map(|file| &file.suite().audit);
    policies
        .filter_map(|policy| policy.parity)
        .max()
        .unwrap_or_default()
}

fn weigh_parity(findings: &mut Vec<Finding>, parity: Parity) {
    let is_parity = |finding: &Finding| {
        finding_kind(&finding.code).is_some_and(|kind| kind.group == FindingGroup::Parity)
    };
    match parity {
        Parity::Off => findings.retain(|finding| !is_parity(finding)),
        Parity::Warn => {}
        Parity::Strict => {
            for finding in findings.iter_mut().filter(|finding| is_parity(finding)) {
                if finding.severity == Severity::Warning {
                    finding.severity = Severity::Error;
                }
            }
        }
    }
}

/// Marks the findings that a suite accepts. One whose acceptance has ended
/// counts, and says so. Returned is what is for nothing that was found on the
/// platforms looked at.
pub fn accept<'p>(
    findings: &mut [Finding],
    policy: &'p AuditPolicy,
    looked_at: &[Platform],
    today: Date,
) -> Vec<&'p Acceptance> {
    let mut unused = Vec::new();
    for acceptance in &policy.accept {
        let mut is_used = false;
        for finding in findings.iter_mut() {
            let path = finding.path.as_deref();
            if !acceptance.covers(&finding.code, path, finding.platform.as_ref()) {
                continue;
            }
            is_used = true;
            match acceptance.until {
                Some(until) if acceptance.has_expired(today) => {
                    finding.evidence.push(format!(
                        "the suite accepted it until {until} ({}): that day has passed, so look again",
                        acceptance.reason
                    ));
                }
                _ if finding.accepted.is_none() => {
                    finding.accepted = Some(acceptance.reason.clone());
                }
                _ => {}
            }
        }
        if !is_used && acceptance.concerns(looked_at.iter()) {
            unused.push(acceptance);
        }
    }
    unused
}

fn said(file: &str, unused: &Acceptance) -> String {
    let mut what = format!("`{}`", unused.code);
    if let Some(path) = &unused.path {
        what.push_str(&format!(" in {}", path.as_str()));
    }
    if let Some(platform) = &unused.platform {
        what.push_str(&format!(" on {platform}"));
    }
    format!(
        "{file}:{}: nothing was found that this acceptance of {what} is for; remove it",
        unused.line
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::event::{AuditedPlatform, Verdict};
    use crate::image::Digest;
    use crate::plan::PlatformPlan;

    const TODAY: Date = jiff::civil::date(2026, 12, 31);

    fn platform(text: &str) -> Platform {
        text.parse().expect(text)
    }

    fn finding(code: &str, path: &str, on: &str) -> Finding {
        Finding::new(code, Severity::Error, "it is wrong")
            .on(&platform(on))
            .at(path)
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
            reference: "app".to_owned(),
            index_digest: None,
            platforms: vec![audited("linux/amd64"), audited("linux/arm64")],
            findings,
            errors: Vec::new(),
            notes: Vec::new(),
            duration: Duration::ZERO,
        }
    }

    fn suite(audit: &str) -> SuiteFile {
        let text = format!("version: 1\naudit:\n{audit}");
        SuiteFile::parse("suite.yaml", &text, &|_| None).expect("a suite")
    }

    fn judged(findings: Vec<Finding>, audit: &str) -> AuditReport {
        judge_audit(report(findings), &[suite(audit)], TODAY)
    }

    #[test]
    fn an_accepted_finding_stays_and_does_not_count() {
        let found = vec![
            finding("elf-page-alignment", "/opt/a/b.so", "linux/arm64"),
            finding("elf-page-alignment", "/usr/b.so", "linux/arm64"),
        ];
        let judged = judged(
            found,
            "  accept:\n    - { code: elf-page-alignment, path: /opt/**, platform: linux/arm64, reason: no such kernels }\n",
        );
        assert_eq!(
            judged.findings[0].accepted.as_deref(),
            Some("no such kernels")
        );
        assert_eq!(judged.findings[1].accepted, None);
        assert_eq!(judged.verdict(), Verdict::Failed);
        assert!(judged.notes.is_empty(), "{:?}", judged.notes);
    }

    #[test]
    fn an_acceptance_holds_on_its_last_day_and_is_over_on_the_next() {
        let found = || vec![finding("glibc-too-old", "/app", "linux/arm64")];
        let of = |day: &str| {
            judged(
                found(),
                &format!("  accept: [{{ code: glibc-too-old, reason: known, until: {day} }}]\n"),
            )
        };
        assert_eq!(of("2026-12-31").verdict(), Verdict::Passed);
        let over = of("2026-12-30");
        assert_eq!(over.verdict(), Verdict::Failed);
        assert_eq!(
            over.findings[0].evidence,
            ["the suite accepted it until 2026-12-30 (known): that day has passed, so look again"]
        );
    }

    #[test]
    fn an_acceptance_that_is_for_nothing_is_told() {
        let accept = "  accept:\n    - { code: glibc-too-old, reason: known }\n    - { code: glibc-too-old, platform: linux/s390x, reason: known }\n";
        assert_eq!(
            judged(Vec::new(), accept).notes,
            [
                "suite.yaml:4: nothing was found that this acceptance of `glibc-too-old` is for; remove it"
            ],
            "the second is for a platform that was not looked at"
        );
        let mut broken = report(Vec::new());
        broken.errors.push("a layer can't be had".to_owned().into());
        let judged = judge_audit(broken, &[suite(accept)], TODAY);
        assert!(judged.notes.is_empty(), "who knows what it holds");
    }

    #[test]
    fn parity_counts_as_much_as_the_strictest_suite_says() {
        let found = || {
            vec![
                Finding::new("cpu-baseline-x86", Severity::Warning, "it is new"),
                Finding::new("parity-config", Severity::Warning, "they differ"),
            ]
        };
        let strict = suite("  parity: strict\n");
        let off = suite("  parity: off\n");
        let silent = suite("  accept: []\n");
        let judged = |suites: &[SuiteFile]| judge_audit(report(found()), suites, TODAY).findings;
        assert_eq!(judged(std::slice::from_ref(&silent)), found());
        assert_eq!(judged(&[off.clone(), silent]).len(), 1);
        let findings = judged(&[off, strict]);
        assert_eq!(findings[0].code, "parity-config", "the worst comes first");
        assert_eq!(findings[0].severity, Severity::Error);
    }

    fn planned(suites: &[SuiteFile], selection: &Selection) -> PlatformPlan {
        crate::plan::platform_plan(&platform("linux/arm64"), suites, selection, TODAY)
    }

    fn filtered(filter: &str) -> Selection {
        Selection {
            filter: Some(regex::Regex::new(filter).expect(filter)),
            ..Selection::default()
        }
    }

    #[test]
    fn the_audit_is_planned_unless_it_is_left_out() {
        let all = planned(&[], &Selection::default());
        assert_eq!(all.audit, FindingGroup::ALL);
        let left_out = Selection {
            no_audit: true,
            ..Selection::default()
        };
        assert!(planned(&[], &left_out).audit.is_empty());
        let off = [suite("  parity: off\n")];
        let audit = planned(&off, &Selection::default()).audit;
        assert!(!audit.contains(&FindingGroup::Parity));
    }

    #[test]
    fn a_filter_chooses_among_the_audit_s_cases_as_among_all() {
        let libraries = planned(&[], &filtered("^audit/libraries"));
        assert_eq!(libraries.audit, [FindingGroup::Libraries]);
        assert!(planned(&[], &filtered("^suite/")).audit.is_empty());
    }

    #[test]
    fn the_audit_is_enough_only_where_it_alone_was_asked_for() {
        let empty = [suite("  accept: []\n")];
        assert!(!planned(&empty, &Selection::default()).is_selected());
        assert!(planned(&empty, &filtered("^audit/")).is_selected());
        assert!(!planned(&empty, &filtered("^nothing$")).is_selected());
    }

    #[test]
    fn strict_parity_leaves_what_is_only_worth_knowing() {
        let found = vec![Finding::new(
            "parity-files",
            Severity::Info,
            "a cache differs",
        )];
        let judged = judged(found.clone(), "  parity: strict\n");
        assert_eq!(judged.findings, found);
    }
}
