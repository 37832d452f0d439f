//! Parts of the file.

/// A part of the file with a section header of its own.
pub(super) struct Piece {
    pub(super) name: &'static str,
    pub(super) kind: u32,
    pub(super) flags: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) alignment: u64,
    pub(super) entry_size: u64,
    /// The section that its entries refer to.
    pub(super) link: &'static str,
    pub(super) info: u32,
    pub(super) offset: u64,
    pub(super) address: u64,
}

pub(super) const ALLOCATED: u64 = 2;
pub(super) const WRITABLE: u64 = 1;
pub(super) const EXECUTABLE: u64 = 4;

impl Piece {
    pub(super) fn new(name: &'static str, kind: u32, flags: u64, bytes: Vec<u8>) -> Self {
        Self {
            name,
            kind,
            flags,
            bytes,
            alignment: 8,
            entry_size: 0,
            link: "",
            info: 0,
            offset: 0,
            address: 0,
        }
    }

    pub(super) fn links(mut self, link: &'static str, entry_size: u64, info: u32) -> Self {
        self.link = link;
        self.entry_size = entry_size;
        self.info = info;
        self
    }
}
