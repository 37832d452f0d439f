//! A service's container from its start to its last end.

use std::time::Duration;

use super::Workshop;
use super::member::{Member, State};
use super::timeline::Timeline;
use crate::engine::{Engine, Phase, StreamKind};

/// Between two looks at a container whose log is followed.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// How long the rest of its log is waited for then.
const LAST_WORDS: Duration = Duration::from_secs(2);
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
        let mut is_cut = false;
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
            () = over(engine.as_ref(), id) => is_cut = true,
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
                    if is_cut || member.restarts() {
                        read_again(member, engine.as_ref(), id).await;
                    }
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

/// Waits until a container has ended and its log had its time: Podman 4 goes on
/// following the log of one that ends in the moment in which the following begins.
async fn over(engine: &dyn Engine, id: &str) {
    loop {
        tokio::time::sleep(BETWEEN_LOOKS).await;
        if let Ok(state) = engine.inspect(id).await
            && state.phase == Phase::Exited
        {
            return tokio::time::sleep(LAST_WORDS).await;
        }
    }
}

/// The log of a container that has ended, from its beginning: Podman 4 may lose lines
/// to whoever follows it while the container ends and is started again.
async fn read_again(member: &Member, engine: &dyn Engine, id: &str) {
    member.forget_log();
    let mut sink = |kind: StreamKind, bytes: &[u8]| {
        // Whether it crashed has been judged.
        let _ = member.log().take(kind, bytes);
    };
    let reading = engine.follow_log(id, &mut sink);
    let _ = tokio::time::timeout(LAST_WORDS, reading).await;
}
