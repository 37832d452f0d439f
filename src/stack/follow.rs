//! A service's container from its start to its last end.

use std::time::Duration;

use super::Workshop;
use super::member::{Member, State};
use super::timeline::Timeline;
use crate::engine::{Phase, StreamKind};

/// Between two looks at a container that the engine is about to start again.
const BETWEEN_RESTARTS: Duration = Duration::from_millis(100);

/// Follows the log until the container has ended for good.
pub(super) async fn follow(
    member: &Member,
    id: &str,
    workshop: &dyn Workshop,
    timeline: &Timeline,
) -> State {
    let engine = workshop.engine();
    loop {
        let mut crash = None;
        let (sender, mut crashed) = tokio::sync::mpsc::channel(1);
        let mut sink = |kind: StreamKind, bytes: &[u8]| {
            if let Some(signal) = member.log().take(kind, bytes) {
                // Full only if it was told already.
                let _ = sender.try_send(signal);
            }
        };
        tokio::select! {
            // A log that breaks off is seen by the state, which is asked next.
            _ = engine.follow_log(id, &mut sink) => {}
            signal = crashed.recv() => crash = signal,
        }
        if let Some(signal) = crash {
            return State::Crashed { signal };
        }
        loop {
            match engine.inspect(id).await {
                Ok(state) if state.is_running() && member.restarts() => {
                    timeline.add(&member.name, "started again");
                    member.forget_log();
                    break;
                }
                Ok(state) if state.is_running() || state.phase == Phase::Restarting => {}
                Ok(state) => {
                    return State::Ended {
                        code: state.exit_code,
                        oom_killed: state.oom_killed,
                    };
                }
                // Removed by somebody else, or the engine is gone: no success.
                Err(error) => {
                    return State::NotStarted {
                        code: 125,
                        text: error.to_string(),
                    };
                }
            }
            tokio::time::sleep(BETWEEN_RESTARTS).await;
        }
    }
}
