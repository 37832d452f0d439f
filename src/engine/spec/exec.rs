//! Programs beside a container's first process.

/// A program to be run in a running container.
#[derive(Clone, Debug, Default)]
pub struct ExecSpec {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Added to the container's environment.
    pub env: Vec<(String, String)>,
    /// Replaces the container's user.
    pub user: Option<String>,
    /// Replaces the container's working directory.
    pub workdir: Option<String>,
    /// What it reads; `None` is an empty standard input.
    pub stdin: Option<Vec<u8>>,
}
