//! What bringing services up and asking them takes, whoever reads their files: a
//! part of a [`Project`], or of what the compose plugin makes of files that go
//! beyond it.

mod resolved;

use std::collections::BTreeMap;
use std::time::Duration;

pub use resolved::Unreadable;

use super::{Content, Dependency, Project, PublishedPort, PullPolicy, Restart, Service};
use crate::image::Platform;

/// The services of an entry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// Those that run, by name.
    pub services: BTreeMap<String, ServiceOutline>,
    /// The networks that they use and that are made for them.
    pub networks: Vec<String>,
    /// The named volumes that they use and that are made for them.
    pub volumes: Vec<String>,
    /// What is in the secrets that they use: to be shown nowhere.
    pub secrets: Vec<Content>,
}

/// A service, as far as everyone must know it.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceOutline {
    /// The image, where the files name one.
    pub image: Option<String>,
    /// The platform to run it for.
    pub platform: Option<Platform>,
    /// When the image is pulled.
    pub pull_policy: PullPolicy,
    /// Whether the files say how the image is built.
    pub is_built: bool,
    /// The name that the files give its container.
    pub container_name: Option<String>,
    /// The networks it is in, by their names in the project.
    pub networks: Vec<String>,
    /// What replaces the image's entrypoint.
    pub entrypoint: Option<Vec<String>>,
    /// What replaces the image's command.
    pub command: Option<Vec<String>>,
    /// The services that come before it.
    pub depends_on: BTreeMap<String, Dependency>,
    /// Ports that can be reached from outside.
    pub ports: Vec<PublishedPort>,
    /// How long it has to end.
    pub stop_grace_period: Option<Duration>,
    /// Whether it is started again after an end.
    pub restarts: bool,
}

impl Outline {
    /// In which order the services start: those of a stage depend on none but those
    /// of the stages before it. Stages and what is in them are in a fixed order.
    pub fn order(&self) -> Vec<Vec<&str>> {
        let mut stages: Vec<Vec<&str>> = Vec::new();
        let mut started: BTreeMap<&str, usize> = BTreeMap::new();
        while started.len() < self.services.len() {
            let ready: Vec<&str> = self
                .services
                .iter()
                .filter(|(name, service)| {
                    !started.contains_key(name.as_str())
                        && service.depends_on.keys().all(|other| {
                            // Of a profile that is off, and not required.
                            !self.services.contains_key(other)
                                || started.contains_key(other.as_str())
                        })
                })
                .map(|(name, _)| name.as_str())
                .collect();
            // Never so: reading refuses cycles.
            if ready.is_empty() {
                break;
            }
            started.extend(ready.iter().map(|name| (*name, stages.len())));
            stages.push(ready);
        }
        stages
    }

    /// Whether all that depend on a service can do without it, and somebody does.
    pub fn is_optional(&self, name: &str) -> bool {
        let mut dependencies = self
            .services
            .values()
            .filter_map(|service| service.depends_on.get(name))
            .peekable();
        dependencies.peek().is_some() && dependencies.all(|dependency| !dependency.required)
    }
}

impl Project {
    /// What everyone must know of it.
    pub fn outline(&self) -> Outline {
        let services = self.services.iter();
        Outline {
            services: services
                .map(|(name, service)| (name.clone(), service.outline()))
                .collect(),
            networks: self
                .networks
                .iter()
                .filter(|(_, network)| !network.external)
                .map(|(name, _)| name.clone())
                .collect(),
            volumes: self
                .volumes
                .iter()
                .filter(|(_, volume)| !volume.external)
                .map(|(name, _)| name.clone())
                .collect(),
            secrets: self
                .secrets
                .values()
                .map(|secret| secret.content.clone())
                .collect(),
        }
    }
}

impl Service {
    fn outline(&self) -> ServiceOutline {
        ServiceOutline {
            image: self.image.clone(),
            platform: self.platform.clone(),
            pull_policy: self.pull_policy,
            is_built: false,
            container_name: self.container_name.clone(),
            networks: self.networks.keys().cloned().collect(),
            entrypoint: self.entrypoint.clone(),
            command: self.command.clone(),
            depends_on: self.depends_on.clone(),
            ports: self.ports.clone(),
            stop_grace_period: self.stop_grace_period,
            restarts: self.restart != Restart::No,
        }
    }
}
