//! The ELF header, and all that stands behind it.

use super::description::{Elf, Kind};
use super::piece::ALLOCATED;
use super::plan::Plan;

impl Plan {
    pub(super) fn write(mut self, elf: &Elf) -> Vec<u8> {
        let numbers = self.numbers;
        let segments = if elf.kind == Kind::Object {
            Vec::new()
        } else {
            self.segments(elf)
        };
        let mut body = Vec::new();
        for (kind, flags, offset, address, size, alignment) in &segments {
            body.extend(numbers.u32(*kind));
            if numbers.is_64 {
                body.extend(numbers.u32(*flags));
            }
            for value in [offset, address, address, size, size] {
                body.extend(numbers.word(*value));
            }
            if !numbers.is_64 {
                body.extend(numbers.u32(*flags));
            }
            body.extend(numbers.word(*alignment));
        }
        let start = self.header_size();
        for piece in &mut self.pieces {
            if elf.is_debug_only && piece.flags & ALLOCATED != 0 {
                continue;
            }
            let end = start + body.len() as u64;
            // Without the program's own bytes the rest moves up.
            piece.offset = if elf.is_debug_only { end } else { piece.offset };
            let gap = usize::try_from(piece.offset - end).expect("small");
            body.resize(body.len() + gap, 0);
            body.extend_from_slice(&piece.bytes);
        }
        let (table, sections) = if elf.has_sections {
            self.sections(elf, &mut body)
        } else {
            (0, 0)
        };
        let code = self.pieces.iter().find(|piece| piece.name == ".text");
        let entry = code.map_or(0, |piece| piece.address);
        let size = |value: u64| u16::try_from(value).expect("small");
        let mut file = b"\x7fELF".to_vec();
        file.push(if numbers.is_64 { 2 } else { 1 });
        file.push(if numbers.is_little_endian { 1 } else { 2 });
        file.push(1);
        file.extend([0; 9]);
        file.extend(numbers.u16(elf.kind as u16));
        file.extend(numbers.u16(elf.number));
        file.extend(numbers.u32(1));
        file.extend(numbers.word(entry));
        file.extend(numbers.word(if segments.is_empty() { 0 } else { start }));
        file.extend(numbers.word(table));
        file.extend(numbers.u32(elf.flags));
        file.extend(numbers.u16(size(start)));
        file.extend(numbers.u16(size(self.segment_size())));
        file.extend(numbers.u16(size(segments.len() as u64)));
        file.extend(numbers.u16(if numbers.is_64 { 64 } else { 40 }));
        file.extend(numbers.u16(sections));
        file.extend(numbers.u16(sections.saturating_sub(1)));
        file.extend(body);
        file
    }
}
