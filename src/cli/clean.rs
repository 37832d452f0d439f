//! `everyarch clean`

use super::arguments::CleanArguments;
use super::exit::Exit;
use super::screen::{self, Screen};
use crate::engine::discover::{self, Surroundings};
use crate::run::{remove_run, sweep};

pub(super) async fn clean(arguments: CleanArguments) -> Exit {
    let _screen = Screen::new(arguments.screen);
    let engine = discover::connect(arguments.engine.as_deref(), &Surroundings::of_process()).await;
    let engine = match engine {
        Ok(engine) => engine,
        Err(error) => {
            screen::complain(&error.to_string(), None);
            return Exit::Error;
        }
    };
    let done = match &arguments.run {
        Some(run) => remove_run(engine.as_ref(), run).await,
        None => sweep(engine.as_ref()).await,
    };
    if done.is_empty() && !arguments.screen.quiet {
        screen::print("nothing to remove\n");
    }
    for line in done {
        screen::print(&format!("{line}\n"));
    }
    Exit::Passed
}
