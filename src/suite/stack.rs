//! One entry of `integration:`, once it has been read.

use super::{HttpCheck, Run, TextExpectation};

/// Services that are brought up together, and what is asked of them.
#[derive(Clone, Debug)]
pub struct Stack {
    /// The compose files, merged in this order; relative to the suite's folder.
    pub compose: Vec<String>,
    /// The services that are the image under test.
    pub under_test: Vec<String>,
    /// The service whose exit code is the case's.
    pub exit_code_from: Option<String>,
    /// On which platform the other services run.
    pub sidecars: Sidecars,
    /// The compose profiles that are on.
    pub profiles: Vec<String>,
    /// Variables for the compose files' `${…}`, beside and before the environment's.
    pub env: Vec<(String, String)>,
    /// Who brings them up.
    pub runner: Runner,
    /// What is asked once all of them are up, in this order.
    pub checks: Vec<ServiceCheck>,
}

/// `sidecars:`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sidecars {
    /// As the engine's host runs them natively.
    #[default]
    Native,
    /// On the platform under test.
    Variant,
}

/// `runner:`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Runner {
    /// Ourselves, on the engine's API.
    #[default]
    Builtin,
    /// The `docker compose` plugin.
    Plugin,
}

/// One entry of a stack's `checks:`.
#[derive(Clone, Debug)]
pub struct ServiceCheck {
    /// Its name, unique in the stack.
    pub name: String,
    /// The service that is asked.
    pub service: String,
    /// The line it stands on.
    pub line: usize,
    /// What is asked.
    pub action: ServiceAction,
}

/// What is asked of a service.
#[derive(Clone, Debug)]
pub enum ServiceAction {
    /// `run:` or `shell:`, in its container.
    Run(Box<Run>),
    /// `http:`, of one of its ports.
    Http(Box<HttpCheck>),
    /// `logs:`, what it has printed.
    Logs(Vec<TextExpectation>),
}
