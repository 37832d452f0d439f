//! The packages that are installed in an image, by the package manager that knows them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::audit::Unpacked;
use crate::audit::file::{FileFacts, InstalledPackage};
use crate::audit::rootfs::{FileRef, NodeKind};

/// A world of packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ecosystem {
    /// Debian's, and those of its children.
    Dpkg,
    /// Alpine's.
    Apk,
    /// Node's.
    Npm,
    /// Python's.
    Pip,
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dpkg => "dpkg",
            Self::Apk => "apk",
            Self::Npm => "npm",
            Self::Pip => "pip",
        })
    }
}

/// All of them, each once, in order.
pub(super) fn installed(unpacked: &Unpacked) -> BTreeMap<Ecosystem, Vec<InstalledPackage>> {
    let mut found: BTreeMap<Ecosystem, BTreeSet<InstalledPackage>> = BTreeMap::new();
    for file in unpacked.rootfs.nodes() {
        for (ecosystem, package) in of(file) {
            found.entry(ecosystem).or_default().insert(package);
        }
    }
    found
        .into_iter()
        .map(|(ecosystem, packages)| (ecosystem, packages.into_iter().collect()))
        .collect()
}

fn of(file: FileRef<'_>) -> Vec<(Ecosystem, InstalledPackage)> {
    match file.facts() {
        Some(FileFacts::Packages(packages)) => {
            let ecosystem = match file.path().contains("/apk/") {
                true => Ecosystem::Apk,
                false => Ecosystem::Dpkg,
            };
            packages
                .iter()
                .map(|package| (ecosystem, package.clone()))
                .collect()
        }
        Some(FileFacts::NodePackage(package)) if is_in_node_modules(&file.path()) => {
            vec![(Ecosystem::Npm, named(&package.name, &package.version))]
        }
        _ if file.kind() == NodeKind::Directory => {
            let Some(name) = file.name().strip_suffix(".dist-info") else {
                return Vec::new();
            };
            // Copies that pip and setuptools keep of their own dependencies.
            if file.path().contains("/_vendor/") {
                return Vec::new();
            }
            name.split_once('-')
                .map(|(name, version)| (Ecosystem::Pip, named(&normalised(name), version)))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

fn named(name: &str, version: &str) -> InstalledPackage {
    InstalledPackage {
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: String::new(),
    }
}

/// `…/node_modules/NAME/package.json`, not one deeper in a package.
fn is_in_node_modules(path: &str) -> bool {
    let Some((_, inside)) = path.rsplit_once("/node_modules/") else {
        return false;
    };
    let depth = inside.split('/').count();
    depth == if inside.starts_with('@') { 3 } else { 2 }
}

/// Python's names are equal where they differ in case, `-`, `_` and `.` only.
fn normalised(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::rules::packages::fixture::Fixture;

    #[test]
    fn each_package_manager_is_asked_in_its_own_way() {
        let debian = InstalledPackage {
            name: "libc6".to_owned(),
            version: "2.36-9".to_owned(),
            architecture: "arm64".to_owned(),
        };
        let image = Fixture::new("linux/arm64")
            .facts(
                "/var/lib/dpkg/status",
                FileFacts::Packages(vec![debian.clone()]),
            )
            .node_package("/app/node_modules/@img/sharp", "0.33.5", |_| {})
            .node_package("/app/node_modules/sharp/lib/esm", "0.0.0", |_| {})
            .file("/usr/lib/python3.11/site-packages/Foo_Bar-1.0.dist-info/WHEEL")
            .file("/usr/lib/python3.11/site-packages/setuptools/_vendor/more-8.dist-info/WHEEL")
            .build();
        let found = installed(&image);
        assert_eq!(found.get(&Ecosystem::Dpkg), Some(&vec![debian]));
        assert_eq!(
            found.get(&Ecosystem::Npm),
            Some(&vec![named("@img/sharp", "0.33.5")])
        );
        assert_eq!(
            found.get(&Ecosystem::Pip),
            Some(&vec![named("foo-bar", "1.0")])
        );
    }
}
