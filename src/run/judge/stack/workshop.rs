//! What a stack is made by: the run's own book of all it makes.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use crate::engine::{ContainerSpec, Engine, EngineError, NetworkSpec, VolumeSpec};
use crate::run::Shared;
use crate::stack::Workshop;

/// Makes things on one engine, for one run.
pub(super) struct OfRun {
    pub(super) shared: Arc<Shared>,
    pub(super) engine: Arc<dyn Engine>,
}

#[async_trait]
impl Workshop for OfRun {
    fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }

    async fn container(&self, spec: ContainerSpec) -> Result<String, EngineError> {
        self.shared.containers.create(&self.engine, spec).await
    }

    async fn network(&self, spec: NetworkSpec) -> Result<String, EngineError> {
        let containers = &self.shared.containers;
        containers.create_network(&self.engine, spec).await
    }

    async fn volume(&self, spec: VolumeSpec) -> Result<String, EngineError> {
        let containers = &self.shared.containers;
        containers.create_volume(&self.engine, spec).await
    }

    fn labels(&self) -> BTreeMap<String, String> {
        self.shared.containers.labels()
    }

    fn project_name(&self) -> String {
        self.shared.containers.unique("")
    }

    fn adopt(&self, id: &str) {
        self.shared.containers.adopt(&self.engine, id);
    }

    fn outlive(&self, task: BoxFuture<'static, ()>) {
        self.shared.containers.outlive(&self.engine, task);
    }

    fn keeps(&self) -> bool {
        self.shared.options.keep
    }

    async fn remove_container(&self, id: &str) {
        self.shared.containers.remove(&self.engine, id).await;
    }

    async fn remove_network(&self, name: &str) {
        let containers = &self.shared.containers;
        containers.remove_network(&self.engine, name).await;
    }

    async fn remove_volume(&self, name: &str) {
        let containers = &self.shared.containers;
        containers.remove_volume(&self.engine, name).await;
    }
}
