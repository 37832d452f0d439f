//! How a service's health is found out.

use std::time::Duration;

/// A health check, over the image's own: what is `None` stays as the image says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Healthcheck {
    /// What is run.
    pub probe: Probe,
    /// Between two runs.
    pub interval: Option<Duration>,
    /// How long a run may take.
    pub timeout: Option<Duration>,
    /// How many failures in a row mean unhealthy.
    pub retries: Option<u32>,
    /// How long failures do not count.
    pub start_period: Option<Duration>,
    /// Between two runs within that time.
    pub start_interval: Option<Duration>,
}

/// What a health check runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Probe {
    /// What the image says.
    #[default]
    OfImage,
    /// Nothing: there is no health check.
    Off,
    /// A program and its arguments.
    Words(Vec<String>),
    /// A script for the container's shell.
    Shell(String),
}
