//! Which dynamic symbols an object's relocations name, and when a loader looks for
//! them: what no relocation names is looked for by nobody.

use super::dynamic::{Dynamic, Table};
use super::layout::Layout;
use super::symbols::Binding;
use crate::audit::file::bytes::FileBytes;

/// Dynamic symbols of one object. LLVM and PyTorch, the largest there are, have
/// some hundred thousand.
pub(super) const MOST_SYMBOLS: u32 = 1 << 20;
/// Relocations of one object that are looked at; those without a symbol, which are
/// most, not counted where the object says how many they are.
const MOST_RELOCATIONS: u64 = 4 << 20;

/// The symbols that are asked for, by their number, with the earliest time.
pub(super) struct Asked(Vec<Option<Binding>>);

impl Asked {
    /// Reads all relocations; why not, where that can't be done.
    pub(super) fn read(
        layout: Layout,
        dynamic: &Dynamic,
        file: &mut FileBytes<'_>,
    ) -> Result<Self, &'static str> {
        let mut asked = Self(Vec::new());
        let mut left = MOST_RELOCATIONS;
        let lazily = if dynamic.binds_at_once {
            Binding::Load
        } else {
            Binding::Call
        };
        let calls = dynamic.call_relocations.as_ref();
        for table in &dynamic.relocations {
            // Some linkers count the calls' among the others.
            let is_call = |at: u64| {
                calls.is_some_and(|calls| {
                    at.checked_sub(calls.at)
                        .is_some_and(|in_it| in_it < calls.size)
                })
            };
            asked.table(layout, table, file, &mut left, |at| {
                (!is_call(at)).then_some(Binding::Load)
            })?;
        }
        if let Some(table) = calls {
            asked.table(layout, table, file, &mut left, |_| Some(lazily))?;
        }
        Ok(asked)
    }

    fn table(
        &mut self,
        layout: Layout,
        table: &Table,
        file: &mut FileBytes<'_>,
        left: &mut u64,
        when: impl Fn(u64) -> Option<Binding>,
    ) -> Result<(), &'static str> {
        let entry_size = match table.has_addends {
            true => layout.pick(12, 24),
            false => layout.pick(8, 16),
        };
        let step = entry_size as u64;
        let count = (table.size / step).saturating_sub(table.relative);
        *left = left
            .checked_sub(count)
            .ok_or("it has more relocations than are looked at")?;
        let mut at = table.at.saturating_add(table.relative.saturating_mul(step));
        for _ in 0..count {
            let info = file
                .get(at, entry_size)
                .and_then(|entry| layout.word(entry, 4, 8))
                .ok_or("its relocations lie beyond the end of the file")?;
            let symbol = u32::try_from(layout.pick(info >> 8, info >> 32)).unwrap_or(u32::MAX);
            // Of type `R_*_NONE` is what a linker only wanted to keep.
            let is_none = info & layout.pick(0xff, 0xffff_ffff) == 0;
            if symbol != 0
                && !is_none
                && let Some(binding) = when(at)
            {
                self.ask(symbol, binding)?;
            }
            at = at.saturating_add(step);
        }
        Ok(())
    }

    fn ask(&mut self, symbol: u32, binding: Binding) -> Result<(), &'static str> {
        if symbol >= MOST_SYMBOLS {
            return Err("it has more dynamic symbols than are looked at");
        }
        let at = symbol as usize;
        if at >= self.0.len() {
            self.0.resize(at + 1, None);
        }
        if let Some(known) = self.0.get_mut(at) {
            *known = Some(known.map_or(binding, |known| known.min(binding)));
        }
        Ok(())
    }

    /// The symbols, ascending.
    pub(super) fn symbols(&self) -> impl Iterator<Item = (u32, Binding)> {
        (0..)
            .zip(&self.0)
            .filter_map(|(symbol, binding)| Some((symbol, (*binding)?)))
    }
}
