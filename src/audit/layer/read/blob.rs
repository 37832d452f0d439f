//! The blob as it comes: hashed, counted, never longer than it should be.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};

use super::hash::Hasher;
use crate::audit::layer::LayerError;
use crate::image::{Descriptor, Digest};

/// The compressed bytes.
pub(super) struct Blob<'a, R> {
    inner: R,
    digest: &'a Digest,
    hasher: Hasher,
    expected: u64,
    seen: u64,
    cancelled: &'a AtomicBool,
    /// Read already, and to be read again.
    ahead: Vec<u8>,
    ahead_at: usize,
    /// Why reading ended, where it was not the decoder's fault.
    failure: Option<LayerError>,
}

impl<'a, R: Read> Blob<'a, R> {
    pub(super) fn new(inner: R, descriptor: &'a Descriptor, cancelled: &'a AtomicBool) -> Self {
        Self {
            inner,
            digest: &descriptor.digest,
            hasher: Hasher::like(&descriptor.digest),
            expected: descriptor.size,
            seen: 0,
            cancelled,
            ahead: Vec::new(),
            ahead_at: 0,
            failure: None,
        }
    }

    /// Its first bytes, up to this many, without taking them out.
    pub(super) fn peek(&mut self, count: usize) -> Result<&[u8], LayerError> {
        let mut ahead = vec![0; count];
        let mut filled = 0;
        while let Some(rest) = ahead.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.fetch(rest) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) => return Err(self.fault(error)),
            }
        }
        ahead.truncate(filled);
        self.ahead = ahead;
        Ok(&self.ahead)
    }

    /// Why reading it failed; else that is the fault of whoever passed it on.
    pub(super) fn failure(&mut self) -> Option<LayerError> {
        self.failure.take()
    }

    fn fault(&mut self, error: io::Error) -> LayerError {
        self.failure.take().unwrap_or(LayerError::Read(error))
    }

    /// Reads what is left and compares size and digest.
    pub(super) fn verify(mut self) -> Result<(), LayerError> {
        let mut rest = vec![0; 64 << 10];
        loop {
            match self.fetch(&mut rest) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => return Err(self.fault(error)),
            }
        }
        if self.seen < self.expected {
            return Err(LayerError::TooShort {
                expected: self.expected,
                actual: self.seen,
            });
        }
        let actual = self.hasher.finish();
        if actual != self.digest.as_str() {
            return Err(LayerError::Digest {
                expected: self.digest.clone(),
                actual,
            });
        }
        Ok(())
    }

    fn fetch(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = loop {
            if self.cancelled.load(Ordering::Relaxed) {
                self.failure = Some(LayerError::Cancelled);
                return Err(io::Error::other("cancelled"));
            }
            match self.inner.read(into) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let said = io::Error::new(error.kind(), error.to_string());
                    self.failure = Some(LayerError::Read(error));
                    return Err(said);
                }
                Ok(read) => break read,
            }
        };
        self.seen = self.seen.saturating_add(read as u64);
        if self.seen > self.expected {
            self.failure = Some(LayerError::TooLong {
                expected: self.expected,
            });
            return Err(io::Error::other("too long"));
        }
        self.hasher.update(into.get(..read).unwrap_or_default());
        Ok(read)
    }
}

impl<R: Read> Read for Blob<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut ahead = self.ahead.get(self.ahead_at..).unwrap_or_default();
        if ahead.is_empty() {
            return self.fetch(into);
        }
        let read = ahead.read(into)?;
        self.ahead_at += read;
        Ok(read)
    }
}
