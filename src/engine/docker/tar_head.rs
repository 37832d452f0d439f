//! The first entry of a tar stream, read as it arrives, so that a stream can be
//! dropped once enough of it is there.

use sha2::{Digest as _, Sha256};
use tar::{EntryType, Header, PaxExtensions};

use crate::engine::{FileContent, FileType};

const BLOCK: usize = 512;
/// Names and PAX records are short; whoever announces more wants memory.
const LONGEST_EXTENSION: u64 = 1 << 20;

/// Takes pieces until the first entry and `limit` bytes of its content are there.
pub(super) struct FirstEntry {
    pending: Vec<u8>,
    limit: usize,
    overrides: Overrides,
    entry: Option<FileContent>,
    /// Hashes the whole content as it passes, and counts it.
    hash: Option<(Sha256, u64)>,
}

/// What extension headers say of the entry that follows them.
#[derive(Default)]
struct Overrides {
    size: Option<u64>,
    uid: Option<u64>,
    gid: Option<u64>,
    link_target: Option<String>,
}

impl FirstEntry {
    pub(super) fn with_limit(limit: usize) -> Self {
        Self {
            pending: Vec::new(),
            limit,
            overrides: Overrides::default(),
            entry: None,
            hash: None,
        }
    }

    /// Keeps nothing of the content, and hashes all of it.
    pub(super) fn hashing() -> Self {
        Self {
            hash: Some((Sha256::new(), 0)),
            ..Self::with_limit(0)
        }
    }

    /// The content's sha256 in hexadecimal; `None` where the entry is no file,
    /// or was not hashed.
    pub(super) fn sha256(&self) -> Option<String> {
        let (hash, _) = self.hash.as_ref()?;
        let is_file = self.entry.as_ref()?.kind == FileType::File;
        is_file.then(|| {
            let digest = hash.clone().finalize();
            digest.iter().map(|byte| format!("{byte:02x}")).collect()
        })
    }

    /// Whether nothing more is needed.
    pub(super) fn is_complete(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| {
            let is_hashed = self
                .hash
                .as_ref()
                .is_none_or(|(_, taken)| entry.kind != FileType::File || *taken >= entry.size);
            is_hashed && entry.bytes.len() >= self.wanted(entry)
        })
    }

    /// Takes the next piece; an error says what is wrong with the archive.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), String> {
        if self.entry.is_some() {
            self.take_content(piece);
            return Ok(());
        }
        self.pending.extend_from_slice(piece);
        while self.entry.is_none() {
            let Some(block) = self.pending.first_chunk::<BLOCK>() else {
                return Ok(());
            };
            let header = Header::from_byte_slice(block).clone();
            if !self.take_header(&header)? {
                return Ok(());
            }
        }
        let rest = std::mem::take(&mut self.pending);
        self.take_content(&rest);
        Ok(())
    }

    /// The entry; an error where the stream ended before it.
    pub(super) fn finish(self) -> Result<FileContent, String> {
        if !self.is_complete() {
            return Err("the engine's archive ends too early".to_owned());
        }
        self.entry
            .ok_or_else(|| "the engine's archive is empty".to_owned())
    }

    fn wanted(&self, entry: &FileContent) -> usize {
        match entry.kind {
            FileType::File => self
                .limit
                .min(usize::try_from(entry.size).unwrap_or(usize::MAX)),
            _ => 0,
        }
    }

    fn take_content(&mut self, piece: &[u8]) {
        let Some(entry) = &self.entry else { return };
        if let Some((hash, taken)) = &mut self.hash {
            let left = usize::try_from(entry.size - *taken).unwrap_or(usize::MAX);
            let content = piece.get(..left.min(piece.len())).unwrap_or(piece);
            hash.update(content);
            *taken += content.len() as u64;
        }
        let room = self.wanted(entry).saturating_sub(entry.bytes.len());
        if let Some(entry) = &mut self.entry {
            entry.bytes.extend(piece.iter().take(room));
        }
    }

    /// Consumes the header at the front of what is pending, and its body if it
    /// is an extension; false where that body is not all there yet.
    fn take_header(&mut self, header: &Header) -> Result<bool, String> {
        if header.as_bytes().iter().all(|byte| *byte == 0) {
            return Err("the engine's archive is empty".to_owned());
        }
        let wrong = |error: std::io::Error| format!("the engine's archive is damaged: {error}");
        let kind = header.entry_type();
        let is_extension = matches!(
            kind,
            EntryType::XHeader
                | EntryType::XGlobalHeader
                | EntryType::GNULongName
                | EntryType::GNULongLink
        );
        if !is_extension {
            let entry = self.entry_of(header).map_err(wrong)?;
            self.entry = Some(entry);
            self.pending.drain(..BLOCK);
            return Ok(true);
        }
        let size = header.entry_size().map_err(wrong)?;
        if size > LONGEST_EXTENSION {
            return Err(format!(
                "the engine's archive announces {size} bytes of metadata"
            ));
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let padded = size.div_ceil(BLOCK) * BLOCK;
        let Some(body) = self.pending.get(BLOCK..BLOCK + padded) else {
            return Ok(false);
        };
        let body = body.get(..size).unwrap_or(body).to_vec();
        self.pending.drain(..BLOCK + padded);
        match kind {
            EntryType::XHeader => self.take_pax(&body).map_err(wrong)?,
            EntryType::GNULongLink => {
                let name = body.split(|byte| *byte == 0).next().unwrap_or(&[]);
                self.overrides.link_target = Some(String::from_utf8_lossy(name).into_owned());
            }
            _ => {}
        }
        Ok(true)
    }

    fn take_pax(&mut self, body: &[u8]) -> std::io::Result<()> {
        for record in PaxExtensions::new(body) {
            let record = record?;
            let text = String::from_utf8_lossy(record.value_bytes());
            match record.key_bytes() {
                b"size" => self.overrides.size = text.parse().ok(),
                b"uid" => self.overrides.uid = text.parse().ok(),
                b"gid" => self.overrides.gid = text.parse().ok(),
                b"linkpath" => self.overrides.link_target = Some(text.into_owned()),
                _ => {}
            }
        }
        Ok(())
    }

    fn entry_of(&mut self, header: &Header) -> std::io::Result<FileContent> {
        let overrides = std::mem::take(&mut self.overrides);
        let kind = match header.entry_type() {
            EntryType::Directory => FileType::Directory,
            EntryType::Symlink => FileType::Symlink,
            EntryType::Char | EntryType::Block | EntryType::Fifo => FileType::Other,
            _ => FileType::File,
        };
        let size = match overrides.size {
            Some(size) => size,
            None => header.entry_size()?,
        };
        let link_target = match kind {
            FileType::Symlink => overrides.link_target.or_else(|| {
                header
                    .link_name_bytes()
                    .map(|name| String::from_utf8_lossy(&name).into_owned())
            }),
            _ => None,
        };
        Ok(FileContent {
            kind,
            size,
            // Docker adds the file type's bits of `st_mode`.
            mode: header.mode()? & 0o7777,
            owner: Some((
                overrides.uid.map_or_else(|| header.uid(), Ok)?,
                overrides.gid.map_or_else(|| header.gid(), Ok)?,
            )),
            link_target,
            bytes: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(name: &str, content: &[u8]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_mode(0o100_4755);
        header.set_uid(1000);
        header.set_gid(50);
        header.set_size(content.len() as u64);
        builder
            .append_data(&mut header, name, content)
            .expect("an entry");
        builder.into_inner().expect("an archive")
    }

    fn read(archive: &[u8], piece: usize, limit: usize) -> (Result<FileContent, String>, usize) {
        let mut entry = FirstEntry::with_limit(limit);
        let mut taken = 0;
        for piece in archive.chunks(piece) {
            if entry.is_complete() {
                break;
            }
            taken += piece.len();
            entry.push(piece).expect("a good archive");
        }
        (entry.finish(), taken)
    }

    #[test]
    fn however_it_is_cut_into_pieces_it_reads_the_same() {
        let name = "deep/".repeat(60) + "file";
        let archive = archive(&name, b"the content");
        for piece in [1, 7, 512, 513, 100_000] {
            let (content, _) = read(&archive, piece, 1024);
            let content = content.expect("an entry");
            assert_eq!(content.bytes, b"the content");
            assert_eq!(content.mode, 0o4755);
            assert_eq!(content.owner, Some((1000, 50)));
            assert_eq!(content.kind, FileType::File);
        }
    }

    #[test]
    fn it_is_complete_once_the_limit_is_there() {
        let archive = archive("big", &vec![b'x'; 1 << 20]);
        let (content, taken) = read(&archive, 512, 64);
        let content = content.expect("an entry");
        assert_eq!(content.size, 1 << 20);
        assert_eq!(content.bytes.len(), 64);
        assert_eq!(taken, 1024);
    }

    #[test]
    fn pax_records_override_the_header() {
        let mut builder = tar::Builder::new(Vec::new());
        let long = format!("../{}", "x".repeat(200));
        builder
            .append_pax_extensions([
                ("linkpath", long.as_bytes()),
                ("uid", b"4000000000".as_slice()),
            ])
            .expect("records");
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        header.set_uid(0);
        header.set_gid(0);
        builder
            .append_data(&mut header, "link", std::io::empty())
            .expect("an entry");
        let archive = builder.into_inner().expect("an archive");
        let content = read(&archive, 100, 64).0.expect("an entry");
        assert_eq!(content.kind, FileType::Symlink);
        assert_eq!(content.link_target.as_deref(), Some(long.as_str()));
        assert_eq!(content.owner, Some((4_000_000_000, 0)));
    }

    #[test]
    fn a_stream_that_stops_early_is_an_error() {
        let whole = archive("file", &[b'x'; 2000]);
        let (content, _) = read(&whole[..1500], 512, 2000);
        assert!(content.is_err());
        let (content, _) = read(&[], 512, 10);
        assert!(content.is_err());
    }
}
