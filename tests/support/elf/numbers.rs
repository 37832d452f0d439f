//! Word size and byte order.

/// Numbers as the file writes them.
#[derive(Clone, Copy)]
pub(super) struct Numbers {
    pub(super) is_64: bool,
    pub(super) is_little_endian: bool,
}

impl Numbers {
    pub(super) fn u16(self, value: u16) -> Vec<u8> {
        if self.is_little_endian {
            value.to_le_bytes().into()
        } else {
            value.to_be_bytes().into()
        }
    }

    pub(super) fn u32(self, value: u32) -> Vec<u8> {
        if self.is_little_endian {
            value.to_le_bytes().into()
        } else {
            value.to_be_bytes().into()
        }
    }

    pub(super) fn word(self, value: u64) -> Vec<u8> {
        match (self.is_64, self.is_little_endian) {
            (true, true) => value.to_le_bytes().into(),
            (true, false) => value.to_be_bytes().into(),
            (false, _) => self.u32(u32::try_from(value).expect("a small file")),
        }
    }

    pub(super) fn u32s(self, values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| self.u32(*value)).collect()
    }
}
