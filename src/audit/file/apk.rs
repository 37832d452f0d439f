//! apk's list of packages: `lib/apk/db/installed`, below `usr` in newer Alpines.

use super::bytes::FileBytes;
use super::dpkg::{MOST_BYTES, MOST_PACKAGES};
use super::{FileFacts, InstalledPackage};

pub(super) fn is_one(path: &str) -> bool {
    matches!(path, "lib/apk/db/installed" | "usr/lib/apk/db/installed")
}

pub(super) fn read(file: &mut FileBytes<'_>) -> Option<FileFacts> {
    let bytes = file.all(MOST_BYTES)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut packages = Vec::new();
    let (mut name, mut version, mut architecture) = ("", "", "");
    for line in text.lines().chain([""]) {
        match line.split_once(':') {
            Some(("P", value)) => name = value,
            Some(("V", value)) => version = value,
            Some(("A", value)) => architecture = value,
            _ if line.is_empty() => {
                if !name.is_empty() {
                    packages.push(InstalledPackage {
                        name: name.to_owned(),
                        version: version.to_owned(),
                        architecture: architecture.to_owned(),
                    });
                }
                if packages.len() >= MOST_PACKAGES {
                    break;
                }
                (name, version, architecture) = ("", "", "");
            }
            _ => {}
        }
    }
    Some(FileFacts::Packages(packages))
}
