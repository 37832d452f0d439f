//! What a file shall be.

use super::machine::Machine;
use super::plan::Plan;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object = 1,
    Executable = 2,
    Shared = 3,
}

/// An ELF file to be.
#[derive(Clone, Debug)]
pub struct Elf {
    pub(super) machine: Machine,
    pub(super) number: u16,
    pub(super) flags: u32,
    pub(super) is_64: bool,
    pub(super) is_little_endian: bool,
    pub(super) kind: Kind,
    pub(super) interpreter: Option<String>,
    pub(super) is_dynamic: bool,
    pub(super) needed: Vec<String>,
    pub(super) soname: Option<String>,
    pub(super) rpath: Option<String>,
    pub(super) runpath: Option<String>,
    pub(super) version_needs: Vec<(String, Vec<(String, bool)>)>,
    pub(super) versions: Vec<String>,
    pub(super) exports: Vec<String>,
    pub(super) imports: Vec<String>,
    pub(super) alignment: u64,
    pub(super) data_alignment: Option<u64>,
    pub(super) has_static_tls: bool,
    pub(super) x86_level: Option<u8>,
    pub(super) arm: Option<(u8, Option<u8>)>,
    pub(super) go: Option<Vec<(String, String)>>,
    pub(super) texts: Vec<Vec<u8>>,
    pub(super) is_debug_only: bool,
    pub(super) has_sections: bool,
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
