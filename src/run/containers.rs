//! Every container of a run: labelled when it is made, removed on every path.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::owner::{self, Owner};
use crate::engine::{ContainerSpec, Engine, EngineError};
use crate::plan::Plan;

/// The run's id.
pub const LABEL_RUN: &str = "dev.everyarch.run";
/// The process that runs it.
pub const LABEL_OWNER: &str = "dev.everyarch.owner";
/// Seconds since 1970 after which the container is nobody's, whoever made it.
pub const LABEL_LEASE: &str = "dev.everyarch.lease";

/// How long the removal of all containers may take at the end.
const REMOVAL_DEADLINE: Duration = Duration::from_secs(60);

/// The containers that this run made and has not yet removed.
pub(super) struct Containers {
    run_id: String,
    owner: Owner,
    lease: Duration,
    keep: bool,
    made: Arc<Mutex<Made>>,
    serial: AtomicU64,
}

#[derive(Default)]
struct Made {
    live: Vec<(Arc<dyn Engine>, String)>,
    /// Engines that were asked for a container at least once: where to look
    /// for one whose creation was under way when its task ended.
    engines: Vec<Arc<dyn Engine>>,
}

impl Containers {
    pub(super) fn new(lease: Duration, keep: bool) -> Self {
        Self {
            run_id: format!("{:012x}", rand::random::<u64>() & 0xffff_ffff_ffff),
            owner: if keep { Owner::none() } else { Owner::me() },
            lease,
            keep,
            made: Arc::default(),
            serial: AtomicU64::new(0),
        }
    }

    /// Makes a container; name and labels of `spec` are filled in here.
    ///
    /// The creation goes on in a task of its own: a caller that is cancelled
    /// meanwhile leaves no container that nobody knows of.
    pub(super) async fn create(
        &self,
        engine: &Arc<dyn Engine>,
        mut spec: ContainerSpec,
    ) -> Result<String, EngineError> {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        spec.name = format!("everyarch-{}-{serial}", self.run_id);
        spec.labels = self.labels();
        {
            let mut made = lock(&self.made);
            let known = made
                .engines
                .iter()
                .any(|known| known.facts().address == engine.facts().address);
            if !known {
                made.engines.push(Arc::clone(engine));
            }
        }
        let made = Arc::clone(&self.made);
        let engine = Arc::clone(engine);
        let creation = tokio::spawn(async move {
            let id = engine.create(&spec).await?;
            lock(&made).live.push((engine, id.clone()));
            Ok(id)
        });
        creation.await.unwrap_or_else(|fault| {
            Err(EngineError::Unexpected {
                step: "making a container".to_owned(),
                why: fault.to_string(),
            })
        })
    }

    /// Removes one.
    pub(super) async fn remove(&self, engine: &Arc<dyn Engine>, id: &str) {
        if self.keep {
            return;
        }
        // It stays on the list until the engine has confirmed, so that a fault
        // here is mended by the removal of all at the end.
        if engine.remove(id).await.is_ok() {
            lock(&self.made).live.retain(|(_, live)| live != id);
        }
    }

    /// Removes all that is left; returns what could not be, a line each.
    pub(super) async fn remove_all(&self) -> Vec<String> {
        if self.keep {
            let kept = lock(&self.made).live.len();
            return match kept {
                0 => Vec::new(),
                _ => vec![format!(
                    "{kept} containers were kept; `everyarch clean --run {}` removes them",
                    self.run_id
                )],
            };
        }
        match tokio::time::timeout(REMOVAL_DEADLINE, self.remove_each()).await {
            Ok(faults) => faults,
            Err(_) => vec![format!(
                "the engine did not remove all containers of the run {} within {} s; `everyarch clean` will",
                self.run_id,
                REMOVAL_DEADLINE.as_secs()
            )],
        }
    }

    async fn remove_each(&self) -> Vec<String> {
        let (live, engines) = {
            let mut made = lock(&self.made);
            (std::mem::take(&mut made.live), made.engines.clone())
        };
        let mut faults = Vec::new();
        let removals = live
            .iter()
            .map(|(engine, id)| async move { (id, engine.remove(id).await) });
        for (id, outcome) in futures_util::future::join_all(removals).await {
            if let Err(fault) = outcome {
                faults.push(format!("the container {id} could not be removed: {fault}"));
            }
        }
        for engine in engines {
            for container in engine.labelled(LABEL_RUN).await.unwrap_or_default() {
                if container.labels.get(LABEL_RUN) == Some(&self.run_id)
                    && let Err(fault) = engine.remove(&container.id).await
                {
                    faults.push(format!(
                        "the container {} could not be removed: {fault}",
                        container.id
                    ));
                }
            }
        }
        faults
    }

    fn labels(&self) -> BTreeMap<String, String> {
        let expiry = now().saturating_add(self.lease.as_secs());
        BTreeMap::from([
            (LABEL_RUN.to_owned(), self.run_id.clone()),
            (LABEL_OWNER.to_owned(), self.owner.as_str().to_owned()),
            (LABEL_LEASE.to_owned(), expiry.to_string()),
        ])
    }
}

/// How long a run of this plan may live at most: every case at its deadline, one
/// after the other, with an hour for pulls.
pub(super) fn lease(plan: &Plan) -> Duration {
    let cases: Duration = plan
        .platforms
        .iter()
        .flat_map(|platform| {
            platform.cases.iter().map(|case| {
                (case.check.timeout * (case.check.retries + 1))
                    .mul_f64(platform.emulation_factor.max(1.0))
            })
        })
        .sum();
    cases + Duration::from_secs(3600)
}

/// Removes containers of runs that are over: their process is gone, or their
/// lease has run out. Returns what was done, a line each.
pub async fn sweep(engine: &dyn Engine) -> Vec<String> {
    let containers = match engine.labelled(LABEL_RUN).await {
        Ok(containers) => containers,
        // The run itself will meet the same fault, and say so better.
        Err(_) => return Vec::new(),
    };
    let mut done = Vec::new();
    for container in containers {
        if !is_abandoned(&container.labels, now()) {
            continue;
        }
        let run = container.labels.get(LABEL_RUN).map_or("?", String::as_str);
        done.push(match engine.remove(&container.id).await {
            Ok(()) => format!("removed a container that the run {run} left behind"),
            Err(fault) => format!("a container that the run {run} left behind stays: {fault}"),
        });
    }
    done
}

fn is_abandoned(labels: &BTreeMap<String, String>, now: u64) -> bool {
    let is_expired = labels
        .get(LABEL_LEASE)
        .and_then(|lease| lease.parse::<u64>().ok())
        .is_some_and(|lease| lease < now);
    is_expired
        || labels
            .get(LABEL_OWNER)
            .is_some_and(|label| owner::is_gone(label))
}

fn now() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default()
}

fn lock(made: &Mutex<Made>) -> std::sync::MutexGuard<'_, Made> {
    made.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(owner: &str, lease: u64) -> BTreeMap<String, String> {
        BTreeMap::from([
            (LABEL_OWNER.to_owned(), owner.to_owned()),
            (LABEL_LEASE.to_owned(), lease.to_string()),
        ])
    }

    #[test]
    fn a_live_run_keeps_its_containers() {
        assert!(!is_abandoned(&labels(Owner::me().as_str(), 2_000), 1_000));
        assert!(!is_abandoned(
            &labels("elsewhere/pid:[1]/7/7", 2_000),
            1_000
        ));
    }

    #[test]
    fn a_lease_that_ran_out_is_nobody_s() {
        assert!(is_abandoned(&labels("elsewhere/pid:[1]/7/7", 999), 1_000));
    }
}
