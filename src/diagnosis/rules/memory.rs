//! The kernel ended it for want of memory.

use super::{Observation, Rule, cause, no_suspects};
use crate::diagnosis::FileFacts;
use crate::event::{Cause, Confidence};

pub(super) const RULE: Rule = Rule {
    suspects: no_suspects,
    judge,
};

fn judge(observation: &Observation<'_>, _: &[FileFacts]) -> Option<Cause> {
    if !observation.oom_killed {
        return None;
    }
    let mut found = cause(
        "out-of-memory",
        Confidence::Established,
        "the kernel ended a process of the container for want of memory",
    );
    found.hint = Some(
        "give the engine's host more memory; emulation needs more than a native run".to_owned(),
    );
    Some(found)
}
