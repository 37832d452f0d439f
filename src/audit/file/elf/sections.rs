//! Section headers: for build attributes and debug information, which no program
//! header leads to. A loader never reads them, and a stripped file may have none.

use super::layout::{Header, Layout};
use crate::audit::file::bytes::FileBytes;

/// `SHT_NOBITS`: the section takes no place in the file.
const NO_BITS: u32 = 8;
/// `SHT_DYNAMIC`
const DYNAMIC: u32 = 6;
/// `SHT_ARM_ATTRIBUTES`
const ARM_ATTRIBUTES: u32 = 0x7000_0003;
/// `SHF_EXECINSTR`
const EXECUTABLE: u64 = 4;

/// A part of the file.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// What the section headers say.
#[derive(Default)]
pub(super) struct Sections {
    /// `.ARM.attributes`
    pub(super) arm_attributes: Option<Part>,
    /// `.go.buildinfo`
    pub(super) go_build: Option<Part>,
    /// There are debug sections, and nothing that could be loaded.
    pub(super) is_debug_only: bool,
    /// The file has section headers.
    pub(super) are_there: bool,
}

struct Section {
    name: u32,
    kind: u32,
    flags: u64,
    part: Part,
    link: u32,
}

impl Section {
    fn read(header: &Header, file: &mut FileBytes<'_>, index: u64) -> Option<Self> {
        let layout = header.layout;
        let size = u64::from(header.section_size);
        let at = header.sections_at.checked_add(index.checked_mul(size)?)?;
        let bytes = file.get(at, size_of_header(layout))?;
        Some(Self {
            name: layout.u32(bytes, 0)?,
            kind: layout.u32(bytes, 4)?,
            flags: layout.word(bytes, 8, 8)?,
            part: Part {
                offset: layout.word(bytes, 16, 24)?,
                size: layout.word(bytes, 20, 32)?,
            },
            link: layout.u32(bytes, layout.pick(24, 40))?,
        })
    }
}

fn size_of_header(layout: Layout) -> usize {
    layout.pick(40, 64)
}

impl Sections {
    /// Reads the table; what is missing, where it leaves the file.
    pub(super) fn read(header: &Header, file: &mut FileBytes<'_>) -> Result<Self, String> {
        if header.sections_at == 0
            || usize::from(header.section_size) < size_of_header(header.layout)
        {
            return Ok(Self::default());
        }
        let beyond = || {
            format!(
                "its section headers lie at byte {}, the file has {} bytes",
                header.sections_at,
                file.size()
            )
        };
        if header.sections_at >= file.size() {
            return Err(beyond());
        }
        // Numbers that do not fit the ELF header stand in the first section's.
        let first = Section::read(header, file, 0);
        let count = match (header.section_count, &first) {
            (0, Some(first)) => first.part.size,
            (count, _) => u64::from(count),
        };
        let names = match (header.names_section, &first) {
            (0xffff, Some(first)) => first.link.into(),
            (index, _) => u64::from(index),
        };
        let end = count
            .checked_mul(header.section_size.into())
            .and_then(|length| header.sections_at.checked_add(length));
        if end.is_none_or(|end| end > file.size()) {
            return Err(format!(
                "its {count} section headers from byte {} on end beyond the file's {} bytes",
                header.sections_at,
                file.size()
            ));
        }
        let names = Section::read(header, file, names);
        Ok(Self::look_through(header, file, count, names))
    }

    /// The table lies within the file, so this takes no more steps than that has bytes.
    fn look_through(
        header: &Header,
        file: &mut FileBytes<'_>,
        count: u64,
        names: Option<Section>,
    ) -> Self {
        let mut found = Self {
            are_there: count > 0,
            ..Self::default()
        };
        let (mut has_code, mut has_empty_code, mut has_debug) = (false, false, false);
        let mut has_dynamic = false;
        for index in 0..count {
            let Some(section) = Section::read(header, file, index) else {
                break;
            };
            let is_code = section.flags & EXECUTABLE != 0 && section.part.size > 0;
            has_code |= is_code && section.kind != NO_BITS;
            has_empty_code |= is_code && section.kind == NO_BITS;
            has_dynamic |= section.kind == DYNAMIC;
            if section.kind == ARM_ATTRIBUTES {
                found.arm_attributes = Some(section.part);
            }
            let name = names.as_ref().and_then(|names| {
                let at = names.part.offset.checked_add(section.name.into())?;
                file.up_to(at, 16)
            });
            let name = name.unwrap_or_default();
            has_debug |= name.starts_with(b".debug_") || name.starts_with(b".zdebug_");
            if name.starts_with(b".go.buildinfo\0") && section.kind != NO_BITS {
                found.go_build = Some(section.part);
            }
        }
        // `objcopy --only-keep-debug` leaves the program's sections without their bytes.
        found.is_debug_only = !has_code && !has_dynamic && (has_debug || has_empty_code);
        found
    }
}
