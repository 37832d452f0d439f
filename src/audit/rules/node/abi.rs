//! Addons that are bound to one version of Node's binary interface, against the
//! Nodes that are in the image. Addons of Node-API fit every Node.

use crate::audit::Unpacked;
use crate::audit::file::FileFacts;
use crate::audit::rules::libc::Libc;
use crate::audit::rules::packages::{elf, listed};

use super::Judged;
use super::modules::{Modules, Native};

/// A Node in the image.
pub(super) struct NodeProgram {
    pub(super) path: String,
    pub(super) version: String,
    /// `NODE_MODULE_VERSION`
    pub(super) abi: Option<u32>,
    pub(super) libc: Option<Libc>,
}

impl NodeProgram {
    pub(super) fn all(unpacked: &Unpacked) -> Vec<Self> {
        unpacked
            .elf_files()
            .filter_map(|(path, elf)| {
                let version = elf.node_version.clone()?;
                let by_header = || {
                    let prefix = path.strip_suffix("/bin/node")?;
                    header(unpacked, &format!("{prefix}/include/node/node_version.h"))
                };
                Some(Self {
                    abi: by_header().or_else(|| abi_of(&version)),
                    libc: Libc::of_program(elf),
                    version,
                    path,
                })
            })
            .collect()
    }
}

fn header(unpacked: &Unpacked, path: &str) -> Option<u32> {
    match unpacked.rootfs.resolve(path).ok()?.facts()? {
        FileFacts::NodeHeader(abi) => Some(*abi),
        _ => None,
    }
}

/// `NODE_MODULE_VERSION` of a release (nodejs/node, `doc/abi_version_registry.json`).
fn abi_of(version: &str) -> Option<u32> {
    let major: u32 = version
        .trim_start_matches('v')
        .split('.')
        .next()?
        .parse()
        .ok()?;
    Some(match major {
        4 => 46,
        5 => 47,
        6 => 48,
        7 => 51,
        8 => 57,
        9 => 59,
        10 => 64,
        11 => 67,
        12 => 72,
        13 => 79,
        14 => 83,
        15 => 88,
        16 => 93,
        17 => 102,
        18 => 108,
        19 => 111,
        20 => 115,
        21 => 120,
        22 => 127,
        23 => 131,
        24 => 137,
        25 => 141,
        _ => return None,
    })
}

impl Modules<'_> {
    /// Whether a Node in the image has this `NODE_MODULE_VERSION`; also where
    /// there is none, or one that is not known.
    pub(super) fn has_abi(&self, abi: u32) -> bool {
        self.nodes.iter().all(|node| node.abi.is_none())
            || self
                .nodes
                .iter()
                .any(|node| node.abi.is_none_or(|has| has == abi))
    }
}

pub(super) fn judge(modules: &Modules<'_>) -> Vec<Judged> {
    let mut found = Vec::new();
    for package in &modules.packages {
        let bound: Vec<(&Native<'_>, u32)> = package
            .addons()
            // Prebuilds are for several versions on purpose, and judged as such.
            .filter(|addon| !addon.path.starts_with("prebuilds/"))
            .filter_map(|addon| Some((addon, bound_to(addon, modules)?)))
            .collect();
        let Some((worst, abi)) = bound.first() else {
            continue;
        };
        if bound.iter().any(|(_, abi)| modules.has_abi(*abi)) {
            continue;
        }
        let message = format!(
            "{} was compiled for NODE_MODULE_VERSION {abi}, and the Node in this image has another",
            package.title()
        );
        let severity = modules.severity(package);
        let mut judged = modules.judged(package, "node-abi-mismatch", severity, message);
        judged.finding = judged
            .finding
            .at(format!("{}/{}", package.folder, worst.path));
        let nodes: Vec<String> = modules
            .nodes
            .iter()
            .map(|node| {
                let abi = node.abi.map(|abi| format!(" ({abi})")).unwrap_or_default();
                format!("{} is {}{abi}", node.path, node.version)
            })
            .collect();
        judged.finding = judged
            .finding
            .because(listed(&nodes, 4))
            .hint("use the same major version of Node in the build stage and in the image, or run `npm rebuild` there");
        found.push(judged);
    }
    found
}

fn bound_to(addon: &Native<'_>, modules: &Modules<'_>) -> Option<u32> {
    let elf = elf(addon.facts)?;
    let is_judged = !elf.is_node_api && elf.header().is_for(modules.platform());
    elf.node_module_version.filter(|_| is_judged)
}

#[cfg(test)]
mod tests {
    use crate::audit::rules::node::judge;
    use crate::audit::rules::packages::fixture::Fixture;

    fn image(node: &str, addon: u32, is_node_api: bool) -> Fixture {
        Fixture::new("linux/arm64")
            .elf_with("/usr/local/bin/node", "linux/arm64", |elf| {
                elf.node_version = Some(node.to_owned());
                elf.interpreter = Some("/lib/ld-linux-aarch64.so.1".to_owned());
            })
            .node_package("/app/node_modules/better-sqlite3", "9.0.0", |_| {})
            .elf_with(
                "/app/node_modules/better-sqlite3/build/Release/better_sqlite3.node",
                "linux/arm64",
                |elf| {
                    elf.node_module_version = Some(addon);
                    elf.is_node_api = is_node_api;
                },
            )
    }

    #[test]
    fn an_addon_for_another_node_is_an_error() {
        // nodejs/help#3414
        let findings = judge(&image("20.11.0", 108, false).build());
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].code, "node-abi-mismatch");
        assert_eq!(
            findings[0].evidence,
            ["/usr/local/bin/node is 20.11.0 (115)"]
        );
    }

    #[test]
    fn an_addon_for_this_node_or_for_any_is_healthy() {
        assert_eq!(judge(&image("20.11.0", 115, false).build()), []);
        assert_eq!(judge(&image("20.11.0", 108, true).build()), []);
        // A Node that is newer than the table judges nothing.
        assert_eq!(judge(&image("99.0.0", 115, false).build()), []);
    }

    #[test]
    fn any_node_of_the_image_may_be_the_one() {
        let fixture =
            image("20.11.0", 108, false).elf_with("/opt/node18/bin/node", "linux/arm64", |elf| {
                elf.node_version = Some("v18.20.8".to_owned())
            });
        assert_eq!(judge(&fixture.build()), []);
    }
}
