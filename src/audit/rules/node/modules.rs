//! The Node packages that are installed in an image.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::Unpacked;
use crate::audit::file::{FileFacts, NodePackage};
use crate::audit::rules::libc::Libc;
use crate::audit::rules::packages::{elf, is_native};
use crate::event::{Finding, Severity};
use crate::image::Platform;

use super::Judged;
use super::abi::NodeProgram;

/// All of them, and what is said of them as a whole.
pub(super) struct Modules<'a> {
    pub(super) unpacked: &'a Unpacked,
    /// By folder.
    pub(super) packages: Vec<Package<'a>>,
    /// Of the image's Node, or of the image.
    pub(super) libc: Option<Libc>,
    /// The Nodes in the image.
    pub(super) nodes: Vec<NodeProgram>,
    /// The names that some package asks for in `dependencies`.
    required: BTreeSet<&'a str>,
    /// The names that some package asks for in `optionalDependencies`.
    optional: BTreeSet<&'a str>,
    /// The folders of projects whose own `package.json` was read.
    projects: BTreeSet<String>,
}

/// An installed package.
pub(super) struct Package<'a> {
    /// Its folder, absolute.
    pub(super) folder: String,
    /// What its `package.json` says.
    pub(super) facts: &'a NodePackage,
    /// Its native files: ELF ones, and all that are named `.node`.
    pub(super) natives: Vec<Native<'a>>,
}

/// A native file of a package.
pub(super) struct Native<'a> {
    /// Its path in the package.
    pub(super) path: String,
    pub(super) facts: Option<&'a FileFacts>,
}

impl<'a> Modules<'a> {
    pub(super) fn read(unpacked: &'a Unpacked) -> Self {
        let mut manifests: BTreeMap<String, &NodePackage> = BTreeMap::new();
        let mut natives: BTreeMap<String, Vec<Native<'a>>> = BTreeMap::new();
        let (mut required, mut optional) = (BTreeSet::new(), BTreeSet::new());
        let mut projects = BTreeSet::new();
        for file in unpacked.rootfs.files() {
            let facts = file.facts();
            let is_native = file.name().ends_with(".node") || elf(facts).is_some();
            let manifest = match facts {
                Some(FileFacts::NodePackage(manifest)) => Some(manifest.as_ref()),
                _ => None,
            };
            if !is_native && manifest.is_none() {
                continue;
            }
            let path = file.path();
            let owner = owner(&path);
            if let Some(manifest) = manifest {
                let folder = path.strip_suffix("/package.json").unwrap_or_default();
                match owner {
                    Some((owner, "package.json")) => {
                        manifests.insert(owner.to_owned(), manifest);
                    }
                    // A package.json within a package sets a module type, no more.
                    Some(_) => continue,
                    None => {
                        projects.insert(folder.to_owned());
                    }
                }
                required.extend(manifest.dependencies.iter().map(String::as_str));
                optional.extend(manifest.optional_dependencies.iter().map(String::as_str));
            } else if let Some((owner, inside)) = owner {
                natives.entry(owner.to_owned()).or_default().push(Native {
                    path: inside.to_owned(),
                    facts,
                });
            }
        }
        let packages = manifests
            .into_iter()
            .map(|(folder, facts)| Package {
                natives: natives.remove(&folder).unwrap_or_default(),
                folder,
                facts,
            })
            .collect();
        let nodes = NodeProgram::all(unpacked);
        let libc = nodes.iter().find_map(|node| node.libc);
        Self {
            unpacked,
            packages,
            libc: libc.or_else(|| Libc::of(unpacked)),
            nodes,
            required,
            optional,
            projects,
        }
    }

    pub(super) fn platform(&self) -> &'a Platform {
        &self.unpacked.platform
    }

    /// `linux/arm64`, with its C library where that is known.
    pub(super) fn here(&self) -> String {
        match self.libc {
            Some(libc) => format!("{} with {libc}", self.platform()),
            None => self.platform().to_string(),
        }
    }

    /// The folder in which Node finds a package when this one asks for it: the
    /// `node_modules` of each folder above. An empty folder is no package.
    pub(super) fn find(&self, package: &Package<'_>, name: &str) -> Option<String> {
        let rootfs = &self.unpacked.rootfs;
        let holds = |folder: &String| !rootfs.list(folder).is_empty();
        let mut above = Some(package.folder.as_str());
        while let Some(folder) = above {
            if !folder.ends_with("/node_modules") {
                let candidate = format!("{folder}/node_modules/{name}");
                if holds(&candidate) {
                    return Some(candidate);
                }
            }
            above = folder.rsplit_once('/').map(|(parent, _)| parent);
        }
        // Yarn's Plug'n'Play looks packages up in a table of its own.
        let is_unplugged = |folder: &str| folder.contains("/.yarn/unplugged/");
        is_unplugged(&package.folder)
            .then(|| {
                self.packages
                    .iter()
                    .find(|other| other.facts.name == name && is_unplugged(&other.folder))
            })
            .flatten()
            .map(|other| other.folder.clone())
    }

    /// Whether whoever asks for the package does without it where it is missing.
    pub(super) fn is_only_optional(&self, package: &Package<'_>) -> bool {
        let name = package.facts.name.as_str();
        self.optional.contains(name)
            && !self.required.contains(name)
            && self.projects.contains(root(&package.folder))
    }

    /// An error, or a warning where all who ask for the package do without it.
    pub(super) fn severity(&self, package: &Package<'_>) -> Severity {
        match self.is_only_optional(package) {
            true => Severity::Warning,
            false => Severity::Error,
        }
    }

    /// A finding in a package's folder.
    pub(super) fn judged(
        &self,
        package: &Package<'_>,
        code: &str,
        severity: Severity,
        message: String,
    ) -> Judged {
        Judged {
            finding: Finding::new(code, severity, message)
                .at(format!("{}/package.json", package.folder)),
            package: package.facts.name.clone(),
            root: root(&package.folder).to_owned(),
            installed_for: Vec::new(),
        }
    }
}

impl Package<'_> {
    /// `sharp 0.33.5`
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.facts.name, self.facts.version)
            .trim_end()
            .to_owned()
    }

    pub(super) fn depends_on(&self, names: &[&str]) -> bool {
        let dependencies = &self.facts.dependencies;
        names
            .iter()
            .any(|name| dependencies.iter().any(|d| d == name))
    }

    /// It brought, or was built with, a native file of its own for this platform.
    pub(super) fn has_own_binary(&self, platform: &Platform) -> bool {
        self.natives
            .iter()
            .any(|native| is_native(native.facts, platform))
    }

    /// Its files that are named `.node`.
    pub(super) fn addons(&self) -> impl Iterator<Item = &Native<'_>> {
        self.natives
            .iter()
            .filter(|native| native.path.ends_with(".node"))
    }

    /// Whether its author meant it for this platform at all (`os`, `cpu`).
    pub(super) fn is_meant_for(&self, platform: &Platform) -> bool {
        let allows = |list: &[String], word: &str| {
            let denied = list
                .iter()
                .any(|entry| entry.strip_prefix('!') == Some(word));
            let mut allowed = list
                .iter()
                .filter(|entry| !entry.starts_with('!'))
                .peekable();
            let is_open = allowed.peek().is_none();
            !denied && (is_open || allowed.any(|entry| entry == word || entry == "any"))
        };
        allows(&self.facts.os, "linux")
            && platform
                .node()
                .is_some_and(|cpu| allows(&self.facts.cpu, cpu))
    }
}

/// The folder of the package that a file belongs to, and the file's path in it.
fn owner(path: &str) -> Option<(&str, &str)> {
    const MODULES: &str = "/node_modules/";
    let start = path.rfind(MODULES)? + MODULES.len();
    let rest = path.get(start..)?;
    let parts = if rest.starts_with('@') { 2 } else { 1 };
    let (slash, _) = rest.match_indices('/').nth(parts - 1)?;
    let end = start + slash;
    Some((path.get(..end)?, path.get(end + 1..)?))
}

/// The folder that has the outermost `node_modules` on a path.
pub(super) fn root(path: &str) -> &str {
    path.split_once("/node_modules/")
        .map_or(path, |(before, _)| before)
}

/// The first two numbers of a version.
pub(super) fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    Some((numbers.next()?, numbers.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_the_innermost_package() {
        assert_eq!(
            owner("/app/node_modules/.pnpm/sharp@0.33.5/node_modules/@img/sharp/lib/a.node"),
            Some((
                "/app/node_modules/.pnpm/sharp@0.33.5/node_modules/@img/sharp",
                "lib/a.node"
            ))
        );
        assert_eq!(
            owner("/app/node_modules/a/node_modules/b/package.json"),
            Some(("/app/node_modules/a/node_modules/b", "package.json"))
        );
        assert_eq!(owner("/app/package.json"), None);
        assert_eq!(owner("/app/node_modules/.package-lock.json"), None);
    }
}
