//! What happens when a container ends.

/// When the engine starts a container that has ended again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestartPolicy {
    /// Never.
    #[default]
    No,
    /// Whenever it ends and was not stopped.
    Always,
    /// The same, but not when the engine itself was started anew.
    UnlessStopped,
    /// When it ends with another code than 0.
    OnFailure {
        /// How often at most; `None` is as often as it takes.
        retries: Option<u32>,
    },
}
