//! The dynamic section: what the loader is told.

use super::layout::{DYNAMIC, Layout, Segment, offset_of};
use crate::audit::file::bytes::FileBytes;

/// No dynamic section of a real program has a tenth of these.
const MOST_ENTRIES: u64 = 16_384;
/// A path is no longer on Linux, and a search path is rarely longer.
const LONGEST_STRING: usize = 4096;
/// All names of a file together. glibc's own come to a few thousand bytes.
const MOST_BYTES: usize = 64 * 1024;

const NEEDED: u64 = 1;
const HASH: u64 = 4;
const STRTAB: u64 = 5;
const SYMTAB: u64 = 6;
const RELA: u64 = 7;
const RELASZ: u64 = 8;
const STRSZ: u64 = 10;
const SONAME: u64 = 14;
const RPATH: u64 = 15;
const REL: u64 = 17;
const RELSZ: u64 = 18;
const PLTRELSZ: u64 = 2;
const PLTREL: u64 = 20;
const JMPREL: u64 = 23;
const BIND_NOW: u64 = 24;
const RUNPATH: u64 = 29;
const FLAGS: u64 = 30;
const GNU_HASH: u64 = 0x6fff_fef5;
const VERSYM: u64 = 0x6fff_fff0;
const RELACOUNT: u64 = 0x6fff_fff9;
const RELCOUNT: u64 = 0x6fff_fffa;
const FLAGS_1: u64 = 0x6fff_fffb;
const VERDEF: u64 = 0x6fff_fffc;
const VERDEFNUM: u64 = 0x6fff_fffd;
const VERNEED: u64 = 0x6fff_fffe;
const VERNEEDNUM: u64 = 0x6fff_ffff;
/// `DF_STATIC_TLS`
const STATIC_TLS: u64 = 0x10;
/// `DF_BIND_NOW`
const FLAG_BIND_NOW: u64 = 8;
/// `DF_1_NOW`
const FLAG_1_NOW: u64 = 1;

/// A table of relocations.
pub(super) struct Table {
    /// Where it lies in the file.
    pub(super) at: u64,
    /// Bytes.
    pub(super) size: u64,
    /// Its entries have an addend each.
    pub(super) has_addends: bool,
    /// How many at its beginning name no symbol.
    pub(super) relative: u64,
}

/// What the section holds, names not yet looked up.
#[derive(Default)]
pub(super) struct Dynamic {
    needed: Vec<u64>,
    soname: Option<u64>,
    rpath: Option<u64>,
    runpath: Option<u64>,
    /// Where `DT_STRTAB` lies in the file.
    pub(super) strings_at: Option<u64>,
    /// `DT_STRSZ`
    pub(super) strings_size: u64,
    /// `DF_STATIC_TLS`
    pub(super) has_static_tls: bool,
    /// All symbols are looked for when the object is loaded.
    pub(super) binds_at_once: bool,
    /// Where `DT_SYMTAB`, its hash tables and the versions of its symbols lie in the file.
    pub(super) symbols_at: Option<u64>,
    pub(super) hash_at: Option<u64>,
    pub(super) gnu_hash_at: Option<u64>,
    pub(super) versions_at: Option<u64>,
    /// What is filled in when the object is loaded.
    pub(super) relocations: Vec<Table>,
    /// What may wait for the first call.
    pub(super) call_relocations: Option<Table>,
    /// Where the version tables lie in the file, and how many entries they have.
    pub(super) version_needs: Option<(u64, u64)>,
    pub(super) version_definitions: Option<(u64, u64)>,
}

impl Dynamic {
    /// `None` where there is no dynamic section.
    pub(super) fn read(
        layout: Layout,
        segments: &[Segment],
        file: &mut FileBytes<'_>,
    ) -> Option<Self> {
        let segment = segments.iter().find(|segment| segment.kind == DYNAMIC)?;
        // The loader goes by the address.
        let at = offset_of(segments, segment.address).unwrap_or(segment.offset);
        let entry_size = layout.pick(8, 16);
        let mut found = Self::default();
        let (mut strings, mut needs, mut definitions) = (None, None, None);
        let (mut need_count, mut definition_count) = (0, 0);
        let mut places = Places::default();
        for index in 0..(segment.size / entry_size as u64).min(MOST_ENTRIES) {
            let entry = at
                .checked_add(index * entry_size as u64)
                .and_then(|at| file.get(at, entry_size));
            let Some((tag, value)) = entry
                .and_then(|entry| Some((layout.word(entry, 0, 0)?, layout.word(entry, 4, 8)?)))
            else {
                break;
            };
            match tag {
                0 => break,
                NEEDED => found.needed.push(value),
                STRTAB => strings = Some(value),
                STRSZ => found.strings_size = value,
                SONAME => found.soname = Some(value),
                RPATH => found.rpath = Some(value),
                RUNPATH => found.runpath = Some(value),
                FLAGS => {
                    found.has_static_tls = value & STATIC_TLS != 0;
                    found.binds_at_once |= value & FLAG_BIND_NOW != 0;
                }
                FLAGS_1 => found.binds_at_once |= value & FLAG_1_NOW != 0,
                BIND_NOW => found.binds_at_once = true,
                VERDEF => definitions = Some(value),
                VERDEFNUM => definition_count = value,
                VERNEED => needs = Some(value),
                VERNEEDNUM => need_count = value,
                other => places.note(other, value),
            }
        }
        let place = |address: Option<u64>| offset_of(segments, address?);
        found.strings_at = place(strings);
        found.version_needs = place(needs).map(|at| (at, need_count));
        found.version_definitions = place(definitions).map(|at| (at, definition_count));
        found.symbols_at = place(places.symbols);
        found.hash_at = place(places.hash);
        found.gnu_hash_at = place(places.gnu_hash);
        found.versions_at = place(places.versions);
        let table = |(address, size, relative): (Option<u64>, u64, u64), has_addends| {
            Some(Table {
                at: offset_of(segments, address?)?,
                size,
                has_addends,
                relative,
            })
        };
        found.relocations = [(places.rela, true), (places.rel, false)]
            .into_iter()
            .filter_map(|(it, has_addends)| table(it, has_addends))
            .collect();
        found.call_relocations = table(places.calls, places.calls_have_addends);
        Some(found)
    }

    /// `DT_NEEDED`, in order.
    pub(super) fn needed(&self, names: &mut Names, file: &mut FileBytes<'_>) -> Vec<String> {
        self.needed
            .iter()
            .map_while(|offset| names.get(*offset, file))
            .collect()
    }

    /// `DT_SONAME`
    pub(super) fn soname(&self, names: &mut Names, file: &mut FileBytes<'_>) -> Option<String> {
        names.get(self.soname?, file)
    }

    /// `DT_RPATH`, split at colons.
    pub(super) fn rpath(&self, names: &mut Names, file: &mut FileBytes<'_>) -> Vec<String> {
        folders(self.rpath.and_then(|offset| names.get(offset, file)))
    }

    /// `DT_RUNPATH`, split at colons.
    pub(super) fn runpath(&self, names: &mut Names, file: &mut FileBytes<'_>) -> Vec<String> {
        folders(self.runpath.and_then(|offset| names.get(offset, file)))
    }
}

/// Where symbols and relocations lie, as addresses.
#[derive(Default)]
struct Places {
    symbols: Option<u64>,
    hash: Option<u64>,
    gnu_hash: Option<u64>,
    versions: Option<u64>,
    /// Address, bytes, entries without a symbol.
    rela: (Option<u64>, u64, u64),
    rel: (Option<u64>, u64, u64),
    calls: (Option<u64>, u64, u64),
    calls_have_addends: bool,
}

impl Places {
    fn note(&mut self, tag: u64, value: u64) {
        match tag {
            SYMTAB => self.symbols = Some(value),
            HASH => self.hash = Some(value),
            GNU_HASH => self.gnu_hash = Some(value),
            VERSYM => self.versions = Some(value),
            RELA => self.rela.0 = Some(value),
            RELASZ => self.rela.1 = value,
            RELACOUNT => self.rela.2 = value,
            REL => self.rel.0 = Some(value),
            RELSZ => self.rel.1 = value,
            RELCOUNT => self.rel.2 = value,
            JMPREL => self.calls.0 = Some(value),
            PLTRELSZ => self.calls.1 = value,
            PLTREL => self.calls_have_addends = value == RELA,
            _ => {}
        }
    }
}

/// An empty search path is none; an empty part of one is the working directory.
fn folders(path: Option<String>) -> Vec<String> {
    path.filter(|path| !path.is_empty())
        .map(|path| path.split(':').map(str::to_owned).collect())
        .unwrap_or_default()
}

/// Reads names out of `DT_STRTAB`, and no more of them than a real file has.
pub(super) struct Names {
    start: Option<u64>,
    size: u64,
    left: usize,
    lost: Option<&'static str>,
}

impl Names {
    pub(super) fn of(dynamic: &Dynamic) -> Self {
        Self {
            start: dynamic.strings_at,
            size: dynamic.strings_size,
            left: MOST_BYTES,
            lost: None,
        }
    }

    /// The name at this place of the table.
    pub(super) fn get(&mut self, offset: u64, file: &mut FileBytes<'_>) -> Option<String> {
        let name = self
            .start
            .filter(|_| offset < self.size)
            .and_then(|start| file.c_string(start.checked_add(offset)?, LONGEST_STRING));
        let Some(name) = name else {
            self.lost = self.lost.or(Some(
                "a name of its dynamic section lies beyond the string table",
            ));
            return None;
        };
        // Every name costs a little more than its bytes.
        let Some(left) = self.left.checked_sub(name.len().saturating_add(8)) else {
            self.lost = self.lost.or(Some(
                "its dynamic section has more names than a program can have",
            ));
            return None;
        };
        self.left = left;
        Some(name)
    }

    /// Why not all names could be read.
    pub(super) fn lost(&self) -> Option<&'static str> {
        self.lost
    }
}
