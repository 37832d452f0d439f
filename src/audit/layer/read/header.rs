//! One header block of a tar archive, by the rules of Go's `archive/tar`, with which
//! the engines read.

use super::stream::BLOCK;

/// A header that is one: its checksum fits.
pub(super) struct Header(tar::Header);

impl Header {
    /// Verifies the checksum.
    pub(super) fn new(block: &[u8; BLOCK]) -> Result<Self, &'static str> {
        let header = tar::Header::from_byte_slice(block).clone();
        let stated = number(&header.as_old().cksum)?;
        // Old implementations added signed bytes.
        let (mut unsigned, mut signed) = (0_i64, 0_i64);
        for (at, byte) in block.iter().enumerate() {
            let byte = if (148..156).contains(&at) {
                b' '
            } else {
                *byte
            };
            unsigned += i64::from(byte);
            signed += i64::from(byte as i8);
        }
        if u64::try_from(unsigned) != Ok(stated) && u64::try_from(signed) != Ok(stated) {
            return Err("there is no header with a right checksum");
        }
        Ok(Self(header))
    }

    /// What it introduces: `0` a file, `5` a folder, `x` an extended header …
    pub(super) fn flag(&self) -> u8 {
        self.0.as_old().linkflag[0]
    }

    /// The path, with the prefix that `ustar` splits from a long one.
    pub(super) fn path(&self) -> Vec<u8> {
        match self.0.as_ustar() {
            Some(ustar) => {
                let prefix = until_nul(&ustar.prefix);
                let name = until_nul(&ustar.name);
                if prefix.is_empty() {
                    name.to_vec()
                } else {
                    [prefix, name].join(&b'/')
                }
            }
            None => until_nul(&self.0.as_old().name).to_vec(),
        }
    }

    pub(super) fn link(&self) -> Vec<u8> {
        until_nul(&self.0.as_old().linkname).to_vec()
    }

    /// How many bytes follow, padding left out.
    pub(super) fn size(&self) -> Result<u64, &'static str> {
        number(&self.0.as_old().size)
    }

    pub(super) fn mode(&self) -> Result<u32, &'static str> {
        // Some writers put the file's type there too.
        Ok((number(&self.0.as_old().mode)? & 0o7777) as u32)
    }

    pub(super) fn uid(&self) -> Result<u64, &'static str> {
        number(&self.0.as_old().uid)
    }

    pub(super) fn gid(&self) -> Result<u64, &'static str> {
        number(&self.0.as_old().gid)
    }

    /// Of GNU's old sparse files: the size when unpacked, and whether blocks with
    /// more of its map follow.
    pub(super) fn sparse(&self) -> Result<(u64, bool), &'static str> {
        let gnu = self
            .0
            .as_gnu()
            .ok_or("a sparse file has no header of GNU's")?;
        Ok((number(&gnu.realsize)?, gnu.is_extended()))
    }
}

fn until_nul(field: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    field.get(..end).unwrap_or_default()
}

/// Octal digits among spaces and NULs, or, where the first bit is set, a binary
/// number. An empty field is zero.
fn number(field: &[u8]) -> Result<u64, &'static str> {
    const WRONG: &str = "a header has a number that is none";
    let Some((first, rest)) = field.split_first() else {
        return Ok(0);
    };
    if first & 0x80 != 0 {
        // The second bit is the sign: no size and no owner is negative.
        if first & 0x40 != 0 {
            return Err("a header has a negative number");
        }
        return rest
            .iter()
            .try_fold(u64::from(first & 0x3f), |number, byte| {
                number
                    .checked_mul(256)
                    .map(|number| number | u64::from(*byte))
            })
            .ok_or(WRONG);
    }
    let is_padding = |byte: &u8| matches!(byte, b' ' | 0);
    let start = field.iter().position(|byte| !is_padding(byte));
    let Some(digits) = start.and_then(|start| field.get(start..)) else {
        return Ok(0);
    };
    let end = digits.iter().rposition(|byte| !is_padding(byte));
    let digits = digits.get(..=end.unwrap_or(0)).unwrap_or_default();
    // What follows a NUL is left of an older, longer number.
    str::from_utf8(until_nul(digits))
        .ok()
        .and_then(|text| u64::from_str_radix(text, 8).ok())
        .filter(|_| !digits.starts_with(b"+"))
        .ok_or(WRONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_however_they_are_padded() {
        assert_eq!(number(b"0000644\0"), Ok(0o644));
        assert_eq!(number(b"   644 \0"), Ok(0o644));
        assert_eq!(number(b"\0\0\0\0\0\0\0\0"), Ok(0));
        assert_eq!(number(b"\x80\0\0\0\0\0\0\x02\0\0\0\0"), Ok(0x2_0000_0000));
    }

    #[test]
    fn numbers_that_lie_are_refused() {
        assert!(number(b"0000648\0").is_err());
        assert!(number(b"+000644\0").is_err());
        assert!(number(b"\xff\xff\xff\xff\xff\xff\xff\xff").is_err());
        assert!(number(b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").is_err());
    }

    #[test]
    fn a_changed_byte_shows_in_the_checksum() {
        let mut header = tar::Header::new_ustar();
        header.set_size(7);
        header.set_cksum();
        let mut block = *header.as_bytes();
        assert!(Header::new(&block).is_ok());
        block[0] = b'x';
        assert!(Header::new(&block).is_err());
    }
}
