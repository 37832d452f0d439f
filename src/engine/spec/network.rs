//! Networks, and how a container is in them.

use std::collections::BTreeMap;

/// Whom a container can reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Networking {
    /// The engine's default network, where nobody is found by name.
    #[default]
    Default,
    /// Nobody: it has a loopback interface only.
    None,
    /// The network of the engine's host itself.
    Host,
    /// That of another container, named by its id.
    Container(String),
    /// Networks of the user's own.
    Joined {
        /// The one it is created in.
        first: Attachment,
        /// Those it is connected to before it starts.
        others: Vec<Attachment>,
    },
}

/// A container in a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// The network's name.
    pub network: String,
    /// The names it is found by, besides its own.
    pub aliases: Vec<String>,
}

/// A network to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkSpec {
    /// Its name: unique to the run.
    pub name: String,
    /// What it is labelled with.
    pub labels: BTreeMap<String, String>,
    /// Whether it leads nowhere but to the containers in it.
    pub internal: bool,
    /// Its driver; `None` is the engine's default, a bridge.
    pub driver: Option<String>,
    /// The driver's options.
    pub options: BTreeMap<String, String>,
}
