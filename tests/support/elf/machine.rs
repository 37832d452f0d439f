//! Machines and what is customary on them.

/// A machine with its usual word size, byte order and flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    X86_64,
    I386,
    AArch64,
    /// Hard float; see [`Elf::soft_float`].
    Arm,
    Ppc64le,
    S390x,
    RiscV64,
    LoongArch64,
    Mips64le,
}

impl Machine {
    pub const ALL: [Self; 9] = [
        Self::X86_64,
        Self::I386,
        Self::AArch64,
        Self::Arm,
        Self::Ppc64le,
        Self::S390x,
        Self::RiscV64,
        Self::LoongArch64,
        Self::Mips64le,
    ];

    /// `e_machine` and `e_flags`
    pub(super) fn numbers(self) -> (u16, u32) {
        match self {
            Self::X86_64 => (62, 0),
            Self::I386 => (3, 0),
            Self::AArch64 => (183, 0),
            Self::Arm => (40, 0x0500_0400),
            Self::Ppc64le => (21, 2),
            Self::S390x => (22, 0),
            Self::RiscV64 => (243, 5),
            Self::LoongArch64 => (258, 0x43),
            Self::Mips64le => (8, 0x8000_0007),
        }
    }

    pub fn is_64(self) -> bool {
        !matches!(self, Self::I386 | Self::Arm)
    }

    /// Where glibc's loader lies.
    pub fn glibc_loader(self) -> &'static str {
        match self {
            Self::X86_64 => "/lib64/ld-linux-x86-64.so.2",
            Self::I386 => "/lib/ld-linux.so.2",
            Self::AArch64 => "/lib/ld-linux-aarch64.so.1",
            Self::Arm => "/lib/ld-linux-armhf.so.3",
            Self::Ppc64le => "/lib64/ld64.so.2",
            Self::S390x => "/lib/ld64.so.1",
            Self::RiscV64 => "/lib/ld-linux-riscv64-lp64d.so.1",
            Self::LoongArch64 => "/lib64/ld-linux-loongarch-lp64d.so.1",
            Self::Mips64le => "/lib64/ld.so.1",
        }
    }

    /// Where musl's loader lies.
    pub fn musl_loader(self) -> &'static str {
        match self {
            Self::X86_64 => "/lib/ld-musl-x86_64.so.1",
            Self::I386 => "/lib/ld-musl-i386.so.1",
            Self::AArch64 => "/lib/ld-musl-aarch64.so.1",
            Self::Arm => "/lib/ld-musl-armhf.so.1",
            Self::Ppc64le => "/lib/ld-musl-powerpc64le.so.1",
            Self::S390x => "/lib/ld-musl-s390x.so.1",
            Self::RiscV64 => "/lib/ld-musl-riscv64.so.1",
            Self::LoongArch64 => "/lib/ld-musl-loongarch64.so.1",
            Self::Mips64le => "/lib/ld-musl-mips64el.so.1",
        }
    }

    /// Exits with 0, where it is known how.
    pub(super) fn exit(self) -> Vec<u8> {
        match self {
            // mov eax, 60; xor edi, edi; syscall
            Self::X86_64 => vec![0xb8, 0x3c, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05],
            // mov x8, #93; mov x0, #0; svc #0
            Self::AArch64 => [0xd280_0ba8u32, 0xd280_0000, 0xd400_0001]
                .iter()
                .flat_map(|word| word.to_le_bytes())
                .collect(),
            // mov r7, #1; mov r0, #0; svc #0
            Self::Arm => [0xe3a0_7001u32, 0xe3a0_0000, 0xef00_0000]
                .iter()
                .flat_map(|word| word.to_le_bytes())
                .collect(),
            _ => vec![0; 16],
        }
    }
}
