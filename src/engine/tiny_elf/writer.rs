//! The file around the machine code: an ELF header, one segment, no sections.

use crate::image::{Architecture, Machine};

/// Machine code. Each instruction stands on a line of its own with its assembly,
/// in the words of the architecture's manual.
#[derive(Clone, Copy)]
pub(super) enum Code {
    /// Instructions of any length.
    Bytes(&'static [&'static [u8]]),
    /// Little-endian instructions of four bytes.
    Words(&'static [u32]),
}

impl Code {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Bytes(instructions) => instructions.concat(),
            Self::Words(words) => words.iter().flat_map(|word| word.to_le_bytes()).collect(),
        }
    }
}

/// What an ELF header says of the machine.
#[derive(Clone, Copy)]
pub(super) struct Target {
    machine: Machine,
    pub(super) is_64: bool,
    pub(super) is_little_endian: bool,
    flags: u32,
}

impl Target {
    pub(super) fn of(architecture: &Architecture) -> Option<Self> {
        let (machine, is_64, is_little_endian, flags) = match architecture {
            Architecture::Amd64 => (Machine::X86_64, true, true, 0),
            Architecture::I386 => (Machine::I386, false, true, 0),
            Architecture::Arm64 => (Machine::AArch64, true, true, 0),
            // EF_ARM_EABI_VER5, neither float ABI named: the code has no floats.
            Architecture::Arm => (Machine::Arm, false, true, 0x0500_0000),
            // ELFv2: the entry point is an address, not a function descriptor.
            Architecture::Ppc64le => (Machine::Ppc64, true, true, 2),
            Architecture::S390x => (Machine::S390, true, false, 0),
            Architecture::Riscv64 => (Machine::RiscV, true, true, 0),
            // EF_LOONGARCH_ABI_DOUBLE_FLOAT, object ABI 1.
            Architecture::Loong64 => (Machine::LoongArch, true, true, 0x43),
            // EF_MIPS_ARCH_64R2 and EF_MIPS_NOREORDER; neither o32 nor n32 means n64.
            Architecture::Mips64le => (Machine::Mips, true, true, 0x8000_0001),
            Architecture::Other(_) => return None,
        };
        Some(Self {
            machine,
            is_64,
            is_little_endian,
            flags,
        })
    }

    fn u16(self, value: u16) -> Vec<u8> {
        if self.is_little_endian {
            value.to_le_bytes().into()
        } else {
            value.to_be_bytes().into()
        }
    }

    fn u32(self, value: u32) -> Vec<u8> {
        if self.is_little_endian {
            value.to_le_bytes().into()
        } else {
            value.to_be_bytes().into()
        }
    }

    /// A number as wide as an address.
    pub(super) fn word(self, value: u32) -> Vec<u8> {
        let wide = u64::from(value);
        match (self.is_64, self.is_little_endian) {
            (true, true) => wide.to_le_bytes().into(),
            (true, false) => wide.to_be_bytes().into(),
            (false, _) => self.u32(value),
        }
    }
}

/// Above `vm.mmap_min_addr` on every architecture, and a multiple of every page size.
const BASE: u32 = 0x40_0000;
/// The largest page any of these kernels is built with.
const ALIGNMENT: u32 = 0x1_0000;
const READ_AND_EXECUTE: u32 = 5;
const READ_AND_WRITE: u32 = 6;
const PT_LOAD: u32 = 1;
const PT_GNU_STACK: u32 = 0x6474_e551;

/// A program that starts at `code`'s first instruction; `data` follows its last.
/// Both are mapped readable and executable: data is never written to.
pub(super) fn program(target: Target, code: Code, data: &[u8]) -> Vec<u8> {
    let (header_size, segment_size): (u16, u16) = if target.is_64 { (64, 56) } else { (52, 32) };
    let segments = 2;
    let start = u32::from(header_size) + u32::from(segments) * u32::from(segment_size);
    let mut body = code.bytes();
    body.extend_from_slice(data);
    // No program here comes near 4 GiB: the longest part is a request's text.
    let size = start.saturating_add(u32::try_from(body.len()).unwrap_or(u32::MAX));

    let mut file = Vec::new();
    file.extend_from_slice(b"\x7fELF");
    file.push(if target.is_64 { 2 } else { 1 }); // EI_CLASS
    file.push(if target.is_little_endian { 1 } else { 2 }); // EI_DATA
    file.push(1); // EI_VERSION
    file.extend_from_slice(&[0; 9]); // System V ABI, padding
    file.extend(target.u16(2)); // e_type: ET_EXEC
    file.extend(target.u16(target.machine.number())); // e_machine
    file.extend(target.u32(1)); // e_version
    file.extend(target.word(BASE + start)); // e_entry
    file.extend(target.word(u32::from(header_size))); // e_phoff
    file.extend(target.word(0)); // e_shoff: no sections
    file.extend(target.u32(target.flags)); // e_flags
    file.extend(target.u16(header_size)); // e_ehsize
    file.extend(target.u16(segment_size)); // e_phentsize
    file.extend(target.u16(segments)); // e_phnum
    file.extend(target.u16(0)); // e_shentsize
    file.extend(target.u16(0)); // e_shnum
    file.extend(target.u16(0)); // e_shstrndx

    segment(
        &mut file,
        target,
        PT_LOAD,
        READ_AND_EXECUTE,
        BASE,
        size,
        ALIGNMENT,
    );
    // Without it kernels assume that the stack must be executable.
    segment(&mut file, target, PT_GNU_STACK, READ_AND_WRITE, 0, 0, 16);
    file.extend(body);
    file
}

fn segment(
    file: &mut Vec<u8>,
    target: Target,
    kind: u32,
    flags: u32,
    address: u32,
    size: u32,
    alignment: u32,
) {
    file.extend(target.u32(kind)); // p_type
    if target.is_64 {
        file.extend(target.u32(flags)); // p_flags
    }
    file.extend(target.word(0)); // p_offset
    file.extend(target.word(address)); // p_vaddr
    file.extend(target.word(address)); // p_paddr
    file.extend(target.word(size)); // p_filesz
    file.extend(target.word(size)); // p_memsz
    if !target.is_64 {
        file.extend(target.u32(flags)); // p_flags
    }
    file.extend(target.word(alignment)); // p_align
}
