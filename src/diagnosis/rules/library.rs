//! A library that an object needs is not found. A bare name in front of
//! "cannot open shared object file" is a dependency, never the object itself.

use super::{Observation, Rule, cause, line_with, no_suspects};
use crate::diagnosis::FileFacts;
use crate::event::{Cause, Confidence};

pub(super) const RULE: Rule = Rule {
    suspects: no_suspects,
    judge,
};

fn judge(observation: &Observation<'_>, _: &[FileFacts]) -> Option<Cause> {
    let text = observation.text;
    let line = line_with(text, ": cannot open shared object file")
        .or_else(|| line_with(text, "Error loading shared library"))?;
    let name = match line.split_once(": cannot open shared object file") {
        Some((before, _)) => before
            .rsplit(|c: char| c.is_whitespace() || c == '\'')
            .next()?,
        None => line
            .split_once("Error loading shared library ")?
            .1
            .split(':')
            .next()?,
    };
    if name.contains('/') || !name.contains(".so") {
        return None;
    }
    let (code, message, hint) = if name.starts_with("libc.musl-") || name == "libc.so" {
        (
            "musl-object-on-glibc",
            format!(
                "an object built for musl was loaded where the libc is glibc ({name} is musl's)"
            ),
            "install the glibc build of that package",
        )
    } else if name.starts_with("ld-linux") || name == "libc.so.6" {
        (
            "glibc-object-on-musl",
            format!(
                "an object built for glibc was loaded where the libc is musl ({name} is glibc's)"
            ),
            "install the musl build of that package, or use a glibc base image",
        )
    } else {
        (
            "needed-library-missing",
            format!("the library {name} is not found: absent, or there for another architecture"),
            "install the package that brings it in this variant; an install step guarded by the architecture is the usual reason",
        )
    };
    let mut found = cause(code, Confidence::Consistent, message);
    found.evidence.push(line.to_owned());
    found.hint = Some(hint.to_owned());
    Some(found)
}
