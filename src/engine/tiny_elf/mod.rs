//! Writes static programs of a few hundred bytes for any architecture, with no
//! compiler at hand. They are copied into containers, so that nothing has to be
//! in an image for it to be started, proven to run, or spoken to.

mod ask;
mod hold;
mod probe;
#[cfg(test)]
mod tests;
mod writer;

use crate::image::{Architecture, Platform};

/// What [`probe`] prints, with its line end.
pub const PROBE_OUTPUT: &str = "everyarch-probe\n";

/// The exit code of [`ask`] where nothing listens on the port.
pub const ASK_REFUSED: i64 = 111;
/// The exit code of [`ask`] where the connection broke, or could not be made
/// for any other reason.
pub const ASK_BROKEN: i64 = 112;

/// The first process of a session container: waits for ever, at no cost, and
/// leaves no zombies behind (it ignores `SIGCHLD`, so the kernel reaps). For
/// the *engine host's* architecture; `None` where there is none for it.
pub fn hold(architecture: &Architecture) -> Option<Vec<u8>> {
    hold::program(architecture)
}

/// A program that prints [`PROBE_OUTPUT`] and exits with 0: where it does,
/// programs of this platform run. `None` where there is none for it.
pub fn probe(platform: &Platform) -> Option<Vec<u8>> {
    if platform.os() == "linux" {
        probe::program(platform.architecture())
    } else {
        None
    }
}

/// Connects to `127.0.0.1:port`, sends `request`, and copies what comes back to
/// standard output until the other side closes: then it exits with 0, else
/// with [`ASK_REFUSED`] or [`ASK_BROKEN`]. For the *engine host's*
/// architecture; `None` where there is none for it.
pub fn ask(architecture: &Architecture, port: u16, request: &[u8]) -> Option<Vec<u8>> {
    ask::program(architecture, port, request)
}
