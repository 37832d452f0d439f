//! Up: services are brought up by one runner or the other, and what they come to is
//! waited for in one way.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::member::{Member, State};
use super::timeline::Timeline;
use super::{Fault, HEALTHY, Stack, StackInput, Why, spec};
use crate::compose::By;

impl Stack {
    /// A stack of which nothing is made yet.
    pub fn new(input: &StackInput) -> Self {
        let outline = &input.services.outline;
        let members = outline.services.iter().map(|(name, service)| {
            // The plugin leaves healthchecks to the engine.
            let health = match &input.services.by {
                By::Builtin(project) => spec::health(name, project, &input.images),
                By::Plugin(_) => None,
            };
            let member = Member::new(name, service.clone(), health, outline.is_optional(name));
            (name.clone(), Arc::new(member))
        });
        Self {
            members: members.collect(),
            order: outline
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
            plugin: None,
        }
    }

    /// Brings all services up: each has started, and is healthy where it has a
    /// healthcheck.
    ///
    /// # Errors
    /// The first service that does not do its part, or what is still waited for
    /// at the deadline; the stack is then to be taken [down](Self::down).
    pub async fn up(&mut self, input: &StackInput, deadline: Instant) -> Result<(), Fault> {
        match &input.services.by {
            By::Builtin(project) => self.begin(input, project).await?,
            By::Plugin(files) => self.compose_up(input, files, deadline).await?,
        }
        self.wait(deadline, |members| {
            members
                .values()
                .all(|member| match (&member.health, member.now()) {
                    (_, State::Ended { .. } | State::LeftOut { .. }) => true,
                    // Nobody needs it: it is not waited for any more.
                    (_, state) if member.is_optional && state.fault().is_some() => true,
                    (Some(_), state) => state == State::Healthy,
                    // Those of the engine's own healthchecks are seen when they start.
                    (None, State::Starting { .. }) => false,
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
    pub(super) async fn wait(
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
                State::Starting { output } => (HEALTHY, output),
                State::Started if member.health.is_some() => (HEALTHY, String::new()),
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
}
