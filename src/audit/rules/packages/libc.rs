//! Which C library an image's programs use.

use std::fmt;

use crate::audit::Unpacked;
use crate::audit::file::ElfFacts;

use super::elf;

/// A C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::audit::rules) enum Libc {
    /// glibc
    Glibc,
    /// musl
    Musl,
}

impl Libc {
    /// The one that the image's own programs ask for; `None` where nothing tells.
    pub(in crate::audit::rules) fn of(unpacked: &Unpacked) -> Option<Self> {
        const PROGRAMS: [&str; 5] = [
            "/bin/sh",
            "/usr/bin/env",
            "/bin/busybox",
            "/usr/local/bin/node",
            "/usr/bin/node",
        ];
        let by_program = PROGRAMS.iter().find_map(|path| {
            let file = unpacked.rootfs.resolve(path).ok()?;
            Self::of_program(elf(file.facts())?)
        });
        by_program.or_else(|| Self::by_loaders(unpacked))
    }

    /// The one whose loader a program names.
    pub(in crate::audit::rules) fn of_program(elf: &ElfFacts) -> Option<Self> {
        Self::of_loader(elf.interpreter.as_deref()?.rsplit('/').next()?)
    }

    /// An image without a shell: which loaders lie in it. Debian's `musl` package
    /// puts the other one beside glibc's, and Alpine's `gcompat` the reverse.
    fn by_loaders(unpacked: &Unpacked) -> Option<Self> {
        let found: Vec<Self> = ["/lib", "/lib64", "/usr/lib"]
            .iter()
            .flat_map(|folder| unpacked.rootfs.list(folder))
            .filter_map(|file| Self::of_loader(file.name()))
            .collect();
        match (found.contains(&Self::Glibc), found.contains(&Self::Musl)) {
            (true, false) => Some(Self::Glibc),
            (false, true) => Some(Self::Musl),
            (true, true) if unpacked.rootfs.entry("/etc/alpine-release").is_some() => {
                Some(Self::Musl)
            }
            (true, true) => Some(Self::Glibc),
            (false, false) => None,
        }
    }

    fn of_loader(name: &str) -> Option<Self> {
        if name.starts_with("ld-musl-") {
            Some(Self::Musl)
        } else if name.starts_with("ld-linux") || name.starts_with("ld64.so") {
            Some(Self::Glibc)
        } else {
            None
        }
    }
}

impl fmt::Display for Libc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Glibc => "glibc",
            Self::Musl => "musl",
        })
    }
}
