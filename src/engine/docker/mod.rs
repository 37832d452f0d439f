//! Docker (20.10 and newer) and Podman's compatible API, through bollard.
//! Nothing outside this folder names it.

mod archive;
mod call;
mod connect;
mod container;
mod create;
mod exec;
mod image;
mod log;
mod network;
mod state;
mod tar_head;
#[cfg(test)]
mod tests;
mod volume;

use std::time::Duration;

use async_trait::async_trait;
use bollard::Docker;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use super::{
    ContainerSpec, ContainerState, Engine, EngineError, EngineFacts, ExecSpec, Execution,
    FileContent, FileStat, LocalImage, LogSink, NetworkSpec, NewFile, Owned, PullCredentials,
    PullProgress, VolumeSpec,
};
use crate::image::Platform;

/// An engine behind the Docker API.
pub struct DockerEngine {
    client: Docker,
    facts: EngineFacts,
}

#[async_trait]
impl Engine for DockerEngine {
    fn facts(&self) -> &EngineFacts {
        &self.facts
    }

    async fn image(&self, name: &str) -> Result<Option<LocalImage>, EngineError> {
        self.inspect_image(name).await
    }

    fn save<'a>(&'a self, name: &'a str) -> BoxStream<'a, Result<Bytes, EngineError>> {
        Box::pin(self.save_image(name))
    }

    async fn pull(
        &self,
        reference: &str,
        platform: &Platform,
        credentials: Option<&PullCredentials>,
        deadline: Duration,
        progress: PullProgress<'_>,
    ) -> Result<(), EngineError> {
        self.pull_image(reference, platform, credentials, deadline, progress)
            .await
    }

    async fn create(&self, spec: &ContainerSpec) -> Result<String, EngineError> {
        self.create_container(spec).await
    }

    async fn start(&self, id: &str) -> Result<(), EngineError> {
        self.start_container(id).await
    }

    async fn inspect(&self, id: &str) -> Result<ContainerState, EngineError> {
        self.inspect_container(id).await
    }

    async fn inspection(&self, id: &str) -> Result<serde_json::Value, EngineError> {
        self.full_inspection(id).await
    }

    async fn exec(
        &self,
        id: &str,
        spec: &ExecSpec,
        deadline: Duration,
        cap: usize,
    ) -> Result<Execution, EngineError> {
        self.run_exec(id, spec, deadline, cap).await
    }

    async fn follow_log(&self, id: &str, sink: LogSink<'_>) -> Result<(), EngineError> {
        self.follow_container_log(id, sink).await
    }

    async fn stop(&self, id: &str, timeout: Duration) -> Result<(), EngineError> {
        self.stop_container(id, timeout).await
    }

    async fn kill(&self, id: &str) -> Result<(), EngineError> {
        self.kill_container(id).await
    }

    async fn remove(&self, id: &str) -> Result<(), EngineError> {
        self.remove_container(id).await
    }

    async fn remove_image(&self, name: &str) -> Result<(), EngineError> {
        self.delete_image(name).await
    }

    async fn put(&self, id: &str, files: &[NewFile]) -> Result<(), EngineError> {
        self.put_files(id, files).await
    }

    async fn stat(&self, id: &str, path: &str) -> Result<Option<FileStat>, EngineError> {
        self.stat_path(id, path).await
    }

    async fn read(
        &self,
        id: &str,
        path: &str,
        limit: usize,
    ) -> Result<Option<FileContent>, EngineError> {
        self.read_path(id, path, limit).await
    }

    async fn sha256(&self, id: &str, path: &str) -> Result<Option<String>, EngineError> {
        self.hash_path(id, path).await
    }

    async fn labelled(&self, label: &str) -> Result<Vec<Owned>, EngineError> {
        self.list_labelled(label).await
    }

    async fn create_network(&self, spec: &NetworkSpec) -> Result<(), EngineError> {
        self.make_network(spec).await
    }

    async fn remove_network(&self, name: &str) -> Result<(), EngineError> {
        self.delete_network(name).await
    }

    async fn labelled_networks(&self, label: &str) -> Result<Vec<Owned>, EngineError> {
        self.list_networks(label).await
    }

    async fn create_volume(&self, spec: &VolumeSpec) -> Result<(), EngineError> {
        self.make_volume(spec).await
    }

    async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        self.delete_volume(name).await
    }

    async fn labelled_volumes(&self, label: &str) -> Result<Vec<Owned>, EngineError> {
        self.list_volumes(label).await
    }

    async fn processes(&self, id: &str) -> Result<Vec<String>, EngineError> {
        self.list_processes(id).await
    }
}
