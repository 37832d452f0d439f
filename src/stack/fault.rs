//! Why a stack is not up.

use std::fmt;

use crate::engine::EngineError;

/// What is waited for where a healthcheck is.
pub const HEALTHY: &str = "healthy";

/// What keeps a stack from being up.
#[derive(Debug)]
pub enum Fault {
    /// A service did not do what the others need of it.
    Service {
        /// Which: the first one.
        service: String,
        /// What it did.
        why: Why,
    },
    /// The compose plugin gave up, for none of the services' doing.
    Plugin {
        /// What it says.
        text: String,
    },
    /// Engine or registry: nothing of the services is known then.
    Engine(EngineError),
}

/// What a service did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The engine could not start it, and says why.
    NotStarted {
        /// The code it stands for.
        code: i64,
        /// The engine's words.
        text: String,
    },
    /// Its first process ended.
    Exited {
        /// With this code.
        code: i64,
        /// The kernel ended it for want of memory.
        oom_killed: bool,
    },
    /// It crashed under the emulator, and hangs for ever as PID 1.
    Crashed {
        /// The signal.
        signal: i32,
    },
    /// Its healthcheck failed as often as it may.
    Unhealthy {
        /// What the last probe printed.
        output: String,
    },
    /// Others wait for it to be healthy, and it has no healthcheck.
    NoHealthcheck,
    /// Others wait for it to be healthy, and it ended before it was.
    EndedBeforeHealthy {
        /// With this code.
        code: i64,
    },
    /// It was still on its way when the time was over.
    NotReady {
        /// What was waited for.
        waiting_for: &'static str,
        /// What its last healthcheck printed, where it has one.
        output: String,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted { text, .. } => write!(f, "could not be started: {text}"),
            Self::Exited {
                oom_killed: true,
                code,
            } => write!(
                f,
                "was ended by the kernel for want of memory (code {code})"
            ),
            Self::Exited { code, .. } => write!(f, "exited with {code}"),
            Self::Crashed { signal } => {
                write!(f, "crashed under the emulator with signal {signal}")
            }
            Self::Unhealthy { .. } => f.write_str("is unhealthy"),
            Self::NoHealthcheck => {
                f.write_str("has no healthcheck, and others wait for it to be healthy")
            }
            Self::EndedBeforeHealthy { code } => {
                write!(f, "exited with {code} before it was healthy")
            }
            Self::NotReady { waiting_for, .. } => write!(f, "was not {waiting_for} in time"),
        }
    }
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}
