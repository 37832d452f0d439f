//! Decides which reader a file is for. Most files are for none, and of those no
//! more than the first bytes are looked at.

use std::fs::File;

use super::bytes::FileBytes;
use super::{
    FileFacts, apk, archive, dpkg, elf, foreign, loader_path, node_header, node_package, script,
    wheel,
};

/// A file's bytes, as its layer brings them.
pub trait Content {
    /// The first bytes: at least 4096, or all where there are fewer.
    fn head(&mut self) -> &[u8];

    /// The whole file. An error is for whoever implements this to report: it is the
    /// machine's fault, the layer's or a limit, and says nothing of the file.
    fn whole(&mut self) -> std::io::Result<Whole<'_>>;
}

/// A whole file, for reads in any order.
#[derive(Debug)]
pub enum Whole<'a> {
    /// It is in memory.
    Bytes(&'a [u8]),
    /// It was too large for that.
    File(&'a mut File),
}

/// Whether a path is one that a reader knows.
type Knows = fn(&str) -> bool;
/// Keeps of the file what a rule needs.
type Read = fn(&mut FileBytes<'_>) -> Option<FileFacts>;

/// The kinds of files that are known by their paths.
const KINDS: &[(Knows, Read)] = &[
    (node_package::is_one, node_package::read),
    (archive::is_one, archive::read),
    (wheel::is_one, wheel::read),
    (node_header::is_one, node_header::read),
    (
        loader_path::is_configuration,
        loader_path::read_configuration,
    ),
    (loader_path::is_musl, loader_path::read_musl),
    (dpkg::is_one, dpkg::read),
    (apk::is_one, apk::read),
];

/// Keeps of a file what a rule needs; `None` where that is nothing. `path` has no
/// leading slash.
pub fn examine(path: &str, mode: u32, size: u64, content: &mut dyn Content) -> Option<FileFacts> {
    if content.head().starts_with(b"\x7fELF") {
        let facts = match content.whole().and_then(FileBytes::new) {
            Ok(mut file) => elf::read(path, &mut file),
            Err(_) => elf::read_head(path, content.head()),
        };
        return Some(FileFacts::Elf(Box::new(facts)));
    }
    if let Some((_, read)) = KINDS.iter().find(|(knows, _)| knows(path)) {
        let mut file = content.whole().and_then(FileBytes::new).ok()?;
        return read(&mut file);
    }
    let is_executable = mode & 0o111 != 0;
    let is_library = is_library(path);
    let head = content.head();
    if is_executable || is_library {
        let found = foreign::recognise(path, size, head, is_library);
        if let Some(found) = found {
            return Some(FileFacts::NotElf(found));
        }
    }
    if is_library {
        return None;
    }
    script::read(head, is_executable).map(FileFacts::Script)
}

/// The last part of a path.
pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a path ends with these folders and a name, and not in the middle of one.
pub(super) fn ends_with_path(path: &str, end: &str) -> bool {
    path.strip_suffix(end)
        .is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// Whether a name says that something loads it: `x.node`, `x.so`, `x.so.1.2`.
pub(super) fn is_library(path: &str) -> bool {
    let name = name_of(path);
    if name.ends_with(".node") || name.ends_with(".so") {
        return true;
    }
    // `ld.so.conf` and `libx.so.1-gdb.py` are none.
    name.split_once(".so.").is_some_and(|(_, version)| {
        version
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{NotElf, Script};
    use super::*;
    use crate::audit::elf_writer::{Elf, Machine};

    /// Bytes, and whether all of them were asked for.
    struct Watched {
        bytes: Vec<u8>,
        was_read: bool,
        is_broken: bool,
    }

    impl Content for Watched {
        fn head(&mut self) -> &[u8] {
            &self.bytes
        }

        fn whole(&mut self) -> std::io::Result<Whole<'_>> {
            self.was_read = true;
            if self.is_broken {
                return Err(std::io::Error::other("the disk is full"));
            }
            Ok(Whole::Bytes(&self.bytes))
        }
    }

    fn watched(bytes: impl Into<Vec<u8>>) -> Watched {
        Watched {
            bytes: bytes.into(),
            was_read: false,
            is_broken: false,
        }
    }

    fn facts(path: &str, mode: u32, bytes: impl Into<Vec<u8>>) -> Option<FileFacts> {
        let mut file = watched(bytes);
        let size = file.bytes.len() as u64;
        examine(path, mode, size, &mut file)
    }

    #[test]
    fn files_that_no_rule_cares_for_are_not_read() {
        for (path, mode) in [
            ("usr/share/doc/x/copyright", 0o644),
            ("etc/ld.so.cache", 0o644),
            ("usr/share/gdb/libstdc++.so.6.0.30-gdb.py", 0o644),
            ("srv/logo.png", 0o644),
        ] {
            let mut file = watched("some text\n");
            assert_eq!(examine(path, mode, 10, &mut file), None, "{path}");
            assert!(!file.was_read, "{path}");
        }
    }

    #[test]
    fn an_elf_file_is_one_under_any_name_and_mode() {
        let bytes = Elf::program(Machine::AArch64).build();
        for path in ["usr/bin/app", "opt/blob.jar", "srv/package.json", "x.html"] {
            let found = facts(path, 0o644, bytes.clone());
            assert!(
                matches!(found, Some(FileFacts::Elf(_))),
                "{path}: {found:?}"
            );
        }
    }

    #[test]
    fn an_elf_file_whose_rest_can_t_be_had_is_still_one_and_not_called_cut() {
        let mut file = watched(Elf::glibc_program(Machine::S390x).build());
        file.bytes.truncate(600);
        file.is_broken = true;
        let Some(FileFacts::Elf(elf)) = examine("app", 0o755, 1 << 33, &mut file) else {
            panic!("not an ELF file");
        };
        assert_eq!((elf.machine, elf.is_little_endian), (22, false));
        assert_eq!(elf.interpreter.as_deref(), Some("/lib/ld64.so.1"));
        assert_eq!(elf.truncated, None);
    }

    #[test]
    fn an_empty_file_is_told_only_where_it_would_be_loaded() {
        let empty = Some(FileFacts::NotElf(NotElf::Empty));
        assert_eq!(facts("usr/bin/app", 0o755, ""), empty);
        assert_eq!(facts("usr/lib/x.so.1.2", 0o644, ""), empty);
        assert_eq!(facts("app/__init__.py", 0o644, ""), None);
        assert_eq!(facts("etc/ld.so.conf.d/x.txt", 0o644, ""), None);
    }

    #[test]
    fn a_library_that_is_text_is_no_script() {
        let other = Some(FileFacts::NotElf(NotElf::Other));
        assert_eq!(facts("app/build/x.node", 0o755, "#!/bin/sh\n"), other);
        let script = facts("app/run", 0o755, "echo\n");
        assert!(matches!(
            script,
            Some(FileFacts::Script(Script { shebang: None, .. }))
        ));
    }

    #[test]
    fn every_kind_is_found_by_its_path() {
        let header =
            "#define NODE_MODULE_VERSION_X 1\n#  define X\n#define NODE_MODULE_VERSION 127\n";
        let wheel = "Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_17_x86_64\nTag: cp311-x\n";
        for (path, text, expected) in [
            (
                "usr/local/include/node/node_version.h",
                header,
                FileFacts::NodeHeader(127),
            ),
            (
                "usr/lib/python3/x-1.0.dist-info/WHEEL",
                wheel,
                FileFacts::WheelTags(vec![
                    "cp311-cp311-manylinux_2_17_x86_64".into(),
                    "cp311-x".into(),
                ]),
            ),
            (
                "etc/ld.so.conf",
                "/opt/lib\n",
                FileFacts::LoaderPath(vec!["/opt/lib".into()]),
            ),
            (
                "etc/ld-musl-x86_64.path",
                "/opt/lib\n",
                FileFacts::LoaderPath(vec!["/opt/lib".into()]),
            ),
            ("lib/apk/db/installed", "\n", FileFacts::Packages(vec![])),
            ("var/lib/dpkg/status", "\n", FileFacts::Packages(vec![])),
        ] {
            assert_eq!(facts(path, 0o644, text), Some(expected), "{path}");
        }
    }
}
