//! What a stack's services did, as a report tells it.

use std::fmt::Write as _;

use super::evidence;
use super::record::end;
use crate::run::Masker;
use crate::stack::Stack;

/// How much of each stream of a service is shown.
const SHOWN: usize = 16 << 10;

/// Events in order of time, and then what each service has printed.
pub(super) fn of(stack: &Stack, masker: &Masker) -> String {
    let mut text = String::from("== events\n");
    for event in evidence::shortened(evidence::events(stack)) {
        // Writing into memory does not fail.
        let _ = writeln!(text, "{event}");
    }
    for (service, printed) in stack.printed() {
        for (stream, captured) in [("stdout", &printed.stdout), ("stderr", &printed.stderr)] {
            // Masked before it is cut: a secret that the cut halves would show.
            let said = masker.masked(&captured.text());
            if said.is_empty() {
                continue;
            }
            let _ = writeln!(text, "== {service} {stream}");
            text.push_str(&end(&said, SHOWN));
            if !text.ends_with('\n') {
                text.push('\n');
            }
        }
    }
    text
}
