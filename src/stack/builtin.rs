//! Our own runner: everything is made through the engine's API, then each service
//! starts when what it depends on is so far.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::try_join_all;

use super::follow::follow;
use super::member::{Member, State};
use super::spec::{self, Made};
use super::timeline::Timeline;
use super::{Fault, Stack, StackInput, Why, Workshop, health, networks};
use crate::compose::{Condition, Dependency, Network, Project, Volume};
use crate::engine::{EngineError, NetworkSpec, VolumeSpec};

impl Stack {
    /// Makes everything and has each service started in its turn.
    pub(super) async fn begin(
        &mut self,
        input: &StackInput,
        project: &Project,
    ) -> Result<(), Fault> {
        let made = self.make_shared(project).await?;
        try_join_all(self.members.values().map(|member| async {
            let (Some(service), Some(image)) = (
                project.services.get(&member.name),
                input.images.get(&member.name),
            ) else {
                return Ok(());
            };
            let asked = input.ports.get(&member.name);
            let wanted = spec::container(&member.name, service, image, project, &made, asked);
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
        Ok(())
    }

    async fn make_shared(&mut self, project: &Project) -> Result<Made, EngineError> {
        let mut made = Made {
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
        };
        let mut wanted = Vec::new();
        for (name, network) in &project.networks {
            if network.external {
                let engines = network.name.as_ref().unwrap_or(name).clone();
                made.networks.insert(name.clone(), engines);
            } else {
                wanted.push(network_spec(name, network));
            }
        }
        let names: Vec<String> = wanted.iter().map(|spec| spec.name.clone()).collect();
        self.networks = networks::make(self.workshop.as_ref(), &wanted, networks::PATIENCE).await?;
        made.networks
            .extend(names.into_iter().zip(self.networks.iter().cloned()));
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
    for (name, dependency) in &member.outline.depends_on {
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
            Some(probed) => {
                let engine = workshop.engine().as_ref();
                // A fault of the engine shows in everything else that is asked of it.
                let _ = health::watch(engine, id, probed, &member.state).await;
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
