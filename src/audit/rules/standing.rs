//! Which ELF files count. Most foreign files in an image are there on purpose:
//! packages for several platforms, firmware, test data, cross toolchains.

use std::collections::HashSet;

use crate::audit::Unpacked;
use crate::audit::file::{ElfFacts, ElfKind, FileFacts};
use crate::audit::rootfs::Rootfs;
use crate::image::{Architecture, Platform};

use super::words;

/// Where a file stands in the life of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// The entrypoint or command executes it, or its interpreter.
    Start,
    /// A name on `PATH` leads to it, or one in `node_modules/.bin`.
    Path,
    /// A dynamic loader, or a library in a folder that the loader searches.
    Library,
    /// A runtime loads it by its place: Node's addons, extension modules of Python,
    /// PHP, Ruby, Perl.
    Extension,
    /// Anywhere else.
    Elsewhere,
}

impl Role {
    /// Whether it is reached without anyone naming it.
    pub(super) fn is_reached(self) -> bool {
        self != Self::Elsewhere
    }
}

/// Whose an ELF file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The platform's own, or one that its kernels run.
    Own,
    /// Of another machine, for a good reason.
    Tolerated(Reason),
    /// Of another machine, and it says so in its name: nothing of this platform loads it.
    Labelled,
    /// Of another machine.
    Foreign,
}

/// Why a foreign file is no fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// It is one of several, and this platform's is among them.
    SeveralPlatforms,
    /// Firmware, boot loaders, the ROMs of emulators.
    Firmware,
    /// Test data.
    TestData,
    /// A toolchain for another machine, in its own prefix.
    CrossToolchain,
    /// A library of an architecture that dpkg knows as foreign.
    ForeignArchitecture,
    /// Debug information.
    Debug,
    /// An object file or a core dump.
    NotLoaded,
    /// Code for a GPU or for the kernel's eBPF machine.
    OtherProcessor,
    /// An interpreter of qemu's, for the build host.
    QemuUser,
}

/// What is asked of the whole image, once.
pub(super) struct Surroundings<'a> {
    platform: &'a Platform,
    rootfs: &'a Rootfs,
    /// The architectures of the packages that dpkg has, in Debian's words.
    packaged: HashSet<&'a str>,
}

impl<'a> Surroundings<'a> {
    /// Of an image.
    pub(super) fn of(image: &'a Unpacked) -> Self {
        let packaged = image
            .rootfs
            .files()
            .filter_map(|file| match file.facts() {
                Some(FileFacts::Packages(packages)) => Some(packages),
                _ => None,
            })
            .flatten()
            .map(|package| package.architecture.as_str())
            .collect();
        Self {
            platform: &image.platform,
            rootfs: &image.rootfs,
            packaged,
        }
    }

    /// Whose a file is.
    pub(super) fn standing(&self, path: &str, elf: &ElfFacts, role: Role) -> Standing {
        let header = elf.header();
        if header.runs_on(self.platform) {
            // A 32-bit addon is of no use to a 64-bit runtime, though the kernel runs both.
            let is_useless = role == Role::Extension
                && !header.is_for(self.platform)
                && self.reason(path).is_none();
            return match is_useless {
                true if words::names_another(path, self.platform) => Standing::Labelled,
                true => Standing::Foreign,
                false => Standing::Own,
            };
        }
        if let Some(reason) = self.reason_of(path, elf, role) {
            return Standing::Tolerated(reason);
        }
        if role != Role::Start && words::names_another(path, self.platform) {
            return match role {
                Role::Path | Role::Library => Standing::Foreign,
                _ => Standing::Labelled,
            };
        }
        Standing::Foreign
    }

    fn reason_of(&self, path: &str, elf: &ElfFacts, role: Role) -> Option<Reason> {
        let name = path.rsplit('/').next().unwrap_or_default();
        if role == Role::Start {
            return None;
        }
        if name.starts_with("qemu-") && !name.contains(".so") {
            return Some(Reason::QemuUser);
        }
        if matches!(elf.kind, ElfKind::Relocatable | ElfKind::Core) {
            return Some(Reason::NotLoaded);
        }
        if elf.is_debug_only {
            return Some(Reason::Debug);
        }
        // eBPF, NVIDIA's CUDA, AMD's GPUs.
        if matches!(elf.machine, 247 | 190 | 224) {
            return Some(Reason::OtherProcessor);
        }
        match role {
            Role::Start => None,
            // A folder of the loader or of PATH may itself be for several architectures.
            Role::Path | Role::Library => self
                .foreign_architecture(path)
                .or_else(|| self.several(name, path)),
            Role::Extension | Role::Elsewhere if words::names_another_elf_system(path) => {
                Some(Reason::SeveralPlatforms)
            }
            Role::Extension | Role::Elsewhere => self.reason(path),
        }
    }

    /// The reason that a path alone gives for a foreign file in it.
    pub(super) fn reason(&self, path: &str) -> Option<Reason> {
        if let Some(reason) = self.foreign_architecture(path) {
            return Some(reason);
        }
        let mut parent = String::new();
        let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
        while let Some(part) = parts.next() {
            let is_last = parts.peek().is_none();
            if !is_last && let Some(reason) = by_folder(part, &parent) {
                return Some(reason);
            }
            let whole = format!("{parent}/{part}");
            if !is_last
                && words::triplet(part).is_some_and(|named| named != *self.platform.architecture())
                && !is_library_root(&parent)
            {
                return Some(Reason::CrossToolchain);
            }
            if part == "prebuilds" && words::names_another(path, self.platform) {
                return Some(Reason::SeveralPlatforms);
            }
            if let Some(reason) = self.several(part, &whole) {
                return Some(reason);
            }
            parent = whole;
        }
        if path.ends_with(".debug") || path.ends_with(".dbg") {
            return Some(Reason::Debug);
        }
        None
    }

    /// Whether a part of a path names another architecture and has a sibling for this one.
    fn several(&self, part: &str, whole: &str) -> Option<Reason> {
        let folded = words::fold(part)?;
        let own = self.platform.architecture();
        if folded.architectures.contains(own) {
            return None;
        }
        let parent = super::loader::folder(whole);
        // Triplet folders of the system are dpkg's, or a fault.
        if is_library_root(parent) && words::triplet(part).is_some() {
            return None;
        }
        self.rootfs
            .list(parent)
            .iter()
            .filter_map(|sibling| words::fold(sibling.name()))
            .any(|sibling| sibling.pattern == folded.pattern && sibling.architectures.contains(own))
            .then_some(Reason::SeveralPlatforms)
    }

    /// `/usr/lib/x86_64-linux-gnu` where dpkg has packages of amd64.
    fn foreign_architecture(&self, path: &str) -> Option<Reason> {
        let rest = path
            .strip_prefix("/usr/lib/")
            .or_else(|| path.strip_prefix("/lib/"))?;
        let named = words::triplet(rest.split('/').next()?)?;
        let is_known = debian(&named)
            .iter()
            .any(|architecture| self.packaged.contains(architecture));
        (named != *self.platform.architecture() && is_known).then_some(Reason::ForeignArchitecture)
    }
}

fn debian(architecture: &Architecture) -> &'static [&'static str] {
    match architecture {
        Architecture::Amd64 => &["amd64"],
        Architecture::I386 => &["i386"],
        Architecture::Arm64 => &["arm64"],
        Architecture::Arm => &["armhf", "armel"],
        Architecture::Ppc64le => &["ppc64el"],
        Architecture::S390x => &["s390x"],
        Architecture::Riscv64 => &["riscv64"],
        Architecture::Loong64 => &["loong64"],
        Architecture::Mips64le => &["mips64el"],
        Architecture::Other(_) => &[],
    }
}

fn is_library_root(folder: &str) -> bool {
    matches!(
        folder,
        "/lib" | "/usr/lib" | "/usr/local/lib" | "/lib64" | "/usr/lib64"
    )
}

/// What a folder's name says of everything in it.
fn by_folder(name: &str, parent: &str) -> Option<Reason> {
    let lower = name.to_ascii_lowercase();
    Some(match lower.as_str() {
        "firmware" | "roms" | "rom" | "bios" | "seabios" | "ipxe" | "openbios" | "opensbi"
        | "u-boot" | "uboot" | "slof" | "skiboot" | "openhackware" | "edk2" | "ovmf"
        | "syslinux" | "grub" | "isolinux" => Reason::Firmware,
        "boot" if parent.is_empty() => Reason::Firmware,
        "qemu" | "qemu-efi" if parent.ends_with("/share") || parent.ends_with("/lib") => {
            Reason::Firmware
        }
        "test" | "tests" | "testdata" | "test-data" | "test_data" | "fixtures" | "__tests__"
        | "__fixtures__" | "test-fixtures" | "testing" | "testsuite" => Reason::TestData,
        // Go's profiler carries programs of several machines to read symbols from.
        "pprof" => Reason::TestData,
        "gcc-cross" | "cross" | "rustlib" | "sysroot" | "sysroots" | "cross-tools" => {
            Reason::CrossToolchain
        }
        ".debug" | ".dwz" => Reason::Debug,
        "debug" if parent.ends_with("/lib") => Reason::Debug,
        _ => return None,
    })
}

/// Whether a runtime loads a file by its place and name.
pub(super) fn is_extension(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.ends_with(".node") {
        return true;
    }
    if !name.ends_with(".so") {
        return false;
    }
    let is_python = name.contains(".cpython-")
        || name.ends_with(".abi3.so")
        || path.contains("/lib-dynload/")
        || ((path.contains("/site-packages/") || path.contains("/dist-packages/"))
            && !name.starts_with("lib"));
    let is_php = path.contains("/php")
        && (path.contains("/extensions/") || path.contains("/modules/"))
        || path.starts_with("/usr/lib/php/");
    let is_ruby = !name.starts_with("lib")
        && ["/gems/", "/vendor_ruby/", "/site_ruby/", "/lib/ruby/"]
            .iter()
            .any(|folder| path.contains(folder));
    let is_perl = path.contains("/auto/") && path.contains("/perl");
    is_python || is_php || is_ruby || is_perl
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{debian, elf, package, shared_object};
    use super::*;
    use crate::audit::file::FileFacts;
    use crate::image::Machine;

    /// What becomes of an x86-64 file at this path in an arm64 image with these others.
    fn standing(path: &str, others: &[&str], role: Role) -> Standing {
        let mut image = debian("linux/arm64").file(path, elf(Machine::X86_64));
        for other in others {
            image = image.file(other, elf(Machine::AArch64));
        }
        let image = image.unpacked();
        Surroundings::of(&image).standing(path, &elf(Machine::X86_64), role)
    }

    #[test]
    fn packages_that_carry_several_platforms_are_no_fault() {
        for (path, other) in [
            (
                "/app/node_modules/@esbuild/linux-x64/bin/esbuild",
                "/app/node_modules/@esbuild/linux-arm64/bin/esbuild",
            ),
            (
                "/app/node_modules/onnxruntime-node/bin/napi-v3/linux/x64/o.node",
                "/app/node_modules/onnxruntime-node/bin/napi-v3/linux/arm64/o.node",
            ),
            (
                "/app/node_modules/@img/sharp-linuxmusl-x64/lib/s.node",
                "/app/node_modules/@img/sharp-linux-arm64/lib/s.node",
            ),
            (
                "/opt/jni/linux-x86_64/libx.so",
                "/opt/jni/linux-aarch_64/libx.so",
            ),
            (
                "/app/node_modules/x/prebuilds/linux-x64/node.napi.node",
                "/etc/x",
            ),
        ] {
            let role = if is_extension(path) {
                Role::Extension
            } else {
                Role::Elsewhere
            };
            assert_eq!(
                standing(path, &[other], role),
                Standing::Tolerated(Reason::SeveralPlatforms),
                "{path}"
            );
        }
    }

    #[test]
    fn a_package_for_another_platform_alone_is_labelled_and_no_more() {
        let path = "/app/node_modules/@img/sharp-linux-x64/lib/sharp-linux-x64.node";
        assert_eq!(standing(path, &[], Role::Extension), Standing::Labelled);
    }

    #[test]
    fn a_wrong_file_under_the_right_name_is_foreign() {
        // puppeteer/puppeteer#12583: x86-64 under a folder named linux_arm.
        for path in [
            "/app/node_modules/@esbuild/linux-arm64/bin/esbuild",
            "/app/node_modules/x/prebuilds/linux-arm64/node.napi.node",
            "/app/node_modules/better-sqlite3/build/Release/better_sqlite3.node",
        ] {
            assert_eq!(
                standing(path, &[], Role::Elsewhere),
                Standing::Foreign,
                "{path}"
            );
        }
    }

    #[test]
    fn firmware_tests_toolchains_and_debug_files_are_left_alone() {
        for (path, reason) in [
            ("/usr/lib/firmware/qcom/a.mbn", Reason::Firmware),
            ("/usr/share/qemu/openbios-ppc", Reason::Firmware),
            ("/usr/lib/grub/i386-pc/kernel.img", Reason::Firmware),
            (
                "/usr/local/go/src/debug/elf/testdata/gcc-amd64-linux-exec",
                Reason::TestData,
            ),
            ("/app/node_modules/x/test/a.node", Reason::TestData),
            (
                "/usr/x86_64-linux-gnu/lib/libc.so.6",
                Reason::CrossToolchain,
            ),
            (
                "/usr/lib/gcc-cross/x86_64-linux-gnu/12/liblto.so",
                Reason::CrossToolchain,
            ),
            (
                "/root/.rustup/toolchains/s/lib/rustlib/x86_64-unknown-linux-gnu/lib/libstd.so",
                Reason::CrossToolchain,
            ),
            ("/usr/lib/debug/.build-id/aa/bb.debug", Reason::Debug),
        ] {
            assert_eq!(
                standing(path, &[], Role::Elsewhere),
                Standing::Tolerated(reason),
                "{path}"
            );
        }
    }

    #[test]
    fn the_entrypoint_has_no_excuse() {
        assert_eq!(
            standing("/app/tests/run", &[], Role::Start),
            Standing::Foreign
        );
    }

    #[test]
    fn what_the_platform_s_kernels_run_is_its_own() {
        let image = debian("linux/amd64").unpacked();
        let surroundings = Surroundings::of(&image);
        let i386 = shared_object(Machine::I386, "libc.so.6", &[]);
        assert_eq!(
            surroundings.standing("/usr/lib/i386-linux-gnu/libc.so.6", &i386, Role::Library),
            Standing::Own
        );
        assert_eq!(
            surroundings.standing("/app/x.node", &i386, Role::Extension),
            Standing::Foreign
        );
    }

    #[test]
    fn libraries_of_an_architecture_that_dpkg_knows_are_its_own_business() {
        let path = "/usr/lib/x86_64-linux-gnu/libc.so.6";
        let copied = debian("linux/arm64")
            .file(path, elf(Machine::X86_64))
            .unpacked();
        let installed = debian("linux/arm64")
            .file(path, elf(Machine::X86_64))
            .plain(
                "/var/lib/dpkg/status",
                FileFacts::Packages(vec![package("libc6", "2.36", "amd64")]),
            )
            .unpacked();
        let standing =
            |image| Surroundings::of(image).standing(path, &elf(Machine::X86_64), Role::Elsewhere);
        assert_ne!(
            standing(&copied),
            Standing::Tolerated(Reason::ForeignArchitecture)
        );
        assert_eq!(
            standing(&installed),
            Standing::Tolerated(Reason::ForeignArchitecture)
        );
    }

    #[test]
    fn code_for_other_processors_and_object_files_are_nobody_s() {
        let image = debian("linux/arm64").unpacked();
        let surroundings = Surroundings::of(&image);
        let standing = |elf: &ElfFacts| surroundings.standing("/opt/x/y", elf, Role::Elsewhere);
        assert_eq!(
            standing(&elf(Machine::Other(247))),
            Standing::Tolerated(Reason::OtherProcessor)
        );
        let object = ElfFacts {
            kind: ElfKind::Relocatable,
            ..elf(Machine::X86_64)
        };
        assert_eq!(standing(&object), Standing::Tolerated(Reason::NotLoaded));
    }
}
