//! The first bytes of an ELF file: enough to say which machine it is for.

use std::fmt;

/// `e_machine` of the ELF header, for the machines that containers run on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Machine {
    /// EM_386
    I386,
    /// EM_MIPS
    Mips,
    /// EM_PPC64
    Ppc64,
    /// EM_S390
    S390,
    /// EM_ARM
    Arm,
    /// EM_X86_64
    X86_64,
    /// EM_AARCH64
    AArch64,
    /// EM_RISCV
    RiscV,
    /// EM_LOONGARCH
    LoongArch,
    /// Any other number.
    Other(u16),
}

impl Machine {
    /// The number in the ELF header.
    pub fn number(self) -> u16 {
        match self {
            Self::I386 => 3,
            Self::Mips => 8,
            Self::Ppc64 => 21,
            Self::S390 => 22,
            Self::Arm => 40,
            Self::X86_64 => 62,
            Self::AArch64 => 183,
            Self::RiscV => 243,
            Self::LoongArch => 258,
            Self::Other(number) => number,
        }
    }
}

impl From<u16> for Machine {
    fn from(number: u16) -> Self {
        match number {
            3 => Self::I386,
            8 => Self::Mips,
            21 => Self::Ppc64,
            22 => Self::S390,
            40 => Self::Arm,
            62 => Self::X86_64,
            183 => Self::AArch64,
            243 => Self::RiscV,
            258 => Self::LoongArch,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::I386 => "i386",
            Self::Mips => "MIPS",
            Self::Ppc64 => "PowerPC64",
            Self::S390 => "s390",
            Self::Arm => "ARM",
            Self::X86_64 => "x86-64",
            Self::AArch64 => "AArch64",
            Self::RiscV => "RISC-V",
            Self::LoongArch => "LoongArch",
            Self::Other(number) => return write!(f, "machine {number}"),
        })
    }
}

/// What the identification bytes and `e_machine` say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ElfHeader {
    /// For which machine.
    pub machine: Machine,
    /// 64-bit (`ELFCLASS64`).
    pub is_64: bool,
    /// Little-endian (`ELFDATA2LSB`).
    pub is_little_endian: bool,
}

impl ElfHeader {
    /// Reads the header's first 20 bytes; `None` where they are no ELF header.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..20)?;
        if head.get(..4)? != b"\x7fELF" {
            return None;
        }
        let is_64 = match head.get(4)? {
            1 => false,
            2 => true,
            _ => return None,
        };
        let is_little_endian = match head.get(5)? {
            1 => true,
            2 => false,
            _ => return None,
        };
        let pair = [*head.get(18)?, *head.get(19)?];
        let number = if is_little_endian {
            u16::from_le_bytes(pair)
        } else {
            u16::from_be_bytes(pair)
        };
        Some(Self {
            machine: Machine::from(number),
            is_64,
            is_little_endian,
        })
    }

    /// Whether a program with this header is one of `platform`'s own. Machine,
    /// word size and byte order all count: big-endian PowerPC is not ppc64le.
    pub fn is_for(&self, platform: &super::Platform) -> bool {
        use super::Architecture;
        let Some(machine) = platform.machine() else {
            return false;
        };
        let is_64 = !matches!(
            platform.architecture(),
            Architecture::Arm | Architecture::I386
        );
        let is_little_endian = !matches!(platform.architecture(), Architecture::S390x);
        self.machine == machine && self.is_64 == is_64 && self.is_little_endian == is_little_endian
    }
}

impl ElfHeader {
    /// Whether `platform`'s own kernels run it without an emulator: its own
    /// programs, and the 32-bit ones of the same family.
    pub fn runs_on(&self, platform: &super::Platform) -> bool {
        use super::Architecture;
        self.is_for(platform)
            || matches!(
                (platform.architecture(), self.machine),
                (Architecture::Amd64, Machine::I386) | (Architecture::Arm64, Machine::Arm)
            )
    }
}

impl fmt::Display for ElfHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.machine)?;
        if self.machine == Machine::Ppc64 && !self.is_little_endian {
            f.write_str(" (big-endian)")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Platform;
    use super::*;

    fn header(class: u8, data: u8, machine: u16) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[..4].copy_from_slice(b"\x7fELF");
        bytes[4] = class;
        bytes[5] = data;
        let pair = if data == 1 {
            machine.to_le_bytes()
        } else {
            machine.to_be_bytes()
        };
        bytes[18..20].copy_from_slice(&pair);
        bytes
    }

    #[test]
    fn a_program_belongs_to_its_own_platform_only() {
        let arm64 = ElfHeader::parse(&header(2, 1, 183)).expect("a header");
        assert!(arm64.is_for(&Platform::new("linux", "arm64", None)));
        assert!(!arm64.is_for(&Platform::new("linux", "amd64", None)));
        let s390x = ElfHeader::parse(&header(2, 2, 22)).expect("a header");
        assert!(s390x.is_for(&Platform::new("linux", "s390x", None)));
        let big_endian_power = ElfHeader::parse(&header(2, 2, 21)).expect("a header");
        assert!(!big_endian_power.is_for(&Platform::new("linux", "ppc64le", None)));
    }

    #[test]
    fn what_is_no_elf_has_no_header() {
        assert_eq!(ElfHeader::parse(b"#!/bin/sh\n echo hello there"), None);
        assert_eq!(ElfHeader::parse(b"\x7fELF"), None);
        assert_eq!(ElfHeader::parse(b""), None);
    }
}
