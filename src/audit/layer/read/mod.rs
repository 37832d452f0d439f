//! Reads a layer: from the blob's bytes to what is kept of it, in one pass.
//!
//! One thread reads, hashes and decompresses ([`inflate`]); the caller's own hashes
//! what comes out, walks the archive ([`walk`]) and has files looked at. Between them
//! are a few chunks, so that memory does not grow with the layer.

mod blob;
mod content;
mod hash;
mod header;
mod inflate;
mod path;
mod pax;
mod stream;
#[cfg(test)]
mod tests;
mod walk;

use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use super::{LayerError, LayerFacts, LayerFault, Limits};
use crate::image::{Descriptor, LayerType};

use blob::Blob;
use inflate::Inflater;
use stream::Stream;
use walk::Walk;

/// Chunks that wait between the two threads.
const WAITING: usize = 4;

/// What reading a layer needs beside its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// How much it may cost.
    pub limits: &'a Limits,
    /// The folder for files that are too large to be looked at in memory; what is
    /// put there has no name, and goes away by itself.
    pub folder: &'a Path,
    /// Set by whoever no longer wants the result.
    pub cancelled: &'a AtomicBool,
}

/// Reads a layer's blob from its beginning, and verifies it.
///
/// The media type says only whether it is a layer; how it is compressed the bytes
/// say, as for the engines ([`LayerFacts::compression`]).
pub fn read(
    blob: impl Read + Send,
    descriptor: &Descriptor,
    reading: Reading<'_>,
) -> Result<LayerFacts, LayerError> {
    if LayerType::parse(&descriptor.media_type).is_none() {
        return Err(LayerError::MediaType(descriptor.media_type.clone()));
    }
    let blob = Blob::new(blob, descriptor, reading.cancelled);
    let inflater = Inflater::new(blob)?;
    let compression = inflater.compression();
    let allowed = reading.limits.unpacked(descriptor.size);
    let abandoned = AtomicBool::new(false);
    let (to_walk, chunks) = mpsc::sync_channel(WAITING);
    let (give_back, used) = mpsc::channel();
    let (walked, inflated) = std::thread::scope(|scope| {
        let inflating = std::thread::Builder::new()
            .name("inflate".to_owned())
            .spawn_scoped(scope, || {
                let (to_walk, used) = (to_walk, used);
                inflater.run(&to_walk, &used, &abandoned)
            })
            .map_err(LayerError::Thread)?;
        let stream = Stream::new(chunks, give_back, allowed, reading.cancelled);
        let mut walk = Walk::new(stream, reading);
        let walked = walk.run();
        if let Err(error) = &walked
            && error.fault() != LayerFault::Image
        {
            abandoned.store(true, Ordering::Relaxed);
        }
        // Ends the other thread, which may be waiting for room.
        drop(walk);
        let inflated = match inflating.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        Ok((walked, inflated))
    })?;
    match walked {
        Ok(mut facts) => {
            inflated?;
            facts.compression = compression;
            Ok(facts)
        }
        // What the archive seems to lack may be the blob's fault.
        Err(error) if error.fault() == LayerFault::Image => {
            inflated?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}
