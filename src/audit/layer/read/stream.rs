//! The archive's bytes, chunk by chunk.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};

use super::hash::Hasher;
use crate::audit::layer::LayerError;

/// A block of a tar archive.
pub(super) const BLOCK: usize = 512;

/// The uncompressed archive: hashed, counted, bounded.
pub(super) struct Stream<'a> {
    chunks: Receiver<Vec<u8>>,
    used: Sender<Vec<u8>>,
    chunk: Vec<u8>,
    at: usize,
    /// Bytes of the chunks so far, the present one included.
    total: u64,
    allowed: u64,
    hasher: Hasher,
    cancelled: &'a AtomicBool,
}

/// A block, as far as it was there.
#[expect(
    clippy::large_enum_variant,
    reason = "it is looked at where it is made, and never kept"
)]
pub(super) enum Block {
    Whole([u8; BLOCK]),
    /// The archive ends before it.
    None,
    /// The archive ends within it.
    Partial,
}

impl<'a> Stream<'a> {
    pub(super) fn new(
        chunks: Receiver<Vec<u8>>,
        used: Sender<Vec<u8>>,
        allowed: u64,
        cancelled: &'a AtomicBool,
    ) -> Self {
        Self {
            chunks,
            used,
            chunk: Vec::new(),
            at: 0,
            total: 0,
            allowed,
            hasher: Hasher::sha256(),
            cancelled,
        }
    }

    /// Where the next byte stands in the archive.
    pub(super) fn offset(&self) -> u64 {
        let left = self.chunk.len().saturating_sub(self.at) as u64;
        self.total.saturating_sub(left)
    }

    /// What can be had without waiting.
    pub(super) fn available(&self) -> &[u8] {
        self.chunk.get(self.at..).unwrap_or_default()
    }

    /// Takes bytes that were available.
    pub(super) fn consume(&mut self, count: usize) {
        self.at = self.at.saturating_add(count).min(self.chunk.len());
    }

    /// Waits until something is available; `false` at the end.
    pub(super) fn wait(&mut self) -> Result<bool, LayerError> {
        while self.available().is_empty() {
            if self.cancelled.load(Ordering::Relaxed) {
                return Err(LayerError::Cancelled);
            }
            // An error of the other side is told by its thread.
            let Ok(next) = self.chunks.recv() else {
                return Ok(false);
            };
            let before = std::mem::replace(&mut self.chunk, next);
            // Nobody takes it where the other side has finished.
            let _ = self.used.send(before);
            self.at = 0;
            self.total = self.total.saturating_add(self.chunk.len() as u64);
            if self.total > self.allowed {
                return Err(LayerError::Limit {
                    allowed: self.allowed,
                    what: "bytes uncompressed",
                });
            }
            self.hasher.update(&self.chunk);
        }
        Ok(true)
    }

    /// Takes up to `count` bytes and shows them; how many there were.
    pub(super) fn take(
        &mut self,
        count: u64,
        mut see: impl FnMut(&[u8]) -> Result<(), LayerError>,
    ) -> Result<u64, LayerError> {
        let mut left = count;
        while left > 0 && self.wait()? {
            let available = self.available();
            let length =
                usize::try_from(left).map_or(available.len(), |left| left.min(available.len()));
            see(available.get(..length).unwrap_or_default())?;
            self.consume(length);
            left -= length as u64;
        }
        Ok(count - left)
    }

    /// Passes over bytes; `false` where there are not that many.
    pub(super) fn skip(&mut self, count: u64) -> Result<bool, LayerError> {
        Ok(self.take(count, |_| Ok(()))? == count)
    }

    /// The next block.
    pub(super) fn block(&mut self) -> Result<Block, LayerError> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        self.take(BLOCK as u64, |bytes| {
            if let Some(place) = block.get_mut(filled..filled + bytes.len()) {
                place.copy_from_slice(bytes);
            }
            filled += bytes.len();
            Ok(())
        })?;
        Ok(match filled {
            BLOCK => Block::Whole(block),
            0 => Block::None,
            _ => Block::Partial,
        })
    }

    /// Reads what follows the archive, and tells the digest of everything.
    pub(super) fn finish(&mut self) -> Result<String, LayerError> {
        while self.wait()? {
            self.at = self.chunk.len();
        }
        Ok(std::mem::replace(&mut self.hasher, Hasher::sha256()).finish())
    }
}
