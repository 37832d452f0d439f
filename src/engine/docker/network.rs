//! Networks: made, joined, found, removed.

use std::collections::HashMap;

use bollard::models::{EndpointSettings, NetworkConnectRequest, NetworkCreateRequest};
use bollard::query_parameters::ListNetworksOptionsBuilder;

use super::DockerEngine;
use super::call::{QUICK, SLOW, found};
use crate::engine::{Attachment, EngineError, NetworkSpec, Owned};

impl DockerEngine {
    pub(super) async fn make_network(&self, spec: &NetworkSpec) -> Result<(), EngineError> {
        let request = NetworkCreateRequest {
            name: spec.name.clone(),
            driver: spec.driver.clone(),
            internal: Some(spec.internal),
            options: (!spec.options.is_empty()).then(|| spec.options.clone().into_iter().collect()),
            labels: Some(spec.labels.clone().into_iter().collect()),
            ..NetworkCreateRequest::default()
        };
        let answer = self
            .call(
                &format!("creating network {}", spec.name),
                SLOW,
                self.client.create_network(request),
            )
            .await;
        match answer {
            // Docker's default pools have room for some thirty networks, Podman's for thousands.
            Err(EngineError::Refused { step, message, .. })
                if message.contains("address pool") || message.contains("free subnet") =>
            {
                Err(EngineError::NoAddresses { step, message })
            }
            answer => answer.map(|_| ()),
        }
    }

    pub(super) async fn connect_container(
        &self,
        id: &str,
        attachment: &Attachment,
    ) -> Result<(), EngineError> {
        let network = &attachment.network;
        let request = NetworkConnectRequest {
            container: id.to_owned(),
            endpoint_config: Some(endpoint(attachment)),
        };
        self.call(
            &format!("connecting container {id} to network {network}"),
            SLOW,
            self.client.connect_network(network, request),
        )
        .await
    }

    /// By its name: named by its id, Podman 4 removes it under the feet of the
    /// containers that are in it.
    pub(super) async fn delete_network(&self, name: &str) -> Result<(), EngineError> {
        let answer = self
            .call(
                &format!("removing network {name}"),
                SLOW,
                self.client.remove_network(name),
            )
            .await;
        found(answer).map(|_| ())
    }

    pub(super) async fn list_networks(&self, label: &str) -> Result<Vec<Owned>, EngineError> {
        let options = ListNetworksOptionsBuilder::new()
            .filters(&HashMap::from([("label", vec![label])]))
            .build();
        let networks = self
            .call(
                &format!("listing the networks labelled {label}"),
                QUICK,
                self.client.list_networks(Some(options)),
            )
            .await?;
        Ok(networks
            .into_iter()
            .filter_map(|network| {
                Some(Owned {
                    id: network.name?,
                    labels: network.labels.unwrap_or_default().into_iter().collect(),
                })
            })
            .collect())
    }
}

/// A container's place in a network.
pub(super) fn endpoint(attachment: &Attachment) -> EndpointSettings {
    EndpointSettings {
        aliases: (!attachment.aliases.is_empty()).then(|| attachment.aliases.clone()),
        ..EndpointSettings::default()
    }
}
