//! What each runtime calls a platform. Nothing here is guessed: where a runtime
//! has no name for an architecture, it has no entry.

use super::{Architecture, Machine, Platform};

impl Platform {
    /// What `uname -m` may say. The first is the usual one, the others are told
    /// by kernels that run a narrower userland (an arm/v7 container on an arm64
    /// kernel says `aarch64` or `armv8l`; a 386 one on amd64 says `x86_64`).
    pub fn uname(&self) -> &'static [&'static str] {
        match (self.architecture(), self.variant()) {
            (Architecture::Amd64, _) => &["x86_64"],
            (Architecture::I386, _) => &["i686", "i586", "i386", "x86_64"],
            (Architecture::Arm64, _) => &["aarch64"],
            (Architecture::Arm, Some("v5")) => &[
                "armv5tel",
                "armv5tejl",
                "armv6l",
                "armv7l",
                "armv8l",
                "aarch64",
            ],
            (Architecture::Arm, Some("v6")) => &["armv6l", "armv7l", "armv8l", "aarch64"],
            (Architecture::Arm, _) => &["armv7l", "armv8l", "aarch64"],
            (Architecture::Ppc64le, _) => &["ppc64le"],
            (Architecture::S390x, _) => &["s390x"],
            (Architecture::Riscv64, _) => &["riscv64"],
            (Architecture::Loong64, _) => &["loongarch64"],
            (Architecture::Mips64le, _) => &["mips64"],
            (Architecture::Other(_), _) => &[],
        }
    }

    /// Node's `process.arch` (also Deno's `process.arch` and Bun's).
    pub fn node(&self) -> Option<&'static str> {
        Some(match self.architecture() {
            Architecture::Amd64 => "x64",
            Architecture::I386 => "ia32",
            Architecture::Arm64 => "arm64",
            Architecture::Arm => "arm",
            Architecture::Ppc64le => "ppc64",
            Architecture::S390x => "s390x",
            Architecture::Riscv64 => "riscv64",
            Architecture::Loong64 => "loong64",
            Architecture::Mips64le => "mips64el",
            Architecture::Other(_) => return None,
        })
    }

    /// Debian's name (`dpkg --print-architecture`).
    pub fn debian(&self) -> Option<&'static str> {
        Some(match (self.architecture(), self.variant()) {
            (Architecture::Amd64, _) => "amd64",
            (Architecture::I386, _) => "i386",
            (Architecture::Arm64, _) => "arm64",
            (Architecture::Arm, Some("v5" | "v6")) => "armel",
            (Architecture::Arm, _) => "armhf",
            (Architecture::Ppc64le, _) => "ppc64el",
            (Architecture::S390x, _) => "s390x",
            (Architecture::Riscv64, _) => "riscv64",
            (Architecture::Loong64, _) => "loong64",
            (Architecture::Mips64le, _) => "mips64el",
            (Architecture::Other(_), _) => return None,
        })
    }

    /// Ruby's `RbConfig::CONFIG["host_cpu"]`.
    pub fn ruby(&self) -> &'static [&'static str] {
        match self.architecture() {
            Architecture::Amd64 => &["x86_64"],
            Architecture::I386 => &["i686", "i586", "i486", "i386"],
            Architecture::Arm64 => &["aarch64", "arm64"],
            Architecture::Arm => &["arm", "armv7l", "armv6l", "armv7", "armv6"],
            Architecture::Ppc64le => &["powerpc64le", "ppc64le"],
            Architecture::S390x => &["s390x"],
            Architecture::Riscv64 => &["riscv64"],
            Architecture::Loong64 => &["loongarch64"],
            Architecture::Mips64le => &["mips64el"],
            Architecture::Other(_) => &[],
        }
    }

    /// Java's `os.arch`.
    pub fn java(&self) -> &'static [&'static str] {
        match self.architecture() {
            Architecture::Amd64 => &["amd64", "x86_64"],
            Architecture::I386 => &["i386", "x86"],
            Architecture::Arm64 => &["aarch64"],
            Architecture::Arm => &["arm"],
            Architecture::Ppc64le => &["ppc64le"],
            Architecture::S390x => &["s390x"],
            Architecture::Riscv64 => &["riscv64"],
            Architecture::Loong64 => &["loongarch64"],
            Architecture::Mips64le => &["mips64el"],
            Architecture::Other(_) => &[],
        }
    }

    /// How Perl's `$Config{archname}` begins.
    pub fn perl(&self) -> &'static [&'static str] {
        match self.architecture() {
            Architecture::Amd64 => &["x86_64-linux", "amd64"],
            Architecture::I386 => &["i686-linux", "i586-linux", "i486-linux", "i386-linux"],
            Architecture::Arm64 => &["aarch64-linux"],
            Architecture::Arm => &[
                "arm-linux",
                "armv7l-linux",
                "armv6l-linux",
                "armv7",
                "armv6",
            ],
            Architecture::Ppc64le => &["powerpc64le-linux", "ppc64le-linux"],
            Architecture::S390x => &["s390x-linux"],
            Architecture::Riscv64 => &["riscv64-linux"],
            Architecture::Loong64 => &["loongarch64-linux"],
            Architecture::Mips64le => &["mips64el-linux"],
            Architecture::Other(_) => &[],
        }
    }

    /// The architecture in .NET's runtime identifier (`linux-x64`, `linux-musl-arm64`).
    pub fn dotnet(&self) -> &'static [&'static str] {
        match self.architecture() {
            Architecture::Amd64 => &["x64"],
            Architecture::I386 => &["x86"],
            Architecture::Arm64 => &["arm64"],
            Architecture::Arm => &["arm", "armv6"],
            Architecture::Ppc64le => &["ppc64le"],
            Architecture::S390x => &["s390x"],
            Architecture::Riscv64 => &["riscv64"],
            Architecture::Loong64 => &["loongarch64"],
            Architecture::Mips64le | Architecture::Other(_) => &[],
        }
    }

    /// Deno's `Deno.build.arch`.
    pub fn deno(&self) -> &'static [&'static str] {
        match self.architecture() {
            Architecture::Amd64 => &["x86_64"],
            Architecture::Arm64 => &["aarch64"],
            Architecture::Riscv64 => &["riscv64gc", "riscv64"],
            _ => &[],
        }
    }

    /// The ELF machine of a program for this platform.
    pub fn machine(&self) -> Option<Machine> {
        Some(match self.architecture() {
            Architecture::Amd64 => Machine::X86_64,
            Architecture::I386 => Machine::I386,
            Architecture::Arm64 => Machine::AArch64,
            Architecture::Arm => Machine::Arm,
            Architecture::Ppc64le => Machine::Ppc64,
            Architecture::S390x => Machine::S390,
            Architecture::Riscv64 => Machine::RiscV,
            Architecture::Loong64 => Machine::LoongArch,
            Architecture::Mips64le => Machine::Mips,
            Architecture::Other(_) => return None,
        })
    }
}
