//! Volumes: made, found, removed.

use std::collections::HashMap;

use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::{ListVolumesOptionsBuilder, RemoveVolumeOptions};

use super::DockerEngine;
use super::call::{QUICK, SLOW, found};
use crate::engine::{EngineError, Owned, VolumeSpec};

impl DockerEngine {
    pub(super) async fn make_volume(&self, spec: &VolumeSpec) -> Result<(), EngineError> {
        let request = VolumeCreateRequest {
            name: Some(spec.name.clone()),
            driver: spec.driver.clone(),
            driver_opts: (!spec.options.is_empty())
                .then(|| spec.options.clone().into_iter().collect()),
            labels: Some(spec.labels.clone().into_iter().collect()),
            ..VolumeCreateRequest::default()
        };
        self.call(
            &format!("creating volume {}", spec.name),
            SLOW,
            self.client.create_volume(request),
        )
        .await
        .map(|_| ())
    }

    pub(super) async fn delete_volume(&self, name: &str) -> Result<(), EngineError> {
        let answer = self
            .call(
                &format!("removing volume {name}"),
                SLOW,
                self.client.remove_volume(name, None::<RemoveVolumeOptions>),
            )
            .await;
        found(answer).map(|_| ())
    }

    pub(super) async fn list_volumes(&self, label: &str) -> Result<Vec<Owned>, EngineError> {
        let options = ListVolumesOptionsBuilder::new()
            .filters(&HashMap::from([("label", vec![label])]))
            .build();
        let listing = self
            .call(
                &format!("listing the volumes labelled {label}"),
                QUICK,
                self.client.list_volumes(Some(options)),
            )
            .await?;
        Ok(listing
            .volumes
            .unwrap_or_default()
            .into_iter()
            .map(|volume| Owned {
                id: volume.name,
                labels: volume.labels.into_iter().collect(),
            })
            .collect())
    }
}
