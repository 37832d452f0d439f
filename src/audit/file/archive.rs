//! Native libraries within zip archives, which are unpacked when they are needed
//! (APPNOTE.TXT, the zip file format). Only the directory at the archive's end is
//! read, and of each library its first bytes.

use std::io::Read;
use std::ops::Range;

use flate2::read::DeflateDecoder;
use memchr::memmem;

use super::bytes::{FileBytes, WINDOW};
use super::examine::is_library;
use super::{ArchivedElf, FileFacts};
use crate::image::ElfHeader;

/// The names of all libraries of an archive together.
const MOST_NAMES: usize = 256 * 1024;
/// Libraries that are looked at.
const MOST_LIBRARIES: u32 = 8192;
/// Entries of the directories together. Archives within an archive can be the same
/// one thousands of times.
const MOST_ENTRIES: u32 = 1_000_000;
/// Compressed bytes are read until they make an ELF header.
const COMPRESSED: usize = 4096;
/// An archive within an archive is looked into, one within that is not: a web
/// application has its libraries so, and a program with all it needs in one file.
const DEEPEST: u32 = 2;
/// Bytes of an inner archive that is compressed: it is unpacked into memory.
const LARGEST_INNER: u64 = 16 * 1024 * 1024;
/// Bytes of all those for each byte of the outer one. What is compressed already
/// grows by little; a bomb grows a thousandfold.
const GROWTH: u64 = 4;

pub(super) fn is_one(path: &str) -> bool {
    const ENDINGS: &[&str] = &[".jar", ".war", ".ear", ".whl"];
    ENDINGS.iter().any(|ending| path.ends_with(ending))
}

pub(super) fn read(file: &mut FileBytes<'_>) -> Option<FileFacts> {
    let mut search = Search::new(file.size());
    let whole = 0..file.size();
    search.look_into(file, whole, "", DEEPEST);
    (!search.found.is_empty()).then_some(FileFacts::Archive(search.found))
}

/// What is found, and how much more may be.
struct Search {
    found: Vec<ArchivedElf>,
    names_left: usize,
    libraries_left: u32,
    entries_left: u32,
    unpacked_left: u64,
}

/// An entry's compressed bytes.
struct Compressed<'f, 'a> {
    file: &'f mut FileBytes<'a>,
    at: u64,
    end: u64,
}

impl Read for Compressed<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.end.saturating_sub(self.at);
        let wanted = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let bytes = self.file.up_to(self.at, wanted).unwrap_or_default();
        let mut source = bytes;
        let count = source.read(buffer)?;
        self.at = self.at.saturating_add(count as u64);
        Ok(count)
    }
}

/// The directory of an archive.
struct Directory {
    /// Where its entries lie in the file.
    entries: Range<u64>,
    /// What its offsets are counted from.
    base: u64,
}

/// An entry of the directory.
struct Entry {
    name: String,
    method: u16,
    size: u64,
    local_header: u64,
    /// How long it is in the directory.
    length: u64,
}

impl Search {
    /// Of an archive of so many bytes.
    fn new(size: u64) -> Self {
        Self {
            found: Vec::new(),
            names_left: MOST_NAMES,
            libraries_left: MOST_LIBRARIES,
            entries_left: MOST_ENTRIES,
            unpacked_left: size.saturating_mul(GROWTH),
        }
    }

    /// `part` is where the archive lies in the file; `prefix` is put before its names.
    fn look_into(&mut self, file: &mut FileBytes<'_>, part: Range<u64>, prefix: &str, depth: u32) {
        let Some(directory) = Directory::find(file, &part) else {
            return;
        };
        let mut at = directory.entries.start;
        while at < directory.entries.end && self.libraries_left > 0 && self.names_left > 0 {
            let Some(left) = self.entries_left.checked_sub(1) else {
                return;
            };
            self.entries_left = left;
            let Some(entry) = Entry::read(file, at, directory.base) else {
                return;
            };
            at = at.saturating_add(entry.length);
            let is_native = is_library(&entry.name) || entry.name.ends_with(".jnilib");
            let is_archive = depth > 1 && is_one(&entry.name);
            if !is_native && !is_archive {
                continue;
            }
            self.libraries_left -= 1;
            let Some(start) = entry.start(file).filter(|start| *start < part.end) else {
                continue;
            };
            let path = format!("{prefix}{}", entry.name);
            if is_native {
                let header = entry.first_bytes(file, start);
                self.keep(path, header.and_then(|bytes| ElfHeader::parse(&bytes)));
                continue;
            }
            let prefix = format!("{path}!/");
            if entry.method == STORED {
                let end = start.saturating_add(entry.size).min(part.end);
                self.look_into(file, start..end, &prefix, depth - 1);
            } else if let Some(bytes) = self.unpack(file, &entry, start) {
                let mut inner = FileBytes::of(&bytes);
                self.look_into(&mut inner, 0..bytes.len() as u64, &prefix, depth - 1);
            }
        }
    }

    /// An archive that is compressed within this one, if there is room for it.
    fn unpack(&mut self, file: &mut FileBytes<'_>, entry: &Entry, start: u64) -> Option<Vec<u8>> {
        if entry.method != DEFLATED {
            return None;
        }
        let room = LARGEST_INNER.min(self.unpacked_left);
        let compressed = Compressed {
            end: start.checked_add(entry.size)?,
            at: start,
            file,
        };
        let mut bytes = Vec::new();
        let result = DeflateDecoder::new(compressed)
            .take(room + 1)
            .read_to_end(&mut bytes);
        self.unpacked_left = self.unpacked_left.saturating_sub(bytes.len() as u64);
        (result.is_ok() && bytes.len() as u64 <= room).then_some(bytes)
    }

    fn keep(&mut self, path: String, header: Option<ElfHeader>) {
        self.names_left = self.names_left.saturating_sub(path.len());
        if let Some(header) = header {
            self.found.push(ArchivedElf {
                path,
                machine: header.machine.number(),
                is_64: header.is_64,
                is_little_endian: header.is_little_endian,
            });
        }
    }
}

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

impl Directory {
    fn find(file: &mut FileBytes<'_>, part: &Range<u64>) -> Option<Self> {
        let length = part.end.checked_sub(part.start)?;
        // A comment may follow the end record.
        let tail_length = usize::try_from(length).map_or(WINDOW, |length| length.min(WINDOW));
        let tail_at = part.end - tail_length as u64;
        let tail = file.get(tail_at, tail_length)?;
        let found = memmem::rfind(tail, b"PK\x05\x06")?;
        let record = tail.get(found..)?;
        let size = u32_at(record, 12)?;
        let offset = u32_at(record, 16)?;
        let end = tail_at + found as u64;
        if offset != u32::MAX && size != u32::MAX {
            return Self::between(part, end, size.into(), offset.into());
        }
        // zip64: a locator stands before the record, and leads to a wider one.
        let locator = file.get(end.checked_sub(20)?, 20)?;
        if !locator.starts_with(b"PK\x06\x07") {
            return None;
        }
        let end = part.start.checked_add(u64_at(locator, 8)?)?;
        let record = file.get(end, 56)?;
        if !record.starts_with(b"PK\x06\x06") {
            return None;
        }
        let (size, offset) = (u64_at(record, 40)?, u64_at(record, 48)?);
        Self::between(part, end, size, offset)
    }

    /// Something may stand before the archive: a script that starts it.
    fn between(part: &Range<u64>, end: u64, size: u64, offset: u64) -> Option<Self> {
        let start = end.checked_sub(size).filter(|start| *start >= part.start)?;
        Some(Self {
            entries: start..end,
            base: start.checked_sub(offset)?,
        })
    }
}

impl Entry {
    fn read(file: &mut FileBytes<'_>, at: u64, base: u64) -> Option<Self> {
        let header = file.get(at, 46)?;
        if !header.starts_with(b"PK\x01\x02") {
            return None;
        }
        let method = u16_at(header, 10)?;
        let name_length = usize::from(u16_at(header, 28)?);
        let extra_length = usize::from(u16_at(header, 30)?);
        let comment_length = usize::from(u16_at(header, 32)?);
        let (compressed, uncompressed) = (u32_at(header, 20)?, u32_at(header, 24)?);
        let offset = u32_at(header, 42)?;
        let names = file.get(at.checked_add(46)?, name_length)?;
        let name = String::from_utf8_lossy(names).into_owned();
        let (mut size, mut place) = (u64::from(compressed), u64::from(offset));
        if compressed == u32::MAX || offset == u32::MAX {
            let extra_at = at.checked_add(46 + name_length as u64)?;
            let mut wide = wide_numbers(file.get(extra_at, extra_length)?)?;
            if uncompressed == u32::MAX {
                take_u64(&mut wide)?;
            }
            if compressed == u32::MAX {
                size = take_u64(&mut wide)?;
            }
            if offset == u32::MAX {
                place = take_u64(&mut wide)?;
            }
        }
        Some(Self {
            name,
            method,
            size,
            local_header: base.checked_add(place)?,
            length: (46 + name_length + extra_length + comment_length) as u64,
        })
    }

    /// Where its bytes begin: the header before them has lengths of its own.
    fn start(&self, file: &mut FileBytes<'_>) -> Option<u64> {
        let header = file.get(self.local_header, 30)?;
        if !header.starts_with(b"PK\x03\x04") {
            return None;
        }
        let names = u64::from(u16_at(header, 26)?) + u64::from(u16_at(header, 28)?);
        self.local_header.checked_add(30 + names)
    }

    /// Enough for an ELF header's machine.
    fn first_bytes(&self, file: &mut FileBytes<'_>, start: u64) -> Option<Vec<u8>> {
        let length = usize::try_from(self.size).map_or(COMPRESSED, |size| size.min(COMPRESSED));
        let bytes = file.up_to(start, length)?;
        let mut first = Vec::new();
        match self.method {
            STORED => first.extend(bytes.iter().take(64)),
            DEFLATED => {
                // The rest is not there: what came before the error is good.
                let _ = DeflateDecoder::new(bytes).take(64).read_to_end(&mut first);
            }
            _ => return None,
        }
        Some(first)
    }
}

/// The zip64 part of an entry's extra field.
fn wide_numbers(mut extra: &[u8]) -> Option<&[u8]> {
    loop {
        let end = 4 + usize::from(u16_at(extra, 2)?);
        if u16_at(extra, 0)? == 1 {
            return extra.get(4..end);
        }
        extra = extra.get(end..)?;
    }
}

fn take_u64(bytes: &mut &[u8]) -> Option<u64> {
    let value = u64_at(bytes, 0)?;
    *bytes = bytes.get(8..)?;
    Some(value)
}

#[cfg(test)]
mod tests;
