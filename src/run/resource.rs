//! What a run makes in an engine, and has to remove.

use std::fmt;

use crate::engine::{Engine, EngineError, Owned};

/// A kind of thing that engines make and keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    Container,
    Network,
    Volume,
}

impl Resource {
    /// All of them in the order of their removal: networks and volumes stay
    /// while a container has them.
    pub(super) const ALL: [Self; 3] = [Self::Container, Self::Network, Self::Volume];

    /// Those that carry a label of this name.
    pub(super) async fn labelled(
        self,
        engine: &dyn Engine,
        label: &str,
    ) -> Result<Vec<Owned>, EngineError> {
        match self {
            Self::Container => engine.labelled(label).await,
            Self::Network => engine.labelled_networks(label).await,
            Self::Volume => engine.labelled_volumes(label).await,
        }
    }

    /// Removes one; fine if it is gone.
    pub(super) async fn remove(self, engine: &dyn Engine, id: &str) -> Result<(), EngineError> {
        match self {
            Self::Container => engine.remove(id).await,
            Self::Network => engine.remove_network(id).await,
            Self::Volume => engine.remove_volume(id).await,
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Container => "container",
            Self::Network => "network",
            Self::Volume => "volume",
        })
    }
}
