//! `config:` read from the registry; nothing is run.

use crate::check;
use crate::run::finding::{Finding, mismatches};
use crate::run::room::Room;
use crate::suite::ConfigExpectation;

pub(super) fn judge(room: &Room, expectation: &ConfigExpectation) -> Vec<Finding> {
    let causes = mismatches(&check::config(expectation, &room.variant.config));
    vec![Finding::judged(causes).reproduce(format!(
        "docker image inspect {}",
        room.variant.pull_reference
    ))]
}
