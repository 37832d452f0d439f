//! Up: everything is made, then each service starts when what it depends on is so far.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::member::{Member, State};
use super::spec::{self, Made};
use super::timeline::Timeline;
use super::{Fault, Stack, StackInput, Why, Workshop, health};
use crate::compose::{Condition, Dependency, Network, Project, Volume};
use crate::engine::{EngineError, NetworkSpec, Phase, StreamKind, VolumeSpec};

/// Between two looks at a container that the engine is about to start again.
const BETWEEN_RESTARTS: Duration = Duration::from_millis(100);

impl Stack {
    /// A stack of which nothing is made yet.
    pub fn new(input: &StackInput) -> Self {
        let project = &input.project;
        let members = project.services.iter().filter_map(|(name, service)| {
            let image = input.images.get(name)?.clone();
            let health = spec::health(service, &image.config);
            let member = Member::new(
                name,
                service.clone(),
                image,
                health,
                is_optional(project, name),
            );
            Some((name.clone(), Arc::new(member)))
        });
        Self {
            members: members.collect(),
            order: project
                .order()
                .into_iter()
                .map(|stage| stage.into_iter().map(str::to_owned).collect())
                .collect(),
            exit_code_from: input.exit_code_from.clone(),
            networks: Vec::new(),
            volumes: Vec::new(),
            workshop: Arc::clone(&input.workshop),
            timeline: Arc::new(Timeline::new()),
            tasks: JoinSet::new(),
        }
    }

    /// Brings all services up: each has started, and is healthy where it has a
    /// healthcheck.
    ///
    /// # Errors
    /// The first service that does not do its part, or what is still waited for
    /// at the deadline; the stack is then to be taken [down](Self::down).
    pub async fn up(&mut self, input: &StackInput, deadline: Instant) -> Result<(), Fault> {
        let made = self.make_shared(&input.project).await?;
        try_join_all(self.members.values().map(|member| async {
            let asked = input.ports.get(&member.name);
            let wanted = spec::container(member, &input.project, &made, asked);
            self.make(member, wanted).await
        }))
        .await?;
        for member in self.members.values() {
            let starting = start(
                Arc::clone(member),
                self.members.clone(),
                Arc::clone(&self.workshop),
                Arc::clone(&self.timeline),
            );
            self.tasks.spawn(starting);
        }
        self.wait(deadline, |members| {
            members
                .values()
                .all(|member| match (&member.health, member.now()) {
                    (_, State::Ended { .. } | State::LeftOut { .. }) => true,
                    (Some(_), state) => state == State::Healthy,
                    (None, state) => state.has_started(),
                })
        })
        .await
    }

    /// Waits until a service has ended by itself; its exit code.
    ///
    /// # Errors
    /// A service that fails meanwhile, or the deadline.
    pub async fn ended(&self, service: &str, deadline: Instant) -> Result<i64, Fault> {
        self.wait(deadline, |members| {
            members
                .get(service)
                .is_none_or(|member| member.now().is_over())
        })
        .await?;
        match self.members.get(service).map(|member| member.now()) {
            Some(State::Ended { code, .. }) => Ok(code),
            Some(state) => Err(Fault::Service {
                service: service.to_owned(),
                why: state.fault().unwrap_or(Why::NotReady {
                    waiting_for: "over",
                    output: String::new(),
                }),
            }),
            None => Ok(0),
        }
    }

    /// The first service that does not do its part, where there is one.
    pub fn fault(&self) -> Option<(String, Why)> {
        let stages = self.order.iter().flatten();
        let mut members = stages.filter_map(|name| self.members.get(name));
        members.find_map(|member| {
            let is_asked = self.exit_code_from.as_deref() == Some(member.name.as_str());
            let state = member.now();
            let is_its_answer = is_asked && matches!(state, State::Ended { .. });
            if is_its_answer || member.is_optional {
                return None;
            }
            if let State::LeftOut { service, why } = state {
                return Some((service, why));
            }
            state.fault().map(|why| (member.name.clone(), why))
        })
    }

    /// Waits until it is so, a service fails, or the time is over.
    async fn wait(
        &self,
        deadline: Instant,
        is_so: impl Fn(&BTreeMap<String, Arc<Member>>) -> bool,
    ) -> Result<(), Fault> {
        let mut changes: Vec<_> = self
            .members
            .values()
            .map(|member| member.state.subscribe())
            .collect();
        loop {
            if let Some((service, why)) = self.fault() {
                return Err(Fault::Service { service, why });
            }
            if is_so(&self.members) {
                return Ok(());
            }
            let any = futures_util::future::select_all(
                changes.iter_mut().map(|change| Box::pin(change.changed())),
            );
            if tokio::time::timeout_at(deadline, any).await.is_err() {
                return Err(self.late());
            }
        }
    }

    /// Who is still waited for: the first in the order, since others wait for it.
    fn late(&self) -> Fault {
        let stages = self.order.iter().flatten();
        let mut members = stages.filter_map(|name| self.members.get(name));
        let late = members.find_map(|member| {
            let (waiting_for, output) = match member.now() {
                State::Starting { output } => ("healthy", output),
                State::Started if member.health.is_some() => ("healthy", String::new()),
                State::Waiting => ("started", String::new()),
                State::Started | State::Healthy
                    if self.exit_code_from.as_deref() == Some(member.name.as_str()) =>
                {
                    ("over", String::new())
                }
                _ => return None,
            };
            Some((member.name.clone(), waiting_for, output))
        });
        let (service, waiting_for, output) = late.unwrap_or_default();
        Fault::Service {
            service,
            why: Why::NotReady {
                waiting_for,
                output,
            },
        }
    }

    async fn make_shared(&mut self, project: &Project) -> Result<Made, EngineError> {
        let mut made = Made {
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
        };
        for (name, network) in &project.networks {
            let engines = match &network.name {
                Some(engines) if network.external => engines.clone(),
                _ if network.external => name.clone(),
                _ => {
                    let engines = self.workshop.network(network_spec(name, network)).await?;
                    self.networks.push(engines.clone());
                    engines
                }
            };
            made.networks.insert(name.clone(), engines);
        }
        for (name, volume) in &project.volumes {
            let engines = match &volume.name {
                Some(engines) if volume.external => engines.clone(),
                _ if volume.external => name.clone(),
                _ => {
                    let engines = self.workshop.volume(volume_spec(name, volume)).await?;
                    self.volumes.push(engines.clone());
                    engines
                }
            };
            made.volumes.insert(name.clone(), engines);
        }
        Ok(made)
    }

    async fn make(&self, member: &Member, wanted: spec::Wanted) -> Result<(), Fault> {
        let id = match self.workshop.container(wanted.spec).await {
            Ok(id) => id,
            Err(EngineError::Refused { message, .. }) => {
                return Err(Fault::Service {
                    service: member.name.clone(),
                    why: Why::NotStarted {
                        code: 125,
                        text: message,
                    },
                });
            }
            Err(error) => return Err(error.into()),
        };
        member.made(id.clone());
        self.timeline.add(&member.name, "created");
        if !wanted.files.is_empty() {
            self.workshop.engine().put(&id, &wanted.files).await?;
        }
        Ok(())
    }
}

fn network_spec(name: &str, network: &Network) -> NetworkSpec {
    NetworkSpec {
        name: name.to_owned(),
        labels: network.labels.clone(),
        internal: network.internal,
        driver: network.driver.clone(),
        options: network.driver_opts.clone(),
    }
}

fn volume_spec(name: &str, volume: &Volume) -> VolumeSpec {
    VolumeSpec {
        name: name.to_owned(),
        labels: volume.labels.clone(),
        driver: volume.driver.clone(),
        options: volume.driver_opts.clone(),
    }
}

/// Whether all that depend on a service can do without it, and somebody does.
fn is_optional(project: &Project, name: &str) -> bool {
    let mut dependencies = project
        .services
        .values()
        .filter_map(|service| service.depends_on.get(name))
        .peekable();
    dependencies.peek().is_some() && dependencies.all(|dependency| !dependency.required)
}

/// A service from its wait to its end.
async fn start(
    member: Arc<Member>,
    members: BTreeMap<String, Arc<Member>>,
    workshop: Arc<dyn Workshop>,
    timeline: Arc<Timeline>,
) {
    let tell = |state: State| {
        timeline.add(&member.name, state.said());
        member.state.send_replace(state);
    };
    for (name, dependency) in &member.service.depends_on {
        let Some(other) = members.get(name) else {
            continue;
        };
        if let Err(why) = comes(other, dependency).await
            && dependency.required
        {
            let service = name.clone();
            return tell(State::LeftOut { service, why });
        }
    }
    let Some(id) = member.id() else {
        return;
    };
    if let Err(error) = workshop.engine().start(id).await {
        let code = match workshop.engine().inspect(id).await {
            Ok(state) if state.exit_code != 0 => state.exit_code,
            _ => 126,
        };
        return tell(State::NotStarted {
            code,
            text: error.to_string(),
        });
    }
    tell(State::Started);
    let probing = async {
        match &member.health {
            Some(test) => {
                let engine = workshop.engine().as_ref();
                let factor = member.image.factor;
                // A fault of the engine shows in everything else that is asked of it.
                let _ = health::watch(engine, id, test, factor, &member.state).await;
                std::future::pending::<()>().await;
            }
            None => std::future::pending().await,
        }
    };
    let reported = async {
        let mut changes = member.state.subscribe();
        while changes.changed().await.is_ok() {
            let state = changes.borrow_and_update().clone();
            if matches!(state, State::Healthy | State::Unhealthy { .. }) {
                timeline.add(&member.name, state.said());
            }
        }
    };
    let state = tokio::select! {
        state = follow(&member, id, workshop.as_ref(), &timeline) => state,
        () = probing => return,
        () = reported => return,
    };
    tell(state);
}

/// Follows the log until the container has ended for good.
async fn follow(member: &Member, id: &str, workshop: &dyn Workshop, timeline: &Timeline) -> State {
    let engine = workshop.engine();
    loop {
        let mut crash = None;
        let (sender, mut crashed) = tokio::sync::mpsc::channel(1);
        let mut sink = |kind: StreamKind, bytes: &[u8]| {
            if let Some(signal) = member.log().take(kind, bytes) {
                // Full only if it was told already.
                let _ = sender.try_send(signal);
            }
        };
        tokio::select! {
            // A log that breaks off is seen by the state, which is asked next.
            _ = engine.follow_log(id, &mut sink) => {}
            signal = crashed.recv() => crash = signal,
        }
        if let Some(signal) = crash {
            return State::Crashed { signal };
        }
        loop {
            match engine.inspect(id).await {
                Ok(state) if state.is_running() && member.restarts() => {
                    timeline.add(&member.name, "started again");
                    member.forget_log();
                    break;
                }
                Ok(state) if state.is_running() || state.phase == Phase::Restarting => {}
                Ok(state) => {
                    return State::Ended {
                        code: state.exit_code,
                        oom_killed: state.oom_killed,
                    };
                }
                // Removed by somebody else, or the engine is gone: no success.
                Err(error) => {
                    return State::NotStarted {
                        code: 125,
                        text: error.to_string(),
                    };
                }
            }
            tokio::time::sleep(BETWEEN_RESTARTS).await;
        }
    }
}

/// Waits for what a dependency demands; or why it never comes to that.
async fn comes(other: &Member, dependency: &Dependency) -> Result<(), Why> {
    let mut changes = other.state.subscribe();
    loop {
        let state = changes.borrow_and_update().clone();
        let is_so = match dependency.condition {
            Condition::Started => state.has_started(),
            Condition::Healthy => state == State::Healthy,
            Condition::CompletedSuccessfully => {
                matches!(state, State::Ended { code: 0, .. })
            }
        };
        if is_so {
            return Ok(());
        }
        if let Some(why) = hopeless(other, dependency.condition, &state) {
            return Err(why);
        }
        // Never an error: the sender is a part of `other`.
        let _ = changes.changed().await;
    }
}

/// Why a service can't come to what is waited for any more.
fn hopeless(other: &Member, condition: Condition, state: &State) -> Option<Why> {
    if let State::LeftOut { why, .. } = state {
        return Some(why.clone());
    }
    if condition == Condition::Healthy {
        if other.health.is_none() {
            return Some(Why::NoHealthcheck);
        }
        if let State::Ended { code, .. } = state {
            return Some(Why::EndedBeforeHealthy { code: *code });
        }
    }
    state.fault()
}
