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

#[cfg(test)]
mod tests {
    use super::super::Whole;
    use super::*;

    #[test]
    fn packages_are_read_with_their_architectures() {
        let text = "C:Q1abc=\nP:musl\nV:1.2.5-r0\nA:aarch64\nS:1\nT:the musl c library\n\
            F:lib\nR:ld-musl-aarch64.so.1\n\nP:ca-certificates\nV:2024-r0\nA:noarch\n\n";
        let mut file = FileBytes::new(Whole::Bytes(text.as_bytes())).expect("bytes");
        let package = |name: &str, version: &str, architecture: &str| InstalledPackage {
            name: name.into(),
            version: version.into(),
            architecture: architecture.into(),
        };
        assert_eq!(
            read(&mut file),
            Some(FileFacts::Packages(vec![
                package("musl", "1.2.5-r0", "aarch64"),
                package("ca-certificates", "2024-r0", "noarch"),
            ]))
        );
    }
}
