//! `qemu: uncaught target signal N`: the program died of a signal. The line
//! does not say that qemu is at fault; it does not clear it either.

use super::{Observation, Rule, cause, line_with, no_suspects};
use crate::diagnosis::{FileFacts, guest_signal, signal_name};
use crate::event::{Cause, Confidence};

pub(super) const RULE: Rule = Rule {
    suspects: no_suspects,
    judge,
};

fn judge(observation: &Observation<'_>, _: &[FileFacts]) -> Option<Cause> {
    let number = guest_signal(observation.text)?;
    let name = signal_name(number).map_or_else(|| format!("signal {number}"), str::to_owned);
    let mut found = cause(
        "qemu-guest-signal",
        Confidence::Unknown,
        format!("the program crashed under emulation with {name}"),
    );
    found
        .evidence
        .extend(line_with(observation.text, "uncaught target signal").map(str::to_owned));
    found.hint = Some(
        "run it on native hardware, or with a newer qemu, to tell the program's own fault from the emulator's".to_owned(),
    );
    found.emulator_suspect = true;
    Some(found)
}
