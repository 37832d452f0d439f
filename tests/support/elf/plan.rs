//! Which parts the file has, and where each lies.

use super::description::{Elf, Kind};
use super::go::go_build;
use super::numbers::Numbers;
use super::piece::{ALLOCATED, EXECUTABLE, Piece, WRITABLE};
use super::strings::Strings;

/// Everything laid out.
pub(super) struct Plan {
    pub(super) numbers: Numbers,
    pub(super) pieces: Vec<Piece>,
    /// Of each dynamic symbol its name, and whether it is defined here.
    pub(super) symbols: Vec<(u32, bool)>,
    pub(super) base: u64,
    /// Where what can be written to begins, and what its addresses are ahead by.
    pub(super) data_start: u64,
    pub(super) data_ahead: u64,
    pub(super) loaded_end: u64,
}

impl Plan {
    pub(super) fn of(elf: &Elf) -> Self {
        let numbers = Numbers {
            is_64: elf.is_64,
            is_little_endian: elf.is_little_endian,
        };
        let mut plan = Self {
            numbers,
            pieces: Vec::new(),
            symbols: Vec::new(),
            base: if elf.kind == Kind::Executable {
                0x40_0000
            } else {
                0
            },
            data_start: 0,
            data_ahead: 0,
            loaded_end: 0,
        };
        let mut strings = Strings(vec![0]);
        if let Some(path) = &elf.interpreter {
            let bytes = [path.as_bytes(), b"\0"].concat();
            plan.pieces.push(Piece::new(".interp", 1, ALLOCATED, bytes));
        }
        if let Some(level) = elf.x86_level {
            let note = plan.property_note(level);
            let mut piece = Piece::new(".note.gnu.property", 7, ALLOCATED, note);
            piece.alignment = plan.word_size();
            plan.pieces.push(piece);
        }
        let entries = if elf.is_dynamic {
            plan.add_dynamic(elf, &mut strings)
        } else {
            Vec::new()
        };
        let code = Piece::new(".text", 1, ALLOCATED | EXECUTABLE, elf.machine.exit());
        plan.pieces.push(code);
        if !elf.texts.is_empty() {
            let mut texts = elf.texts.join(&0);
            texts.push(0);
            plan.pieces.push(Piece::new(".rodata", 1, ALLOCATED, texts));
        }
        if elf.is_dynamic {
            let size = (entries.len() as u64 + 8) * plan.word_size() * 2;
            let empty = vec![0; usize::try_from(size).expect("small")];
            let piece = Piece::new(".dynamic", 6, ALLOCATED | WRITABLE, empty);
            let entry_size = plan.word_size() * 2;
            plan.pieces.push(piece.links(".dynstr", entry_size, 0));
        }
        if let Some(settings) = &elf.go {
            let mut piece =
                Piece::new(".go.buildinfo", 1, ALLOCATED | WRITABLE, go_build(settings));
            piece.alignment = 16;
            plan.pieces.push(piece);
        }
        if let Some((cpu_arch, vfp_args)) = elf.arm {
            let bytes = plan.arm_attributes(cpu_arch, vfp_args);
            plan.pieces
                .push(Piece::new(".ARM.attributes", 0x7000_0003, 0, bytes));
        }
        if elf.is_debug_only {
            let bytes = b"debug information".to_vec();
            plan.pieces.push(Piece::new(".debug_info", 1, 0, bytes));
        }
        plan.lay_out(elf);
        plan.fill_symbols();
        plan.fill_dynamic(&entries);
        plan
    }

    pub(super) fn word_size(&self) -> u64 {
        if self.numbers.is_64 { 8 } else { 4 }
    }

    pub(super) fn header_size(&self) -> u64 {
        if self.numbers.is_64 { 64 } else { 52 }
    }

    pub(super) fn segment_size(&self) -> u64 {
        if self.numbers.is_64 { 56 } else { 32 }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.pieces.iter().any(|piece| piece.name == name)
    }

    pub(super) fn has_data(&self) -> bool {
        self.pieces.iter().any(|piece| piece.flags & WRITABLE != 0)
    }

    pub(super) fn lay_out(&mut self, elf: &Elf) {
        let mut at = self.header_size() + self.segment_count() * self.segment_size();
        let base = self.base;
        let mut data = None;
        let mut loaded_end = at;
        for piece in &mut self.pieces {
            at = round_up(at, piece.alignment);
            if piece.flags & WRITABLE != 0 && data.is_none() {
                let ahead = round_up(at, elf.alignment.max(0x1_0000));
                data = Some((at, ahead));
            }
            piece.offset = at;
            if piece.flags & ALLOCATED != 0 {
                let ahead = data.map_or(0, |(_, ahead)| ahead);
                piece.address = base + at + ahead;
            }
            at += piece.bytes.len() as u64;
            if piece.flags & ALLOCATED != 0 {
                loaded_end = at;
            }
        }
        self.loaded_end = loaded_end;
        (self.data_start, self.data_ahead) = data.unwrap_or((loaded_end, 0));
    }
}

fn round_up(value: u64, multiple: u64) -> u64 {
    value.next_multiple_of(multiple.max(1))
}
