//! It was still running when its deadline passed, and nothing says why.

use super::{Observation, Rule, cause, no_suspects};
use crate::diagnosis::{FileFacts, guest_signal};
use crate::event::{Cause, Confidence, Execution};

pub(super) const RULE: Rule = Rule {
    suspects: no_suspects,
    judge,
};

fn judge(observation: &Observation<'_>, _: &[FileFacts]) -> Option<Cause> {
    if !observation.timed_out || guest_signal(observation.text).is_some() {
        return None;
    }
    let mut found = cause(
        "deadline",
        Confidence::Unknown,
        "it was still running when its deadline passed",
    );
    if observation.execution == Execution::Emulated {
        found.hint = Some(
            "emulation is slow: raise `timeout`, or `emulation_factor` for the whole suite"
                .to_owned(),
        );
        found.emulator_suspect = true;
    } else {
        found.hint = Some("raise `timeout` if it only needs longer".to_owned());
    }
    Some(found)
}
