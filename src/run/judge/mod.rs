//! Carries out one check and judges what was observed. A new check is one file
//! here and one arm below.

mod architecture;
mod config;
mod files;
mod program;
mod stack;
mod start;
mod starts_as_it_is;

use std::sync::Arc;

use super::finding::{Finding, cause, engine_fault};
use super::native_modules;
use super::room::Room;
use super::session::Session;
use crate::check;
use crate::engine::Captured;
use crate::event::Confidence;
use crate::plan::Case;
use crate::suite::Action;

/// One attempt at a check: at least one finding.
pub(super) async fn judge(room: &Arc<Room>, session: &mut Session, case: &Case) -> Vec<Finding> {
    let check = &case.check;
    let deadline = room.stretch(check.timeout);
    let outcome = match &check.action {
        Action::Architecture(selection) => {
            architecture::judge(room, session, selection, deadline).await
        }
        Action::NativeModules(selection) => {
            native_modules::judge(room, session, selection, deadline).await
        }
        Action::Run(run) => program::judge(room, session, run, deadline).await,
        Action::Start(start) => start::judge(room, start, deadline).await,
        Action::Files(files) => files::judge(room, files, deadline).await,
        Action::Config(expectation) => Ok(config::judge(room, expectation)),
        Action::Stack(stack) => match &case.services {
            Some(services) => stack::judge(room, stack, services, deadline).await,
            // Never so: the command line reads them before anything runs.
            None => Ok(vec![Finding::error(cause(
                "harness-fault",
                Confidence::Established,
                "the compose files were not read",
            ))]),
        },
        Action::StartsAsItIs => starts_as_it_is::judge(room, deadline).await,
    };
    outcome.unwrap_or_else(|error| vec![Finding::error(engine_fault(&error))])
}

/// A stream as the pure checks take it.
fn observed(captured: &Captured) -> check::Captured {
    check::Captured {
        text: captured.searchable(check::GAP),
        whole_length: captured.is_cut().then(|| captured.total()),
    }
}
