//! Arguments, exit codes, logging. The only place that reads files named by the
//! user, and the only one that prints.

mod arguments;
mod artifacts;
mod audit;
mod cache;
mod clean;
mod compose_plugin;
mod contents;
mod engines;
mod exit;
mod failure;
mod outputs;
mod run;
mod screen;
mod signals;
mod stacks;
mod suites;

use clap::Parser;
use std::process::ExitCode;

use arguments::{Arguments, Command};
pub use exit::Exit;

/// The whole program: arguments in, exit code out.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Before anything opens a TLS connection; a second call finds it done.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            screen::complain(
                &format!("the asynchronous runtime can't be started: {error}"),
                None,
            );
            return Exit::Error.into();
        }
    };
    let exit = runtime.block_on(async {
        match arguments.command {
            Command::Run(arguments) => run::run(arguments).await,
            Command::Audit(arguments) => audit::audit(arguments).await,
            Command::Clean(arguments) => clean::clean(arguments).await,
        }
    });
    // A task that still waits for a hanging engine must not hold the exit up.
    runtime.shutdown_background();
    exit.into()
}

/// The command line as `--help` tells it: for the reference that is kept with the tests.
pub fn command() -> clap::Command {
    <Arguments as clap::CommandFactory>::command()
}
