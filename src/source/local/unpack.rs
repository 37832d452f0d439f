//! Archives that are compressed as a whole: unpacked once, since their files
//! have to be found by their places.

use std::fs::File;
use std::io::{self, Read, Seek as _, Write as _};

/// An archive of images may shrink to a hundredth of its size; what shrinks more
/// is made to fill a disk.
const MOST_GROWTH: u64 = 100;
/// Small archives, mostly empty blocks, may grow more than that.
const ALWAYS_ALLOWED: u64 = 64 * 1024 * 1024;

/// The archive itself, or what it unpacks to, in a file without a name.
pub(super) fn unpacked(mut file: File) -> Result<File, String> {
    let fail = |error: io::Error| format!("it can't be unpacked: {error}");
    let mut head = Vec::new();
    (&mut file).take(6).read_to_end(&mut head).map_err(fail)?;
    file.rewind().map_err(fail)?;
    let limit = file
        .metadata()
        .map_err(fail)?
        .len()
        .saturating_mul(MOST_GROWTH)
        .saturating_add(ALWAYS_ALLOWED);
    match head.as_slice() {
        [0x1f, 0x8b, ..] => copied(flate2::read::MultiGzDecoder::new(file), limit),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => copied(zstd::Decoder::new(file).map_err(fail)?, limit),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => Err(
            "it is compressed with xz, which is not read here; unpack it with `xz -d`".to_owned(),
        ),
        _ => Ok(file),
    }
}

fn copied(reader: impl Read, limit: u64) -> Result<File, String> {
    let fail = |error: io::Error| format!("it can't be unpacked: {error}");
    let mut file = tempfile::tempfile().map_err(fail)?;
    let written = io::copy(&mut reader.take(limit.saturating_add(1)), &mut file).map_err(fail)?;
    if written > limit {
        return Err(format!(
            "it unpacks to more than {limit} bytes, which no archive of images of its size does; if it is to be trusted, unpack it by hand and name the plain archive"
        ));
    }
    file.flush().map_err(fail)?;
    Ok(file)
}
