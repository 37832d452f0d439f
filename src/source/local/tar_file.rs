//! A tar archive as a set of files: read once for its headers, then in place.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use tar::{EntryType, Header};

use super::{Files, Opened};

const BLOCK: u64 = 512;
/// Archives of images hold some files for each layer; this is a thousand images.
const MOST_ENTRIES: usize = 200_000;
/// Names and extended headers are longer nowhere.
const LONGEST_NAME: u64 = 64 * 1024;
/// All names together: those of real archives have a hundred bytes each.
const MOST_NAME_BYTES: usize = 64 * 1024 * 1024;
/// `docker save` links a layer's file to an equal one; a link to a link is rare.
const MOST_LINKS: usize = 8;

/// An archive and where in it each file lies.
#[derive(Debug)]
pub(super) struct TarFile {
    file: Arc<File>,
    entries: HashMap<String, Place>,
}

#[derive(Clone, Debug)]
enum Place {
    File {
        offset: u64,
        size: u64,
    },
    /// Another name of this.
    Link(String),
}

impl TarFile {
    /// Reads all headers. Of two files of one name the later one counts.
    pub(super) fn index(file: File) -> Result<Self, String> {
        let length = file.metadata().map_err(|error| error.to_string())?.len();
        let mut entries = HashMap::new();
        let mut name_bytes = 0_usize;
        let mut offset = 0_u64;
        let mut extended = Extended::default();
        loop {
            let mut block = [0; BLOCK as usize];
            match file.read_exact_at(&mut block, offset) {
                Ok(()) => {}
                // An archive ends with empty blocks; one that does not was cut off.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(if offset == 0 {
                        "it is no tar archive".to_owned()
                    } else {
                        "it ends too early: the archive is cut off".to_owned()
                    });
                }
                Err(error) => return Err(error.to_string()),
            }
            if block.iter().all(|byte| *byte == 0) {
                break;
            }
            let header = Header::from_byte_slice(&block);
            if !has_its_checksum(header) {
                return Err(if offset == 0 {
                    "it is no tar archive".to_owned()
                } else {
                    format!("it is broken: there is no header at byte {offset}")
                });
            }
            let mut size = header
                .entry_size()
                .map_err(|error| format!("it is broken at byte {offset}: {error}"))?;
            if let (Some(stated), false) = (extended.size, is_about_another(header.entry_type())) {
                size = stated;
            }
            let start = offset + BLOCK;
            let end = size
                .checked_next_multiple_of(BLOCK)
                .and_then(|padded| start.checked_add(padded));
            // The padding of the last file is all that may be missing.
            if start.checked_add(size).is_none_or(|end| end > length) {
                return Err(format!(
                    "it ends too early: the file at byte {offset} has {size} bytes, and the archive is cut off before"
                ));
            }
            offset = end.ok_or_else(|| "it is broken: a file in it has no end".to_owned())?;
            let kind = header.entry_type();
            if is_about_another(kind) {
                extended.read(&file, kind, start, size)?;
                continue;
            }
            let about = std::mem::take(&mut extended);
            let name = about
                .name
                .unwrap_or_else(|| text(header.path_bytes().as_ref()));
            let target = about
                .target
                .or_else(|| header.link_name_bytes().map(|target| text(target.as_ref())));
            let place = match (kind, target) {
                (EntryType::Regular | EntryType::Continuous, _) => Place::File {
                    offset: start,
                    size,
                },
                (EntryType::Symlink, Some(target)) => {
                    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
                    Place::Link(normal(&format!("{folder}/{target}")))
                }
                (EntryType::Link, Some(target)) => Place::Link(normal(&target)),
                _ => continue,
            };
            name_bytes = name_bytes.saturating_add(name.len());
            if let Place::Link(target) = &place {
                name_bytes = name_bytes.saturating_add(target.len());
            }
            if name_bytes > MOST_NAME_BYTES {
                return Err(format!(
                    "its names have more than {MOST_NAME_BYTES} bytes, which no archive of images does"
                ));
            }
            entries.insert(normal(&name), place);
            if entries.len() > MOST_ENTRIES {
                return Err(format!(
                    "it holds more than {MOST_ENTRIES} files, which no archive of images does"
                ));
            }
        }
        Ok(Self {
            file: Arc::new(file),
            entries,
        })
    }
}

impl Files for TarFile {
    fn open(&self, name: &str) -> io::Result<Option<Opened>> {
        let mut name = normal(name);
        for _ in 0..=MOST_LINKS {
            match self.entries.get(&name) {
                None => return Ok(None),
                Some(Place::File { offset, size }) => {
                    return Ok(Some(Opened {
                        size: *size,
                        reader: Box::new(Section {
                            file: self.file.clone(),
                            offset: *offset,
                            left: *size,
                        }),
                    }));
                }
                Some(Place::Link(target)) => name.clone_from(target),
            }
        }
        Err(io::Error::other(
            "its links in the archive go round in circles",
        ))
    }
}

/// A part of a file. Several are read at a time, so none of them moves the
/// file's own cursor.
struct Section {
    file: Arc<File>,
    offset: u64,
    left: u64,
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let Some(buffer) = buffer.get_mut(..most) else {
            return Ok(0);
        };
        let read = self.file.read_at(buffer, self.offset)?;
        self.offset = self.offset.saturating_add(read as u64);
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}

/// What entries in front of a file say of it.
#[derive(Default)]
struct Extended {
    name: Option<String>,
    target: Option<String>,
    size: Option<u64>,
}

impl Extended {
    fn read(&mut self, file: &File, kind: EntryType, start: u64, size: u64) -> Result<(), String> {
        if kind == EntryType::XGlobalHeader {
            return Ok(());
        }
        if size > LONGEST_NAME {
            return Err(format!("it is broken: a name in it has {size} bytes"));
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
        file.read_exact_at(&mut bytes, start)
            .map_err(|error| error.to_string())?;
        match kind {
            EntryType::GNULongName => self.name = Some(text(&bytes)),
            EntryType::GNULongLink => self.target = Some(text(&bytes)),
            _ => {
                for field in tar::PaxExtensions::new(&bytes).flatten() {
                    match field.key_bytes() {
                        b"path" => self.name = Some(text(field.value_bytes())),
                        b"linkpath" => self.target = Some(text(field.value_bytes())),
                        b"size" => {
                            self.size = field.value().ok().and_then(|size| size.parse().ok());
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }
}

fn is_about_another(kind: EntryType) -> bool {
    matches!(
        kind,
        EntryType::GNULongName
            | EntryType::GNULongLink
            | EntryType::XHeader
            | EntryType::XGlobalHeader
    )
}

/// The sum of the header's bytes, its own field counted as spaces (POSIX, `pax`).
fn has_its_checksum(header: &Header) -> bool {
    let sum: u32 = header
        .as_bytes()
        .iter()
        .enumerate()
        .map(|(at, byte)| match at {
            148..156 => u32::from(b' '),
            _ => u32::from(*byte),
        })
        .sum();
    header.cksum().is_ok_and(|stated| stated == sum)
}

fn text(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

/// Without `.` and `..`, and never above the archive's root.
pub(super) fn normal(name: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
