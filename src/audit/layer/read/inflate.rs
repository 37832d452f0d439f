//! From a blob's bytes to those of its archive, in a thread of its own.

use std::io::{self, BufReader, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};

use flate2::bufread::MultiGzDecoder;
use zstd::stream::read::Decoder as ZstdDecoder;

use super::blob::Blob;
use crate::audit::layer::LayerError;
use crate::image::Compression;

/// Bytes that are passed on at once.
const CHUNK: usize = 256 << 10;
/// Bytes that are read at once.
const BUFFER: usize = 128 << 10;
/// As much as a zstd frame may ask to look back, as a power of two: what the `zstd`
/// command takes unless it is told otherwise.
const ZSTD_WINDOW: u32 = 27;
/// How the decoder says that a frame asks for more.
const TOO_LARGE_WINDOW: &str = "too much memory";

/// A decoder over a blob.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one of it for a whole layer"
)]
pub(super) enum Inflater<'a, R> {
    Plain(BufReader<Blob<'a, R>>),
    Gzip(MultiGzDecoder<BufReader<Blob<'a, R>>>),
    Zstd(ZstdDecoder<'static, BufReader<Blob<'a, R>>>),
}

impl<'a, R: Read> Inflater<'a, R> {
    /// The decoder that the blob's first bytes ask for, as engines choose it: the
    /// media type has no say.
    pub(super) fn new(mut blob: Blob<'a, R>) -> Result<Self, LayerError> {
        let magic = blob.peek(6)?;
        let compression = match magic {
            [0x1f, 0x8b, 0x08, ..] => Compression::Gzip,
            // A frame, or one that decoders pass over.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
            [b'B', b'Z', b'h', ..] => return Err(LayerError::Compression("bzip2")),
            [0xfd, b'7', b'z', b'X', b'Z', 0] => return Err(LayerError::Compression("xz")),
            _ => Compression::None,
        };
        let reader = BufReader::with_capacity(BUFFER, blob);
        Ok(match compression {
            Compression::None => Self::Plain(reader),
            Compression::Gzip => Self::Gzip(MultiGzDecoder::new(reader)),
            Compression::Zstd => {
                let mut decoder = ZstdDecoder::with_buffer(reader).map_err(LayerError::Read)?;
                decoder
                    .window_log_max(ZSTD_WINDOW)
                    .map_err(LayerError::Read)?;
                Self::Zstd(decoder)
            }
        })
    }

    pub(super) fn compression(&self) -> Compression {
        match self {
            Self::Plain(_) => Compression::None,
            Self::Gzip(_) => Compression::Gzip,
            Self::Zstd(_) => Compression::Zstd,
        }
    }

    fn into_blob(self) -> Blob<'a, R> {
        match self {
            Self::Plain(reader) => reader.into_inner(),
            Self::Gzip(decoder) => decoder.into_inner().into_inner(),
            Self::Zstd(decoder) => decoder.finish().into_inner(),
        }
    }

    /// Sends all chunks of the archive, then verifies the blob.
    ///
    /// A blob with a wrong digest often shows first as a damaged stream, or as an
    /// archive that makes no sense: it is read to its end even so, because the
    /// digest is what explains it. Only where `abandoned` is set there is no need.
    pub(super) fn run(
        mut self,
        chunks: &SyncSender<Vec<u8>>,
        used: &Receiver<Vec<u8>>,
        abandoned: &AtomicBool,
    ) -> Result<(), LayerError> {
        let damage = loop {
            let mut chunk = used.try_recv().unwrap_or_default();
            chunk.resize(CHUNK, 0);
            let (filled, outcome) = self.fill(&mut chunk);
            chunk.truncate(filled);
            if filled > 0 && chunks.send(chunk).is_err() {
                if abandoned.load(Ordering::Relaxed) {
                    return Ok(());
                }
                break None;
            }
            match outcome {
                Ok(true) => {}
                Ok(false) => break None,
                Err(error) => break Some(error),
            }
        };
        let compression = self.compression();
        let mut blob = self.into_blob();
        if let Some(failure) = blob.failure() {
            return Err(failure);
        }
        blob.verify()?;
        match damage {
            None => Ok(()),
            // Engines give more, some of them: it is not the image's fault.
            Some(error) if error.to_string().contains(TOO_LARGE_WINDOW) => Err(LayerError::Limit {
                allowed: 1 << ZSTD_WINDOW,
                what: "bytes that its zstd stream looks back",
            }),
            Some(error) => Err(LayerError::Corrupt {
                compression: match compression {
                    Compression::Zstd => "zstd",
                    Compression::Gzip | Compression::None => "gzip",
                },
                why: match error.kind() {
                    io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
                    _ => error.to_string(),
                },
            }),
        }
    }

    /// Fills a chunk; `false` where the archive ended.
    fn fill(&mut self, chunk: &mut [u8]) -> (usize, io::Result<bool>) {
        let mut filled = 0;
        while let Some(rest) = chunk.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read(rest) {
                Ok(0) => return (filled, Ok(false)),
                Ok(read) => filled += read,
                Err(error) => return (filled, Err(error)),
            }
        }
        (filled, Ok(true))
    }
}

impl<R: Read> Read for Inflater<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(reader) => reader.read(into),
            Self::Gzip(decoder) => decoder.read(into),
            Self::Zstd(decoder) => decoder.read(into),
        }
    }
}
