//! The dynamic section: what the loader is told.

use super::description::Elf;
use super::piece::{ALLOCATED, Piece};
use super::plan::Plan;
use super::strings::Strings;

impl Plan {
    /// Symbols, hash table and versions; gives the entries whose values are known
    /// now.
    pub(super) fn add_dynamic(&mut self, elf: &Elf, strings: &mut Strings) -> Vec<(u64, u64)> {
        let mut entries: Vec<(u64, u64)> = Vec::new();
        for name in &elf.needed {
            entries.push((1, strings.add(name).into()));
        }
        for (tag, name) in [(14, &elf.soname), (15, &elf.rpath), (29, &elf.runpath)] {
            if let Some(name) = name {
                entries.push((tag, strings.add(name).into()));
            }
        }
        if elf.has_static_tls {
            entries.push((30, 0x10));
        }
        let symbols = elf.exports.iter().map(|name| (name, true));
        let symbols: Vec<(&String, bool)> = symbols
            .chain(elf.imports.iter().map(|name| (name, false)))
            .collect();
        let count = u32::try_from(symbols.len()).expect("few symbols") + 1;
        for (name, is_defined) in symbols {
            self.symbols.push((strings.add(name), is_defined));
        }
        let table = self.symbol_table(0, 0);
        let entry_size = if self.numbers.is_64 { 24 } else { 16 };
        // One bucket, whose chain goes through all symbols.
        let links = (1..=count).map(|next| if next < count { next } else { 0 });
        let links: Vec<u32> = [1, count, u32::from(count > 1)]
            .into_iter()
            .chain([0])
            .chain(links.skip(1))
            .collect();
        // 64-bit s390 is the one whose hash tables are wide.
        let hash_table = if elf.number == 22 && self.numbers.is_64 {
            let wide = links.iter().map(|link| self.numbers.word((*link).into()));
            wide.collect::<Vec<_>>().concat()
        } else {
            self.numbers.u32s(&links)
        };
        let needs = self.version_needs(elf, strings);
        let definitions = self.version_definitions(elf, strings);
        if !needs.is_empty() {
            entries.push((0x6fff_ffff, elf.version_needs.len() as u64));
        }
        if !definitions.is_empty() {
            entries.push((0x6fff_fffd, elf.versions.len() as u64 + 1));
        }
        entries.push((10, strings.0.len() as u64));
        entries.push((11, entry_size));
        let piece = |name, kind, bytes| Piece::new(name, kind, ALLOCATED, bytes);
        self.pieces
            .push(piece(".hash", 5, hash_table).links(".dynsym", 4, 0));
        self.pieces
            .push(piece(".dynsym", 11, table).links(".dynstr", entry_size, 1));
        self.pieces.push(piece(".dynstr", 3, strings.0.clone()));
        if !needs.is_empty() || !definitions.is_empty() {
            // Every symbol is global and of no version.
            let of_each = (0..count).map(|index| self.numbers.u16(u16::from(index > 0)));
            let bytes = of_each.collect::<Vec<_>>().concat();
            self.pieces
                .push(piece(".gnu.version", 0x6fff_ffff, bytes).links(".dynsym", 2, 0));
        }
        for (name, kind, bytes, count) in [
            (
                ".gnu.version_r",
                0x6fff_fffe,
                needs,
                elf.version_needs.len(),
            ),
            (
                ".gnu.version_d",
                0x6fff_fffd,
                definitions,
                elf.versions.len() + 1,
            ),
        ] {
            if !bytes.is_empty() {
                let count = u32::try_from(count).expect("few");
                self.pieces
                    .push(piece(name, kind, bytes).links(".dynstr", 0, count));
            }
        }
        entries
    }

    pub(super) fn fill_dynamic(&mut self, entries: &[(u64, u64)]) {
        const PLACES: [(&str, u64); 6] = [
            (".hash", 4),
            (".dynstr", 5),
            (".dynsym", 6),
            (".gnu.version", 0x6fff_fff0),
            (".gnu.version_r", 0x6fff_fffe),
            (".gnu.version_d", 0x6fff_fffc),
        ];
        let mut all = entries.to_vec();
        for (name, tag) in PLACES {
            let piece = self.pieces.iter().find(|piece| piece.name == name);
            all.extend(piece.map(|piece| (tag, piece.address)));
        }
        let numbers = self.numbers;
        let Some(dynamic) = self
            .pieces
            .iter_mut()
            .find(|piece| piece.name == ".dynamic")
        else {
            return;
        };
        let mut bytes: Vec<u8> = all
            .iter()
            .flat_map(|(tag, value)| [numbers.word(*tag), numbers.word(*value)].concat())
            .collect();
        assert!(bytes.len() <= dynamic.bytes.len(), "room for the end mark");
        bytes.resize(dynamic.bytes.len(), 0);
        dynamic.bytes = bytes;
    }
}
