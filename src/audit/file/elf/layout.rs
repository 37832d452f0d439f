//! Where an ELF file's numbers lie: two word sizes, two byte orders.

use crate::audit::file::bytes::FileBytes;

/// How numbers are written.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub(super) is_64: bool,
    pub(super) is_little_endian: bool,
}

impl Layout {
    fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
        bytes.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    pub(super) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let array = Self::array(bytes, at)?;
        Some(if self.is_little_endian {
            u16::from_le_bytes(array)
        } else {
            u16::from_be_bytes(array)
        })
    }

    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let array = Self::array(bytes, at)?;
        Some(if self.is_little_endian {
            u32::from_le_bytes(array)
        } else {
            u32::from_be_bytes(array)
        })
    }

    fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let array = Self::array(bytes, at)?;
        Some(if self.is_little_endian {
            u64::from_le_bytes(array)
        } else {
            u64::from_be_bytes(array)
        })
    }

    /// A number as wide as an address: at `narrow` in a 32-bit file, at `wide` in
    /// a 64-bit one.
    pub(super) fn word(self, bytes: &[u8], narrow: usize, wide: usize) -> Option<u64> {
        if self.is_64 {
            self.u64(bytes, wide)
        } else {
            self.u32(bytes, narrow).map(u64::from)
        }
    }

    /// `narrow` in a 32-bit file, `wide` in a 64-bit one.
    pub(super) fn pick<T>(self, narrow: T, wide: T) -> T {
        if self.is_64 { wide } else { narrow }
    }
}

/// `PT_LOAD`
pub(super) const LOAD: u32 = 1;
/// `PT_DYNAMIC`
pub(super) const DYNAMIC: u32 = 2;
/// `PT_INTERP`
pub(super) const INTERPRETER: u32 = 3;
/// `PT_NOTE`
pub(super) const NOTE: u32 = 4;
/// `PT_GNU_PROPERTY`
pub(super) const GNU_PROPERTY: u32 = 0x6474_e553;

/// What the ELF header says of the rest of the file.
pub(super) struct Header {
    pub(super) layout: Layout,
    pub(super) kind: u16,
    pub(super) machine: u16,
    pub(super) flags: u32,
    segments_at: u64,
    segment_size: u16,
    segment_count: u16,
    pub(super) sections_at: u64,
    pub(super) section_size: u16,
    pub(super) section_count: u16,
    pub(super) names_section: u16,
}

/// A program header.
#[derive(Clone, Copy)]
pub(super) struct Segment {
    pub(super) kind: u32,
    pub(super) flags: u32,
    pub(super) offset: u64,
    pub(super) address: u64,
    pub(super) size: u64,
    pub(super) alignment: u64,
}

impl Header {
    /// Reads the header; what is wrong with it, where that can't be done.
    pub(super) fn read(layout: Layout, file: &mut FileBytes<'_>) -> Result<Self, String> {
        let length = layout.pick(52, 64);
        let size = file.size();
        let bytes = file.get(0, length).ok_or_else(|| {
            format!("the file has {size} bytes, its ELF header alone has {length}")
        })?;
        let read = || {
            Some(Self {
                layout,
                kind: layout.u16(bytes, 16)?,
                machine: layout.u16(bytes, 18)?,
                flags: layout.u32(bytes, layout.pick(36, 48))?,
                segments_at: layout.word(bytes, 28, 32)?,
                segment_size: layout.u16(bytes, layout.pick(42, 54))?,
                segment_count: layout.u16(bytes, layout.pick(44, 56))?,
                sections_at: layout.word(bytes, 32, 40)?,
                section_size: layout.u16(bytes, layout.pick(46, 58))?,
                section_count: layout.u16(bytes, layout.pick(48, 60))?,
                names_section: layout.u16(bytes, layout.pick(50, 62))?,
            })
        };
        read().ok_or_else(|| "its ELF header is incomplete".to_owned())
    }

    /// The program headers; what is wrong with the table, where it can't be read.
    pub(super) fn segments(&self, file: &mut FileBytes<'_>) -> Result<Vec<Segment>, String> {
        let count = usize::from(self.segment_count);
        let expected = self.layout.pick(32, 56);
        if count == 0 {
            return Ok(Vec::new());
        }
        if usize::from(self.segment_size) != expected {
            return Err(format!(
                "its program headers are said to have {} bytes each, not {expected}",
                self.segment_size
            ));
        }
        // Linux takes no longer table either (`load_elf_phdrs`), and reads are no longer.
        let length = count * expected;
        if length > 0x1_0000 {
            return Err(format!("it is said to have {count} program headers"));
        }
        let size = file.size();
        let bytes = file.get(self.segments_at, length).ok_or_else(|| {
            format!(
                "its program headers lie at byte {}, the file has {size} bytes",
                self.segments_at
            )
        })?;
        Ok(bytes
            .chunks_exact(expected)
            .filter_map(|bytes| Segment::parse(self.layout, bytes))
            .collect())
    }
}

impl Segment {
    fn parse(layout: Layout, bytes: &[u8]) -> Option<Self> {
        Some(Self {
            kind: layout.u32(bytes, 0)?,
            flags: layout.u32(bytes, layout.pick(24, 4))?,
            offset: layout.word(bytes, 4, 8)?,
            address: layout.word(bytes, 8, 16)?,
            size: layout.word(bytes, 16, 32)?,
            alignment: layout.word(bytes, 28, 48)?,
        })
    }

    /// Where it ends in the file; `None` where no file can be that long.
    pub(super) fn end(&self) -> Option<u64> {
        self.offset.checked_add(self.size)
    }

    /// Where its bytes lie in the file.
    pub(super) fn range(&self) -> std::ops::Range<u64> {
        self.offset..self.offset.saturating_add(self.size)
    }

    pub(super) fn is_writable(&self) -> bool {
        self.flags & 2 != 0
    }
}

/// Where in the file an address is loaded from.
pub(super) fn offset_of(segments: &[Segment], address: u64) -> Option<u64> {
    segments
        .iter()
        .filter(|segment| segment.kind == LOAD)
        .find_map(|segment| {
            let inside = address.checked_sub(segment.address)?;
            (inside < segment.size).then(|| segment.offset.checked_add(inside))?
        })
}
