//! What an ELF file says of what it needs (System V ABI; generic and processor supplements).

use serde::{Deserialize, Serialize};

use crate::image::{ElfHeader, Machine};

/// `e_type`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ElfKind {
    /// `ET_REL`: an object file; nothing loads it.
    Relocatable,
    /// `ET_EXEC`
    Executable,
    /// `ET_DYN`: a shared object, or a program that is position-independent.
    Shared,
    /// `ET_CORE`
    Core,
    /// Any other.
    Other,
}

/// Of an ELF file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElfFacts {
    /// `e_machine`
    pub machine: u16,
    /// `ELFCLASS64`
    pub is_64: bool,
    /// `ELFDATA2LSB`
    pub is_little_endian: bool,
    /// `e_flags`
    pub flags: u32,
    /// `e_type`
    pub kind: ElfKind,
    /// `PT_INTERP`
    pub interpreter: Option<String>,
    /// It has a dynamic section.
    pub is_dynamic: bool,
    /// `DT_NEEDED`, in order.
    pub needed: Vec<String>,
    /// `DT_SONAME`
    pub soname: Option<String>,
    /// `DT_RPATH`, split at colons.
    pub rpath: Vec<String>,
    /// `DT_RUNPATH`, split at colons.
    pub runpath: Vec<String>,
    /// The symbol versions it needs of each library (`DT_VERNEED`), weak ones left out.
    pub needs_versions: Vec<(String, Vec<String>)>,
    /// The symbol versions it defines (`DT_VERDEF`), its own name left out.
    pub defines_versions: Vec<String>,
    /// The smallest `p_align` of its `PT_LOAD` segments.
    pub smallest_alignment: Option<u64>,
    /// `DF_STATIC_TLS`: it wants a place in the initial TLS block.
    pub has_static_tls: bool,
    /// The level of x86-64 it demands, 1 to 4 (`GNU_PROPERTY_X86_ISA_1_NEEDED`).
    pub x86_level: Option<u8>,
    /// `.ARM.attributes`
    pub arm: Option<ArmAttributes>,
    /// What Go's linker wrote of the build.
    pub go: Option<GoBuild>,
    /// A segment or the section table lies beyond the end of the file: what is missing.
    pub truncated: Option<String>,
    /// It holds debug information and no code (`objcopy --only-keep-debug`).
    pub is_debug_only: bool,
    /// `NODE_MODULE_VERSION` of an addon that is bound to one (`node_register_module_vN`).
    pub node_module_version: Option<u32>,
    /// It registers through Node-API, and so fits every Node (`napi_register_module_v1`).
    pub is_node_api: bool,
    /// The version of the Node that this program is.
    pub node_version: Option<String>,
    /// It holds jemalloc's message on page sizes.
    pub has_jemalloc: bool,
}

/// Of the build attributes of 32-bit ARM (ABI for the ARM Architecture, addenda).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmAttributes {
    /// `Tag_CPU_arch`: 6 is v6, 10 is v7, 14 is v8.
    pub cpu_arch: Option<u8>,
    /// `Tag_ABI_VFP_args`: 1 is hard float.
    pub vfp_args: Option<u8>,
}

/// Of Go's build information.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoBuild {
    /// `GOARCH`
    pub goarch: Option<String>,
    /// `GOARM`, `GOAMD64`, `GOARM64` or the like, with its value.
    pub level: Option<(String, String)>,
}

impl ElfFacts {
    /// The header in the image's words.
    pub fn header(&self) -> ElfHeader {
        ElfHeader {
            machine: Machine::from(self.machine),
            is_64: self.is_64,
            is_little_endian: self.is_little_endian,
        }
    }
}
