//! Extended headers (POSIX `pax`, "Extended Header"): records of `LENGTH KEY=VALUE\n`.

/// The records of one extended header that say something of the next entry.
#[derive(Debug, Default)]
pub(super) struct Extended {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    /// Any record of GNU's sparse files: the contents are then a map and pieces.
    pub(super) is_sparse: bool,
    /// The size that a sparse file has when it is unpacked.
    pub(super) sparse_size: Option<u64>,
    /// The name that a sparse file has when it is unpacked.
    pub(super) sparse_name: Option<Vec<u8>>,
}

impl Extended {
    /// Reads the records; an error says which is no good.
    ///
    /// Values are told by their length and may hold line breaks, as capabilities in
    /// `SCHILY.xattr.security.capability` do. An empty value takes nothing away,
    /// which is how Go's reader has it.
    pub(super) fn parse(mut records: &[u8]) -> Result<Self, &'static str> {
        let mut extended = Self::default();
        while !records.is_empty() {
            let (key, value, rest) = record(records).ok_or("an extended header is malformed")?;
            records = rest;
            if value.is_empty() {
                continue;
            }
            match key {
                b"path" => extended.path = Some(text(value)?),
                b"linkpath" => extended.link = Some(text(value)?),
                b"size" => extended.size = Some(number(value)?),
                b"uid" => extended.uid = Some(id(number(value)?)),
                b"gid" => extended.gid = Some(id(number(value)?)),
                b"GNU.sparse.name" => extended.sparse_name = Some(text(value)?),
                b"GNU.sparse.size" | b"GNU.sparse.realsize" => {
                    extended.sparse_size = Some(number(value)?);
                }
                _ => {}
            }
            extended.is_sparse |= key.starts_with(b"GNU.sparse.");
        }
        Ok(extended)
    }
}

/// The first record's key and value, and what follows it.
fn record(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = memchr::memchr(b' ', records)?;
    let length = str::from_utf8(records.get(..space)?).ok()?.parse().ok()?;
    let (record, rest) = records.split_at_checked(length)?;
    let pair = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = memchr::memchr(b'=', pair)?;
    Some((pair.get(..equals)?, pair.get(equals + 1..)?, rest))
}

fn text(value: &[u8]) -> Result<Vec<u8>, &'static str> {
    if value.contains(&0) {
        return Err("an extended header has a path with a NUL in it");
    }
    Ok(value.to_vec())
}

fn number(value: &[u8]) -> Result<u64, &'static str> {
    str::from_utf8(value)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or("an extended header has a number that is none")
}

/// Owners beyond 32 bits do not exist in Linux.
pub(super) fn id(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_hold_line_breaks_and_equals_signs() {
        let records = b"30 SCHILY.xattr.user.a=1\n2\n=3\n14 path=a=b/c\n";
        let extended = Extended::parse(records).expect("records");
        assert_eq!(extended.path.as_deref(), Some(b"a=b/c".as_slice()));
    }

    #[test]
    fn a_record_that_lies_about_its_length_is_refused() {
        assert!(Extended::parse(b"99 path=a\n").is_err());
        assert!(Extended::parse(b"5 path=a\n").is_err());
        assert!(Extended::parse(b"0 path=a\n").is_err());
        assert!(Extended::parse(b"path=a\n").is_err());
    }

    #[test]
    fn a_size_that_is_no_number_is_refused() {
        assert!(Extended::parse(b"11 size=-5\n").is_err());
        assert!(Extended::parse(b"11 size=0x\n").is_err());
    }

    #[test]
    fn an_empty_value_takes_nothing_away() {
        let extended = Extended::parse(b"8 path=\n").expect("records");
        assert_eq!(extended.path, None);
    }
}
