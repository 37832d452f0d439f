//! Program headers.

use super::description::Elf;
use super::plan::Plan;

impl Plan {
    pub(super) fn segment_count(&self) -> u64 {
        let has = |name| u64::from(self.has(name));
        // PT_LOAD and PT_GNU_STACK always; PT_PHDR and PT_INTERP go together, and a
        // property note has two.
        2 + u64::from(self.has_data())
            + 2 * has(".interp")
            + has(".dynamic")
            + 2 * has(".note.gnu.property")
    }

    /// Each program header: type, flags, offset, address, size, alignment.
    pub(super) fn segments(&self, elf: &Elf) -> Vec<(u32, u32, u64, u64, u64, u64)> {
        let base = self.base;
        let table = self.segment_count() * self.segment_size();
        let start = self.header_size();
        let mut segments = Vec::new();
        let of = |name: &str| self.pieces.iter().find(|piece| piece.name == name);
        if let Some(path) = of(".interp") {
            segments.push((6, 4, start, base + start, table, 8));
            segments.push((3, 4, path.offset, path.address, path.bytes.len() as u64, 1));
        }
        segments.push((1, 5, 0, base, self.data_start, elf.alignment));
        if self.has_data() {
            segments.push((
                1,
                6,
                self.data_start,
                base + self.data_start + self.data_ahead,
                self.loaded_end - self.data_start,
                elf.data_alignment.unwrap_or(elf.alignment),
            ));
        }
        if let Some(piece) = of(".dynamic") {
            segments.push((
                2,
                6,
                piece.offset,
                piece.address,
                piece.bytes.len() as u64,
                8,
            ));
        }
        if let Some(piece) = of(".note.gnu.property") {
            let alignment = self.word_size();
            for kind in [4, 0x6474_e553] {
                let size = piece.bytes.len() as u64;
                segments.push((kind, 4, piece.offset, piece.address, size, alignment));
            }
        }
        segments.push((0x6474_e551, 6, 0, 0, 0, 16));
        segments
    }
}
