//! Which C library programs are made for.

use std::fmt;

use crate::audit::Unpacked;
use crate::audit::file::{ElfFacts, FileFacts};

/// A C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Libc {
    /// GNU
    Glibc,
    /// musl
    Musl,
}

impl Libc {
    /// By the loader's path or file name.
    pub(super) fn of_loader(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next()?;
        if name.starts_with("ld-musl-") {
            Some(Self::Musl)
        } else if name.starts_with("ld-linux") || name.starts_with("ld64.so") || name == "ld.so.1" {
            Some(Self::Glibc)
        } else {
            None
        }
    }

    /// The one whose loader a program names.
    pub(super) fn of_program(elf: &ElfFacts) -> Option<Self> {
        Self::of_loader(elf.interpreter.as_deref()?)
    }

    /// The one that the image's own programs ask for; `None` where nothing tells.
    pub(super) fn of(unpacked: &Unpacked) -> Option<Self> {
        const PROGRAMS: [&str; 5] = [
            "/bin/sh",
            "/usr/bin/env",
            "/bin/busybox",
            "/usr/local/bin/node",
            "/usr/bin/node",
        ];
        let by_program =
            PROGRAMS
                .iter()
                .find_map(|path| match unpacked.rootfs.resolve(path).ok()?.facts()? {
                    FileFacts::Elf(elf) => Self::of_program(elf),
                    _ => None,
                });
        by_program.or_else(|| Self::by_loaders(unpacked))
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

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Glibc => "glibc",
            Self::Musl => "musl",
        }
    }
}

impl fmt::Display for Libc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
