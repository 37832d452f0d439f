//! Installed Node packages that keep a binary per platform, and the one that is
//! missing. Each way of keeping them is a file here and a line in [`ALL`].

mod abi;
mod addon;
mod copied;
mod foreign_program;
mod modules;
mod platform_package;
mod prebuilds;
mod prisma;
mod sharp;
mod sharp_x64_v2;

use crate::audit::Unpacked;
use crate::audit::rules::packages::is_alien;
use crate::event::Finding;
use crate::image::Platform;

use modules::Modules;

/// A finding, and what the label for whole folders needs of it.
struct Judged {
    finding: Finding,
    /// The package.
    package: String,
    /// The folder that has the `node_modules` it is in.
    root: String,
    /// The other platforms that it was installed for: `linux-x64`.
    installed_for: Vec<String>,
}

const ALL: &[fn(&Modules<'_>) -> Vec<Judged>] = &[
    platform_package::judge,
    sharp::judge,
    sharp_x64_v2::judge,
    addon::judge,
    prebuilds::judge,
    prisma::judge,
    foreign_program::judge,
    abi::judge,
];

/// Foreign files that a rule here judges.
pub(super) fn claims(path: &str, platform: &Platform) -> bool {
    foreign_program::claims(path) || prisma::claims(path, platform)
}

/// Whether a file is for one platform alone, and its name says for which.
pub(super) fn is_for_one_platform(path: &str) -> bool {
    prisma::is_engine(path)
}

/// Whether a Node in the image has this `NODE_MODULE_VERSION`.
pub(super) fn has_abi(unpacked: &Unpacked, abi: u32) -> bool {
    abi::NodeProgram::all(unpacked)
        .iter()
        .any(|node| node.abi == Some(abi))
}

pub(super) fn judge(unpacked: &Unpacked) -> Vec<Finding> {
    let is_judged = unpacked.platform.os() == "linux" && unpacked.platform.node().is_some();
    if !is_judged || is_alien(unpacked) {
        return Vec::new();
    }
    let modules = Modules::read(unpacked);
    let judged: Vec<Judged> = ALL.iter().flat_map(|rule| rule(&modules)).collect();
    let label = copied::label(&modules, &judged);
    let mut findings: Vec<Finding> = judged.into_iter().map(|judged| judged.finding).collect();
    findings.extend(label);
    findings
}
