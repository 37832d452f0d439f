//! The first suite of a run: what the image's bytes say, read beside everything else.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;

use super::Shared;
use super::finding::cause;
use super::results::{NOT_RUN, interrupted};
use crate::audit::{self, AuditInput};
use crate::event::{
    AUDIT_SUITE, AuditReport, CaseResult, Cause, Confidence, FindingGroup, Outcome,
};
use crate::image::{ImageReference, Platform, ResolvedImage};
use crate::plan::{self, Plan, PlatformPlan, Target};
use crate::repro::audit_line;
use crate::source::Contents;
use crate::suite::SuiteFile;

/// The case that says so where something could not be looked at.
const WHOLE: &str = "everything could be looked at";

/// How an image's bytes are had and judged.
pub struct Audit {
    /// Where they are. Awaited beside the pulls: it is not for them to wait.
    pub contents: BoxFuture<'static, Result<Arc<dyn Contents>, Cause>>,
    /// The folder of the cache; `None`: nothing is kept.
    pub cache: Option<PathBuf>,
    /// What they accept, and how much differences between platforms count.
    pub suites: Vec<SuiteFile>,
    /// The day by which acceptances end.
    pub today: jiff::civil::Date,
}

/// An audit under way.
pub(super) struct Auditing {
    task: Option<JoinHandle<Audited>>,
    asked: Vec<Asked>,
}

/// The cases of an audit.
#[derive(Default)]
pub(super) struct Audited(Vec<CaseResult>);

/// What is asked of one platform.
#[derive(Clone)]
struct Asked {
    platform: Platform,
    groups: Vec<FindingGroup>,
    reproduce: String,
}

/// Begins it, where one is planned.
pub(super) fn spawn(
    shared: &Arc<Shared>,
    audit: Option<Audit>,
    image: &ResolvedImage,
    plan: &Plan,
) -> Auditing {
    let exact = match &image.reference {
        ImageReference::Registry(reference) => reference.at(&image.digest),
        ImageReference::Engine(_) | ImageReference::File(_) => image.reference.to_string(),
    };
    let asked: Vec<Asked> = plan
        .platforms
        .iter()
        .filter_map(|planned| Asked::of(planned, &exact))
        .collect();
    let task = audit.filter(|_| !asked.is_empty()).map(|audit| {
        let judging = judge(Arc::clone(shared), audit, exact, asked.clone());
        tokio::spawn(judging)
    });
    Auditing { task, asked }
}

impl Asked {
    fn of(planned: &PlatformPlan, exact: &str) -> Option<Self> {
        let Target::Variant(variant) = &planned.target else {
            return None;
        };
        let platform = variant.platform.clone();
        (!planned.audit.is_empty()).then(|| Self {
            groups: planned.audit.clone(),
            reproduce: audit_line(exact, &platform),
            platform,
        })
    }

    /// A case that is no answer of the audit's.
    fn case(&self, name: &str, outcome: Outcome) -> CaseResult {
        CaseResult {
            suite: AUDIT_SUITE.to_owned(),
            name: name.to_owned(),
            platform: self.platform.clone(),
            outcome,
            flaky: false,
            duration: Duration::ZERO,
            causes: Vec::new(),
            notes: Vec::new(),
            skip_reason: None,
            location: None,
            reproduce: None,
            stdout: String::new(),
            stderr: String::new(),
            services: None,
        }
    }

    fn broken(&self, cause: Cause) -> CaseResult {
        CaseResult {
            causes: vec![cause],
            reproduce: Some(self.reproduce.clone()),
            ..self.case(WHOLE, Outcome::Error)
        }
    }

    fn judged(&self, report: &AuditReport) -> Vec<CaseResult> {
        let mut cases = audit::cases_of(report, &self.platform, &self.groups);
        for case in &mut cases {
            if case.outcome == Outcome::Failed {
                case.reproduce = Some(self.reproduce.clone());
            }
        }
        let mut unseen = report
            .errors
            .iter()
            .filter(|unseen| unseen.concerns(&self.platform))
            .peekable();
        if unseen.peek().is_some() {
            cases.push(self.broken(audit::incomplete(unseen)));
        }
        cases
    }

    /// Why none of it was judged: an interruption, or `--fail-fast`.
    fn not_judged(&self, is_interrupted: bool) -> Vec<CaseResult> {
        let planned = self.groups.iter().filter(|group| group.is_always_judged());
        planned
            .map(|group| match is_interrupted {
                true => CaseResult {
                    causes: vec![interrupted()],
                    ..self.case(group.title(), Outcome::Error)
                },
                false => CaseResult {
                    skip_reason: Some(NOT_RUN.to_owned()),
                    ..self.case(group.title(), Outcome::Skipped)
                },
            })
            .collect()
    }
}

impl Auditing {
    /// Waits for its end.
    pub(super) async fn finish(self, shared: &Shared) -> Audited {
        let Some(task) = self.task else {
            return Audited::default();
        };
        match task.await {
            Ok(audited) => audited,
            Err(panic) => {
                let mut found = cause(
                    "harness-fault",
                    Confidence::Established,
                    format!("everyarch itself broke: {panic}"),
                );
                found.hint = Some("please report it, with the output of `-vv`".to_owned());
                let cases = self.asked.iter().map(|asked| asked.broken(found.clone()));
                Audited(cases.map(|case| shared.recorder.finished(case)).collect())
            }
        }
    }
}

impl Audited {
    /// The cases of a platform, in the order of their groups.
    pub(super) fn take(&mut self, platform: &Platform) -> Vec<CaseResult> {
        self.0
            .extract_if(.., |case| case.platform == *platform)
            .collect()
    }
}

async fn judge(shared: Arc<Shared>, audit: Audit, exact: String, asked: Vec<Asked>) -> Audited {
    let stop = shared.stop.clone();
    let looked = tokio::select! {
        looked = look(&shared, audit, exact, &asked) => Some(looked),
        () = stop.cancelled() => None,
    };
    // What was looked at until somebody ended it is not everything.
    let looked = looked.filter(|_| !stop.is_cancelled());
    let cases = asked.iter().flat_map(|asked| match &looked {
        Some(Ok(report)) => asked.judged(report),
        Some(Err(cause)) => vec![asked.broken(cause.clone())],
        None => asked.not_judged(shared.cancel.is_cancelled()),
    });
    let cases: Vec<CaseResult> = cases.map(|case| shared.recorder.finished(case)).collect();
    let is_bad = |case: &CaseResult| matches!(case.outcome, Outcome::Failed | Outcome::Error);
    if shared.options.fail_fast && cases.iter().any(is_bad) {
        shared.stop.cancel();
    }
    Audited(cases)
}

async fn look(
    shared: &Shared,
    audit: Audit,
    exact: String,
    asked: &[Asked],
) -> Result<AuditReport, Cause> {
    let contents = audit.contents.await?;
    let input = AuditInput {
        contents,
        reference: exact.clone(),
        required: Some(asked.iter().map(|asked| asked.platform.clone()).collect()),
        // Beside pulls and checks, which want the processors and the memory too.
        jobs: 1,
        cache: audit.cache,
        cancel: shared.stop.clone(),
    };
    let report = audit::audit(input).await.map_err(|error| {
        cause(
            "registry-error",
            Confidence::Established,
            format!("{exact}: {error}"),
        )
    })?;
    let report = plan::judge_audit(report, &audit.suites, audit.today);
    for note in &report.notes {
        shared.recorder.notice(format!("audit: {note}"));
    }
    Ok(report)
}
