//! Section headers and their names.

use super::description::Elf;
use super::piece::ALLOCATED;
use super::plan::Plan;
use super::strings::Strings;

impl Plan {
    /// Puts the names and the section headers behind the rest: where they lie, and
    /// how many there are.
    pub(super) fn sections(&self, elf: &Elf, body: &mut Vec<u8>) -> (u64, u16) {
        let numbers = self.numbers;
        let mut names = Strings(vec![0]);
        let at: Vec<u32> = self
            .pieces
            .iter()
            .map(|piece| names.add(piece.name))
            .collect();
        let own = names.add(".shstrtab");
        let names_at = self.header_size() + body.len() as u64;
        body.extend_from_slice(&names.0);
        body.resize(body.len().next_multiple_of(8), 0);
        // The header may end off a multiple of eight; nobody minds in a table.
        let table = self.header_size() + body.len() as u64;
        body.extend(vec![0; if numbers.is_64 { 64 } else { 40 }]);
        let index = |name: &str| {
            let found = self.pieces.iter().position(|piece| piece.name == name);
            found.map_or(0, |found| u32::try_from(found + 1).expect("few"))
        };
        for (piece, name) in self.pieces.iter().zip(at) {
            let is_empty = elf.is_debug_only && piece.flags & ALLOCATED != 0;
            body.extend(numbers.u32s(&[name, if is_empty { 8 } else { piece.kind }]));
            let size = piece.bytes.len() as u64;
            for value in [piece.flags, piece.address, piece.offset, size] {
                body.extend(numbers.word(value));
            }
            body.extend(numbers.u32s(&[index(piece.link), piece.info]));
            body.extend(numbers.word(piece.alignment));
            body.extend(numbers.word(piece.entry_size));
        }
        body.extend(numbers.u32s(&[own, 3]));
        for value in [0, 0, names_at, names.0.len() as u64] {
            body.extend(numbers.word(value));
        }
        body.extend(numbers.u32s(&[0, 0]));
        body.extend(numbers.word(1));
        body.extend(numbers.word(0));
        (table, u16::try_from(self.pieces.len() + 2).expect("few"))
    }
}
