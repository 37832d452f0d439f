//! The dynamic symbols, as a loader meets them: what is defined by the hash table
//! that it searches, what is needed by the relocations that name it.
//!
//! Each table is read from its beginning to its end, and names in the order in which
//! they lie: a file on disk is read once, not back and forth.

use std::collections::BTreeSet;

use super::dynamic::Dynamic;
use super::layout::Layout;
use super::relocations::{Asked, MOST_SYMBOLS};
use super::symbols::{Binding, Symbols, symbol_hash};
use crate::audit::file::bytes::FileBytes;
use crate::image::Machine;

/// Bytes of the names that one object may need. Those of a large plugin in C++ come
/// to a tenth.
const MOST_NAME_BYTES: usize = 1 << 20;
/// Longer names are passed over, in those that define them and in those that need them.
const LONGEST_NAME: usize = 8192;
const TOO_MANY: &str = "it has more dynamic symbols than are looked at";
const BEYOND: &str = "its dynamic symbols lie beyond the end of the file";

/// `STB_GLOBAL`: the symbol must be found.
const GLOBAL: u8 = 1;
/// `STB_LOCAL`: nobody else finds it.
const LOCAL: u8 = 0;

/// Reads what is defined and needed. `settled` are the symbol versions whose library
/// has the symbol where it has the version.
pub(super) fn read(
    layout: Layout,
    machine: Machine,
    dynamic: &Dynamic,
    settled: &BTreeSet<u16>,
    file: &mut FileBytes<'_>,
) -> Symbols {
    let defined = match defined(layout, machine, dynamic, file) {
        Ok(defined) => defined,
        Err(why) => return Symbols::unread(why),
    };
    let needed = match needed(layout, dynamic, settled, file) {
        Ok(needed) => needed,
        Err(why) => return Symbols::unread(why),
    };
    let of = |binding| {
        let names = needed.iter().filter(move |(_, when)| *when == binding);
        names.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
    };
    Symbols::new(defined, &of(Binding::Load), &of(Binding::Call))
}

/// An entry of the symbol table.
struct Entry {
    name: u32,
    binding: u8,
    is_defined: bool,
}

impl Entry {
    fn read(
        layout: Layout,
        dynamic: &Dynamic,
        symbol: u32,
        file: &mut FileBytes<'_>,
    ) -> Option<Self> {
        let size = layout.pick(16, 24);
        let at = u64::from(symbol).checked_mul(size as u64)?;
        let bytes = file.get(dynamic.symbols_at?.checked_add(at)?, size)?;
        Some(Self {
            name: layout.u32(bytes, 0)?,
            binding: bytes.get(layout.pick(12, 4))? >> 4,
            is_defined: layout.u16(bytes, layout.pick(14, 6))? != 0,
        })
    }
}

/// Gives the names at these places of the string table, in the order in which they lie.
fn names<T>(
    dynamic: &Dynamic,
    mut places: Vec<(u32, T)>,
    file: &mut FileBytes<'_>,
    mut take: impl FnMut(&[u8], T) -> Result<(), &'static str>,
) -> Result<(), &'static str> {
    places.sort_by_key(|(place, _)| *place);
    for (place, what) in places {
        let at = dynamic
            .strings_at
            .filter(|_| u64::from(place) < dynamic.strings_size)
            .and_then(|start| start.checked_add(place.into()))
            .ok_or(BEYOND)?;
        let bytes = file.up_to(at, LONGEST_NAME).ok_or(BEYOND)?;
        if let Some(name) = memchr::memchr(0, bytes).and_then(|end| bytes.get(..end)) {
            take(name, what)?;
        }
    }
    Ok(())
}

/// What a loader finds in the object.
fn defined(
    layout: Layout,
    machine: Machine,
    dynamic: &Dynamic,
    file: &mut FileBytes<'_>,
) -> Result<Vec<u32>, &'static str> {
    if let Some(at) = dynamic.gnu_hash_at {
        return gnu_hashes(layout, at, file);
    }
    let Some(at) = dynamic.hash_at else {
        // Without a hash table nothing is ever found in it.
        return Ok(Vec::new());
    };
    // 64-bit s390 is the one whose hash tables are wide.
    let count = match layout.is_64 && machine == Machine::S390 {
        true => file
            .get(at.saturating_add(8), 8)
            .and_then(|bytes| layout.word(bytes, 0, 0)),
        false => file
            .get(at.saturating_add(4), 4)
            .and_then(|bytes| layout.u32(bytes, 0).map(u64::from)),
    };
    let count = u32::try_from(count.ok_or(BEYOND)?).map_err(|_| TOO_MANY)?;
    if count > MOST_SYMBOLS {
        return Err(TOO_MANY);
    }
    let mut places = Vec::new();
    for symbol in 1..count {
        let entry = Entry::read(layout, dynamic, symbol, file).ok_or(BEYOND)?;
        if entry.is_defined && entry.binding != LOCAL {
            places.push((entry.name, ()));
        }
    }
    let mut hashes = Vec::with_capacity(places.len());
    names(dynamic, places, file, |name, ()| {
        hashes.push(symbol_hash(name));
        Ok(())
    })?;
    Ok(hashes)
}

/// All hashes of a `DT_GNU_HASH` table: it holds defined symbols and no others.
fn gnu_hashes(layout: Layout, at: u64, file: &mut FileBytes<'_>) -> Result<Vec<u32>, &'static str> {
    let header = file.get(at, 16).ok_or(BEYOND)?;
    let number = |index: usize| layout.u32(header, index * 4).ok_or(BEYOND);
    let (buckets, first, bloom) = (number(0)?, number(1)?, number(2)?);
    if buckets > MOST_SYMBOLS {
        return Err(TOO_MANY);
    }
    let buckets_at = u64::from(bloom)
        .checked_mul(layout.pick(4, 8))
        .and_then(|size| at.checked_add(16)?.checked_add(size))
        .ok_or(BEYOND)?;
    let word = |index: u32, start: u64, file: &mut FileBytes<'_>| {
        let at = start.checked_add(u64::from(index).checked_mul(4)?)?;
        layout.u32(file.get(at, 4)?, 0)
    };
    // Where the chain of each bucket begins; one that is empty has none.
    let mut chains = Vec::new();
    for bucket in 0..buckets {
        let start = word(bucket, buckets_at, file).ok_or(BEYOND)?;
        if let Some(start) = start.checked_sub(first).filter(|_| start != 0) {
            chains.push((start, bucket));
        }
    }
    chains.sort_unstable();
    let chains_at = buckets_at.saturating_add(u64::from(buckets) * 4);
    let mut left = MOST_SYMBOLS;
    let mut hashes = Vec::new();
    for (start, bucket) in chains {
        for index in start.. {
            let hash = word(index, chains_at, file).ok_or(BEYOND)?;
            // In place of the lowest bit stands whether the chain ends. Which it was
            // tells the bucket, where there are several.
            for hash in [hash & !1, hash | 1] {
                if hash % buckets == bucket {
                    hashes.push(hash);
                }
            }
            if hash & 1 != 0 {
                break;
            }
            // Chains that lie may overlap, and have no end.
            left = left.checked_sub(1).ok_or(TOO_MANY)?;
        }
    }
    Ok(hashes)
}

/// What it must find in others.
fn needed(
    layout: Layout,
    dynamic: &Dynamic,
    settled: &BTreeSet<u16>,
    file: &mut FileBytes<'_>,
) -> Result<Vec<(String, Binding)>, &'static str> {
    let asked = Asked::read(layout, dynamic, file)?;
    let mut open = Vec::new();
    for (symbol, binding) in asked.symbols() {
        let entry = Entry::read(layout, dynamic, symbol, file).ok_or(BEYOND)?;
        if !entry.is_defined && entry.binding == GLOBAL {
            open.push((symbol, entry.name, binding));
        }
    }
    let mut places = Vec::with_capacity(open.len());
    for (symbol, name, binding) in open {
        let version = dynamic.versions_at.and_then(|start| {
            let at = start.checked_add(u64::from(symbol) * 2)?;
            layout.u16(file.get(at, 2)?, 0)
        });
        // The highest bit hides a version from linkers, not from loaders.
        if !version.is_some_and(|version| settled.contains(&(version & 0x7fff))) {
            places.push((name, binding));
        }
    }
    let mut left = MOST_NAME_BYTES;
    let mut found = Vec::new();
    names(dynamic, places, file, |name, binding| {
        left = left.checked_sub(name.len() + 1).ok_or(TOO_MANY)?;
        // No compiler makes others, and they could not be shown.
        if let Ok(name) = str::from_utf8(name)
            && !name.is_empty()
        {
            found.push((name.to_owned(), binding));
        }
        Ok(())
    })?;
    Ok(found)
}
