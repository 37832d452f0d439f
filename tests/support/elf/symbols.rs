//! Dynamic symbols.

use super::plan::Plan;

impl Plan {
    /// Functions, global, all at one place.
    pub(super) fn symbol_table(&self, section: u16, address: u64) -> Vec<u8> {
        let numbers = self.numbers;
        let mut table = vec![0; if numbers.is_64 { 24 } else { 16 }];
        for (name, is_defined) in &self.symbols {
            let (section, address) = if *is_defined {
                (section, address)
            } else {
                (0, 0)
            };
            let rest = [vec![0x12, 0], numbers.u16(section)].concat();
            let value = [numbers.word(address), numbers.word(0)].concat();
            table.extend(numbers.u32(*name));
            table.extend(
                if numbers.is_64 {
                    [rest, value]
                } else {
                    [value, rest]
                }
                .concat(),
            );
        }
        table
    }

    /// Symbols have addresses once everything has.
    pub(super) fn fill_symbols(&mut self) {
        let text = self.pieces.iter().position(|piece| piece.name == ".text");
        let Some(text) = text else {
            return;
        };
        let section = u16::try_from(text + 1).expect("few");
        let table = self.symbol_table(section, self.pieces[text].address);
        if let Some(symbols) = self.pieces.iter_mut().find(|piece| piece.name == ".dynsym") {
            symbols.bytes = table;
        }
    }
}
