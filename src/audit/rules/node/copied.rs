//! The root cause of several packages at once: the whole `node_modules` was
//! installed on another platform, and copied.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::rules::packages::listed;
use crate::event::{Finding, Severity};

use super::Judged;
use super::modules::Modules;

/// One finding for each project with two or more packages that were installed for
/// another platform. It adds no error to theirs: it says where they come from.
pub(super) fn label(modules: &Modules<'_>, judged: &[Judged]) -> Vec<Finding> {
    let mut by_root: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
    for judged in judged
        .iter()
        .filter(|judged| !judged.installed_for.is_empty())
    {
        by_root.entry(&judged.root).or_default().push(judged);
    }
    by_root
        .into_iter()
        .filter_map(|(root, members)| {
            let packages: BTreeSet<&str> =
                members.iter().map(|member| member.package.as_str()).collect();
            if packages.len() < 2 {
                return None;
            }
            let platforms: BTreeSet<&str> = members
                .iter()
                .flat_map(|member| &member.installed_for)
                .map(String::as_str)
                .collect();
            let packages: Vec<&str> = packages.into_iter().collect();
            let platforms: Vec<&str> = platforms.into_iter().collect();
            let folder = format!("{root}/node_modules");
            let message = format!(
                "{} packages in {folder} were installed for another platform than {}: it was made elsewhere and copied here",
                packages.len(),
                modules.platform()
            );
            Some(
                Finding::new("node-modules-copied-across-platforms", Severity::Warning, message)
                    .at(folder)
                    .because(format!("packages: {}", listed(&packages, 12)))
                    .because(format!("installed for: {}", listed(&platforms, 12)))
                    .hint("run the install in a stage of the target platform (no `--platform=$BUILDPLATFORM` on it), and keep the host's node_modules out with .dockerignore"),
            )
        })
        .collect()
}
