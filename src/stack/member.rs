//! One service: its container, what it has printed, how it is.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::watch;

use super::Why;
use super::log::{Log, Printed};
use crate::compose::ServiceOutline;
use crate::diagnosis::guest_signal;
use crate::engine::HealthTest;

/// How a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for what it depends on.
    Waiting,
    /// It runs.
    Started,
    /// It runs, and has not been healthy yet.
    Starting {
        /// What its last probe printed.
        output: String,
    },
    /// It runs and is healthy.
    Healthy,
    /// It runs, and failed its healthcheck as often as it may.
    Unhealthy {
        /// What its last probe printed.
        output: String,
    },
    /// Its first process has ended, and nobody starts it again.
    Ended {
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
    /// The engine could not start it.
    NotStarted {
        /// The code it stands for.
        code: i64,
        /// The engine's words.
        text: String,
    },
    /// It is not started, since a service it depends on is not as it must be.
    LeftOut {
        /// That service.
        service: String,
        /// What it did.
        why: Why,
    },
}

impl State {
    /// Takes in what a probe found, unless it is over.
    pub(super) fn probed(&mut self, next: Self) -> bool {
        let is_live = matches!(
            self,
            Self::Started | Self::Starting { .. } | Self::Healthy | Self::Unhealthy { .. }
        );
        if !is_live || *self == next {
            return false;
        }
        *self = next;
        true
    }

    /// Whether it will never change by itself.
    pub fn is_over(&self) -> bool {
        matches!(
            self,
            Self::Ended { .. }
                | Self::Crashed { .. }
                | Self::NotStarted { .. }
                | Self::LeftOut { .. }
        )
    }

    /// Whether the kernel ended it for want of memory.
    pub fn is_oom_killed(&self) -> bool {
        matches!(
            self,
            Self::Ended {
                oom_killed: true,
                ..
            }
        )
    }

    /// Whether its first process is still there and answers nothing.
    pub(super) fn hangs(&self) -> bool {
        matches!(self, Self::Crashed { .. })
    }

    /// Whether it has been started, whatever became of it.
    pub(super) fn has_started(&self) -> bool {
        !matches!(
            self,
            Self::Waiting | Self::NotStarted { .. } | Self::LeftOut { .. }
        )
    }

    /// What is wrong with it: what no service of a stack may do unless it is asked
    /// for its exit code.
    pub(super) fn fault(&self) -> Option<Why> {
        match self {
            Self::Ended {
                code: 0,
                oom_killed: false,
            } => None,
            Self::Ended { code, oom_killed } => Some(Why::Exited {
                code: *code,
                oom_killed: *oom_killed,
            }),
            Self::Crashed { signal } => Some(Why::Crashed { signal: *signal }),
            Self::NotStarted { code, text } => Some(Why::NotStarted {
                code: *code,
                text: text.clone(),
            }),
            Self::Unhealthy { output } => Some(Why::Unhealthy {
                output: output.clone(),
            }),
            Self::Waiting
            | Self::Started
            | Self::Starting { .. }
            | Self::Healthy
            | Self::LeftOut { .. } => None,
        }
    }

    /// In a word or two, for the timeline.
    pub(super) fn said(&self) -> String {
        match self {
            Self::Waiting => "waits".to_owned(),
            Self::Started | Self::Starting { .. } => "started".to_owned(),
            Self::Healthy => "healthy".to_owned(),
            Self::LeftOut { service, why } => format!("not started: {service} {why}"),
            Self::Ended {
                code: 0,
                oom_killed: false,
            } => "exited with 0".to_owned(),
            other => other
                .fault()
                .map_or_else(String::new, |why| why.to_string()),
        }
    }
}

/// A healthcheck that is run from here.
pub(super) struct Probed {
    pub(super) test: HealthTest,
    /// How many times longer it may take to pass: emulation is slow.
    pub(super) factor: f64,
}

/// A service of a stack.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) outline: ServiceOutline,
    /// How it is found out from here whether it is healthy; `None`: it is not.
    pub(super) health: Option<Probed>,
    /// Nobody needs it: whoever depends on it says `required: false`.
    pub(super) is_optional: bool,
    pub(super) state: watch::Sender<State>,
    id: OnceLock<String>,
    log: Mutex<Log>,
}

impl Member {
    pub(super) fn new(
        name: &str,
        outline: ServiceOutline,
        health: Option<Probed>,
        is_optional: bool,
    ) -> Self {
        Self {
            name: name.to_owned(),
            outline,
            health,
            is_optional,
            state: watch::Sender::new(State::Waiting),
            id: OnceLock::new(),
            log: Mutex::new(Log::new(guest_signal)),
        }
    }

    pub(super) fn id(&self) -> Option<&str> {
        self.id.get().map(String::as_str)
    }

    pub(super) fn made(&self, id: String) {
        // Made once only.
        let _ = self.id.set(id);
    }

    pub(super) fn printed(&self) -> Printed {
        self.log().printed()
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A restarted container's log begins anew.
    pub(super) fn forget_log(&self) {
        *self.log() = Log::new(guest_signal);
    }

    pub(super) fn restarts(&self) -> bool {
        self.outline.restarts
    }

    pub(super) fn now(&self) -> State {
        self.state.borrow().clone()
    }
}
