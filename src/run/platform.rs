//! One platform from its pull to its verdict.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;

use super::Shared;
use super::finding::{Finding, cause};
use super::judge;
use super::results::{finished, interrupted, not_run, own_case, skipped};
use super::room::{self, Room, Unready};
use super::session::Session;
use crate::event::{
    Artifact, Artifacts, CaseResult, Cause, Confidence, Event, FindingGroup, Outcome, VariantFacts,
    Verdict,
};
use crate::image::{Variant, VariantFault};
use crate::plan::{Case, PlatformPlan, Standing, Target};
use crate::suite::{Action, WhenExecution};

/// What a platform's task returns.
pub(super) type Finished = (VariantFacts, Vec<CaseResult>);

/// Runs all cases of a platform.
pub(super) async fn run(shared: Arc<Shared>, planned: PlatformPlan) -> Finished {
    let facts = unknown_facts(&planned);
    let platform = planned.platform.clone();
    let variant = match &planned.target {
        Target::Variant(variant) => variant.as_ref().clone(),
        Target::Broken(_, fault) => {
            let stage = match fault {
                VariantFault::NotOffered { .. } => "the image has the platform",
                _ => "the platform's image is whole",
            };
            let mut found = cause(fault.code(), Confidence::Established, fault.to_string());
            found.hint = fault.hint().map(str::to_owned);
            return unready(&shared, stage, facts, found, fault.is_of_the_image());
        }
    };
    if platform.os() != "linux" {
        let mut found = cause(
            "platform-not-runnable",
            Confidence::Established,
            format!("no Linux engine can run {platform}"),
        );
        found.hint = Some(
            "name the platforms that must pass with --platform, or `platforms:` in the suite"
                .to_owned(),
        );
        return unready(&shared, "the platform can be run", facts, found, false);
    }
    if shared.cancel.is_cancelled() {
        return unready(
            &shared,
            "the platform was tested",
            facts,
            interrupted(),
            false,
        );
    }
    if planned.is_audit_alone {
        return (facts, Vec::new());
    }
    let engine = match shared.engines.of(&platform) {
        Some(Ok(engine)) => Arc::clone(engine),
        Some(Err(fault)) => {
            return unready(&shared, "an engine answers", facts, fault.clone(), false);
        }
        None => {
            let found = cause(
                "no-engine",
                Confidence::Established,
                "no engine was named for this platform",
            );
            return unready(&shared, "an engine answers", facts, found, false);
        }
    };
    let mut results = Vec::new();
    // The audit says it itself, and of more than the config.
    let is_audited = planned.audit.contains(&FindingGroup::Index);
    if let Some(found) = mislabelled(&variant).filter(|_| !is_audited) {
        results.push(own_case(
            &shared,
            &platform,
            "the config names the platform",
            Outcome::Failed,
            found,
        ));
    }
    let preparation = Room::prepare(
        Arc::clone(&shared),
        engine,
        variant,
        planned.emulation,
        planned.emulation_factor,
    );
    let prepared = tokio::select! {
        prepared = preparation => prepared,
        () = shared.cancel.cancelled() => {
            return unready(&shared, "the platform was tested", facts, interrupted(), false);
        }
    };
    let (room, session) = match prepared {
        Ok(ready) => ready,
        Err(reason) => {
            let Unready {
                stage,
                cause,
                is_failure,
                facts,
            } = *reason;
            let (facts, mut rest) = unready(&shared, stage, facts, cause, is_failure);
            results.append(&mut rest);
            return (facts, results);
        }
    };
    let mut judged = run_cases(&room, session, &planned.cases).await;
    if judged.is_empty() {
        let nothing = cause(
            "nothing-tested",
            Confidence::Established,
            "no case of the plan applies to this platform as it runs here",
        );
        judged.push(own_case(
            &shared,
            &platform,
            "something was tested",
            Outcome::Error,
            nothing,
        ));
    }
    results.append(&mut judged);
    (room.facts.clone(), results)
}

/// Checks in a session follow one another in one container; those with a
/// container of their own go beside them, as far as `--jobs` allows.
async fn run_cases(room: &Arc<Room>, session: Session, cases: &[Case]) -> Vec<CaseResult> {
    let applies = |case: &&Case| match case.check.when_execution {
        None => true,
        Some(WhenExecution::Native) => !room.is_emulated(),
        Some(WhenExecution::Emulated) => room.is_emulated(),
    };
    let indexed: Vec<(usize, &Case)> = cases.iter().filter(applies).enumerate().collect();
    let (alone, together): (Vec<_>, Vec<_>) =
        indexed.into_iter().partition(|(_, case)| is_alone(case));
    let lane = async {
        let mut session = session;
        let mut results = Vec::new();
        for (index, case) in together {
            results.push((index, run_case(room, &mut session, case).await));
        }
        session.end().await;
        results
    };
    let beside = join_all(alone.into_iter().map(|(index, case)| async move {
        let mut session = Session::new(Arc::clone(room));
        let results = run_case(room, &mut session, case).await;
        session.end().await;
        (index, results)
    }));
    let (mut all, beside) = futures_util::future::join(lane, beside).await;
    all.extend(beside);
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().flat_map(|(_, results)| results).collect()
}

/// Whether a case needs a container of its own.
fn is_alone(case: &Case) -> bool {
    match &case.check.action {
        Action::Start(_) | Action::Stack(_) | Action::StartsAsItIs => true,
        Action::Run(run) => run.isolate,
        _ => false,
    }
}

async fn run_case(room: &Arc<Room>, session: &mut Session, case: &Case) -> Vec<CaseResult> {
    let shared = &room.shared;
    let platform = &room.variant.platform;
    let name = &case.check.name;
    match case.exceptions.standing(name) {
        Standing::Excepted(reason) => return vec![skipped(room, case, name.clone(), reason)],
        Standing::Expired { reason, until } => {
            let mut found = cause(
                "exception-expired",
                Confidence::Established,
                format!("the exception for this case ended on {until}"),
            );
            found.evidence.push(format!("its reason was: {reason}"));
            found.hint =
                Some("mend the image and remove the exception, or give it a new end".to_owned());
            return vec![finished(room, case, Finding::error(found))];
        }
        Standing::Required => {}
    }
    let permit = tokio::select! {
        permit = shared.permits.acquire() => permit.ok(),
        () = shared.stop.cancelled() => None,
    };
    if permit.is_none() || shared.stop.is_cancelled() {
        return vec![not_run(room, case)];
    }
    shared.recorder.send(Event::CaseStarted {
        platform: platform.clone(),
        name: name.clone(),
    });
    tracing::info!(%platform, case = %name, "case begins");
    let work = attempts(room, session, case);
    let findings = tokio::select! {
        findings = work => findings,
        () = shared.cancel.cancelled() => vec![Finding::error(interrupted())],
    };
    let results: Vec<CaseResult> = findings
        .into_iter()
        .map(|finding| finished(room, case, finding))
        .collect();
    let has_bad = results
        .iter()
        .any(|result| matches!(result.outcome, Outcome::Failed | Outcome::Error));
    if has_bad && shared.options.fail_fast {
        shared.stop.cancel();
    }
    results
}

/// A check, and again after a failure as often as its suite asks.
async fn attempts(room: &Arc<Room>, session: &mut Session, case: &Case) -> Vec<Finding> {
    let clock = Instant::now();
    let mut failed_before: Vec<Finding> = Vec::new();
    let mut attempt = 0;
    loop {
        let mut findings = judge::judge(room, session, case).await;
        leave(room, case, attempt, &mut findings);
        let mut failed: Vec<Finding> = findings
            .iter()
            .filter(|finding| finding.outcome == Outcome::Failed)
            .cloned()
            .collect();
        if failed.is_empty() || attempt >= case.check.retries {
            for finding in &mut findings {
                let before = failed_before
                    .iter()
                    .find(|failed| failed.part == finding.part);
                if finding.outcome == Outcome::Passed
                    && let Some(before) = before
                {
                    finding.flaky = true;
                    // What the earlier attempt showed, for whoever looks into it.
                    finding.causes = before.causes.clone();
                }
                if finding.part.is_none() || attempt > 0 {
                    finding.duration = clock.elapsed();
                }
            }
            return findings;
        }
        failed_before.append(&mut failed);
        attempt += 1;
    }
}

/// Sends on what an attempt leaves to be looked at: none waits for the case's end.
fn leave(room: &Room, case: &Case, attempt: u32, findings: &mut [Finding]) {
    let left: Vec<Artifact> = findings
        .iter_mut()
        .flat_map(|finding| std::mem::take(&mut finding.artifacts))
        .collect();
    if left.is_empty() {
        return;
    }
    room.shared.recorder.artifacts(Artifacts {
        suite: case.suite.clone(),
        platform: room.variant.platform.clone(),
        case: case.check.name.clone(),
        attempt: attempt + 1,
        left,
    });
}

/// A platform that can't be checked: one case says why, and none is passed over.
fn unready(
    shared: &Shared,
    stage: &str,
    facts: VariantFacts,
    cause: Cause,
    is_failure: bool,
) -> Finished {
    let outcome = if is_failure {
        Outcome::Failed
    } else {
        Outcome::Error
    };
    let result = own_case(shared, &facts.platform, stage, outcome, cause);
    (facts, vec![result])
}

/// The result of a platform whose task panicked: a fault of ours.
pub(super) fn panicked(
    shared: &Shared,
    facts: VariantFacts,
    panic: &tokio::task::JoinError,
) -> Finished {
    let mut found = cause(
        "harness-fault",
        Confidence::Established,
        format!("everyarch itself broke: {panic}"),
    );
    found.hint = Some("please report it, with the output of `-vv`".to_owned());
    unready(shared, "the platform was tested", facts, found, false)
}

pub(super) fn unknown_facts(planned: &PlatformPlan) -> VariantFacts {
    let (platform, digest) = match &planned.target {
        // Its own name: the one asked for may say less.
        Target::Variant(variant) => (&variant.platform, Some(&variant.digest)),
        Target::Broken(digest, _) => (&planned.platform, digest.as_ref()),
    };
    room::facts_of(None, platform, digest)
}

/// Descriptor and config name the same architecture. The variant is not
/// compared: most configs of arm images leave it out.
fn mislabelled(variant: &Variant) -> Option<Cause> {
    let said = variant.config.platform.as_ref()?;
    let is_same = said.os() == variant.platform.os()
        && said.architecture() == variant.platform.architecture();
    if is_same {
        return None;
    }
    let mut found = cause(
        "config-arch-mismatch",
        Confidence::Established,
        format!(
            "the index says {}, the image's own config says {said}",
            variant.platform
        ),
    );
    found.evidence.push(format!(
        "child {}, config {}",
        variant.digest, variant.config_digest
    ));
    found.hint = Some("build with `docker buildx build --platform`, which sets both; tools that annotate an index change the one only".to_owned());
    Some(found)
}

/// A pass needs at least one judged case, and none that is bad.
pub(super) fn verdict(results: &[CaseResult]) -> Verdict {
    let has = |outcome| results.iter().any(|result| result.outcome == outcome);
    if results.is_empty() || has(Outcome::Error) {
        Verdict::Error
    } else if has(Outcome::Failed) {
        Verdict::Failed
    } else {
        Verdict::Passed
    }
}
