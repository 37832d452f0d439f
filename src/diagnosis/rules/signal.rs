//! Ended by a signal, without an emulator's word on it.

use super::{Observation, Rule, cause, no_suspects};
use crate::diagnosis::{FileFacts, guest_signal, signal_name};
use crate::event::{Cause, Confidence, Execution};

pub(super) const RULE: Rule = Rule {
    suspects: no_suspects,
    judge,
};

fn judge(observation: &Observation<'_>, _: &[FileFacts]) -> Option<Cause> {
    let number = observation.signal?;
    if guest_signal(observation.text).is_some() || observation.timed_out {
        return None;
    }
    let name = signal_name(number).map_or_else(|| format!("signal {number}"), str::to_owned);
    let mut found = cause(
        "ended-by-signal",
        Confidence::Unknown,
        format!("the program was ended by {name}"),
    );
    found.emulator_suspect = observation.execution == Execution::Emulated && number != 9;
    found.hint = match number {
        4 => Some(
            "an illegal instruction: a CPU feature that this machine, or the emulated one, has not"
                .to_owned(),
        ),
        7 => Some(
            "a bus error: an unaligned access, or a file that shrank under its mapping".to_owned(),
        ),
        _ => None,
    };
    Some(found)
}
