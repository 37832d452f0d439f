//! What a stack's services did, as a report tells it.

use std::fmt::Write as _;

use crate::stack::Stack;

/// How much of each stream of a service is shown.
const SHOWN: usize = 16 << 10;

/// Events in order of time, and then what each service has printed.
pub(super) fn of(stack: &Stack) -> String {
    let mut text = String::from("== events\n");
    for moment in stack.moments() {
        // Writing into memory does not fail.
        let _ = writeln!(
            text,
            "{:8.3} s  {}  {}",
            moment.at.as_secs_f64(),
            moment.service,
            moment.what
        );
    }
    for (service, printed) in stack.printed() {
        for (stream, captured) in [("stdout", &printed.stdout), ("stderr", &printed.stderr)] {
            let said = captured.text();
            if said.is_empty() {
                continue;
            }
            let _ = writeln!(text, "== {service} {stream}");
            text.push_str(last(&said, SHOWN));
            if !text.ends_with('\n') {
                text.push('\n');
            }
        }
    }
    text
}

/// The end of a text: what went wrong stands there.
fn last(text: &str, most: usize) -> &str {
    let mut at = text.len().saturating_sub(most);
    while !text.is_char_boundary(at) {
        at += 1;
    }
    text.get(at..).unwrap_or_default()
}
