//! The note that says which level of x86-64 a file demands of the processor
//! (x86-64 psABI, "Program Property").

use super::layout::{GNU_PROPERTY, Layout, NOTE, Segment};
use crate::audit::file::bytes::{FileBytes, WINDOW};

/// `NT_GNU_PROPERTY_TYPE_0`
const PROPERTIES: u32 = 5;
/// `GNU_PROPERTY_X86_ISA_1_NEEDED`
const X86_NEEDED: u32 = 0xc000_8002;

/// The level, 1 to 4.
pub(super) fn x86_level(
    layout: Layout,
    segments: &[Segment],
    file: &mut FileBytes<'_>,
) -> Option<u8> {
    // All note segments of one file are read from one window's worth of bytes.
    let mut left = WINDOW;
    for segment in segments {
        if segment.kind != NOTE && segment.kind != GNU_PROPERTY {
            continue;
        }
        let length = usize::try_from(segment.size).map_or(left, |size| size.min(left));
        left -= length;
        let level = file
            .up_to(segment.offset, length)
            .and_then(|notes| in_notes(layout, segment, notes));
        if level.is_some() {
            return level;
        }
    }
    None
}

fn in_notes(layout: Layout, segment: &Segment, mut notes: &[u8]) -> Option<u8> {
    // Notes are aligned to four bytes unless their segment says eight.
    let alignment = if segment.alignment == 8 { 8 } else { 4 };
    loop {
        let name_length = usize::try_from(layout.u32(notes, 0)?).ok()?;
        let length = usize::try_from(layout.u32(notes, 4)?).ok()?;
        let kind = layout.u32(notes, 8)?;
        let name_end = 12usize.checked_add(name_length)?;
        let start = name_end.checked_next_multiple_of(alignment)?;
        let end = start.checked_add(length)?;
        if kind == PROPERTIES && notes.get(12..name_end)? == b"GNU\0" {
            return in_properties(layout, notes.get(start..end)?);
        }
        notes = notes.get(end.checked_next_multiple_of(alignment)?..)?;
    }
}

fn in_properties(layout: Layout, mut properties: &[u8]) -> Option<u8> {
    loop {
        let kind = layout.u32(properties, 0)?;
        let length = usize::try_from(layout.u32(properties, 4)?).ok()?;
        if kind == X86_NEEDED {
            // A bit for each level, the baseline lowest.
            let levels = layout.u32(properties, 8)? & 0b1111;
            return u8::try_from(levels.checked_ilog2()? + 1).ok();
        }
        let end = 8usize.checked_add(length)?;
        properties = properties.get(end.checked_next_multiple_of(layout.pick(4, 8))?..)?;
    }
}
