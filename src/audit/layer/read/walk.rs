//! The walk over an archive: header by header, as Go's `archive/tar` reads it and
//! containerd unpacks it, so that what fails here fails there.

use super::Reading;
use super::content::{Desk, Streamed};
use super::header::Header;
use super::path::resolved;
use super::pax::{Extended, id};
use super::stream::{BLOCK, Block, Stream};
use crate::audit::file::{FileFacts, examine};
use crate::audit::layer::facts::Recorder;
use crate::audit::layer::{EntryKind, LayerEntry, LayerError, LayerFacts};

/// The prefix of whiteouts (OCI image specification, `layer.md`).
const WHITEOUT: &str = ".wh.";
/// The prefix of what the storage driver aufs kept for itself.
const META: &str = ".wh..wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// A walk in progress.
pub(super) struct Walk<'a> {
    stream: Stream<'a>,
    reading: Reading<'a>,
    recorder: Recorder,
    desk: Desk,
}

/// What the headers before an entry's own say of it.
#[derive(Default)]
struct Announced {
    extended: Extended,
    long_path: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(stream: Stream<'a>, reading: Reading<'a>) -> Self {
        Self {
            stream,
            reading,
            recorder: Recorder::default(),
            desk: Desk::default(),
        }
    }

    /// Walks to the archive's end, and reads on to the stream's.
    pub(super) fn run(&mut self) -> Result<LayerFacts, LayerError> {
        let mut announced = Announced::default();
        while let Some(header) = self.header()? {
            match header.flag() {
                b'x' => {
                    let records = self.record(&header)?;
                    announced.extended =
                        Extended::parse(&records).map_err(|why| self.not_tar(why))?;
                }
                // Of the whole archive. Engines pass over it: `git archive` puts a
                // commit's id there.
                b'g' => {
                    self.record(&header)?;
                    announced = Announced::default();
                }
                b'L' => announced.long_path = Some(self.long_name(&header)?),
                b'K' => announced.long_link = Some(self.long_name(&header)?),
                _ => self.entry(&header, std::mem::take(&mut announced))?,
            }
        }
        let diff_id = self.stream.finish()?;
        let mut facts = std::mem::take(&mut self.recorder).finish();
        facts.diff_id = diff_id;
        Ok(facts)
    }

    /// The next header; `None` at the archive's end, which is two blocks of zeros or
    /// the end of the stream.
    fn header(&mut self) -> Result<Option<Header>, LayerError> {
        let mut zeros = 0;
        loop {
            let block = match self.stream.block()? {
                Block::Whole(block) => block,
                Block::None => return Ok(None),
                Block::Partial => {
                    return Err(match self.stream.offset() < BLOCK as u64 {
                        true => self.not_tar("there is no whole header"),
                        false => LayerError::Truncated("a header".to_owned()),
                    });
                }
            };
            if block == [0; BLOCK] {
                zeros += 1;
                if zeros == 2 {
                    return Ok(None);
                }
                continue;
            }
            if zeros > 0 {
                return Err(self.not_tar("an entry follows a block of zeros"));
            }
            return match Header::new(&block) {
                Ok(header) => Ok(Some(header)),
                Err(why) => Err(self.not_tar(why)),
            };
        }
    }

    /// One entry with its contents.
    fn entry(&mut self, header: &Header, announced: Announced) -> Result<(), LayerError> {
        let Announced {
            extended,
            long_path,
            long_link,
        } = announced;
        let wrong = |why| self.not_tar(why);
        let stored = match extended.size {
            Some(size) => size,
            None => header.size().map_err(wrong)?,
        };
        let mode = header.mode().map_err(wrong)?;
        let uid = match extended.uid {
            Some(uid) => uid,
            None => id(header.uid().map_err(wrong)?),
        };
        let gid = match extended.gid {
            Some(gid) => gid,
            None => id(header.gid().map_err(wrong)?),
        };
        let written = extended
            .sparse_name
            .or(long_path)
            .or(extended.path)
            .unwrap_or_else(|| header.path());
        let link = long_link.or(extended.link).unwrap_or_else(|| header.link());
        self.check_length(&written, &written)?;
        self.check_length(&written, &link)?;
        let path = resolved(&written);

        let mut is_sparse = extended.is_sparse;
        let mut size = 0;
        let mut contents = 0;
        let kind = match header.flag() {
            // The oldest archives tell a folder by its slash.
            0 if written.ends_with(b"/") => EntryKind::Directory,
            0 | b'0' | b'7' => {
                contents = stored;
                size = extended.sparse_size.unwrap_or(stored);
                EntryKind::File
            }
            b'S' => {
                let (unpacked, has_more) = header.sparse().map_err(wrong)?;
                self.pass_sparse_map(has_more)?;
                is_sparse = true;
                contents = stored;
                size = unpacked;
                EntryKind::File
            }
            b'1' => EntryKind::HardLink(resolved(&link)),
            b'2' => EntryKind::Symlink(String::from_utf8_lossy(&link).into_owned()),
            b'3' | b'4' | b'6' => EntryKind::Special,
            b'5' => EntryKind::Directory,
            other => {
                return Err(self.bad_entry(
                    &written,
                    format!(
                        "its type `{}` is none that engines know",
                        char::from(other).escape_default()
                    ),
                ));
            }
        };

        let (path, kind) = match removed(&path) {
            Some(Ok((path, kind))) => (path, kind),
            Some(Err(why)) => return Err(self.bad_entry(&written, why.to_owned())),
            None => (path, kind),
        };
        let is_whiteout = matches!(kind, EntryKind::Whiteout | EntryKind::Opaque);
        // The root itself is there already, and aufs' own files are for no engine.
        let is_kept = (!path.is_empty() || kind == EntryKind::Opaque)
            && (is_whiteout || !path.starts_with(META));
        if !is_kept {
            return self.pass(&path, contents);
        }
        let mut facts = match kind {
            EntryKind::File if is_sparse => {
                let why = "it is stored as a sparse file";
                self.recorder.unexamined().add(&path, why);
                self.pass(&path, contents)?;
                None
            }
            EntryKind::File => self.look(&path, mode, contents)?,
            _ => {
                self.pass(&path, contents)?;
                None
            }
        };
        if is_whiteout {
            size = 0;
        }
        if let Some(facts) = &mut facts {
            let allowed = self.reading.limits.symbol_bytes;
            self.recorder.admit(&path, facts, allowed);
        }
        self.recorder.push(LayerEntry {
            path,
            kind,
            mode,
            uid,
            gid,
            size,
            facts,
        });
        self.check_kept()
    }

    /// Has a file's contents looked at, and passes over the rest of them.
    fn look(&mut self, path: &str, mode: u32, size: u64) -> Result<Option<FileFacts>, LayerError> {
        let mut content = Streamed::new(&mut self.stream, &mut self.desk, self.reading, size);
        let facts = examine(path, mode, size, &mut content);
        let looked = content.finish().map_err(|error| match error {
            LayerError::Truncated(_) => LayerError::Truncated(format!("the contents of `{path}`")),
            other => other,
        })?;
        if looked.is_too_large {
            let why = "it is too large to be looked at as a whole";
            self.recorder.unexamined().add(path, why);
        }
        self.skip(path, size.saturating_sub(looked.taken))?;
        self.pad(path, size)?;
        Ok(facts)
    }

    /// Passes over an entry's contents.
    fn pass(&mut self, path: &str, contents: u64) -> Result<(), LayerError> {
        self.skip(path, contents)?;
        self.pad(path, contents)
    }

    /// Passes over what fills the last block.
    fn pad(&mut self, path: &str, contents: u64) -> Result<(), LayerError> {
        let rest = contents % BLOCK as u64;
        match rest {
            0 => Ok(()),
            rest => self.skip(path, BLOCK as u64 - rest),
        }
    }

    fn skip(&mut self, path: &str, count: u64) -> Result<(), LayerError> {
        if self.stream.skip(count)? {
            return Ok(());
        }
        Err(LayerError::Truncated(format!("the contents of `{path}`")))
    }

    /// The blocks in which GNU's old sparse files continue their map.
    fn pass_sparse_map(&mut self, mut has_more: bool) -> Result<(), LayerError> {
        while has_more {
            has_more = match self.stream.block()? {
                // Behind 21 pairs of offset and length.
                Block::Whole(block) => block.get(504).is_some_and(|flag| *flag != 0),
                Block::None | Block::Partial => {
                    return Err(LayerError::Truncated("a sparse file's map".to_owned()));
                }
            };
        }
        Ok(())
    }

    /// The contents of an extended header or a long name.
    fn record(&mut self, header: &Header) -> Result<Vec<u8>, LayerError> {
        let size = header.size().map_err(|why| self.not_tar(why))?;
        let allowed = self.reading.limits.record_bytes;
        if size > allowed {
            return Err(LayerError::Limit {
                allowed,
                what: "bytes in one extended header",
            });
        }
        let mut record = Vec::new();
        let taken = self.stream.take(size, |bytes| {
            record.extend_from_slice(bytes);
            Ok(())
        })?;
        if taken < size {
            return Err(LayerError::Truncated("an extended header".to_owned()));
        }
        self.pad("an extended header", size)?;
        Ok(record)
    }

    fn long_name(&mut self, header: &Header) -> Result<Vec<u8>, LayerError> {
        let mut name = self.record(header)?;
        if let Some(end) = memchr::memchr(0, &name) {
            name.truncate(end);
        }
        Ok(name)
    }

    fn check_length(&self, written: &[u8], path: &[u8]) -> Result<(), LayerError> {
        let allowed = self.reading.limits.path_bytes;
        if path.len() <= allowed {
            return Ok(());
        }
        let why = format!("a path of more than {allowed} bytes is none that Linux opens");
        Err(self.bad_entry(written, why))
    }

    fn check_kept(&self) -> Result<(), LayerError> {
        let limits = self.reading.limits;
        if self.recorder.nodes() > limits.entries {
            return Err(LayerError::Limit {
                allowed: limits.entries,
                what: "files and folders",
            });
        }
        if self.recorder.weight() > limits.kept_bytes {
            return Err(LayerError::Limit {
                allowed: limits.kept_bytes as u64,
                what: "bytes of paths and findings to be kept in memory",
            });
        }
        Ok(())
    }

    fn not_tar(&self, why: &'static str) -> LayerError {
        LayerError::NotTar {
            offset: self.stream.offset(),
            why,
        }
    }

    fn bad_entry(&self, written: &[u8], why: String) -> LayerError {
        const SHOWN: usize = 200;
        let shown = written.get(..SHOWN).unwrap_or(written);
        let mut path = String::from_utf8_lossy(shown).into_owned();
        if shown.len() < written.len() {
            path.push('…');
        }
        LayerError::Entry { path, why }
    }
}

/// What an entry of this path removes from the layers below; `None` where its name
/// is no whiteout's.
fn removed(path: &str) -> Option<Result<(String, EntryKind), &'static str>> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    if name == OPAQUE {
        return Some(Ok((folder.to_owned(), EntryKind::Opaque)));
    }
    // At the root these are aufs' own.
    if path.starts_with(META) {
        return None;
    }
    let removed = match name.strip_prefix(WHITEOUT)? {
        "" | "." | ".." => return Some(Err("it is a whiteout that names no file")),
        removed => removed,
    };
    let path = match folder {
        "" => removed.to_owned(),
        folder => format!("{folder}/{removed}"),
    };
    Some(Ok((path, EntryKind::Whiteout)))
}
