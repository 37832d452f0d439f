//! What the first bytes of a file say it is.

use crate::image::ElfHeader;

/// A file that a failure names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// As the text names it.
    pub named: String,
    /// Where it lies, symlinks followed; as named, where it was not found.
    pub path: String,
    /// What it is.
    pub shape: FileShape,
    /// Whether any execute bit is set.
    pub is_executable: bool,
}

/// What a file is, by its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileShape {
    /// It is not there.
    Missing,
    /// A directory.
    Directory,
    /// No bytes at all.
    Empty,
    /// An ELF file, with the loader it asks for.
    Elf(ElfHeader, Option<Interpreter>),
    /// `#!`: its interpreter, and whether the line ends in a carriage return.
    Script(Interpreter, bool),
    /// A program of macOS.
    MachO,
    /// A program of Windows.
    Pe,
    /// A pointer file of Git LFS.
    LfsPointer,
    /// A page of HTML, where something was to be downloaded.
    Html,
    /// Text that begins with a byte-order mark.
    ByteOrderMark,
    /// Other text.
    Text,
    /// Anything else.
    Other,
}

/// The program that the kernel starts to run a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// Its path.
    pub path: String,
    /// Whether it is in the image; `None` where nobody looked.
    pub is_there: Option<bool>,
}

impl Interpreter {
    fn unseen(path: String) -> Self {
        Self {
            path,
            is_there: None,
        }
    }
}

impl FileShape {
    /// Reads the first bytes of a file (4 KiB are enough).
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        if let Some(header) = ElfHeader::parse(bytes) {
            return Self::Elf(header, elf_interpreter(bytes).map(Interpreter::unseen));
        }
        match bytes {
            [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => Self::MachO,
            [b'M', b'Z', ..] => Self::Pe,
            [b'#', b'!', rest @ ..] => {
                let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
                let has_return = line.ends_with(b"\r");
                let line = String::from_utf8_lossy(line);
                let word = line.split_whitespace().next().unwrap_or_default();
                Self::Script(Interpreter::unseen(word.to_owned()), has_return)
            }
            [0xef, 0xbb, 0xbf, ..] => Self::ByteOrderMark,
            _ if bytes.starts_with(b"version https://git-lfs") => Self::LfsPointer,
            _ if is_html(bytes) => Self::Html,
            _ if std::str::from_utf8(bytes).is_ok() && !bytes.contains(&0) => Self::Text,
            _ => Self::Other,
        }
    }

    /// What it is, in words.
    pub fn describe(&self) -> String {
        match self {
            Self::Missing => "is not in the image".to_owned(),
            Self::Directory => "is a directory".to_owned(),
            Self::Empty => "is empty".to_owned(),
            Self::Elf(header, _) => format!("is an ELF file for {header}"),
            Self::Script(interpreter, _) => format!("is a script for {}", interpreter.path),
            Self::MachO => "is a macOS program (Mach-O)".to_owned(),
            Self::Pe => "is a Windows program (PE)".to_owned(),
            Self::LfsPointer => "is a Git LFS pointer, not the file itself".to_owned(),
            Self::Html => "is an HTML page".to_owned(),
            Self::ByteOrderMark => "is text with a byte-order mark".to_owned(),
            Self::Text => "is text without a `#!` line".to_owned(),
            Self::Other => "is no program".to_owned(),
        }
    }
}

fn is_html(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(64)]).to_lowercase();
    let head = head.trim_start();
    head.starts_with("<!doctype html") || head.starts_with("<html")
}

/// PT_INTERP, where the program headers and the string lie in the bytes at hand.
fn elf_interpreter(bytes: &[u8]) -> Option<String> {
    use object::elf;
    use object::read::elf::{FileHeader, ProgramHeader};

    fn find<E: FileHeader<Endian = object::Endianness>>(bytes: &[u8]) -> Option<String> {
        let header = E::parse(bytes).ok()?;
        let endian = header.endian().ok()?;
        header
            .program_headers(endian, bytes)
            .ok()?
            .iter()
            .find_map(|segment| segment.interpreter(endian, bytes).ok().flatten())
            .map(|path| String::from_utf8_lossy(path).into_owned())
    }

    find::<elf::FileHeader64<object::Endianness>>(bytes)
        .or_else(|| find::<elf::FileHeader32<object::Endianness>>(bytes))
}
