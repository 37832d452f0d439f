//! SIGINT and SIGTERM: the first stops the run, which then cleans up and
//! reports; the second ends the process at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::screen;

/// A token that is cancelled by the first signal.
pub(super) fn cancellation() -> CancellationToken {
    let token = CancellationToken::new();
    let cancel = token.clone();
    tokio::spawn(async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        ) else {
            return;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        cancel.cancel();
        screen::warn("\ninterrupted: cleaning up; a second signal ends this at once\n");
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        screen::warn("ended; `everyarch clean` removes what is left\n");
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
    token
}
