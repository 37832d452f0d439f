//! Relocations for an ELF file that has none: they are what has a loader look for a
//! symbol, and when.
//!
//! For 64-bit, little-endian files. Shared with the unit tests of the ELF reader.

#![allow(
    dead_code,
    clippy::allow_attributes,
    unreachable_pub,
    missing_docs,
    reason = "shared by two test binaries, each of which uses a part"
)]

/// When a symbol is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// `R_*_GLOB_DAT`, among `DT_RELA`.
    Loaded,
    /// `R_*_JUMP_SLOT`, among `DT_JMPREL`.
    Called,
    /// The same, and `DF_BIND_NOW`.
    CalledAtOnce,
}

fn number(bytes: &[u8], at: usize, size: usize) -> u64 {
    let mut wide = [0; 8];
    wide[..size].copy_from_slice(&bytes[at..at + size]);
    u64::from_le_bytes(wide)
}

fn place(number: u64) -> usize {
    usize::try_from(number).expect("small")
}

/// The file with a relocation for each symbol that it imports.
pub fn asking(mut elf: Vec<u8>, when: When) -> Vec<u8> {
    const HEADER: usize = 56;
    let headers_at = place(number(&elf, 32, 8));
    let headers: Vec<usize> = (0..place(number(&elf, 56, 2)))
        .map(|index| headers_at + index * HEADER)
        .collect();
    let of_kind = |elf: &[u8], kind: u64| -> Vec<usize> {
        let is_it = |at: &&usize| number(elf, **at, 4) == kind;
        headers.iter().filter(is_it).copied().collect()
    };
    let loads = of_kind(&elf, 1);
    let dynamic = of_kind(&elf, 2)[0];
    let last = *loads
        .iter()
        .max_by_key(|at| number(&elf, **at + 8, 8))
        .expect("a segment");
    let in_file = |elf: &[u8], address: u64| -> usize {
        let found = loads.iter().find_map(|at| {
            let inside = address.checked_sub(number(elf, at + 16, 8))?;
            (inside < number(elf, at + 32, 8)).then(|| number(elf, at + 8, 8) + inside)
        });
        place(found.expect("an address"))
    };

    let entries_at = place(number(&elf, dynamic + 8, 8));
    let mut entries: Vec<(u64, u64)> = (0..)
        .map(|index| entries_at + index * 16)
        .map(|at| (number(&elf, at, 8), number(&elf, at + 8, 8)))
        .take_while(|(tag, _)| *tag != 0)
        .collect();
    let value = |tag| {
        let found = entries.iter().find(|(other, _)| *other == tag);
        found.expect("a tag").1
    };
    let symbols = in_file(&elf, value(6));
    let count = number(&elf, in_file(&elf, value(4)) + 4, 4);
    let imported =
        (1..count).filter(|symbol| number(&elf, symbols + place(*symbol) * 24 + 6, 2) == 0);
    let kind = if when == When::Loaded { 6 } else { 7 };
    let relocations: Vec<u8> = imported
        .flat_map(|symbol| [number(&elf, dynamic + 16, 8), symbol << 32 | kind, 0])
        .flat_map(u64::to_le_bytes)
        .collect();

    elf.resize(elf.len().next_multiple_of(16), 0);
    let (offset, address) = (number(&elf, last + 8, 8), number(&elf, last + 16, 8));
    let here = |elf: &[u8]| elf.len() as u64 - offset + address;
    let (at, size) = (here(&elf), relocations.len() as u64);
    elf.extend(relocations);
    match when {
        When::Loaded => entries.extend([(7, at), (8, size), (9, 24)]),
        When::Called => entries.extend([(23, at), (2, size), (20, 7)]),
        When::CalledAtOnce => entries.extend([(23, at), (2, size), (20, 7), (24, 0)]),
    }
    entries.push((0, 0));
    // The dynamic section has no room: a longer one takes its place.
    let moved = [elf.len() as u64, here(&elf), here(&elf)];
    let length = entries.len() as u64 * 16;
    elf.extend(
        entries
            .into_iter()
            .flat_map(|(tag, value)| [tag, value])
            .flat_map(u64::to_le_bytes),
    );
    let mut write = |at: usize, number: u64| elf[at..at + 8].copy_from_slice(&number.to_le_bytes());
    for (index, number) in moved.into_iter().chain([length, length]).enumerate() {
        write(dynamic + 8 + index * 8, number);
    }
    let end = elf.len() as u64 - offset;
    let mut write = |at: usize, number: u64| elf[at..at + 8].copy_from_slice(&number.to_le_bytes());
    write(last + 32, end);
    write(last + 40, end);
    elf
}
