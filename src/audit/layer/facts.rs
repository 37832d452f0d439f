//! A layer's entries, kept small: a layer may have a million of them.
//!
//! They stand in one run of bytes, each path as what it does not share with the one
//! before it, owner and mode only where they change. Some 30 bytes an entry.

use serde::{Deserialize, Serialize};

use super::{EntryKind, LayerEntry};
use crate::audit::file::{FileFacts, Symbols};
use crate::image::Compression;

/// A layer's entries, in the archive's order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerFacts {
    /// The digest of the uncompressed archive.
    pub diff_id: String,
    /// How the blob is compressed by its bytes; its media type may say otherwise.
    pub compression: Compression,
    /// The files whose contents nobody looked at.
    pub unexamined: Unexamined,
    count: usize,
    removals: usize,
    #[serde(with = "bytes")]
    records: Vec<u8>,
    /// Of those entries that have some, in their order.
    facts: Vec<FileFacts>,
}

/// Files whose contents nobody looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unexamined {
    /// How many.
    pub count: u64,
    /// The first of them, each with the reason.
    pub first: Vec<String>,
}

impl Unexamined {
    pub(super) fn add(&mut self, path: &str, why: &str) {
        const SHOWN: usize = 20;
        self.count = self.count.saturating_add(1);
        if self.first.len() < SHOWN {
            self.first.push(format!("{path}: {why}"));
        }
    }
}

impl LayerFacts {
    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Its entries, in the archive's order.
    pub fn entries(&self) -> impl Iterator<Item = LayerEntry> + '_ {
        let mut cursor = Cursor::default();
        let mut facts = self.facts.iter();
        std::iter::from_fn(move || cursor.next(&self.records, || facts.next().cloned()))
    }

    /// What it removes from the layers below: paths of [`EntryKind::Whiteout`] and
    /// [`EntryKind::Opaque`].
    pub(in crate::audit) fn removals(&self) -> impl Iterator<Item = (String, EntryKind)> + '_ {
        let mut cursor = Cursor::default();
        // Most layers remove nothing, and need not be read for it.
        let mut left = self.removals;
        std::iter::from_fn(move || {
            while left > 0 {
                let (entry, _) = cursor.bare(&self.records)?;
                if matches!(entry.kind, EntryKind::Whiteout | EntryKind::Opaque) {
                    left -= 1;
                    return Some((entry.path, entry.kind));
                }
            }
            None
        })
    }
}

impl IntoIterator for LayerFacts {
    type Item = LayerEntry;
    type IntoIter = IntoEntries;

    fn into_iter(self) -> IntoEntries {
        IntoEntries {
            cursor: Cursor::default(),
            records: self.records,
            facts: self.facts.into_iter(),
        }
    }
}

impl FromIterator<LayerEntry> for LayerFacts {
    fn from_iter<I: IntoIterator<Item = LayerEntry>>(entries: I) -> Self {
        let mut recorder = Recorder::default();
        for entry in entries {
            recorder.push(entry);
        }
        recorder.finish()
    }
}

impl From<Vec<LayerEntry>> for LayerFacts {
    fn from(entries: Vec<LayerEntry>) -> Self {
        entries.into_iter().collect()
    }
}

/// The entries of [`LayerFacts`], taken out of it.
#[derive(Debug)]
pub struct IntoEntries {
    cursor: Cursor,
    records: Vec<u8>,
    facts: std::vec::IntoIter<FileFacts>,
}

impl Iterator for IntoEntries {
    type Item = LayerEntry;

    fn next(&mut self) -> Option<LayerEntry> {
        let facts = &mut self.facts;
        self.cursor.next(&self.records, || facts.next())
    }
}

/// Set in an entry's first byte: mode and owner are those of the entry before.
const SAME_OWNER: u8 = 0x10;
/// Set in an entry's first byte: it has facts.
const HAS_FACTS: u8 = 0x20;

/// Writes entries one after the other.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    facts: LayerFacts,
    last_path: Vec<u8>,
    last_owner: (u32, u32, u32),
    nodes: u64,
    weight: usize,
    /// Of the symbols of ELF files; `weight` has it too.
    symbols: usize,
}

impl Recorder {
    pub(super) fn push(&mut self, entry: LayerEntry) {
        let path = entry.path.as_bytes();
        let shared = path
            .iter()
            .zip(&self.last_path)
            .take_while(|(one, other)| one == other)
            .count();
        let rest = path.get(shared..).unwrap_or_default();
        let owner = (entry.mode, entry.uid, entry.gid);
        let (kind, link) = match &entry.kind {
            EntryKind::File => (0, None),
            EntryKind::Directory => (1, None),
            EntryKind::Symlink(target) => (2, Some(target)),
            EntryKind::HardLink(target) => (3, Some(target)),
            EntryKind::Special => (4, None),
            EntryKind::Whiteout => (5, None),
            EntryKind::Opaque => (6, None),
        };
        let is_same_owner = owner == self.last_owner;
        let records = &mut self.facts.records;
        records.push(
            kind | if is_same_owner { SAME_OWNER } else { 0 }
                | if entry.facts.is_some() { HAS_FACTS } else { 0 },
        );
        put(records, shared as u64);
        put_bytes(records, rest);
        if !is_same_owner {
            put(records, owner.0.into());
            put(records, owner.1.into());
            put(records, owner.2.into());
        }
        put(records, entry.size);
        if let Some(target) = link {
            put_bytes(records, target.as_bytes());
        }
        self.last_owner = owner;
        // The folders that stand in the path, and not in the one before.
        let folders = memchr::memchr_iter(b'/', rest).count() as u64;
        self.nodes = self.nodes.saturating_add(1 + folders);
        self.last_path.truncate(shared);
        self.last_path.extend_from_slice(rest);
        self.facts.count += 1;
        if matches!(entry.kind, EntryKind::Whiteout | EntryKind::Opaque) {
            self.facts.removals += 1;
        }
        if let Some(facts) = entry.facts {
            self.weight = self.weight.saturating_add(weight(&facts));
            self.facts.facts.push(facts);
        }
    }

    pub(super) fn unexamined(&mut self) -> &mut Unexamined {
        &mut self.facts.unexamined
    }

    /// Leaves out the symbols of an ELF file where they would be too much, and says of
    /// which files nothing is known of them. Images are judged without them too.
    pub(super) fn admit(&mut self, path: &str, facts: &mut FileFacts, allowed: usize) {
        let FileFacts::Elf(elf) = facts else {
            return;
        };
        let with_these = self.symbols.saturating_add(elf.symbols.weight());
        if with_these > allowed {
            elf.symbols = Symbols::unread("the layer's files have too many of them");
        } else {
            self.symbols = with_these;
        }
        // That a file is cut off, or too large, is said elsewhere.
        if let Some(why) = elf.symbols.why_unread()
            && why != Symbols::NOT_WHOLE
        {
            let why = format!("its symbols are not known: {why}");
            self.facts.unexamined.add(path, &why);
        }
    }

    /// Entries, and folders that only paths name; no fewer than there are.
    pub(super) fn nodes(&self) -> u64 {
        self.nodes
    }

    /// Bytes of memory, about.
    pub(super) fn weight(&self) -> usize {
        self.facts.records.len().saturating_add(self.weight)
    }

    pub(super) fn finish(mut self) -> LayerFacts {
        self.facts.records.shrink_to_fit();
        self.facts
    }
}

/// Bytes of memory, about: what is written tightly takes several times as much in
/// vectors and strings. Symbols know what they take.
fn weight(facts: &FileFacts) -> usize {
    let (written, symbols) = match facts {
        FileFacts::Elf(elf) => (size(&elf.symbols), elf.symbols.weight()),
        _ => (0, 0),
    };
    size(facts)
        .saturating_sub(written)
        .saturating_mul(4)
        .saturating_add(symbols)
}

/// Bytes when it is written.
fn size(what: &impl Serialize) -> usize {
    let size = postcard::serialize_with_flavor::<_, _, usize>(
        what,
        postcard::ser_flavors::Size::default(),
    );
    size.unwrap_or(usize::MAX)
}

/// Reads entries one after the other. Records that no [`Recorder`] wrote end it.
#[derive(Debug, Default)]
struct Cursor {
    at: usize,
    path: Vec<u8>,
    owner: (u32, u32, u32),
}

impl Cursor {
    fn next(
        &mut self,
        records: &[u8],
        facts: impl FnOnce() -> Option<FileFacts>,
    ) -> Option<LayerEntry> {
        let (mut entry, has_facts) = self.bare(records)?;
        if has_facts {
            entry.facts = Some(facts()?);
        }
        Some(entry)
    }

    /// The next entry without its facts, and whether it has some.
    fn bare(&mut self, records: &[u8]) -> Option<(LayerEntry, bool)> {
        let first = *records.get(self.at)?;
        self.at += 1;
        let shared = usize::try_from(self.number(records)?).ok()?;
        if shared > self.path.len() {
            return None;
        }
        self.path.truncate(shared);
        let rest = self.bytes(records)?;
        self.path.extend_from_slice(rest);
        if first & SAME_OWNER == 0 {
            let mut number = || u32::try_from(self.number(records)?).ok();
            self.owner = (number()?, number()?, number()?);
        }
        let size = self.number(records)?;
        let kind = match first & 0x0f {
            0 => EntryKind::File,
            1 => EntryKind::Directory,
            2 => EntryKind::Symlink(self.text(records)?),
            3 => EntryKind::HardLink(self.text(records)?),
            4 => EntryKind::Special,
            5 => EntryKind::Whiteout,
            6 => EntryKind::Opaque,
            _ => return None,
        };
        let entry = LayerEntry {
            path: str::from_utf8(&self.path).ok()?.to_owned(),
            kind,
            mode: self.owner.0,
            uid: self.owner.1,
            gid: self.owner.2,
            size,
            facts: None,
        };
        Some((entry, first & HAS_FACTS != 0))
    }

    fn number(&mut self, records: &[u8]) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = *records.get(self.at)?;
            self.at += 1;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn bytes<'a>(&mut self, records: &'a [u8]) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number(records)?).ok()?;
        let end = self.at.checked_add(length)?;
        let bytes = records.get(self.at..end)?;
        self.at = end;
        Some(bytes)
    }

    fn text(&mut self, records: &[u8]) -> Option<String> {
        let bytes = self.bytes(records)?;
        Some(str::from_utf8(bytes).ok()?.to_owned())
    }
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
fn put(records: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        records.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    records.push(number as u8);
}

fn put_bytes(records: &mut Vec<u8>, bytes: &[u8]) {
    put(records, bytes.len() as u64);
    records.extend_from_slice(bytes);
}

/// Writes bytes as they are, where serde would write a list of numbers.
mod bytes {
    use std::fmt;

    use serde::de::{Deserializer, Error, Visitor};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }

            fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
                Ok(bytes)
            }
        }

        deserializer.deserialize_byte_buf(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::file::NotElf;

    fn any_entry() -> impl Strategy<Value = LayerEntry> {
        let kind = prop_oneof![
            Just(EntryKind::File),
            Just(EntryKind::Directory),
            "[a-zé/.]{0,9}".prop_map(EntryKind::Symlink),
            "[a-zé/]{0,9}".prop_map(EntryKind::HardLink),
            Just(EntryKind::Special),
            Just(EntryKind::Whiteout),
            Just(EntryKind::Opaque),
        ];
        let facts = prop_oneof![
            Just(None),
            Just(Some(FileFacts::NotElf(NotElf::Pe))),
            any::<u32>().prop_map(|version| Some(FileFacts::NodeHeader(version))),
        ];
        (
            "[aéè/]{0,12}",
            kind,
            0..3_u32,
            any::<(u32, u32, u64)>(),
            facts,
        )
            .prop_map(|(path, kind, mode, (uid, gid, size), facts)| LayerEntry {
                path,
                kind,
                mode,
                uid,
                gid,
                size,
                facts,
            })
    }

    proptest! {
        #[test]
        fn entries_come_out_as_they_went_in(
            entries in proptest::collection::vec(any_entry(), 0..30)
        ) {
            let facts = LayerFacts::from(entries.clone());
            prop_assert_eq!(facts.len(), entries.len());
            let removals: Vec<String> = facts.removals().map(|(path, _)| path).collect();
            let expected: Vec<String> = entries
                .iter()
                .filter(|entry| matches!(entry.kind, EntryKind::Whiteout | EntryKind::Opaque))
                .map(|entry| entry.path.clone())
                .collect();
            prop_assert_eq!(removals, expected);
            prop_assert_eq!(facts.entries().collect::<Vec<_>>(), entries.clone());
            prop_assert_eq!(facts.into_iter().collect::<Vec<_>>(), entries);
        }

        #[test]
        fn records_that_nobody_wrote_end_the_entries(records: Vec<u8>) {
            let facts = LayerFacts { records, removals: 9, ..LayerFacts::default() };
            facts.entries().for_each(drop);
            facts.removals().for_each(drop);
        }
    }

    #[test]
    fn a_hundred_thousand_entries_fit_into_four_megabytes() {
        let mut recorder = Recorder::default();
        for number in 0..100_000_u32 {
            recorder.push(LayerEntry {
                path: format!(
                    "usr/lib/node_modules/package-{}/lib/{number}.js",
                    number / 50
                ),
                kind: EntryKind::File,
                mode: 0o644,
                uid: 0,
                gid: 0,
                size: u64::from(number) * 1000,
                facts: None,
            });
        }
        assert!(recorder.weight() < 4 << 20, "{}", recorder.weight());
        // Two folders that only paths name with every fiftieth, and three with the first.
        assert_eq!(recorder.nodes(), 100_000 + 2 * 2000 + 3);
    }
}
