//! The Pythons in an image. Several are normal.

use std::collections::BTreeSet;

use crate::audit::Unpacked;
use crate::audit::rootfs::NodeKind;

/// Their versions, as in `3.11`: programs of that name, and libraries for programs
/// that embed one.
pub(super) fn versions(unpacked: &Unpacked) -> BTreeSet<String> {
    unpacked
        .rootfs
        .nodes()
        .filter(|node| matches!(node.kind(), NodeKind::File | NodeKind::Symlink(_)))
        .filter_map(|node| version(node.name()))
        .collect()
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
}
