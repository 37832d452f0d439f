//! Every container of a run, every network and volume: labelled when it is made,
//! removed on every path.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::task::JoinSet;

use super::owner::Owner;
use super::resource::Resource;
use crate::engine::{ContainerSpec, Engine, EngineError, NetworkSpec, VolumeSpec};
use crate::plan::Plan;

/// The run's id.
pub const LABEL_RUN: &str = "dev.everyarch.run";
/// The process that runs it.
pub const LABEL_OWNER: &str = "dev.everyarch.owner";
/// Seconds since 1970 after which the container is nobody's, whoever made it.
pub const LABEL_LEASE: &str = "dev.everyarch.lease";

/// Between two removals of what somebody else goes on making.
const BETWEEN_REMOVALS: Duration = Duration::from_secs(1);
/// How long the removal of everything may take at the end.
const REMOVAL_DEADLINE: Duration = Duration::from_secs(60);

/// The containers, networks and volumes that this run made and has not yet removed.
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
    live: Vec<Live>,
    /// Engines that were asked to make something at least once: where to look
    /// for what was being made when its task ended.
    engines: Vec<Arc<dyn Engine>>,
    /// What goes on beside the tasks of the run.
    others: JoinSet<()>,
}

/// One thing that was made.
struct Live {
    engine: Arc<dyn Engine>,
    kind: Resource,
    id: String,
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

    /// Makes a container; its name is made unique here, and the run's labels are
    /// added to its own.
    ///
    /// The creation goes on in a task of its own: a caller that is cancelled
    /// meanwhile leaves no container that nobody knows of.
    pub(super) async fn create(
        &self,
        engine: &Arc<dyn Engine>,
        mut spec: ContainerSpec,
    ) -> Result<String, EngineError> {
        spec.name = self.unique(&spec.name);
        spec.labels.extend(self.labels());
        let engine = Arc::clone(engine);
        self.make(Resource::Container, Arc::clone(&engine), async move {
            engine.create(&spec).await
        })
        .await
    }

    /// Makes a network, likewise, and returns its name.
    pub(super) async fn create_network(
        &self,
        engine: &Arc<dyn Engine>,
        mut spec: NetworkSpec,
    ) -> Result<String, EngineError> {
        spec.name = self.unique(&spec.name);
        spec.labels.extend(self.labels());
        let engine = Arc::clone(engine);
        self.make(Resource::Network, Arc::clone(&engine), async move {
            engine.create_network(&spec).await?;
            Ok(spec.name)
        })
        .await
    }

    /// Makes a volume, likewise, and returns its name.
    pub(super) async fn create_volume(
        &self,
        engine: &Arc<dyn Engine>,
        mut spec: VolumeSpec,
    ) -> Result<String, EngineError> {
        spec.name = self.unique(&spec.name);
        spec.labels.extend(self.labels());
        let engine = Arc::clone(engine);
        self.make(Resource::Volume, Arc::clone(&engine), async move {
            engine.create_volume(&spec).await?;
            Ok(spec.name)
        })
        .await
    }

    /// Takes a container in that somebody else made, with the run's labels on it.
    pub(super) fn adopt(&self, engine: &Arc<dyn Engine>, id: &str) {
        lock(&self.made).live.push(Live {
            engine: Arc::clone(engine),
            kind: Resource::Container,
            id: id.to_owned(),
        });
    }

    /// Has something go on that makes things with the run's labels on them; the
    /// run does not end before it.
    pub(super) fn outlive(&self, engine: &Arc<dyn Engine>, task: BoxFuture<'static, ()>) {
        self.remember(engine);
        lock(&self.made).others.spawn(task);
    }

    fn remember(&self, engine: &Arc<dyn Engine>) {
        let mut made = lock(&self.made);
        let known = made
            .engines
            .iter()
            .any(|known| known.facts().address == engine.facts().address);
        if !known {
            made.engines.push(Arc::clone(engine));
        }
    }

    async fn make(
        &self,
        kind: Resource,
        engine: Arc<dyn Engine>,
        creation: impl Future<Output = Result<String, EngineError>> + Send + 'static,
    ) -> Result<String, EngineError> {
        self.remember(&engine);
        let made = Arc::clone(&self.made);
        let creation = tokio::spawn(async move {
            let id = creation.await?;
            lock(&made).live.push(Live {
                engine,
                kind,
                id: id.clone(),
            });
            Ok(id)
        });
        creation.await.unwrap_or_else(|fault| {
            Err(EngineError::Unexpected {
                step: format!("making a {kind}"),
                why: fault.to_string(),
            })
        })
    }

    /// Removes a container.
    pub(super) async fn remove(&self, engine: &Arc<dyn Engine>, id: &str) {
        self.remove_one(Resource::Container, engine, id).await;
    }

    /// Removes a network that no container is in any more.
    pub(super) async fn remove_network(&self, engine: &Arc<dyn Engine>, name: &str) {
        self.remove_one(Resource::Network, engine, name).await;
    }

    /// Removes a volume that no container has any more.
    pub(super) async fn remove_volume(&self, engine: &Arc<dyn Engine>, name: &str) {
        self.remove_one(Resource::Volume, engine, name).await;
    }

    async fn remove_one(&self, kind: Resource, engine: &Arc<dyn Engine>, id: &str) {
        if self.keep {
            return;
        }
        // It stays on the list until the engine has confirmed, so that a fault
        // here is mended by the removal of all at the end.
        if kind.remove(engine.as_ref(), id).await.is_ok() {
            lock(&self.made)
                .live
                .retain(|live| live.kind != kind || live.id != id);
        }
    }

    /// Removes all that is left; returns what could not be, a line each.
    pub(super) async fn remove_all(&self) -> Vec<String> {
        if self.keep {
            let kept = self.kept();
            return if kept.is_empty() {
                Vec::new()
            } else {
                vec![format!(
                    "{kept} were kept; `everyarch clean --run {}` removes them",
                    self.run_id
                )]
            };
        }
        let removal = async {
            let mut faults = self.remove_each().await;
            let mut others = std::mem::take(&mut lock(&self.made).others);
            // They end when what they made is gone, and may make more until then.
            while !others.is_empty() {
                let ended = tokio::time::timeout(BETWEEN_REMOVALS, others.join_next()).await;
                if ended.is_err() || others.is_empty() {
                    faults = self.remove_each().await;
                }
            }
            faults
        };
        match tokio::time::timeout(REMOVAL_DEADLINE, removal).await {
            Ok(faults) => faults,
            Err(_) => vec![format!(
                "the engine did not remove all that the run {} made within {} s; `everyarch clean` will",
                self.run_id,
                REMOVAL_DEADLINE.as_secs()
            )],
        }
    }

    /// As in "2 containers, 1 networks".
    fn kept(&self) -> String {
        let made = lock(&self.made);
        let counts: Vec<String> = Resource::ALL
            .iter()
            .filter_map(|kind| {
                let count = made.live.iter().filter(|live| live.kind == *kind).count();
                (count > 0).then(|| format!("{count} {kind}s"))
            })
            .collect();
        counts.join(", ")
    }

    async fn remove_each(&self) -> Vec<String> {
        let (live, engines) = {
            let mut made = lock(&self.made);
            (std::mem::take(&mut made.live), made.engines.clone())
        };
        let mut faults = Vec::new();
        let mut note = |kind: Resource, id: &str, outcome: Result<(), EngineError>| {
            if let Err(fault) = outcome {
                faults.push(format!("the {kind} {id} could not be removed: {fault}"));
            }
        };
        for kind in Resource::ALL {
            let removals =
                live.iter().filter(|live| live.kind == kind).map(
                    |Live { engine, id, .. }| async move {
                        (id, kind.remove(engine.as_ref(), id).await)
                    },
                );
            for (id, outcome) in futures_util::future::join_all(removals).await {
                note(kind, id, outcome);
            }
            for engine in &engines {
                let all = kind.labelled(engine.as_ref(), LABEL_RUN).await;
                for one in all.unwrap_or_default() {
                    if one.labels.get(LABEL_RUN) == Some(&self.run_id) {
                        let outcome = kind.remove(engine.as_ref(), &one.id).await;
                        note(kind, &one.id, outcome);
                    }
                }
            }
        }
        faults
    }

    /// A name that nothing else has, with `word` at its end where there is one.
    pub(super) fn unique(&self, word: &str) -> String {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let separator = if word.is_empty() { "" } else { "-" };
        format!("everyarch-{}-{serial}{separator}{word}", self.run_id)
    }

    /// The labels of all that this run makes.
    pub(super) fn labels(&self) -> BTreeMap<String, String> {
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

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default()
}

fn lock(made: &Mutex<Made>) -> std::sync::MutexGuard<'_, Made> {
    made.lock().unwrap_or_else(PoisonError::into_inner)
}
