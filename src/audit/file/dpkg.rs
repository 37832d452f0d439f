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
