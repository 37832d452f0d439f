//! An object wants a newer libc or libstdc++ than the image has: often on one
//! platform only, whose binaries were built on a newer runner.

use super::{Observation, Rule, cause, no_suspects};
use crate::diagnosis::FileFacts;
use crate::event::{Cause, Confidence};

pub(super) const RULE: Rule = Rule {
    suspects: no_suspects,
    judge,
};

fn judge(observation: &Observation<'_>, _: &[FileFacts]) -> Option<Cause> {
    let line = observation
        .text
        .lines()
        .find(|line| line.contains("version `") && line.contains("' not found"))?
        .trim();
    let wanted = line.split_once("version `")?.1.split('\'').next()?;
    let code = if wanted.starts_with("GLIBC_") {
        "glibc-too-old"
    } else if wanted.starts_with("GLIBCXX_") || wanted.starts_with("CXXABI_") {
        "libstdcxx-too-old"
    } else {
        return None;
    };
    // The loader read the version tables itself, so its word is a fact.
    let mut found = cause(
        code,
        Confidence::Established,
        format!("a binary needs {wanted}, which this image's library does not have"),
    );
    found.evidence.push(line.to_owned());
    found.hint = Some(
        "build it on the release that the image is made from, or an older one; or move the base image up".to_owned(),
    );
    Some(found)
}
