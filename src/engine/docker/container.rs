//! Containers: made, started, looked at, ended.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::time::Instant;

use super::DockerEngine;
use super::call::{QUICK, SLOW, found};
use super::image::{image_id, platform_query};
use crate::engine::{
    ContainerSpec, ContainerState, EngineError, Health, HealthStatus, OwnedContainer,
};
use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, HealthConfig, HealthStatusEnum, HostConfig,
    PortBinding, PortMap,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, KillContainerOptionsBuilder,
    ListContainersOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions,
    TopOptionsBuilder,
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
                    .create_container(Some(options.build()), create_body(spec)),
            )
            .await?;
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
        let inspection = || {
            let options = None::<InspectContainerOptions>;
            self.client.inspect_container(id, options)
        };
        self.call_between_states(&format!("inspecting container {id}"), inspection)
            .await
            .map(state_of)
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

    pub(super) async fn list_labelled(
        &self,
        label: &str,
    ) -> Result<Vec<OwnedContainer>, EngineError> {
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
                Some(OwnedContainer {
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
        let wanted = if self.facts.name == "Podman" {
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

/// `NAME=value` lines.
pub(super) fn environment(env: &[(String, String)]) -> Option<Vec<String>> {
    (!env.is_empty()).then(|| {
        env.iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    })
}

fn create_body(spec: &ContainerSpec) -> ContainerCreateBody {
    let port_names: Vec<String> = spec
        .publish
        .iter()
        .map(|port| format!("{port}/tcp"))
        .collect();
    let bindings: PortMap = port_names
        .iter()
        .map(|name| {
            let binding = PortBinding {
                host_ip: Some(Ipv4Addr::LOCALHOST.to_string()),
                host_port: Some(String::new()),
            };
            (name.clone(), Some(vec![binding]))
        })
        .collect();
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        // In the API an empty list means "the image's"; one empty word means none.
        entrypoint: spec.entrypoint.clone().map(|words| {
            if words.is_empty() {
                vec![String::new()]
            } else {
                words
            }
        }),
        cmd: spec.cmd.clone(),
        env: environment(&spec.env),
        user: spec.user.clone(),
        working_dir: spec.workdir.clone(),
        labels: Some(spec.labels.clone().into_iter().collect()),
        exposed_ports: (!port_names.is_empty()).then_some(port_names),
        healthcheck: spec.no_healthcheck.then(|| HealthConfig {
            test: Some(vec!["NONE".to_owned()]),
            ..HealthConfig::default()
        }),
        host_config: Some(HostConfig {
            // Said outright: a daemon's own default would put tini in front,
            // which runs what the kernel refuses.
            init: Some(false),
            pids_limit: spec.pids_limit,
            port_bindings: (!bindings.is_empty()).then_some(bindings),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

fn state_of(response: ContainerInspectResponse) -> ContainerState {
    let state = response.state.unwrap_or_default();
    let health = state.health.and_then(|health| {
        let status = match health.status? {
            HealthStatusEnum::STARTING => HealthStatus::Starting,
            HealthStatusEnum::HEALTHY => HealthStatus::Healthy,
            HealthStatusEnum::UNHEALTHY => HealthStatus::Unhealthy,
            HealthStatusEnum::EMPTY | HealthStatusEnum::NONE => return None,
        };
        let last_output = health
            .log
            .and_then(|mut log| log.pop())
            .and_then(|probe| probe.output)
            .unwrap_or_default();
        Some(Health {
            status,
            last_output,
        })
    });
    ContainerState {
        image_id: image_id(response.image.unwrap_or_default()),
        is_running: state.running.unwrap_or(false),
        exit_code: state.exit_code.unwrap_or(0),
        error: state.error.unwrap_or_default(),
        oom_killed: state.oom_killed.unwrap_or(false),
        health,
        ports: response
            .network_settings
            .and_then(|network| network.ports)
            .map(published)
            .unwrap_or_default(),
    }
}

fn published(ports: PortMap) -> BTreeMap<u16, SocketAddr> {
    ports
        .into_iter()
        .filter_map(|(name, bindings)| {
            let port = name.strip_suffix("/tcp")?.parse().ok()?;
            let binding = bindings?.into_iter().next()?;
            let host: IpAddr = binding
                .host_ip
                .and_then(|ip| ip.parse().ok())
                .filter(|ip: &IpAddr| !ip.is_unspecified())
                .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
            let host_port = binding.host_port?.parse().ok()?;
            Some((port, SocketAddr::new(host, host_port)))
        })
        .collect()
}
