//! Containers: made, started, looked at, ended.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::DockerEngine;
use super::call::{QUICK, SLOW, found};
use super::create::create_body;
use super::image::platform_query;
use super::state::state_of;
use crate::engine::{ContainerSpec, ContainerState, EngineError, Networking, Owned};
use bollard::errors::Error;
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, KillContainerOptionsBuilder,
    ListContainersOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions,
    StopContainerOptionsBuilder, TopOptionsBuilder,
};

/// Between two looks at a container that is in no state Docker knows.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

impl DockerEngine {
    pub(super) async fn create_container(
        &self,
        spec: &ContainerSpec,
    ) -> Result<String, EngineError> {
        let step = format!("creating container {} from {}", spec.name, spec.image);
        let mut options = CreateContainerOptionsBuilder::new().name(&spec.name);
        if let Some(platform) = &spec.platform {
            options = options.platform(&platform_query(platform));
        }
        let made = self
            .call(
                &step,
                SLOW,
                self.client
                    .create_container(Some(options.build()), create_body(spec, &self.facts)),
            )
            .await?;
        // Engines before Docker 25 take one network at the creation.
        if let Networking::Joined { others, .. } = &spec.networking {
            for attachment in others {
                if let Err(error) = self.connect_container(&made.id, attachment).await {
                    // Nobody but us knows of it yet.
                    let _ = self.remove_container(&made.id).await;
                    return Err(error);
                }
            }
        }
        Ok(made.id)
    }

    pub(super) async fn start_container(&self, id: &str) -> Result<(), EngineError> {
        self.call(
            &format!("starting container {id}"),
            SLOW,
            self.client
                .start_container(id, None::<StartContainerOptions>),
        )
        .await
    }

    pub(super) async fn inspect_container(&self, id: &str) -> Result<ContainerState, EngineError> {
        self.ask_of_container(id).await.map(state_of)
    }

    pub(super) async fn full_inspection(&self, id: &str) -> Result<Value, EngineError> {
        let response = self.ask_of_container(id).await?;
        serde_json::to_value(response).map_err(|error| EngineError::Unexpected {
            step: format!("inspecting container {id}"),
            why: error.to_string(),
        })
    }

    async fn ask_of_container(&self, id: &str) -> Result<ContainerInspectResponse, EngineError> {
        let inspection = || {
            let options = None::<InspectContainerOptions>;
            self.client.inspect_container(id, options)
        };
        self.call_between_states(&format!("inspecting container {id}"), inspection)
            .await
    }

    /// Asks again while the answer holds a state that Docker's API has no word
    /// for, and its client does not read: Podman calls a container "stopped" from
    /// its end until it is cleaned up.
    async fn call_between_states<T, R>(
        &self,
        step: &str,
        call: impl Fn() -> R,
    ) -> Result<T, EngineError>
    where
        R: Future<Output = Result<T, Error>>,
    {
        let end = Instant::now() + QUICK;
        loop {
            match self.call(step, QUICK, call()).await {
                Err(EngineError::Unexpected { why, .. })
                    if why.contains("unknown variant") && Instant::now() < end =>
                {
                    tokio::time::sleep(BETWEEN_LOOKS).await;
                }
                answer => return answer,
            }
        }
    }

    pub(super) async fn stop_container(
        &self,
        id: &str,
        timeout: Duration,
    ) -> Result<(), EngineError> {
        // Rounded up: who asked for half a second did not ask for none.
        let seconds = timeout.as_millis().div_ceil(1000);
        let seconds = i32::try_from(seconds).unwrap_or(i32::MAX);
        let options = StopContainerOptionsBuilder::new().t(seconds).build();
        let answer = self
            .call(
                &format!("stopping container {id}"),
                timeout.saturating_add(SLOW),
                self.client.stop_container(id, Some(options)),
            )
            .await;
        match answer {
            // It was made, and never started: to Podman 4 that is an error.
            Err(EngineError::Refused { message, .. })
                if message.contains("container state improper")
                    || message.contains("can only stop") =>
            {
                Ok(())
            }
            answer => found(answer).map(|_| ()),
        }
    }

    pub(super) async fn kill_container(&self, id: &str) -> Result<(), EngineError> {
        let options = KillContainerOptionsBuilder::new().signal("SIGKILL").build();
        let answer = self
            .call(
                &format!("killing container {id}"),
                QUICK,
                self.client.kill_container(id, Some(options)),
            )
            .await;
        match answer {
            // 409: it does not run. Podman 4 says the same with 500.
            Err(EngineError::Refused {
                status: 404 | 409, ..
            }) => Ok(()),
            Err(EngineError::Refused { message, .. })
                if message.contains("container state improper")
                    || message.contains("can only kill running containers") =>
            {
                Ok(())
            }
            answer => answer,
        }
    }

    pub(super) async fn remove_container(&self, id: &str) -> Result<(), EngineError> {
        let options = RemoveContainerOptionsBuilder::new()
            .force(true)
            .v(true)
            .build();
        let answer = self
            .call(
                &format!("removing container {id}"),
                SLOW,
                self.client.remove_container(id, Some(options)),
            )
            .await;
        match answer {
            Err(EngineError::Refused {
                status: 409,
                message,
                ..
            }) if message.contains("already in progress") => Ok(()),
            answer => found(answer).map(|_| ()),
        }
    }

    pub(super) async fn list_labelled(&self, label: &str) -> Result<Vec<Owned>, EngineError> {
        let options = ListContainersOptionsBuilder::new()
            .all(true)
            .filters(&HashMap::from([("label", vec![label])]))
            .build();
        let listing = || self.client.list_containers(Some(options.clone()));
        let containers = self
            .call_between_states(&format!("listing the containers labelled {label}"), listing)
            .await?;
        Ok(containers
            .into_iter()
            .filter_map(|container| {
                Some(Owned {
                    id: container.id?,
                    labels: container.labels.unwrap_or_default().into_iter().collect(),
                })
            })
            .collect())
    }

    pub(super) async fn list_processes(&self, id: &str) -> Result<Vec<String>, EngineError> {
        // Docker runs the host's ps and needs the PID column. Podman reads
        // /proc itself, but only for the words it knows: given ps's own
        // options it would run the image's ps, which few images have.
        let wanted = if self.facts.is_podman() {
            "args"
        } else {
            "-eo pid,args"
        };
        let table = self
            .call(
                &format!("listing the processes of container {id}"),
                QUICK,
                self.client
                    .top_processes(id, Some(TopOptionsBuilder::new().ps_args(wanted).build())),
            )
            .await?;
        Ok(table
            .processes
            .unwrap_or_default()
            .into_iter()
            .filter_map(|mut row| row.pop())
            .collect())
    }
}
