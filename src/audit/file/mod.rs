//! What is kept of one file's bytes: no more than a rule needs.

mod apk;
mod archive;
mod bytes;
mod dpkg;
mod elf;
mod examine;
mod foreign;
mod loader_path;
mod node_header;
mod node_package;
mod script;
mod wheel;

use serde::{Deserialize, Serialize};

pub use elf::{ArmAttributes, Binding, ElfFacts, ElfKind, GoBuild, Symbols, symbol_hash};
pub use examine::{Content, Whole, examine};

/// Of a file's bytes. A file that no rule cares for has none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FileFacts {
    /// It begins with the ELF magic.
    Elf(Box<ElfFacts>),
    /// It is text with a `#!` line, or an executable that is text.
    Script(Script),
    /// A format of another operating system, or no program at all, where a program
    /// or a library should be.
    NotElf(NotElf),
    /// `package.json` of an installed Node package, or of a project.
    NodePackage(Box<NodePackage>),
    /// Installed packages: dpkg's `status` or `status.d/*`, apk's `installed`.
    Packages(Vec<InstalledPackage>),
    /// `Tag:` lines of a wheel's `WHEEL` file.
    WheelTags(Vec<String>),
    /// Folders of the loader's search path: a file of `ld.so.conf`, or musl's path file.
    /// Lines that include other files are kept as `include PATTERN`.
    LoaderPath(Vec<String>),
    /// Native libraries within a zip archive (jar, wheel).
    Archive(Vec<ArchivedElf>),
    /// `NODE_MODULE_VERSION` of Node's own header file.
    NodeHeader(u32),
}

/// A text that is, or may be, executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// What follows `#!`, its line's end and a carriage return left out; `None`: the
    /// file does not begin with `#!`.
    pub shebang: Option<String>,
    /// That line ends with a carriage return.
    pub has_carriage_return: bool,
    /// It begins with a UTF-8 byte order mark.
    pub has_byte_order_mark: bool,
    /// It begins with line breaks or spaces, and `#!` comes after them.
    pub has_late_shebang: bool,
}

/// What stands where an ELF file should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotElf {
    /// macOS
    MachO,
    /// Windows
    Pe,
    /// A pointer of Git LFS: the file itself was never fetched.
    LfsPointer,
    /// A web page: a download that went wrong.
    Html,
    /// Nothing.
    Empty,
    /// Anything else: in a file whose name says library (`.node`, `.so`), or in one
    /// that is executable and no text.
    Other,
}

/// Of a `package.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodePackage {
    /// `name`
    pub name: String,
    /// `version`
    pub version: String,
    /// The names in `optionalDependencies`.
    pub optional_dependencies: Vec<String>,
    /// The names in `dependencies`.
    pub dependencies: Vec<String>,
    /// `os`
    pub os: Vec<String>,
    /// `cpu`
    pub cpu: Vec<String>,
    /// `libc`
    pub libc: Vec<String>,
    /// It is built, or fetches a binary, when it is installed: `gypfile`, `binary`,
    /// or an install script that runs node-gyp, prebuild-install and the like.
    pub installs_binary: bool,
}

/// A line of a package database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InstalledPackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its architecture, in the database's own words: `arm64`, `all`, `aarch64`, `noarch`.
    pub architecture: String,
}

/// An ELF file in a zip archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedElf {
    /// Its path in the archive.
    pub path: String,
    /// `e_machine`
    pub machine: u16,
    /// `ELFCLASS64`
    pub is_64: bool,
    /// `ELFDATA2LSB`
    pub is_little_endian: bool,
}
