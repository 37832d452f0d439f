//! The Pythons in an image. Several are normal.

use std::collections::BTreeSet;

use crate::audit::Unpacked;
use crate::audit::rootfs::NodeKind;

/// Their versions, as in `3.11`: programs of that name, and libraries for programs
/// that embed one.
pub(in crate::audit::rules) fn versions(unpacked: &Unpacked) -> BTreeSet<String> {
    unpacked
        .rootfs
        .nodes()
        .filter(|node| matches!(node.kind(), NodeKind::File | NodeKind::Symlink(_)))
        .filter_map(|node| version(node.name()))
        .collect()
}

/// The versions that a path names: those of `/usr/lib/python3.11/`, and of
/// `x.cpython-311-aarch64-linux-gnu.so`.
pub(in crate::audit::rules) fn versions_named(path: &str) -> impl Iterator<Item = String> {
    let folders = path.split('/').filter_map(version);
    let tag = path.rsplit('/').next().and_then(|name| {
        let tag = name.split_once(".cpython-")?.1.split(['-', '.']).next()?;
        let (major, minor) = tag.split_at_checked(1)?;
        Some(format!("{major}.{}", minor.trim_end_matches(['t', 'm'])))
    });
    folders.chain(tag)
}

/// Of `python3.11`, `python3.13t` and `libpython3.11.so.1.0`.
fn version(name: &str) -> Option<String> {
    let rest = name
        .strip_prefix("libpython")
        .and_then(|rest| rest.split_once(".so").map(|(version, _)| version))
        .or_else(|| name.strip_prefix("python"))?;
    let rest = rest.trim_end_matches(['t', 'm', 'd']);
    let (major, minor) = rest.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(major) && is_number(minor)).then(|| rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_libraries_tell_the_version() {
        assert_eq!(version("python3.11").as_deref(), Some("3.11"));
        assert_eq!(version("python3.13t").as_deref(), Some("3.13"));
        assert_eq!(version("libpython3.9.so.1.0").as_deref(), Some("3.9"));
        assert_eq!(version("python3"), None);
        assert_eq!(version("python3.11-config"), None);
    }

    #[test]
    fn a_path_names_the_versions_it_is_for() {
        let named = |path| versions_named(path).collect::<Vec<_>>();
        assert_eq!(
            named("/usr/lib/python3.9/site-packages/a/_b.cpython-311-aarch64-linux-gnu.so"),
            ["3.9", "3.11"]
        );
        assert_eq!(
            named("/opt/site-packages/a.cpython-313t-x86_64.so"),
            ["3.13"]
        );
        // Of a Python with debugging aids, which has symbols of its own.
        assert_eq!(named("/a.cpython-311d-x86_64-linux-gnu.so"), ["3.11d"]);
        assert_eq!(named("/usr/lib/python3/dist-packages/a.abi3.so"), [""; 0]);
    }
}
