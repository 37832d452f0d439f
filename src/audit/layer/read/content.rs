//! The bytes of one file of the archive, for those who look at them.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

use super::Reading;
use super::stream::Stream;
use crate::audit::file::{Content, Whole};
use crate::audit::layer::LayerError;

/// Bytes that everybody may see.
const HEAD: u64 = 4096;

/// Memory and disk for one file at a time, used again for the next.
#[derive(Default)]
pub(super) struct Desk {
    memory: Vec<u8>,
    disk: Option<File>,
}

/// A file whose bytes come next in the stream. Nothing of it is copied as long as it
/// lies in one chunk.
pub(super) struct Streamed<'s, 'a> {
    stream: &'s mut Stream<'a>,
    desk: &'s mut Desk,
    reading: Reading<'a>,
    size: u64,
    /// Bytes that were taken out of the stream: they are on the desk.
    taken: u64,
    is_on_disk: bool,
    is_too_large: bool,
    failure: Option<LayerError>,
}

/// What has become of a file that somebody looked at.
pub(super) struct Looked {
    /// Bytes that were taken out of the stream.
    pub(super) taken: u64,
    /// Its whole was wanted, and is too large.
    pub(super) is_too_large: bool,
}

impl<'s, 'a> Streamed<'s, 'a> {
    pub(super) fn new(
        stream: &'s mut Stream<'a>,
        desk: &'s mut Desk,
        reading: Reading<'a>,
        size: u64,
    ) -> Self {
        desk.memory.clear();
        Self {
            stream,
            desk,
            reading,
            size,
            taken: 0,
            is_on_disk: false,
            is_too_large: false,
            failure: None,
        }
    }

    pub(super) fn finish(self) -> Result<Looked, LayerError> {
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(Looked {
                taken: self.taken,
                is_too_large: self.is_too_large,
            }),
        }
    }

    /// Whether the file's first bytes can be seen in the stream as they are.
    fn is_in_place(&self, count: u64) -> bool {
        self.taken == 0 && self.stream.available().len() as u64 >= count
    }

    /// Its bytes in the stream, where it is in place.
    fn in_place(&self) -> &[u8] {
        let available = self.stream.available();
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        available.get(..size).unwrap_or(available)
    }

    /// Takes bytes out of the stream until this many are in memory.
    fn gather(&mut self, count: u64) -> Result<(), LayerError> {
        let memory = &mut self.desk.memory;
        let wanted = count.saturating_sub(self.taken);
        let taken = self.stream.take(wanted, |bytes| {
            memory.extend_from_slice(bytes);
            Ok(())
        })?;
        self.taken += taken;
        if taken < wanted {
            return Err(LayerError::Truncated("the contents of a file".to_owned()));
        }
        Ok(())
    }

    /// Writes all of it to disk.
    fn spool(&mut self) -> Result<(), LayerError> {
        let folder = self.reading.folder;
        let file = match &mut self.desk.disk {
            Some(file) => file,
            none => none.insert(tempfile::tempfile_in(folder).map_err(LayerError::Spool)?),
        };
        file.set_len(0).map_err(LayerError::Spool)?;
        file.seek(SeekFrom::Start(0)).map_err(LayerError::Spool)?;
        file.write_all(&self.desk.memory)
            .map_err(LayerError::Spool)?;
        let wanted = self.size.saturating_sub(self.taken);
        let taken = self.stream.take(wanted, |bytes| {
            file.write_all(bytes).map_err(LayerError::Spool)
        })?;
        self.taken += taken;
        self.is_on_disk = true;
        if taken < wanted {
            return Err(LayerError::Truncated("the contents of a file".to_owned()));
        }
        Ok(())
    }

    fn fail(&mut self, error: LayerError) -> io::Error {
        let said = io::Error::other(error.to_string());
        self.failure.get_or_insert(error);
        said
    }
}

impl Content for Streamed<'_, '_> {
    fn head(&mut self) -> &[u8] {
        let count = self.size.min(HEAD);
        if self.is_in_place(count) {
            return self.in_place();
        }
        if self.taken < count
            && self.failure.is_none()
            && let Err(error) = self.gather(count)
        {
            self.fail(error);
        }
        &self.desk.memory
    }

    fn whole(&mut self) -> io::Result<Whole<'_>> {
        if self.failure.is_some() {
            return Err(io::Error::other("the file can't be read"));
        }
        if self.size <= self.reading.limits.in_memory_bytes {
            if self.is_in_place(self.size) {
                return Ok(Whole::Bytes(self.in_place()));
            }
            if let Err(error) = self.gather(self.size) {
                return Err(self.fail(error));
            }
            return Ok(Whole::Bytes(&self.desk.memory));
        }
        if self.size > self.reading.limits.spooled_bytes {
            self.is_too_large = true;
            return Err(io::Error::other("the file is too large to be looked at"));
        }
        if !self.is_on_disk
            && let Err(error) = self.spool()
        {
            return Err(self.fail(error));
        }
        match &mut self.desk.disk {
            Some(file) => {
                file.seek(SeekFrom::Start(0))?;
                Ok(Whole::File(file))
            }
            None => Err(io::Error::other("the file was not written to disk")),
        }
    }
}
