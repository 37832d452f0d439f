//! Compose-style services: brought up in their order, waited for, asked, and taken
//! down again, whatever happened.
//!
//! A [`Stack`] is one project: its own network, names and volumes. Everything that
//! is made for it is made by a [`Workshop`], which labels it and can find it again
//! after a crash. Each service has a task of its own that waits for what it depends
//! on, starts it, follows its log and probes its health; what it learns is its
//! [`State`], which everybody else watches.

mod builtin;
mod down;
mod fault;
mod follow;
mod health;
mod log;
mod member;
mod networks;
mod plugin;
mod spec;
mod timeline;
mod up;
mod workshop;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub use fault::{Fault, HEALTHY, Why};
pub use log::Printed;
pub use member::State;
pub use timeline::Moment;
pub use workshop::Workshop;

use crate::compose::Services;
use crate::engine::{ContainerState, Ended, EngineError, ExecSpec, Execution};
use crate::image::{ImageConfig, Platform};
use member::Member;
use timeline::Timeline;

/// What a service is made from.
#[derive(Clone, Debug)]
pub struct ServiceImage {
    /// `repository@digest`, or an id of the engine's store; the engine has it already.
    pub reference: String,
    /// The platform to ask for.
    pub platform: Option<Platform>,
    /// Its config.
    pub config: ImageConfig,
    /// How many times longer its health may take to come: emulation is slow.
    pub factor: f64,
}

/// What is needed to bring services up.
pub struct StackInput {
    /// The services, and who brings them up.
    pub services: Arc<Services>,
    /// What each of them is made from; those that the plugin builds are not among them.
    pub images: BTreeMap<String, ServiceImage>,
    /// The service whose exit code is asked for: it may end with any.
    pub exit_code_from: Option<String>,
    /// Ports that will be asked besides those that the files publish.
    pub ports: BTreeMap<String, BTreeSet<u16>>,
    /// Who makes containers, networks and volumes.
    pub workshop: Arc<dyn Workshop>,
}

/// Services that are up, or on their way up or down.
pub struct Stack {
    members: BTreeMap<String, Arc<Member>>,
    order: Vec<Vec<String>>,
    exit_code_from: Option<String>,
    networks: Vec<String>,
    volumes: Vec<String>,
    workshop: Arc<dyn Workshop>,
    timeline: Arc<Timeline>,
    tasks: tokio::task::JoinSet<()>,
    /// The plugin's project, where it was the plugin that brought them up.
    plugin: Option<plugin::Running>,
}

impl Stack {
    /// Whether there is a service of this name.
    pub fn has(&self, service: &str) -> bool {
        self.members.contains_key(service)
    }

    /// How each service is.
    pub fn states(&self) -> BTreeMap<String, State> {
        self.members
            .iter()
            .map(|(name, member)| (name.clone(), member.now()))
            .collect()
    }

    /// What happened so far, in order of time.
    pub fn moments(&self) -> Vec<Moment> {
        self.timeline.moments()
    }

    /// What each service has printed, by name.
    pub fn printed(&self) -> BTreeMap<String, Printed> {
        self.members
            .iter()
            .map(|(name, member)| (name.clone(), member.printed()))
            .collect()
    }

    /// The container of a service, once it is made.
    pub fn container(&self, service: &str) -> Option<String> {
        self.members.get(service)?.id().map(str::to_owned)
    }

    /// What the engine says of a service's container; `None` before it is made.
    pub async fn state(&self, service: &str) -> Result<Option<ContainerState>, EngineError> {
        match self.container(service) {
            Some(id) => self.workshop.engine().inspect(&id).await.map(Some),
            None => Ok(None),
        }
    }

    /// Runs a program in the container of a service.
    pub async fn exec(
        &self,
        service: &str,
        spec: &ExecSpec,
        deadline: Duration,
        cap: usize,
    ) -> Result<Option<Execution>, EngineError> {
        let Some(id) = self.container(service) else {
            return Ok(None);
        };
        let execution = self
            .workshop
            .engine()
            .exec(&id, spec, deadline, cap)
            .await?;
        if execution.ended == Ended::Deadline {
            self.timeline
                .add(service, "a program in it ran past its deadline");
        }
        Ok(Some(execution))
    }
}
