//! Makes small ELF files in code: real ones, that `readelf` reads and loaders load.
//!
//! ```ignore
//! Elf::program(Machine::AArch64)
//!     .interpreter("/lib/ld-linux-aarch64.so.1")
//!     .needs("libc.so.6", &["GLIBC_2.17", "GLIBC_2.34"])
//!     .build()
//! ```
//!
//! Unit and integration tests share this file; it uses nothing of the crate.

#![allow(
    dead_code,
    clippy::allow_attributes,
    unreachable_pub,
    missing_docs,
    reason = "shared by two test binaries, each of which uses a part"
)]

/// A machine with its usual word size, byte order and flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    X86_64,
    I386,
    AArch64,
    /// Hard float; see [`Elf::soft_float`].
    Arm,
    Ppc64le,
    S390x,
    RiscV64,
    LoongArch64,
    Mips64le,
}

impl Machine {
    pub const ALL: [Self; 9] = [
        Self::X86_64,
        Self::I386,
        Self::AArch64,
        Self::Arm,
        Self::Ppc64le,
        Self::S390x,
        Self::RiscV64,
        Self::LoongArch64,
        Self::Mips64le,
    ];

    /// `e_machine` and `e_flags`
    fn numbers(self) -> (u16, u32) {
        match self {
            Self::X86_64 => (62, 0),
            Self::I386 => (3, 0),
            Self::AArch64 => (183, 0),
            Self::Arm => (40, 0x0500_0400),
            Self::Ppc64le => (21, 2),
            Self::S390x => (22, 0),
            Self::RiscV64 => (243, 5),
            Self::LoongArch64 => (258, 0x43),
            Self::Mips64le => (8, 0x8000_0007),
        }
    }

    pub fn is_64(self) -> bool {
        !matches!(self, Self::I386 | Self::Arm)
    }

    /// Where glibc's loader lies.
    pub fn glibc_loader(self) -> &'static str {
        match self {
            Self::X86_64 => "/lib64/ld-linux-x86-64.so.2",
            Self::I386 => "/lib/ld-linux.so.2",
            Self::AArch64 => "/lib/ld-linux-aarch64.so.1",
            Self::Arm => "/lib/ld-linux-armhf.so.3",
            Self::Ppc64le => "/lib64/ld64.so.2",
            Self::S390x => "/lib/ld64.so.1",
            Self::RiscV64 => "/lib/ld-linux-riscv64-lp64d.so.1",
            Self::LoongArch64 => "/lib64/ld-linux-loongarch-lp64d.so.1",
            Self::Mips64le => "/lib64/ld.so.1",
        }
    }

    /// Where musl's loader lies.
    pub fn musl_loader(self) -> &'static str {
        match self {
            Self::X86_64 => "/lib/ld-musl-x86_64.so.1",
            Self::I386 => "/lib/ld-musl-i386.so.1",
            Self::AArch64 => "/lib/ld-musl-aarch64.so.1",
            Self::Arm => "/lib/ld-musl-armhf.so.1",
            Self::Ppc64le => "/lib/ld-musl-powerpc64le.so.1",
            Self::S390x => "/lib/ld-musl-s390x.so.1",
            Self::RiscV64 => "/lib/ld-musl-riscv64.so.1",
            Self::LoongArch64 => "/lib/ld-musl-loongarch64.so.1",
            Self::Mips64le => "/lib/ld-musl-mips64el.so.1",
        }
    }

    /// Exits with 0, where it is known how.
    fn exit(self) -> Vec<u8> {
        match self {
            // mov eax, 60; xor edi, edi; syscall
            Self::X86_64 => vec![0xb8, 0x3c, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05],
            // mov x8, #93; mov x0, #0; svc #0
            Self::AArch64 => [0xd280_0ba8u32, 0xd280_0000, 0xd400_0001]
                .iter()
                .flat_map(|word| word.to_le_bytes())
                .collect(),
            // mov r7, #1; mov r0, #0; svc #0
            Self::Arm => [0xe3a0_7001u32, 0xe3a0_0000, 0xef00_0000]
                .iter()
                .flat_map(|word| word.to_le_bytes())
                .collect(),
            _ => vec![0; 16],
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Object = 1,
    Executable = 2,
    Shared = 3,
}

/// An ELF file to be.
#[derive(Clone, Debug)]
pub struct Elf {
    machine: Machine,
    number: u16,
    flags: u32,
    is_64: bool,
    is_little_endian: bool,
    kind: Kind,
    interpreter: Option<String>,
    is_dynamic: bool,
    needed: Vec<String>,
    soname: Option<String>,
    rpath: Option<String>,
    runpath: Option<String>,
    version_needs: Vec<(String, Vec<(String, bool)>)>,
    versions: Vec<String>,
    exports: Vec<String>,
    imports: Vec<String>,
    alignment: u64,
    data_alignment: Option<u64>,
    has_static_tls: bool,
    x86_level: Option<u8>,
    arm: Option<(u8, Option<u8>)>,
    go: Option<Vec<(String, String)>>,
    texts: Vec<Vec<u8>>,
    is_debug_only: bool,
    has_sections: bool,
}

impl Elf {
    /// A static program, that exits with 0 on amd64, arm64 and arm. With an interpreter
    /// or anything else that a loader is told, it is a dynamic one.
    pub fn program(machine: Machine) -> Self {
        let (number, flags) = machine.numbers();
        Self {
            machine,
            number,
            flags,
            is_64: machine.is_64(),
            is_little_endian: machine != Machine::S390x,
            kind: Kind::Executable,
            interpreter: None,
            is_dynamic: false,
            needed: Vec::new(),
            soname: None,
            rpath: None,
            runpath: None,
            version_needs: Vec::new(),
            versions: Vec::new(),
            exports: Vec::new(),
            imports: Vec::new(),
            alignment: 0x1_0000,
            data_alignment: None,
            has_static_tls: false,
            x86_level: None,
            arm: None,
            go: None,
            texts: Vec::new(),
            is_debug_only: false,
            has_sections: true,
        }
    }

    /// A program for glibc, as a compiler makes it.
    pub fn glibc_program(machine: Machine) -> Self {
        Self::program(machine)
            .interpreter(machine.glibc_loader())
            .needed("libc.so.6")
    }

    /// A program for musl, as a compiler makes it.
    pub fn musl_program(machine: Machine) -> Self {
        let loader = machine.musl_loader();
        let name = loader.trim_start_matches("/lib/ld-musl-");
        Self::program(machine)
            .interpreter(loader)
            .needed(&format!("libc.musl-{name}"))
    }

    /// A shared object.
    pub fn library(machine: Machine) -> Self {
        Self {
            kind: Kind::Shared,
            is_dynamic: true,
            ..Self::program(machine)
        }
    }

    /// What a compiler makes before it links: `ET_REL`.
    pub fn object(machine: Machine) -> Self {
        Self {
            kind: Kind::Object,
            ..Self::program(machine)
        }
    }

    /// A position-independent program is `ET_DYN`, as a library is.
    #[must_use]
    pub fn position_independent(mut self) -> Self {
        self.kind = Kind::Shared;
        self.is_dynamic = true;
        self
    }

    /// Another `e_machine`.
    #[must_use]
    pub fn machine_number(mut self, number: u16) -> Self {
        self.number = number;
        self
    }

    /// `e_flags`
    #[must_use]
    pub fn flags(mut self, flags: u32) -> Self {
        self.flags = flags;
        self
    }

    /// Another word size than the machine's own: x32, for one.
    #[must_use]
    pub fn class(mut self, is_64: bool) -> Self {
        self.is_64 = is_64;
        self
    }

    /// Another byte order than the machine's own.
    #[must_use]
    pub fn big_endian(mut self) -> Self {
        self.is_little_endian = false;
        self
    }

    /// `PT_INTERP`
    #[must_use]
    pub fn interpreter(mut self, path: &str) -> Self {
        self.interpreter = Some(path.to_owned());
        self.is_dynamic = true;
        self
    }

    /// `DT_NEEDED`
    #[must_use]
    pub fn needed(mut self, name: &str) -> Self {
        self.needed.push(name.to_owned());
        self.is_dynamic = true;
        self
    }

    /// `DT_NEEDED`, and the versions that must be in it.
    #[must_use]
    pub fn needs(mut self, library: &str, versions: &[&str]) -> Self {
        if !self.needed.iter().any(|name| name == library) {
            self = self.needed(library);
        }
        let strong = versions.iter().map(|name| ((*name).to_owned(), false));
        self.version_need(library).extend(strong);
        self
    }

    /// A version that the loader goes on without (`VER_FLG_WEAK`).
    #[must_use]
    pub fn needs_weakly(mut self, library: &str, version: &str) -> Self {
        self.version_need(library).push((version.to_owned(), true));
        self.is_dynamic = true;
        self
    }

    fn version_need(&mut self, library: &str) -> &mut Vec<(String, bool)> {
        let at = self
            .version_needs
            .iter()
            .position(|(name, _)| name == library);
        let at = at.unwrap_or_else(|| {
            self.version_needs.push((library.to_owned(), Vec::new()));
            self.version_needs.len() - 1
        });
        &mut self.version_needs[at].1
    }

    /// `DT_SONAME`
    #[must_use]
    pub fn soname(mut self, name: &str) -> Self {
        self.soname = Some(name.to_owned());
        self.is_dynamic = true;
        self
    }

    /// `DT_RPATH`, folders between colons.
    #[must_use]
    pub fn rpath(mut self, path: &str) -> Self {
        self.rpath = Some(path.to_owned());
        self.is_dynamic = true;
        self
    }

    /// `DT_RUNPATH`, folders between colons.
    #[must_use]
    pub fn runpath(mut self, path: &str) -> Self {
        self.runpath = Some(path.to_owned());
        self.is_dynamic = true;
        self
    }

    /// Versions that it has for others.
    #[must_use]
    pub fn defines(mut self, versions: &[&str]) -> Self {
        let names = versions.iter().map(|name| (*name).to_owned());
        self.versions.extend(names);
        self.is_dynamic = true;
        self
    }

    /// A dynamic symbol that others find: `napi_register_module_v1`.
    #[must_use]
    pub fn exports(mut self, symbol: &str) -> Self {
        self.exports.push(symbol.to_owned());
        self.is_dynamic = true;
        self
    }

    /// A dynamic symbol that another library must have.
    #[must_use]
    pub fn imports(mut self, symbol: &str) -> Self {
        self.imports.push(symbol.to_owned());
        self.is_dynamic = true;
        self
    }

    /// `p_align` of what is loaded; 64 KiB unless it is said.
    #[must_use]
    pub fn alignment(mut self, alignment: u64) -> Self {
        self.alignment = alignment;
        self
    }

    /// Another one for what can be written to, as patchelf leaves it.
    #[must_use]
    pub fn data_alignment(mut self, alignment: u64) -> Self {
        self.data_alignment = Some(alignment);
        self
    }

    /// `DF_STATIC_TLS`
    #[must_use]
    pub fn static_tls(mut self) -> Self {
        self.has_static_tls = true;
        self.is_dynamic = true;
        self
    }

    /// The level of x86-64 it demands, 1 to 4.
    #[must_use]
    pub fn x86_level(mut self, level: u8) -> Self {
        self.x86_level = Some(level);
        self
    }

    /// `.ARM.attributes`: `Tag_CPU_arch` (6 is v6, 10 is v7) and `Tag_ABI_VFP_args`
    /// (1 is hard float).
    #[must_use]
    pub fn arm_attributes(mut self, cpu_arch: u8, vfp_args: Option<u8>) -> Self {
        self.arm = Some((cpu_arch, vfp_args));
        self
    }

    /// armel: neither the flags nor the attributes say hard float.
    #[must_use]
    pub fn soft_float(self) -> Self {
        let cpu_arch = self.arm.map_or(4, |(cpu_arch, _)| cpu_arch);
        self.flags(0x0500_0200).arm_attributes(cpu_arch, None)
    }

    /// Go's build information: `GOARCH`, and settings such as `("GOARM", "7")`.
    #[must_use]
    pub fn go_build(mut self, goarch: &str, settings: &[(&str, &str)]) -> Self {
        let all = [("GOARCH", goarch)]
            .into_iter()
            .chain(settings.iter().copied());
        let all = all.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.go = Some(all.collect());
        self
    }

    /// A constant among its read-only data.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.texts.push(text.as_bytes().to_vec());
        self
    }

    /// Links jemalloc.
    #[must_use]
    pub fn jemalloc(self) -> Self {
        self.text("<jemalloc>: Unsupported system page size\n")
    }

    /// A Node of this version, to be put under the name `node`.
    #[must_use]
    pub fn node(self, version: &str) -> Self {
        self.text(&format!(
            "https://nodejs.org/download/release/v{version}/node-v{version}-headers.tar.gz"
        ))
    }

    /// What `objcopy --only-keep-debug` leaves of it.
    #[must_use]
    pub fn debug_only(mut self) -> Self {
        self.is_debug_only = true;
        self
    }

    /// Without section headers, as `sstrip` leaves it.
    #[must_use]
    pub fn without_sections(mut self) -> Self {
        self.has_sections = false;
        self
    }

    /// The file's bytes.
    pub fn build(&self) -> Vec<u8> {
        Plan::of(self).write(self)
    }
}

/// A part of the file with a section header of its own.
struct Piece {
    name: &'static str,
    kind: u32,
    flags: u64,
    bytes: Vec<u8>,
    alignment: u64,
    entry_size: u64,
    /// The section that its entries refer to.
    link: &'static str,
    info: u32,
    offset: u64,
    address: u64,
}

const ALLOCATED: u64 = 2;
const WRITABLE: u64 = 1;
const EXECUTABLE: u64 = 4;

impl Piece {
    fn new(name: &'static str, kind: u32, flags: u64, bytes: Vec<u8>) -> Self {
        Self {
            name,
            kind,
            flags,
            bytes,
            alignment: 8,
            entry_size: 0,
            link: "",
            info: 0,
            offset: 0,
            address: 0,
        }
    }

    fn links(mut self, link: &'static str, entry_size: u64, info: u32) -> Self {
        self.link = link;
        self.entry_size = entry_size;
        self.info = info;
        self
    }
}

/// Numbers as the file writes them.
#[derive(Clone, Copy)]
struct Numbers {
    is_64: bool,
    is_little_endian: bool,
}

impl Numbers {
    fn u16(self, value: u16) -> Vec<u8> {
        if self.is_little_endian {
            value.to_le_bytes().into()
        } else {
            value.to_be_bytes().into()
        }
    }

    fn u32(self, value: u32) -> Vec<u8> {
        if self.is_little_endian {
            value.to_le_bytes().into()
        } else {
            value.to_be_bytes().into()
        }
    }

    fn word(self, value: u64) -> Vec<u8> {
        match (self.is_64, self.is_little_endian) {
            (true, true) => value.to_le_bytes().into(),
            (true, false) => value.to_be_bytes().into(),
            (false, _) => self.u32(u32::try_from(value).expect("a small file")),
        }
    }

    fn u32s(self, values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| self.u32(*value)).collect()
    }
}

/// Names, each once, with a zero byte before the first.
struct Strings(Vec<u8>);

impl Strings {
    fn add(&mut self, name: &str) -> u32 {
        let wanted = [b"\0", name.as_bytes(), b"\0"].concat();
        let found = self.0.windows(wanted.len()).position(|part| part == wanted);
        let at = found.map_or(self.0.len(), |before| before + 1);
        if found.is_none() {
            self.0.extend_from_slice(&wanted[1..]);
        }
        u32::try_from(at).expect("few names")
    }
}

/// The System V hash of a name.
fn hash(name: &str) -> u32 {
    name.bytes().fold(0u32, |hash, byte| {
        let hash = (hash << 4).wrapping_add(byte.into());
        let high = hash & 0xf000_0000;
        (hash ^ (high >> 24)) & !high
    })
}

fn round_up(value: u64, multiple: u64) -> u64 {
    value.next_multiple_of(multiple.max(1))
}

/// Everything laid out.
struct Plan {
    numbers: Numbers,
    pieces: Vec<Piece>,
    /// Of each dynamic symbol its name, and whether it is defined here.
    symbols: Vec<(u32, bool)>,
    base: u64,
    /// Where what can be written to begins, and what its addresses are ahead by.
    data_start: u64,
    data_ahead: u64,
    loaded_end: u64,
}

impl Plan {
    fn of(elf: &Elf) -> Self {
        let numbers = Numbers {
            is_64: elf.is_64,
            is_little_endian: elf.is_little_endian,
        };
        let mut plan = Self {
            numbers,
            pieces: Vec::new(),
            symbols: Vec::new(),
            base: if elf.kind == Kind::Executable {
                0x40_0000
            } else {
                0
            },
            data_start: 0,
            data_ahead: 0,
            loaded_end: 0,
        };
        let mut strings = Strings(vec![0]);
        if let Some(path) = &elf.interpreter {
            let bytes = [path.as_bytes(), b"\0"].concat();
            plan.pieces.push(Piece::new(".interp", 1, ALLOCATED, bytes));
        }
        if let Some(level) = elf.x86_level {
            let note = plan.property_note(level);
            let mut piece = Piece::new(".note.gnu.property", 7, ALLOCATED, note);
            piece.alignment = plan.word_size();
            plan.pieces.push(piece);
        }
        let entries = if elf.is_dynamic {
            plan.add_dynamic(elf, &mut strings)
        } else {
            Vec::new()
        };
        let code = Piece::new(".text", 1, ALLOCATED | EXECUTABLE, elf.machine.exit());
        plan.pieces.push(code);
        if !elf.texts.is_empty() {
            let mut texts = elf.texts.join(&0);
            texts.push(0);
            plan.pieces.push(Piece::new(".rodata", 1, ALLOCATED, texts));
        }
        if elf.is_dynamic {
            let size = (entries.len() as u64 + 8) * plan.word_size() * 2;
            let empty = vec![0; usize::try_from(size).expect("small")];
            let piece = Piece::new(".dynamic", 6, ALLOCATED | WRITABLE, empty);
            let entry_size = plan.word_size() * 2;
            plan.pieces.push(piece.links(".dynstr", entry_size, 0));
        }
        if let Some(settings) = &elf.go {
            let mut piece =
                Piece::new(".go.buildinfo", 1, ALLOCATED | WRITABLE, go_build(settings));
            piece.alignment = 16;
            plan.pieces.push(piece);
        }
        if let Some((cpu_arch, vfp_args)) = elf.arm {
            let bytes = plan.arm_attributes(cpu_arch, vfp_args);
            plan.pieces
                .push(Piece::new(".ARM.attributes", 0x7000_0003, 0, bytes));
        }
        if elf.is_debug_only {
            let bytes = b"debug information".to_vec();
            plan.pieces.push(Piece::new(".debug_info", 1, 0, bytes));
        }
        plan.lay_out(elf);
        plan.fill_symbols();
        plan.fill_dynamic(&entries);
        plan
    }

    fn word_size(&self) -> u64 {
        if self.numbers.is_64 { 8 } else { 4 }
    }

    fn header_size(&self) -> u64 {
        if self.numbers.is_64 { 64 } else { 52 }
    }

    fn segment_size(&self) -> u64 {
        if self.numbers.is_64 { 56 } else { 32 }
    }

    fn property_note(&self, level: u8) -> Vec<u8> {
        let mut property = self.numbers.u32s(&[0xc000_8002, 4, (1 << level) - 1]);
        let alignment = if self.numbers.is_64 { 8 } else { 4 };
        property.resize(property.len().next_multiple_of(alignment), 0);
        let length = u32::try_from(property.len()).expect("small");
        let mut note = self.numbers.u32s(&[4, length, 5]);
        note.extend_from_slice(b"GNU\0");
        note.extend(property);
        note
    }

    fn arm_attributes(&self, cpu_arch: u8, vfp_args: Option<u8>) -> Vec<u8> {
        // Tag_CPU_name comes first: readers must get past a text.
        let mut attributes = b"\x05any\0".to_vec();
        attributes.extend([6, cpu_arch]);
        if let Some(value) = vfp_args {
            attributes.extend([28, value]);
        }
        let size = |length: usize| self.numbers.u32(u32::try_from(length).expect("small"));
        let file = [vec![1], size(attributes.len() + 5), attributes].concat();
        let vendor = [b"aeabi\0".to_vec(), file].concat();
        [b"A".to_vec(), size(vendor.len() + 4), vendor].concat()
    }

    /// Symbols, hash table and versions; gives the entries whose values are known
    /// now.
    fn add_dynamic(&mut self, elf: &Elf, strings: &mut Strings) -> Vec<(u64, u64)> {
        let mut entries: Vec<(u64, u64)> = Vec::new();
        for name in &elf.needed {
            entries.push((1, strings.add(name).into()));
        }
        for (tag, name) in [(14, &elf.soname), (15, &elf.rpath), (29, &elf.runpath)] {
            if let Some(name) = name {
                entries.push((tag, strings.add(name).into()));
            }
        }
        if elf.has_static_tls {
            entries.push((30, 0x10));
        }
        let symbols = elf.exports.iter().map(|name| (name, true));
        let symbols: Vec<(&String, bool)> = symbols
            .chain(elf.imports.iter().map(|name| (name, false)))
            .collect();
        let count = u32::try_from(symbols.len()).expect("few symbols") + 1;
        for (name, is_defined) in symbols {
            self.symbols.push((strings.add(name), is_defined));
        }
        let table = self.symbol_table(0, 0);
        let entry_size = if self.numbers.is_64 { 24 } else { 16 };
        // One bucket, whose chain goes through all symbols.
        let links = (1..=count).map(|next| if next < count { next } else { 0 });
        let links: Vec<u32> = [1, count, u32::from(count > 1)]
            .into_iter()
            .chain([0])
            .chain(links.skip(1))
            .collect();
        // 64-bit s390 is the one whose hash tables are wide.
        let hash_table = if elf.number == 22 && self.numbers.is_64 {
            let wide = links.iter().map(|link| self.numbers.word((*link).into()));
            wide.collect::<Vec<_>>().concat()
        } else {
            self.numbers.u32s(&links)
        };
        let needs = self.version_needs(elf, strings);
        let definitions = self.version_definitions(elf, strings);
        if !needs.is_empty() {
            entries.push((0x6fff_ffff, elf.version_needs.len() as u64));
        }
        if !definitions.is_empty() {
            entries.push((0x6fff_fffd, elf.versions.len() as u64 + 1));
        }
        entries.push((10, strings.0.len() as u64));
        entries.push((11, entry_size));
        let piece = |name, kind, bytes| Piece::new(name, kind, ALLOCATED, bytes);
        self.pieces
            .push(piece(".hash", 5, hash_table).links(".dynsym", 4, 0));
        self.pieces
            .push(piece(".dynsym", 11, table).links(".dynstr", entry_size, 1));
        self.pieces.push(piece(".dynstr", 3, strings.0.clone()));
        if !needs.is_empty() || !definitions.is_empty() {
            // Every symbol is global and of no version.
            let of_each = (0..count).map(|index| self.numbers.u16(u16::from(index > 0)));
            let bytes = of_each.collect::<Vec<_>>().concat();
            self.pieces
                .push(piece(".gnu.version", 0x6fff_ffff, bytes).links(".dynsym", 2, 0));
        }
        for (name, kind, bytes, count) in [
            (
                ".gnu.version_r",
                0x6fff_fffe,
                needs,
                elf.version_needs.len(),
            ),
            (
                ".gnu.version_d",
                0x6fff_fffd,
                definitions,
                elf.versions.len() + 1,
            ),
        ] {
            if !bytes.is_empty() {
                let count = u32::try_from(count).expect("few");
                self.pieces
                    .push(piece(name, kind, bytes).links(".dynstr", 0, count));
            }
        }
        entries
    }

    /// Functions, global, all at one place.
    fn symbol_table(&self, section: u16, address: u64) -> Vec<u8> {
        let numbers = self.numbers;
        let mut table = vec![0; if numbers.is_64 { 24 } else { 16 }];
        for (name, is_defined) in &self.symbols {
            let (section, address) = if *is_defined {
                (section, address)
            } else {
                (0, 0)
            };
            let rest = [vec![0x12, 0], numbers.u16(section)].concat();
            let value = [numbers.word(address), numbers.word(0)].concat();
            table.extend(numbers.u32(*name));
            table.extend(
                if numbers.is_64 {
                    [rest, value]
                } else {
                    [value, rest]
                }
                .concat(),
            );
        }
        table
    }

    /// Symbols have addresses once everything has.
    fn fill_symbols(&mut self) {
        let text = self.pieces.iter().position(|piece| piece.name == ".text");
        let Some(text) = text else {
            return;
        };
        let section = u16::try_from(text + 1).expect("few");
        let table = self.symbol_table(section, self.pieces[text].address);
        if let Some(symbols) = self.pieces.iter_mut().find(|piece| piece.name == ".dynsym") {
            symbols.bytes = table;
        }
    }

    fn version_needs(&self, elf: &Elf, strings: &mut Strings) -> Vec<u8> {
        let numbers = self.numbers;
        let mut bytes = Vec::new();
        let mut index = u16::try_from(elf.versions.len()).expect("few") + 2;
        for (at, (library, versions)) in elf.version_needs.iter().enumerate() {
            let count = u32::try_from(versions.len()).expect("few");
            let is_last = at + 1 == elf.version_needs.len();
            bytes.extend(numbers.u16(1));
            bytes.extend(numbers.u16(u16::try_from(count).expect("few")));
            let distance = if is_last { 0 } else { 16 + 16 * count };
            bytes.extend(numbers.u32s(&[strings.add(library), 16, distance]));
            for (at, (version, is_weak)) in versions.iter().enumerate() {
                bytes.extend(numbers.u32(hash(version)));
                bytes.extend(numbers.u16(if *is_weak { 2 } else { 0 }));
                bytes.extend(numbers.u16(index));
                let distance = if at + 1 == versions.len() { 0 } else { 16 };
                bytes.extend(numbers.u32s(&[strings.add(version), distance]));
                index += 1;
            }
        }
        bytes
    }

    fn version_definitions(&self, elf: &Elf, strings: &mut Strings) -> Vec<u8> {
        if elf.versions.is_empty() {
            return Vec::new();
        }
        let numbers = self.numbers;
        let own = elf.soname.as_deref().unwrap_or("itself");
        let names = [own]
            .into_iter()
            .chain(elf.versions.iter().map(String::as_str));
        let mut bytes = Vec::new();
        for (index, name) in (1u16..).zip(names) {
            let is_last = usize::from(index) == elf.versions.len() + 1;
            for half in [1, u16::from(index == 1), index, 1] {
                bytes.extend(numbers.u16(half));
            }
            let distance = if is_last { 0 } else { 28 };
            bytes.extend(numbers.u32s(&[hash(name), 20, distance, strings.add(name), 0]));
        }
        bytes
    }

    fn segment_count(&self) -> u64 {
        let has = |name| u64::from(self.has(name));
        // PT_LOAD and PT_GNU_STACK always; PT_PHDR and PT_INTERP go together, and a
        // property note has two.
        2 + u64::from(self.has_data())
            + 2 * has(".interp")
            + has(".dynamic")
            + 2 * has(".note.gnu.property")
    }

    fn has(&self, name: &str) -> bool {
        self.pieces.iter().any(|piece| piece.name == name)
    }

    fn has_data(&self) -> bool {
        self.pieces.iter().any(|piece| piece.flags & WRITABLE != 0)
    }

    fn lay_out(&mut self, elf: &Elf) {
        let mut at = self.header_size() + self.segment_count() * self.segment_size();
        let base = self.base;
        let mut data = None;
        let mut loaded_end = at;
        for piece in &mut self.pieces {
            at = round_up(at, piece.alignment);
            if piece.flags & WRITABLE != 0 && data.is_none() {
                let ahead = round_up(at, elf.alignment.max(0x1_0000));
                data = Some((at, ahead));
            }
            piece.offset = at;
            if piece.flags & ALLOCATED != 0 {
                let ahead = data.map_or(0, |(_, ahead)| ahead);
                piece.address = base + at + ahead;
            }
            at += piece.bytes.len() as u64;
            if piece.flags & ALLOCATED != 0 {
                loaded_end = at;
            }
        }
        self.loaded_end = loaded_end;
        (self.data_start, self.data_ahead) = data.unwrap_or((loaded_end, 0));
    }

    fn fill_dynamic(&mut self, entries: &[(u64, u64)]) {
        const PLACES: [(&str, u64); 6] = [
            (".hash", 4),
            (".dynstr", 5),
            (".dynsym", 6),
            (".gnu.version", 0x6fff_fff0),
            (".gnu.version_r", 0x6fff_fffe),
            (".gnu.version_d", 0x6fff_fffc),
        ];
        let mut all = entries.to_vec();
        for (name, tag) in PLACES {
            let piece = self.pieces.iter().find(|piece| piece.name == name);
            all.extend(piece.map(|piece| (tag, piece.address)));
        }
        let numbers = self.numbers;
        let Some(dynamic) = self
            .pieces
            .iter_mut()
            .find(|piece| piece.name == ".dynamic")
        else {
            return;
        };
        let mut bytes: Vec<u8> = all
            .iter()
            .flat_map(|(tag, value)| [numbers.word(*tag), numbers.word(*value)].concat())
            .collect();
        assert!(bytes.len() <= dynamic.bytes.len(), "room for the end mark");
        bytes.resize(dynamic.bytes.len(), 0);
        dynamic.bytes = bytes;
    }

    /// Each program header: type, flags, offset, address, size, alignment.
    fn segments(&self, elf: &Elf) -> Vec<(u32, u32, u64, u64, u64, u64)> {
        let base = self.base;
        let table = self.segment_count() * self.segment_size();
        let start = self.header_size();
        let mut segments = Vec::new();
        let of = |name: &str| self.pieces.iter().find(|piece| piece.name == name);
        if let Some(path) = of(".interp") {
            segments.push((6, 4, start, base + start, table, 8));
            segments.push((3, 4, path.offset, path.address, path.bytes.len() as u64, 1));
        }
        segments.push((1, 5, 0, base, self.data_start, elf.alignment));
        if self.has_data() {
            segments.push((
                1,
                6,
                self.data_start,
                base + self.data_start + self.data_ahead,
                self.loaded_end - self.data_start,
                elf.data_alignment.unwrap_or(elf.alignment),
            ));
        }
        if let Some(piece) = of(".dynamic") {
            segments.push((
                2,
                6,
                piece.offset,
                piece.address,
                piece.bytes.len() as u64,
                8,
            ));
        }
        if let Some(piece) = of(".note.gnu.property") {
            let alignment = self.word_size();
            for kind in [4, 0x6474_e553] {
                let size = piece.bytes.len() as u64;
                segments.push((kind, 4, piece.offset, piece.address, size, alignment));
            }
        }
        segments.push((0x6474_e551, 6, 0, 0, 0, 16));
        segments
    }

    fn write(mut self, elf: &Elf) -> Vec<u8> {
        let numbers = self.numbers;
        let segments = if elf.kind == Kind::Object {
            Vec::new()
        } else {
            self.segments(elf)
        };
        let mut body = Vec::new();
        for (kind, flags, offset, address, size, alignment) in &segments {
            body.extend(numbers.u32(*kind));
            if numbers.is_64 {
                body.extend(numbers.u32(*flags));
            }
            for value in [offset, address, address, size, size] {
                body.extend(numbers.word(*value));
            }
            if !numbers.is_64 {
                body.extend(numbers.u32(*flags));
            }
            body.extend(numbers.word(*alignment));
        }
        let start = self.header_size();
        for piece in &mut self.pieces {
            if elf.is_debug_only && piece.flags & ALLOCATED != 0 {
                continue;
            }
            let end = start + body.len() as u64;
            // Without the program's own bytes the rest moves up.
            piece.offset = if elf.is_debug_only { end } else { piece.offset };
            let gap = usize::try_from(piece.offset - end).expect("small");
            body.resize(body.len() + gap, 0);
            body.extend_from_slice(&piece.bytes);
        }
        let (table, sections) = if elf.has_sections {
            self.sections(elf, &mut body)
        } else {
            (0, 0)
        };
        let code = self.pieces.iter().find(|piece| piece.name == ".text");
        let entry = code.map_or(0, |piece| piece.address);
        let size = |value: u64| u16::try_from(value).expect("small");
        let mut file = b"\x7fELF".to_vec();
        file.push(if numbers.is_64 { 2 } else { 1 });
        file.push(if numbers.is_little_endian { 1 } else { 2 });
        file.push(1);
        file.extend([0; 9]);
        file.extend(numbers.u16(elf.kind as u16));
        file.extend(numbers.u16(elf.number));
        file.extend(numbers.u32(1));
        file.extend(numbers.word(entry));
        file.extend(numbers.word(if segments.is_empty() { 0 } else { start }));
        file.extend(numbers.word(table));
        file.extend(numbers.u32(elf.flags));
        file.extend(numbers.u16(size(start)));
        file.extend(numbers.u16(size(self.segment_size())));
        file.extend(numbers.u16(size(segments.len() as u64)));
        file.extend(numbers.u16(if numbers.is_64 { 64 } else { 40 }));
        file.extend(numbers.u16(sections));
        file.extend(numbers.u16(sections.saturating_sub(1)));
        file.extend(body);
        file
    }

    /// Puts the names and the section headers behind the rest: where they lie, and
    /// how many there are.
    fn sections(&self, elf: &Elf, body: &mut Vec<u8>) -> (u64, u16) {
        let numbers = self.numbers;
        let mut names = Strings(vec![0]);
        let at: Vec<u32> = self
            .pieces
            .iter()
            .map(|piece| names.add(piece.name))
            .collect();
        let own = names.add(".shstrtab");
        let names_at = self.header_size() + body.len() as u64;
        body.extend_from_slice(&names.0);
        body.resize(body.len().next_multiple_of(8), 0);
        // The header may end off a multiple of eight; nobody minds in a table.
        let table = self.header_size() + body.len() as u64;
        body.extend(vec![0; if numbers.is_64 { 64 } else { 40 }]);
        let index = |name: &str| {
            let found = self.pieces.iter().position(|piece| piece.name == name);
            found.map_or(0, |found| u32::try_from(found + 1).expect("few"))
        };
        for (piece, name) in self.pieces.iter().zip(at) {
            let is_empty = elf.is_debug_only && piece.flags & ALLOCATED != 0;
            body.extend(numbers.u32s(&[name, if is_empty { 8 } else { piece.kind }]));
            let size = piece.bytes.len() as u64;
            for value in [piece.flags, piece.address, piece.offset, size] {
                body.extend(numbers.word(value));
            }
            body.extend(numbers.u32s(&[index(piece.link), piece.info]));
            body.extend(numbers.word(piece.alignment));
            body.extend(numbers.word(piece.entry_size));
        }
        body.extend(numbers.u32s(&[own, 3]));
        for value in [0, 0, names_at, names.0.len() as u64] {
            body.extend(numbers.word(value));
        }
        body.extend(numbers.u32s(&[0, 0]));
        body.extend(numbers.word(1));
        body.extend(numbers.word(0));
        (table, u16::try_from(self.pieces.len() + 2).expect("few"))
    }
}

/// The blob as `cmd/link` writes it since Go 1.18.
fn go_build(settings: &[(String, String)]) -> Vec<u8> {
    let mut blob = b"\xff Go buildinf:".to_vec();
    blob.extend([8, 2]);
    blob.resize(32, 0);
    let mut lines = String::from("path\texample.com/app\nmod\texample.com/app\t(devel)\t\n");
    for (name, value) in settings {
        lines.push_str(&format!("build\t{name}={value}\n"));
    }
    // Marks by which the text is found in a running program stand around it.
    let modules = [&[0x30; 16], lines.as_bytes(), &[0x32; 16]].concat();
    for text in [b"go1.22.5".to_vec(), modules] {
        let mut length = text.len();
        while length >= 0x80 {
            blob.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
            length >>= 7;
        }
        blob.push(u8::try_from(length).expect("seven bits"));
        blob.extend(text);
    }
    blob
}
