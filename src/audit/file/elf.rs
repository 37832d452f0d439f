//! What an ELF file says of what it needs (System V ABI; generic and processor
//! supplements), by its program headers as the loader reads it.

mod arm;
mod dynamic;
mod go;
mod layout;
mod marks;
mod notes;
mod relocations;
mod sections;
mod symbol_table;
mod symbols;
#[cfg(test)]
mod tests;
mod versions;

use serde::{Deserialize, Serialize};

use super::bytes::FileBytes;
use crate::image::{ElfHeader, Machine};
use dynamic::{Dynamic, Names};
use layout::{Header, INTERPRETER, LOAD, Layout, Segment};
use sections::Sections;

pub use symbols::{Binding, Symbols, symbol_hash};

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
    /// The dynamic symbols it defines, and those it needs.
    pub symbols: Symbols,
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

/// Reads a file that begins with the ELF magic. What can't be read is said in
/// [`ElfFacts::truncated`], and what comes before it is kept.
pub(super) fn read(path: &str, file: &mut FileBytes<'_>) -> ElfFacts {
    let identification = file.up_to(4, 2).unwrap_or_default().to_vec();
    let layout = Layout {
        is_64: identification.first() == Some(&2),
        is_little_endian: identification.get(1) != Some(&2),
    };
    let mut facts = unread(layout);
    if let Some(wrong) = wrong_identification(&identification) {
        facts.truncated = Some(wrong);
        return facts;
    }
    match Header::read(layout, file) {
        Ok(header) => fill(&mut facts, &header, path, file),
        Err(wrong) => {
            // A file may end behind its machine's number.
            let number = file.get(18, 2).and_then(|bytes| layout.u16(bytes, 0));
            facts.machine = number.unwrap_or_default();
            facts.truncated = Some(wrong);
        }
    }
    facts
}

/// What its first bytes say of a file whose rest can't be had. Nothing is missing in
/// the file itself, so far as is known.
pub(super) fn read_head(path: &str, head: &[u8]) -> ElfFacts {
    let mut facts = read(path, &mut FileBytes::of(head));
    facts.truncated = None;
    facts.symbols = Symbols::unread(Symbols::NOT_WHOLE);
    facts
}

fn wrong_identification(identification: &[u8]) -> Option<String> {
    match identification {
        [1 | 2, 1 | 2] => None,
        [1 | 2, order] => Some(format!(
            "its ELF header names byte order {order}, which is none"
        )),
        [class, _] => Some(format!("its ELF header names class {class}, which is none")),
        _ => Some("the file ends within the first bytes of its ELF header".to_owned()),
    }
}

fn unread(layout: Layout) -> ElfFacts {
    ElfFacts {
        machine: 0,
        is_64: layout.is_64,
        is_little_endian: layout.is_little_endian,
        flags: 0,
        kind: ElfKind::Other,
        interpreter: None,
        is_dynamic: false,
        needed: Vec::new(),
        soname: None,
        rpath: Vec::new(),
        runpath: Vec::new(),
        needs_versions: Vec::new(),
        defines_versions: Vec::new(),
        symbols: Symbols::default(),
        smallest_alignment: None,
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

fn fill(facts: &mut ElfFacts, header: &Header, path: &str, file: &mut FileBytes<'_>) {
    facts.machine = header.machine;
    facts.flags = header.flags;
    facts.kind = match header.kind {
        1 => ElfKind::Relocatable,
        2 => ElfKind::Executable,
        3 => ElfKind::Shared,
        4 => ElfKind::Core,
        _ => ElfKind::Other,
    };
    // Nothing loads the others, and object files have tens of thousands of sections.
    if !matches!(facts.kind, ElfKind::Executable | ElfKind::Shared) {
        return;
    }
    let (sections, cut_sections) = match Sections::read(header, file) {
        Ok(sections) => (sections, None),
        Err(cut) => (Sections::default(), Some(cut)),
    };
    let segments = match header.segments(file) {
        Ok(segments) => segments,
        Err(wrong) => {
            facts.truncated = Some(wrong);
            return;
        }
    };
    facts.smallest_alignment = segments
        .iter()
        .filter(|segment| segment.kind == LOAD)
        .map(|segment| segment.alignment)
        .min();
    facts.is_debug_only = sections.is_debug_only;
    // Its program headers are those of the program: they speak of bytes it has not.
    if facts.is_debug_only {
        return;
    }
    facts.truncated = missing_segment(&segments, file.size()).or(cut_sections);
    facts.interpreter = interpreter(&segments, file);
    fill_dynamic(facts, header.layout, path, &segments, file);
    match facts.header().machine {
        Machine::X86_64 | Machine::I386 => {
            facts.x86_level = notes::x86_level(header.layout, &segments, file);
        }
        Machine::Arm => {
            facts.arm = sections
                .arm_attributes
                .and_then(|part| arm::attributes(header.layout, part, file));
        }
        _ => {}
    }
    facts.go = go::build(&sections, &segments, file);
    if has_several_page_sizes(facts.header().machine) {
        facts.has_jemalloc = marks::has_jemalloc(&segments, file);
    }
    if is_node(path) {
        facts.node_version = marks::node_version(&segments, file);
    }
}

fn fill_dynamic(
    facts: &mut ElfFacts,
    layout: Layout,
    path: &str,
    segments: &[Segment],
    file: &mut FileBytes<'_>,
) {
    let Some(dynamic) = Dynamic::read(layout, segments, file) else {
        return;
    };
    let mut names = Names::of(&dynamic);
    facts.is_dynamic = true;
    facts.has_static_tls = dynamic.has_static_tls;
    facts.needed = dynamic.needed(&mut names, file);
    facts.soname = dynamic.soname(&mut names, file);
    facts.rpath = dynamic.rpath(&mut names, file);
    facts.runpath = dynamic.runpath(&mut names, file);
    let needs = versions::needed(layout, &dynamic, &mut names, file);
    facts.needs_versions = needs.libraries;
    facts.defines_versions = versions::defined(layout, &dynamic, &mut names, file);
    if facts.truncated.is_none() {
        facts.truncated = names.lost().map(str::to_owned);
    }
    let machine = facts.header().machine;
    facts.symbols = match (&facts.truncated, machine) {
        (Some(_), _) => Symbols::unread(Symbols::NOT_WHOLE),
        // Its loaders go by the order of the symbols, not by relocations.
        (None, Machine::Mips) => Symbols::default(),
        (None, _) => symbol_table::read(layout, machine, &dynamic, &needs.settled, file),
    };
    if path.ends_with(".node") {
        facts.node_module_version = marks::node_module_version(&dynamic, file);
        facts.is_node_api = marks::is_node_api(&dynamic, file);
    }
}

fn interpreter(segments: &[Segment], file: &mut FileBytes<'_>) -> Option<String> {
    let segment = segments.iter().find(|found| found.kind == INTERPRETER)?;
    // The kernel takes no longer path (`PATH_MAX`).
    let length = usize::try_from(segment.size).ok()?.min(4096);
    let bytes = file.up_to(segment.offset, length)?;
    let path = bytes.split(|byte| *byte == 0).next()?;
    Some(String::from_utf8_lossy(path).into_owned())
}

/// The first segment that the file has not wholly.
fn missing_segment(segments: &[Segment], size: u64) -> Option<String> {
    let loaded = |segment: &&Segment| {
        matches!(segment.kind, LOAD | layout::DYNAMIC | INTERPRETER) && segment.size > 0
    };
    let cut = segments
        .iter()
        .filter(loaded)
        .find(|segment| segment.end().is_none_or(|end| end > size))?;
    let end = cut.offset.saturating_add(cut.size);
    Some(format!(
        "a segment ends at byte {end}, the file has {size} bytes"
    ))
}

/// Whether kernels for it are built with one page size or another.
fn has_several_page_sizes(machine: Machine) -> bool {
    matches!(
        machine,
        Machine::AArch64 | Machine::Ppc64 | Machine::LoongArch | Machine::Mips
    )
}

/// `node`, and the library that has all of it where a distribution splits it.
fn is_node(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "node" | "nodejs") || name.starts_with("libnode.so")
}
