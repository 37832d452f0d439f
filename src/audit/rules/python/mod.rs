//! Python's extension modules and wheels against the platform and the Pythons in
//! the image. Python looks only for names with its own suffix: a module for another
//! platform is not refused, it is not there.

mod extension;
mod interpreters;
mod wheel;

use crate::audit::Unpacked;
use crate::audit::rules::packages::is_alien;
use crate::event::Finding;

pub(super) use extension::claims;
pub(super) use interpreters::{versions, versions_named};

pub(super) fn judge(unpacked: &Unpacked) -> Vec<Finding> {
    let is_judged = unpacked.platform.os() == "linux" && unpacked.platform.node().is_some();
    if !is_judged || is_alien(unpacked) {
        return Vec::new();
    }
    let mut findings = extension::judge(unpacked);
    findings.extend(wheel::judge(unpacked));
    findings
}

/// The folder of installed packages that a path lies in, and the path in it.
fn in_packages(path: &str) -> Option<(&str, &str)> {
    ["/site-packages/", "/dist-packages/", "/lib-dynload/"]
        .iter()
        .filter_map(|folder| {
            let at = path.rfind(folder)? + folder.len();
            Some((path.get(..at - 1)?, path.get(at..)?))
        })
        .max_by_key(|(folder, _)| folder.len())
}

#[cfg(test)]
mod tests;
