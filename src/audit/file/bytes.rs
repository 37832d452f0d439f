//! Random access to a file's bytes, in a small and constant amount of memory.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;

use memchr::memmem;

use super::Whole;

/// No read is longer, and a file that lies on disk is held in memory by no more
/// than this.
pub(super) const WINDOW: usize = 64 * 1024;

/// A file's bytes. Reads that leave the file have no answer; nothing is allocated
/// by what a file says of itself.
pub(super) struct FileBytes<'a> {
    kept: Kept<'a>,
    size: u64,
}

enum Kept<'a> {
    Memory(&'a [u8]),
    Disk {
        file: &'a mut File,
        /// The last part that was read, and where it begins.
        window: Vec<u8>,
        start: u64,
    },
}

impl<'a> FileBytes<'a> {
    pub(super) fn new(whole: Whole<'a>) -> std::io::Result<Self> {
        Ok(match whole {
            Whole::Bytes(bytes) => Self::of(bytes),
            Whole::File(file) => Self {
                size: file.seek(SeekFrom::End(0))?,
                kept: Kept::Disk {
                    file,
                    window: Vec::new(),
                    start: 0,
                },
            },
        })
    }

    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self {
            size: bytes.len() as u64,
            kept: Kept::Memory(bytes),
        }
    }

    /// How many there are.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// These bytes; `None` where the file has not all of them, or they are more
    /// than [`WINDOW`].
    pub(super) fn get(&mut self, offset: u64, length: usize) -> Option<&[u8]> {
        self.up_to(offset, length)
            .filter(|bytes| bytes.len() == length)
    }

    /// What the file has of these bytes, at most [`WINDOW`]; `None` beyond its end.
    pub(super) fn up_to(&mut self, offset: u64, length: usize) -> Option<&[u8]> {
        let rest = self.size.checked_sub(offset)?;
        let length = usize::try_from(rest).map_or(length, |rest| length.min(rest));
        let length = length.min(WINDOW);
        match &mut self.kept {
            Kept::Memory(bytes) => {
                let start = usize::try_from(offset).ok()?;
                bytes.get(start..start.checked_add(length)?)
            }
            Kept::Disk {
                file,
                window,
                start,
            } => {
                let is_held = |start: u64, held: usize| {
                    let skipped = usize::try_from(offset.checked_sub(start)?).ok()?;
                    (skipped.checked_add(length)? <= held).then_some(skipped)
                };
                if is_held(*start, window.len()).is_none() {
                    window.clear();
                    *start = offset;
                    file.seek(SeekFrom::Start(offset)).ok()?;
                    file.take(WINDOW as u64).read_to_end(window).ok()?;
                }
                let skipped = is_held(*start, window.len())?;
                window.get(skipped..skipped.checked_add(length)?)
            }
        }
    }

    /// Where a text stands first in a part of the file.
    pub(super) fn find(&mut self, part: Range<u64>, text: &memmem::Finder<'_>) -> Option<u64> {
        let end = part.end.min(self.size);
        let overlap = text.needle().len().saturating_sub(1);
        // What lies in memory is searched in one go.
        if let Kept::Memory(bytes) = &self.kept {
            let start = usize::try_from(part.start).ok()?;
            let found = text.find(bytes.get(start..usize::try_from(end).ok()?)?)?;
            return part.start.checked_add(found as u64);
        }
        let mut at = part.start;
        while at < end {
            let length = usize::try_from(end - at).map_or(WINDOW, |rest| rest.min(WINDOW));
            let bytes = self.get(at, length)?;
            if let Some(found) = text.find(bytes) {
                return at.checked_add(found as u64);
            }
            if length <= overlap || at + length as u64 >= end {
                return None;
            }
            at += (length - overlap) as u64;
        }
        None
    }

    /// A text that ends with a zero byte, of at most `longest` bytes.
    pub(super) fn c_string(&mut self, offset: u64, longest: usize) -> Option<String> {
        let bytes = self.up_to(offset, longest.checked_add(1)?)?;
        let end = memchr::memchr(0, bytes)?;
        Some(String::from_utf8_lossy(bytes.get(..end)?).into_owned())
    }

    /// The whole file, if it has no more than `most` bytes.
    pub(super) fn all(&mut self, most: u64) -> Option<Cow<'a, [u8]>> {
        if self.size > most {
            return None;
        }
        match &mut self.kept {
            Kept::Memory(bytes) => Some(Cow::Borrowed(bytes)),
            Kept::Disk { file, .. } => {
                let mut bytes = Vec::new();
                file.seek(SeekFrom::Start(0)).ok()?;
                file.take(most).read_to_end(&mut bytes).ok()?;
                Some(Cow::Owned(bytes))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// Asks the same of the bytes in memory and of a file that holds them.
    fn both<T: PartialEq + std::fmt::Debug>(
        bytes: &[u8],
        ask: impl Fn(&mut FileBytes<'_>) -> T,
    ) -> T {
        let in_memory = ask(&mut FileBytes::new(Whole::Bytes(bytes)).expect("bytes"));
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("written");
        let on_disk = ask(&mut FileBytes::new(Whole::File(&mut file)).expect("a file"));
        assert_eq!(in_memory, on_disk);
        in_memory
    }

    #[test]
    fn what_leaves_the_file_has_no_answer() {
        let bytes = b"0123456789";
        assert_eq!(
            both(bytes, |file| file.get(8, 2).map(<[u8]>::to_vec)),
            Some(b"89".to_vec())
        );
        for (offset, length) in [(9, 2), (11, 0), (u64::MAX, 1), (0, usize::MAX)] {
            assert_eq!(
                both(bytes, |file| file.get(offset, length).map(<[u8]>::to_vec)),
                None,
                "{offset} {length}"
            );
        }
        assert_eq!(
            both(bytes, |file| file.up_to(8, 9).map(<[u8]>::to_vec)),
            Some(b"89".to_vec())
        );
    }

    #[test]
    fn a_text_is_found_where_two_windows_meet() {
        let finder = memmem::Finder::new(b"needle");
        for at in [0, 3, WINDOW - 6, WINDOW - 3, WINDOW, 3 * WINDOW - 6] {
            let mut bytes = vec![b'.'; 3 * WINDOW];
            bytes[at..at + 6].copy_from_slice(b"needle");
            let end = bytes.len() as u64;
            assert_eq!(
                both(&bytes, |file| file.find(0..end, &finder)),
                Some(at as u64)
            );
            assert_eq!(
                both(&bytes, |file| file.find(0..at as u64 + 5, &finder)),
                None
            );
        }
        assert_eq!(
            both(b"needle", |file| file.find(2..u64::MAX, &finder)),
            None
        );
        assert_eq!(both(b"needle", |file| file.find(9..20, &finder)), None);
    }

    #[test]
    fn a_text_without_an_end_is_none() {
        assert_eq!(
            both(b"abc\0def", |file| file.c_string(1, 9)),
            Some("bc".into())
        );
        assert_eq!(both(b"abc\0def", |file| file.c_string(4, 9)), None);
        assert_eq!(both(b"abc\0def", |file| file.c_string(0, 2)), None);
    }
}
