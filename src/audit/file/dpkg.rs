//! dpkg's list of packages: `status`, and in images without a package manager
//! `status.d` with a file for each.

use super::bytes::FileBytes;
use super::{FileFacts, InstalledPackage};

/// A full desktop's comes to five.
pub(super) const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// A distribution has about three times as many, all of them together.
pub(super) const MOST_PACKAGES: usize = 20_000;

pub(super) fn is_one(path: &str) -> bool {
    path.strip_prefix("var/lib/dpkg/").is_some_and(|rest| {
        let own = rest.strip_prefix("status.d/");
        rest == "status" || own.is_some_and(|name| !name.ends_with(".md5sums"))
    })
}

pub(super) fn read(file: &mut FileBytes<'_>) -> Option<FileFacts> {
    let bytes = file.all(MOST_BYTES)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut packages = Vec::new();
    let mut stanza = Stanza::default();
    for line in text.lines().chain([""]) {
        if line.is_empty() {
            packages.extend(std::mem::take(&mut stanza).package());
            if packages.len() >= MOST_PACKAGES {
                break;
            }
        } else if let Some((field, value)) = line.split_once(':') {
            stanza.set(field, value.trim());
        }
    }
    Some(FileFacts::Packages(packages))
}

#[derive(Default)]
struct Stanza<'a> {
    name: &'a str,
    version: &'a str,
    architecture: &'a str,
    status: Option<&'a str>,
}

impl<'a> Stanza<'a> {
    fn set(&mut self, field: &str, value: &'a str) {
        match field {
            "Package" => self.name = value,
            "Version" => self.version = value,
            "Architecture" => self.architecture = value,
            "Status" => self.status = Some(value),
            _ => {}
        }
    }

    /// `None` where it is not there: removed with its configuration kept, half
    /// installed. `status.d` has no `Status`: what is listed there is installed.
    fn package(self) -> Option<InstalledPackage> {
        let state = self.status.and_then(|status| status.split(' ').next_back());
        let is_installed = state.is_none_or(|state| {
            matches!(state, "installed" | "triggers-awaited" | "triggers-pending")
        });
        (is_installed && !self.name.is_empty()).then(|| InstalledPackage {
            name: self.name.to_owned(),
            version: self.version.to_owned(),
            architecture: self.architecture.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Whole;
    use super::*;

    fn packages(text: &str) -> Vec<(String, String, String)> {
        let mut file = FileBytes::new(Whole::Bytes(text.as_bytes())).expect("bytes");
        let Some(FileFacts::Packages(packages)) = read(&mut file) else {
            panic!("no packages");
        };
        packages
            .into_iter()
            .map(|found| (found.name, found.version, found.architecture))
            .collect()
    }

    fn line(name: &str, version: &str, architecture: &str) -> (String, String, String) {
        (name.into(), version.into(), architecture.into())
    }

    #[test]
    fn what_was_removed_is_not_installed() {
        let text = "Package: a\nStatus: install ok installed\nArchitecture: arm64\n\
            Depends: b\nDescription: x\n Package: no\nVersion: 1:2-3\n\n\
            Package: b\nStatus: deinstall ok config-files\nArchitecture: arm64\nVersion: 1\n\n\
            Package: c\nStatus: install ok half-installed\nArchitecture: arm64\nVersion: 1\n\n\
            Package: d\nStatus: install ok triggers-pending\nArchitecture: all\nVersion: 4\n";
        assert_eq!(
            packages(text),
            [line("a", "1:2-3", "arm64"), line("d", "4", "all")]
        );
    }

    #[test]
    fn images_without_a_package_manager_have_a_file_for_each() {
        assert_eq!(
            packages("Package: base-files\nVersion: 12\nArchitecture: s390x"),
            [line("base-files", "12", "s390x")]
        );
        assert!(is_one("var/lib/dpkg/status.d/base-files"));
        assert!(is_one("var/lib/dpkg/status"));
        assert!(!is_one("var/lib/dpkg/status.d/base-files.md5sums"));
        assert!(!is_one("var/lib/dpkg/status-old"));
        assert!(!is_one("srv/var/lib/dpkg/status"));
    }

    #[test]
    fn more_packages_than_there_are_end_the_list() {
        let text = "Package: a\n\n".repeat(MOST_PACKAGES + 9);
        assert_eq!(packages(&text).len(), MOST_PACKAGES);
    }
}
