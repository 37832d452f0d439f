//! Images for the tests of rules, described file by file.

use crate::audit::file::{ElfFacts, ElfKind, FileFacts, InstalledPackage, NotElf, Script, Symbols};
use crate::audit::layer::{EntryKind, LayerEntry};
use crate::audit::rootfs::Rootfs;
use crate::audit::{Unpacked, UnpackedLayer};
use crate::image::{Architecture, Compression, Descriptor, Digest, ImageConfig, Machine, Platform};

/// An image that is being described.
pub(super) struct Image {
    platform: Platform,
    config: ImageConfig,
    layers: Vec<(String, Vec<LayerEntry>)>,
}

/// An image without any file, for a platform as a person writes it.
pub(super) fn image(platform: &str) -> Image {
    let platform: Platform = platform.parse().expect("a platform");
    Image {
        config: ImageConfig {
            platform: Some(platform.clone()),
            ..ImageConfig::default()
        },
        platform,
        layers: Vec::new(),
    }
}

/// An image with the shell, the loader and the libc of Debian, run as `/bin/sh`.
pub(super) fn debian(platform: &str) -> Image {
    let image = image(platform);
    let machine = image.platform.machine().expect("a machine");
    image.debian_of(machine).command(&["/bin/sh"])
}

/// An image with the shell, the loader and the libc of Alpine, run as `/bin/sh`.
pub(super) fn alpine(platform: &str) -> Image {
    let image = image(platform);
    let machine = image.platform.machine().expect("a machine");
    let loader = musl_loader(machine);
    image
        .layer("ADD alpine-minirootfs.tar.gz / # buildkit")
        .file(loader, shared_object(machine, "libc.musl.so.1", &[]))
        .file(
            "/bin/busybox",
            program(machine, loader, &["libc.musl-aarch64.so.1"]),
        )
        .link("/bin/sh", "/bin/busybox")
        .command(&["/bin/sh"])
}

/// The loader of glibc for a machine.
pub(super) fn glibc_loader(machine: Machine) -> &'static str {
    match machine {
        Machine::X86_64 => "/lib64/ld-linux-x86-64.so.2",
        Machine::I386 => "/lib/ld-linux.so.2",
        Machine::AArch64 => "/lib/ld-linux-aarch64.so.1",
        Machine::Arm => "/lib/ld-linux-armhf.so.3",
        Machine::Ppc64 => "/lib64/ld64.so.2",
        _ => "/lib/ld64.so.1",
    }
}

/// The loader of musl for a machine.
pub(super) fn musl_loader(machine: Machine) -> &'static str {
    match machine {
        Machine::X86_64 => "/lib/ld-musl-x86_64.so.1",
        Machine::Arm => "/lib/ld-musl-armhf.so.1",
        _ => "/lib/ld-musl-aarch64.so.1",
    }
}

/// A static program.
pub(super) fn elf(machine: Machine) -> ElfFacts {
    ElfFacts {
        machine: machine.number(),
        is_64: !matches!(machine, Machine::Arm | Machine::I386),
        is_little_endian: machine != Machine::S390,
        flags: 0,
        kind: ElfKind::Executable,
        interpreter: None,
        is_dynamic: false,
        needed: Vec::new(),
        soname: None,
        rpath: Vec::new(),
        runpath: Vec::new(),
        needs_versions: Vec::new(),
        defines_versions: Vec::new(),
        symbols: Symbols::default(),
        smallest_alignment: Some(0x10000),
        has_static_tls: false,
        x86_level: None,
        arm: None,
        go: None,
        truncated: None,
        is_debug_only: false,
        node_module_version: None,
        is_node_api: false,
        node_version: None,
        has_jemalloc: false,
    }
}

/// A program that a loader starts.
pub(super) fn program(machine: Machine, interpreter: &str, needed: &[&str]) -> ElfFacts {
    ElfFacts {
        kind: ElfKind::Shared,
        interpreter: Some(interpreter.to_owned()),
        is_dynamic: true,
        needed: words(needed),
        ..elf(machine)
    }
}

/// A shared library; an empty name: an object without one.
pub(super) fn shared_object(machine: Machine, soname: &str, needed: &[&str]) -> ElfFacts {
    ElfFacts {
        kind: ElfKind::Shared,
        is_dynamic: true,
        soname: (!soname.is_empty()).then(|| soname.to_owned()),
        needed: words(needed),
        ..elf(machine)
    }
}

/// A text that begins with `#!` and this.
pub(super) fn script(shebang: &str) -> Script {
    Script {
        shebang: Some(shebang.to_owned()),
        has_carriage_return: false,
        has_byte_order_mark: false,
        has_late_shebang: false,
    }
}

/// A text without `#!`.
pub(super) fn text() -> Script {
    Script {
        shebang: None,
        ..script("")
    }
}

/// A package database's line.
pub(super) fn package(name: &str, version: &str, architecture: &str) -> InstalledPackage {
    InstalledPackage {
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: architecture.to_owned(),
    }
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

impl From<ElfFacts> for FileFacts {
    fn from(elf: ElfFacts) -> Self {
        Self::Elf(Box::new(elf))
    }
}

impl From<Script> for FileFacts {
    fn from(script: Script) -> Self {
        Self::Script(script)
    }
}

impl From<NotElf> for FileFacts {
    fn from(not_elf: NotElf) -> Self {
        Self::NotElf(not_elf)
    }
}

impl Image {
    /// Begins a layer with its history line; what follows is in it.
    pub(super) fn layer(mut self, created_by: &str) -> Self {
        self.layers.push((created_by.to_owned(), Vec::new()));
        self
    }

    /// Adds the userland of Debian of any machine.
    pub(super) fn debian_of(self, machine: Machine) -> Self {
        let loader = glibc_loader(machine);
        let folder = match machine {
            Machine::X86_64 => "/usr/lib/x86_64-linux-gnu",
            Machine::I386 => "/usr/lib/i386-linux-gnu",
            Machine::AArch64 => "/usr/lib/aarch64-linux-gnu",
            Machine::Arm => "/usr/lib/arm-linux-gnueabihf",
            Machine::Ppc64 => "/usr/lib/powerpc64le-linux-gnu",
            _ => "/usr/lib/s390x-linux-gnu",
        };
        let file = loader.rsplit('/').next().unwrap_or_default();
        let mut libc = shared_object(machine, "libc.so.6", &[file]);
        libc.defines_versions = words(&["GLIBC_2.17", "GLIBC_2.34", "GLIBC_2.36"]);
        self.layer("# debian.sh --arch 'arm64' out/ 'bookworm'")
            .link("/bin", "usr/bin")
            .link("/lib", "usr/lib")
            .link("/lib64", "usr/lib64")
            .file(
                &format!("{folder}/{file}"),
                shared_object(machine, file, &[]),
            )
            .link(
                &loader.replacen("/lib", "/usr/lib", 1),
                &format!("{folder}/{file}"),
            )
            .file(&format!("{folder}/libc.so.6"), libc)
            .file("/usr/bin/dash", program(machine, loader, &["libc.so.6"]))
            .link("/usr/bin/sh", "dash")
            .file("/usr/bin/env", program(machine, loader, &["libc.so.6"]))
    }

    /// An executable file.
    pub(super) fn file(self, path: &str, facts: impl Into<FileFacts>) -> Self {
        self.entry(path, EntryKind::File, 0o755, 4096, Some(facts.into()))
    }

    /// A file that nobody may execute.
    pub(super) fn plain(self, path: &str, facts: impl Into<FileFacts>) -> Self {
        self.entry(path, EntryKind::File, 0o644, 4096, Some(facts.into()))
    }

    /// A folder.
    pub(super) fn folder(self, path: &str) -> Self {
        self.entry(path, EntryKind::Directory, 0o755, 0, None)
    }

    /// A symbolic link.
    pub(super) fn link(self, path: &str, target: &str) -> Self {
        self.entry(path, EntryKind::Symlink(target.to_owned()), 0o777, 0, None)
    }

    /// Another name of a file.
    pub(super) fn hard_link(self, path: &str, target: &str) -> Self {
        let kind = EntryKind::HardLink(target.to_owned());
        self.entry(path, kind, 0o644, 0, None)
    }

    fn entry(
        mut self,
        path: &str,
        kind: EntryKind,
        mode: u32,
        size: u64,
        facts: Option<FileFacts>,
    ) -> Self {
        if self.layers.is_empty() {
            self = self.layer("");
        }
        let entry = LayerEntry {
            path: path.trim_start_matches('/').to_owned(),
            kind,
            mode,
            uid: 0,
            gid: 0,
            size,
            facts,
        };
        if let Some((_, layer)) = self.layers.last_mut() {
            layer.push(entry);
        }
        self
    }

    /// The entrypoint.
    pub(super) fn entrypoint(mut self, line: &[&str]) -> Self {
        self.config.entrypoint = words(line);
        self.config.cmd.clear();
        self
    }

    /// The command.
    pub(super) fn command(mut self, line: &[&str]) -> Self {
        self.config.cmd = words(line);
        self
    }

    /// A variable of the environment.
    pub(super) fn env(mut self, name: &str, value: &str) -> Self {
        self.config.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Changes the config.
    pub(super) fn config(mut self, change: impl FnOnce(&mut ImageConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// The image. Layers that hold the same have the same digest.
    pub(super) fn unpacked(self) -> Unpacked {
        let mut rootfs = Rootfs::default();
        let mut layers = Vec::new();
        for (index, (created_by, entries)) in self.layers.into_iter().enumerate() {
            let digest = Digest::of(format!("{created_by}{entries:?}").as_bytes());
            layers.push(UnpackedLayer {
                descriptor: Descriptor {
                    media_type: "application/vnd.oci.image.layer.v1.tar+gzip".to_owned(),
                    digest,
                    size: 1,
                    platform: None,
                    annotations: Default::default(),
                    urls: Vec::new(),
                },
                created_by: (!created_by.is_empty()).then_some(created_by),
                compression: Compression::Gzip,
            });
            rootfs.apply(index, entries.into());
        }
        Unpacked {
            digest: Digest::of(self.platform.to_string().as_bytes()),
            platform: self.platform,
            config: self.config,
            layers,
            rootfs,
        }
    }
}

/// The codes of findings, in their order.
pub(super) fn codes(findings: &[crate::event::Finding]) -> Vec<&str> {
    findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}

#[test]
fn a_described_image_has_its_files_and_layers() {
    let image = debian("linux/arm64")
        .layer("COPY app /app # buildkit")
        .file("/app", elf(Machine::AArch64))
        .unpacked();
    assert_eq!(image.platform.architecture(), &Architecture::Arm64);
    assert_eq!(
        image.history(1).as_deref(),
        Some("layer 2 of 2: COPY app /app")
    );
    let sh = image.rootfs.resolve("/bin/sh").expect("a shell");
    assert_eq!(sh.path(), "/usr/bin/dash");
}
