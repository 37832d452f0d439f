//! Who makes what a stack consists of.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use crate::engine::{ContainerSpec, Engine, EngineError, NetworkSpec, VolumeSpec};

/// Makes containers, networks and volumes so that they are found and removed
/// again on every path. Names are filled in by it: those given are only parts of
/// them, since many projects may be up at once.
#[async_trait]
pub trait Workshop: Send + Sync {
    /// The engine that has them.
    fn engine(&self) -> &Arc<dyn Engine>;

    /// Makes a container and returns its id. A caller that is cancelled meanwhile
    /// leaves none that nobody knows of.
    async fn container(&self, spec: ContainerSpec) -> Result<String, EngineError>;

    /// Makes a network and returns its name.
    async fn network(&self, spec: NetworkSpec) -> Result<String, EngineError>;

    /// Makes a volume and returns its name.
    async fn volume(&self, spec: VolumeSpec) -> Result<String, EngineError>;

    /// The labels that what is made by somebody else must carry to be found again.
    fn labels(&self) -> BTreeMap<String, String>;

    /// A name that no other project has, as compose allows them.
    fn project_name(&self) -> String;

    /// Takes a container in that somebody else made.
    fn adopt(&self, id: &str);

    /// Has something go on until it ends, or the run does: who began it may be
    /// cancelled meanwhile. What it makes carries [`labels`](Self::labels).
    fn outlive(&self, task: BoxFuture<'static, ()>);

    /// Whether everything is to be left in place at the end, for a look inside.
    fn keeps(&self) -> bool;

    /// Removes a container and its anonymous volumes. What can't be removed stays in
    /// the workshop's book, which tries again at its end, and tells.
    async fn remove_container(&self, id: &str);

    /// Removes a network.
    async fn remove_network(&self, name: &str);

    /// Removes a volume.
    async fn remove_volume(&self, name: &str);
}
