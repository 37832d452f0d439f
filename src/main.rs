//! `everyarch`: does every platform of a container image really run?

use std::process::ExitCode;

fn main() -> ExitCode {
    everyarch::cli::main()
}
