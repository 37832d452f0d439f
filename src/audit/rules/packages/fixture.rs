//! An image made by hand, for the tests of rules on packages.

use crate::audit::Unpacked;
use crate::audit::file::{ElfFacts, ElfKind, FileFacts, NodePackage};
use crate::audit::layer::{EntryKind, LayerEntry};
use crate::audit::rootfs::Rootfs;
use crate::image::{ImageConfig, Platform};

/// Files of one platform's image.
pub(in crate::audit::rules) struct Fixture {
    platform: Platform,
    entries: Vec<LayerEntry>,
    config: ImageConfig,
}

impl Fixture {
    pub(in crate::audit::rules) fn new(platform: &str) -> Self {
        Self {
            platform: platform.parse().expect("a platform"),
            entries: Vec::new(),
            config: ImageConfig::default(),
        }
    }

    pub(in crate::audit::rules) fn config(mut self, config: ImageConfig) -> Self {
        self.config = config;
        self
    }

    fn entry(mut self, path: &str, kind: EntryKind, facts: Option<FileFacts>) -> Self {
        self.entries.push(LayerEntry {
            path: path.trim_start_matches('/').to_owned(),
            kind,
            mode: 0o755,
            uid: 0,
            gid: 0,
            size: 100,
            facts,
        });
        self
    }

    pub(in crate::audit::rules) fn file(self, path: &str) -> Self {
        self.entry(path, EntryKind::File, None)
    }

    pub(in crate::audit::rules) fn facts(self, path: &str, facts: FileFacts) -> Self {
        self.entry(path, EntryKind::File, Some(facts))
    }

    pub(in crate::audit::rules) fn link(self, path: &str, target: &str) -> Self {
        self.entry(path, EntryKind::Symlink(target.to_owned()), None)
    }

    /// An ELF file for a platform.
    pub(in crate::audit::rules) fn elf(self, path: &str, platform: &str) -> Self {
        self.elf_with(path, platform, |_| {})
    }

    pub(in crate::audit::rules) fn elf_with(
        self,
        path: &str,
        platform: &str,
        change: impl FnOnce(&mut ElfFacts),
    ) -> Self {
        let mut elf = elf(platform);
        change(&mut elf);
        self.facts(path, FileFacts::Elf(Box::new(elf)))
    }

    /// A Debian or an Alpine userland, as far as a rule asks for it.
    pub(in crate::audit::rules) fn userland(self, interpreter: &str) -> Self {
        let platform = self.platform.to_string();
        self.elf_with("/bin/sh", &platform, |elf| {
            elf.interpreter = Some(interpreter.to_owned());
        })
    }

    /// A Node package with what its `package.json` says.
    pub(in crate::audit::rules) fn node_package(
        self,
        folder: &str,
        version: &str,
        change: impl FnOnce(&mut NodePackage),
    ) -> Self {
        let name = folder
            .rsplit_once("node_modules/")
            .map_or(folder, |(_, name)| name);
        let mut package = NodePackage {
            name: name.to_owned(),
            version: version.to_owned(),
            ..NodePackage::default()
        };
        change(&mut package);
        self.facts(
            &format!("{folder}/package.json"),
            FileFacts::NodePackage(Box::new(package)),
        )
    }

    pub(in crate::audit::rules) fn build(self) -> Unpacked {
        let mut rootfs = Rootfs::default();
        rootfs.apply(0, self.entries.into());
        Unpacked {
            digest: format!("sha256:{}", "0".repeat(64))
                .parse()
                .expect("a digest"),
            platform: self.platform,
            config: self.config,
            layers: Vec::new(),
            rootfs,
        }
    }
}

/// An ELF file for a platform, with nothing in it.
fn elf(platform: &str) -> ElfFacts {
    let platform: Platform = platform.parse().expect("a platform");
    let machine = platform.machine().expect("a machine");
    ElfFacts {
        kind: ElfKind::Shared,
        is_dynamic: true,
        smallest_alignment: None,
        ..super::super::fixture::elf(machine)
    }
}
