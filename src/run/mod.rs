//! Runs a plan: prepares each variant, schedules its cases, owns deadlines,
//! cancellation and cleanup, and turns every outcome into events.

mod audit;
mod containers;
mod engines;
mod finding;
mod http;
mod judge;
mod masker;
mod native_modules;
mod owner;
mod platform;
mod recorder;
mod resource;
mod results;
mod room;
mod rootfs;
mod service;
mod session;
mod sweep;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

pub use audit::Audit;
pub use containers::{LABEL_LEASE, LABEL_OWNER, LABEL_RUN};
pub use engines::Engines;
pub use masker::Masker;
pub use sweep::{remove_run, sweep};

use crate::engine::{Engine, PullCredentials};
use crate::event::{Event, RunResult, RunStarted, VariantResult, Verdict};
use crate::image::{Origin, ResolvedImage};
use crate::plan::Plan;
use containers::Containers;
use recorder::Recorder;

/// When an image is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullPolicy {
    /// Each time.
    Always,
    /// Where the engine has not that digest.
    Missing,
    /// Never: an image that the engine has not is an error.
    Never,
}

/// How a run is done.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// How many checks may be under way at a time.
    pub jobs: usize,
    /// When images are pulled.
    pub pull: PullPolicy,
    /// Leave the containers as they are at the end.
    pub keep: bool,
    /// Remove the images that this run pulled.
    pub remove_images: bool,
    /// Have cases leave what there is to be looked at besides their results.
    pub artifacts: bool,
    /// Stop at the first case that does not pass.
    pub fail_fast: bool,
    /// How long an engine may take for one step of its own; pulls are given
    /// ten times as long without a sign of progress.
    pub engine_deadline: Duration,
}

/// All that a run needs.
pub struct RunInput {
    /// What is tested.
    pub image: ResolvedImage,
    /// What is to be done.
    pub plan: Plan,
    /// How the image's bytes are had and judged; `None`: they are not looked at.
    pub audit: Option<Audit>,
    /// Which engine runs which platform.
    pub engines: Engines,
    /// What the engine needs to pull.
    pub credentials: Option<PullCredentials>,
    /// How.
    pub options: RunOptions,
    /// What must not be seen.
    pub masker: Masker,
    /// Cancelled by SIGINT and SIGTERM.
    pub cancel: CancellationToken,
}

/// What all parts of a run share.
struct Shared {
    engines: Engines,
    credentials: Option<PullCredentials>,
    options: RunOptions,
    recorder: Recorder,
    containers: Containers,
    permits: Semaphore,
    /// What this run pulled, and from which engine it can be removed again.
    pulled: Mutex<Vec<(Arc<dyn Engine>, String)>>,
    /// Held while the image of a stack's other service is looked up and pulled.
    sidecars: Mutex<()>,
    cancel: CancellationToken,
    /// Set by `--fail-fast`: no further case begins.
    stop: CancellationToken,
}

/// Runs all of it. Always returns a result, and never leaves a container
/// behind unless `keep` asks for that; what could not be removed is told as a notice.
pub async fn run(input: RunInput, events: mpsc::UnboundedSender<Event>) -> RunResult {
    let started = jiff::Timestamp::now();
    let clock = Instant::now();
    let reference = input.image.reference.to_string();
    let index_digest = input.image.digest.clone();
    let origin_note = match input.image.origin {
        Origin::RegistryIndex => None,
        Origin::RegistryManifest => {
            Some("a bare manifest: one platform, named by its config".to_owned())
        }
        Origin::Engine => Some(
            "an image of the engine's own store, not of a registry: what users pull was not tested"
                .to_owned(),
        ),
    };
    let recorder = Recorder::new(events, input.masker);
    recorder.send(Event::RunStarted(RunStarted {
        reference: reference.clone(),
        index_digest: index_digest.clone(),
        platforms: input
            .plan
            .platforms
            .iter()
            .map(|planned| planned.platform.clone())
            .collect(),
        cases: input.plan.cases(),
        audit_cases: input.plan.audit_cases(),
    }));
    let lease = containers::lease(&input.plan);
    let shared = Arc::new(Shared {
        containers: Containers::new(lease, input.options.keep),
        pulled: Mutex::default(),
        sidecars: Mutex::default(),
        permits: Semaphore::new(input.options.jobs.max(1)),
        engines: input.engines,
        credentials: input.credentials,
        options: input.options,
        recorder,
        stop: input.cancel.child_token(),
        cancel: input.cancel,
    });
    for engine in shared.engines.all() {
        for line in sweep(engine.as_ref()).await {
            shared.recorder.notice(line);
        }
    }
    let audit = audit::spawn(&shared, input.audit, &input.image, &input.plan);
    // Each platform in a task of its own: a panic in one is that platform's
    // error and never keeps the others, the cleanup or the reports from running.
    let tasks: Vec<_> = input
        .plan
        .platforms
        .into_iter()
        .map(|planned| {
            let facts = platform::unknown_facts(&planned);
            let shared = Arc::clone(&shared);
            let task = tokio::spawn(platform::run(shared, planned));
            (facts, task)
        })
        .collect();
    let mut finished = Vec::new();
    for (facts, task) in tasks {
        finished.push(match task.await {
            Ok(finished) => finished,
            Err(panic) => platform::panicked(&shared, facts, &panic),
        });
    }
    let mut audited = audit.finish(&shared).await;
    let mut variants = Vec::new();
    let mut cases = Vec::new();
    for (facts, mut judged) in finished {
        let mut results = audited.take(&facts.platform);
        results.append(&mut judged);
        variants.push(VariantResult {
            verdict: platform::verdict(&results),
            facts,
        });
        cases.append(&mut results);
    }
    for line in shared.containers.remove_all().await {
        shared.recorder.notice(line);
    }
    if shared.options.remove_images {
        remove_images(&shared).await;
    }
    let interrupted = shared.cancel.is_cancelled();
    let result = RunResult {
        reference,
        index_digest: Some(index_digest),
        origin_note,
        started,
        duration: clock.elapsed(),
        verdict: verdict(
            &variants.iter().map(|v| v.verdict).collect::<Vec<_>>(),
            interrupted,
        ),
        interrupted,
        error: None,
        variants,
        cases,
    };
    shared
        .recorder
        .send(Event::RunFinished(Box::new(result.clone())));
    result
}

/// Removes what was pulled, and nothing that was there before.
async fn remove_images(shared: &Shared) {
    let pulled = std::mem::take(&mut *shared.pulled.lock().await);
    for (engine, name) in pulled {
        if let Err(fault) = engine.remove_image(&name).await {
            shared
                .recorder
                .notice(format!("the image {name} stays: {fault}"));
        }
    }
}

/// A pass only where every platform passed and there was one; an error
/// outranks a failure, since what was not judged may hide anything.
fn verdict(platforms: &[Verdict], interrupted: bool) -> Verdict {
    if interrupted || platforms.is_empty() || platforms.contains(&Verdict::Error) {
        Verdict::Error
    } else if platforms.contains(&Verdict::Failed) {
        Verdict::Failed
    } else {
        Verdict::Passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_tested_is_never_a_pass() {
        assert_eq!(verdict(&[], false), Verdict::Error);
        assert_eq!(verdict(&[Verdict::Passed], true), Verdict::Error);
    }

    #[test]
    fn one_bad_platform_is_enough_and_an_error_outranks_a_failure() {
        use Verdict::{Error, Failed, Passed};
        assert_eq!(verdict(&[Passed, Passed], false), Passed);
        assert_eq!(verdict(&[Passed, Failed], false), Failed);
        assert_eq!(verdict(&[Failed, Error], false), Error);
    }
}
