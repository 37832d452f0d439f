//! How much one layer may cost: images are hostile.

/// What a layer may hold before its reading ends in
/// [`LayerError::Limit`](super::LayerError::Limit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the uncompressed archive, whatever the blob's size.
    pub unpacked_bytes: u64,
    /// Uncompressed bytes for each byte of the blob. A bomb has a thousand or more,
    /// and so has an honest file of zeros: it counts above `unpacked_free` only.
    pub ratio: u64,
    /// Bytes of the uncompressed archive below which `ratio` does not count.
    pub unpacked_free: u64,
    /// Entries, together with the folders that only their paths name.
    pub entries: u64,
    /// Bytes of one long name or one block of extended (pax) records. Go's reader,
    /// and so every engine, refuses more than a mebibyte.
    pub record_bytes: u64,
    /// Bytes of one path or link: Linux opens no longer one.
    pub path_bytes: usize,
    /// Bytes of memory for what is kept of the layer.
    pub kept_bytes: usize,
    /// Bytes of memory, of those, for the symbols of its objects.
    pub symbol_bytes: usize,
    /// Bytes of a file up to which it is looked at in memory.
    pub in_memory_bytes: u64,
    /// Bytes of a file up to which it is written to disk to be looked at; of a
    /// larger one only the beginning is seen.
    pub spooled_bytes: u64,
}

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

impl Default for Limits {
    /// Room for images of some twenty gigabytes and a million files, within a
    /// hundred megabytes of memory.
    fn default() -> Self {
        Self {
            unpacked_bytes: 64 * GIB,
            ratio: 250,
            unpacked_free: 4 * GIB,
            entries: 2_000_000,
            record_bytes: MIB,
            path_bytes: 4096,
            kept_bytes: 64 << 20,
            symbol_bytes: 24 << 20,
            in_memory_bytes: 4 * MIB,
            spooled_bytes: 4 * GIB,
        }
    }
}

impl Limits {
    /// How many uncompressed bytes a blob of `size` bytes may become.
    pub(super) fn unpacked(&self, size: u64) -> u64 {
        size.saturating_mul(self.ratio)
            .max(self.unpacked_free)
            .min(self.unpacked_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_blob_may_grow_freely_and_a_large_one_by_its_size_and_no_blob_without_end() {
        let limits = Limits::default();
        assert_eq!(limits.unpacked(1000), 4 * GIB);
        assert_eq!(limits.unpacked(100 * MIB), 25_000 * MIB);
        assert_eq!(limits.unpacked(10 * GIB), 64 * GIB);
        assert_eq!(limits.unpacked(u64::MAX), 64 * GIB);
    }
}
