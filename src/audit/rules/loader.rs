//! How the dynamic loader of a libc finds a library inside a root file system.
//!
//! glibc (`elf/dl-load.c`): RPATH of the object and of those that loaded it, unless
//! the object has RUNPATH; `LD_LIBRARY_PATH`; RUNPATH; the folders of `ld.so.conf`;
//! the default ones. A file for another machine is passed over.
//! musl (`ldso/dynlink.c`): `LD_LIBRARY_PATH`; RPATH or RUNPATH of the object and of
//! those that loaded it; its path file. It takes the first file of that name.

use std::collections::HashMap;

use crate::audit::Unpacked;
use crate::audit::file::{ElfFacts, FileFacts};
use crate::audit::rootfs::{FileRef, NodeKind, Rootfs};
use crate::image::{ElfHeader, Machine};

use super::libc::Libc;

/// How far `include` lines of `ld.so.conf` are followed.
const INCLUDES: usize = 64;
/// How many folders a search looks into.
const FOLDERS: usize = 512;

/// An object in a process, for the search of what it needs.
#[derive(Clone, Debug)]
pub(super) struct Object<'a> {
    /// The path by which it was opened.
    pub(super) opened: String,
    /// Its real path.
    pub(super) real: String,
    /// Its ELF facts.
    pub(super) facts: &'a ElfFacts,
    /// The RPATH of those that loaded it, already expanded.
    pub(super) inherited: Vec<String>,
}

/// What a search came to.
#[derive(Clone, Debug)]
pub(super) enum Found<'a> {
    /// A file that the loader opens.
    File {
        /// As it is opened.
        opened: String,
        /// What is there.
        file: FileRef<'a>,
    },
    /// The loader itself, or what the kernel maps.
    BuiltIn,
    /// Nothing; the files of that name that the loader passes over, being for
    /// another machine.
    Nothing(Vec<String>),
}

/// The loader of one kind of process.
pub(super) struct Loader<'a> {
    rootfs: &'a Rootfs,
    /// Which libc's.
    pub(super) libc: Libc,
    header: ElfHeader,
    workdir: String,
    environment: Vec<String>,
    system: Vec<String>,
    triplets: &'static [&'static str],
    known: HashMap<String, Option<(String, FileRef<'a>)>>,
}

/// The multiarch folder names of a machine (Debian, Ubuntu).
fn triplets(header: ElfHeader) -> &'static [&'static str] {
    match header.machine {
        Machine::X86_64 if header.is_64 => &["x86_64-linux-gnu"],
        Machine::X86_64 => &["x86_64-linux-gnux32"],
        Machine::I386 => &["i386-linux-gnu", "i686-linux-gnu"],
        Machine::AArch64 => &["aarch64-linux-gnu"],
        Machine::Arm => &["arm-linux-gnueabihf", "arm-linux-gnueabi"],
        Machine::Ppc64 => &["powerpc64le-linux-gnu"],
        Machine::S390 => &["s390x-linux-gnu"],
        Machine::RiscV => &["riscv64-linux-gnu"],
        Machine::LoongArch => &["loongarch64-linux-gnu"],
        Machine::Mips => &["mips64el-linux-gnuabi64"],
        Machine::Other(_) => &[],
    }
}

/// Folders of a colon-separated list, made absolute.
fn split(list: &str, workdir: &str) -> Vec<String> {
    list.split([':', ';', '\n'])
        .filter(|folder| !folder.is_empty())
        .map(|folder| absolute(folder.trim(), workdir))
        .collect()
}

/// A path as seen from a working folder.
pub(super) fn absolute(path: &str, workdir: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let workdir = workdir.trim_end_matches('/');
    let root = if workdir.starts_with('/') || workdir.is_empty() {
        ""
    } else {
        "/"
    };
    format!("{root}{workdir}/{path}")
}

/// The folder of a path.
pub(super) fn folder(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((folder, _)) => folder,
    }
}

/// The folders that a loader searches for every program: those of its
/// configuration and the default ones.
pub(super) fn system_folders(rootfs: &Rootfs, libc: Libc, header: ElfHeader) -> Vec<String> {
    match libc {
        Libc::Musl => {
            // One path file per architecture; an image has one musl.
            let lines = rootfs
                .list("/etc")
                .into_iter()
                .filter(|file| file.name().starts_with("ld-musl-"))
                .find_map(|file| loader_path(rootfs, &format!("/etc/{}", file.name())));
            match lines {
                Some(lines) => lines
                    .iter()
                    .flat_map(|line| split(line, "/"))
                    .take(FOLDERS)
                    .collect(),
                None => ["/lib", "/usr/local/lib", "/usr/lib"]
                    .map(str::to_owned)
                    .to_vec(),
            }
        }
        Libc::Glibc => {
            let mut folders = Vec::new();
            let mut budget = INCLUDES;
            configuration(rootfs, "/etc/ld.so.conf", &mut folders, &mut budget);
            for triplet in triplets(header) {
                folders.push(format!("/lib/{triplet}"));
                folders.push(format!("/usr/lib/{triplet}"));
            }
            if header.is_64 {
                folders.extend(["/lib64", "/usr/lib64"].map(str::to_owned));
            } else {
                folders.extend(["/lib32", "/usr/lib32"].map(str::to_owned));
            }
            folders.extend(["/lib", "/usr/lib"].map(str::to_owned));
            folders
        }
    }
}

/// The lines of a file of search folders, links followed.
fn loader_path<'a>(rootfs: &'a Rootfs, path: &str) -> Option<&'a Vec<String>> {
    match rootfs.resolve(path).ok()?.facts()? {
        FileFacts::LoaderPath(lines) => Some(lines),
        _ => None,
    }
}

fn configuration(rootfs: &Rootfs, path: &str, folders: &mut Vec<String>, budget: &mut usize) {
    let Some(left) = budget.checked_sub(1) else {
        return;
    };
    *budget = left;
    for line in loader_path(rootfs, path).into_iter().flatten() {
        let Some(pattern) = line.strip_prefix("include ") else {
            // `/lib/sse2=libc6`: an old form with a type behind the folder.
            let name = line.split('=').next().unwrap_or_default().trim();
            if name.starts_with('/') && folders.len() < FOLDERS {
                folders.push(name.to_owned());
            }
            continue;
        };
        for pattern in pattern.split_whitespace() {
            let pattern = absolute(pattern, folder(path));
            let (place, wanted) = pattern.rsplit_once('/').unwrap_or(("", &pattern));
            match wanted.split_once('*') {
                None => configuration(rootfs, &pattern, folders, budget),
                Some((start, end)) => {
                    // A folder is looked through for each pattern, and may be large.
                    let Some(left) = budget.checked_sub(1) else {
                        return;
                    };
                    *budget = left;
                    for file in rootfs.list(place) {
                        let name = file.name();
                        if name.len() >= start.len() + end.len()
                            && name.starts_with(start)
                            && name.ends_with(end)
                        {
                            configuration(rootfs, &format!("{place}/{name}"), folders, budget);
                        }
                    }
                }
            }
        }
    }
}

impl<'a> Loader<'a> {
    /// The loader that a program with this header gets in an image.
    pub(super) fn new(image: &'a Unpacked, libc: Libc, header: ElfHeader) -> Self {
        let workdir = image.config.workdir.clone();
        Self {
            rootfs: &image.rootfs,
            libc,
            header,
            environment: image
                .config
                .env("LD_LIBRARY_PATH")
                .map(|list| split(list, &workdir))
                .unwrap_or_default(),
            system: system_folders(&image.rootfs, libc, header),
            triplets: triplets(header),
            known: HashMap::new(),
            workdir,
        }
    }

    /// For which kind of program it is.
    pub(super) fn header(&self) -> ElfHeader {
        self.header
    }

    /// Folders with `$ORIGIN`, `$LIB` and `$PLATFORM` filled in; `$LIB` differs between
    /// distributions, so each of its values is tried.
    pub(super) fn expand(&self, folders: &[String], object: &Object<'_>) -> Vec<String> {
        let mut expanded = Vec::new();
        for entry in folders.iter().filter(|entry| !entry.is_empty()) {
            let mut variants = vec![entry.replace("${", "$").replace('}', "")];
            if variants.iter().any(|entry| entry.contains("$ORIGIN")) {
                let entry = variants.remove(0);
                let mut origins = vec![folder(&object.opened), folder(&object.real)];
                origins.dedup();
                variants = origins
                    .into_iter()
                    .map(|origin| entry.replace("$ORIGIN", origin))
                    .collect();
            }
            for entry in variants {
                if entry.contains("$LIB") {
                    let multiarch = self.triplets.iter().map(|name| format!("lib/{name}"));
                    for lib in multiarch.chain(["lib64".to_owned(), "lib".to_owned()]) {
                        expanded.push(entry.replace("$LIB", &lib));
                    }
                } else if entry.contains("$PLATFORM") {
                    let name = self.header.machine.to_string().to_lowercase();
                    expanded.push(entry.replace("$PLATFORM", &name.replace('-', "_")));
                } else {
                    expanded.push(entry);
                }
            }
        }
        expanded.truncate(FOLDERS);
        expanded
            .iter()
            .map(|entry| absolute(entry, &self.workdir))
            .collect()
    }

    /// The RPATH that an object hands on to what it loads.
    pub(super) fn handed_on(&self, object: &Object<'_>) -> Vec<String> {
        let own = match self.libc {
            Libc::Musl if object.facts.rpath.is_empty() => &object.facts.runpath,
            _ => &object.facts.rpath,
        };
        let mut folders = self.expand(own, object);
        folders.extend(object.inherited.iter().cloned());
        folders.truncate(FOLDERS);
        folders
    }

    /// What the loader makes of a `DT_NEEDED` entry.
    pub(super) fn find(&mut self, name: &str, object: &Object<'_>) -> Found<'a> {
        if self.is_built_in(name) {
            return Found::BuiltIn;
        }
        let mut passed = Vec::new();
        if name.contains('/') {
            let opened = absolute(name, &self.workdir);
            return match self.open(&opened, &mut passed) {
                Some(file) => Found::File { opened, file },
                None => Found::Nothing(passed),
            };
        }
        let handed_on = self.handed_on(object);
        let folders: Vec<String> = match self.libc {
            Libc::Glibc if object.facts.runpath.is_empty() => handed_on
                .into_iter()
                .chain(self.environment.clone())
                .collect(),
            Libc::Glibc => {
                let own = self.expand(&object.facts.runpath, object);
                self.environment.iter().cloned().chain(own).collect()
            }
            Libc::Musl => self.environment.iter().cloned().chain(handed_on).collect(),
        };
        for place in folders {
            if let Some((opened, file)) = self.look(&place, name, &mut passed) {
                return Found::File { opened, file };
            }
        }
        if let Some(Some((opened, file))) = self.known.get(name) {
            return Found::File {
                opened: opened.clone(),
                file: *file,
            };
        }
        let mut system = None;
        for place in &self.system {
            system = self.look(place, name, &mut passed);
            if system.is_some() {
                break;
            }
        }
        self.known.insert(name.to_owned(), system.clone());
        match system {
            Some((opened, file)) => Found::File { opened, file },
            None => Found::Nothing(passed),
        }
    }

    fn look(
        &self,
        place: &str,
        name: &str,
        passed: &mut Vec<String>,
    ) -> Option<(String, FileRef<'a>)> {
        let opened = format!("{}/{name}", place.trim_end_matches('/'));
        if let Some(file) = self.open(&opened, passed) {
            return Some((opened, file));
        }
        if self.libc == Libc::Musl {
            return None;
        }
        // Builds for newer processors, taken where the processor has what they need.
        let levels = format!("{}/glibc-hwcaps", place.trim_end_matches('/'));
        self.rootfs.list(&levels).into_iter().find_map(|level| {
            let opened = format!("{levels}/{}/{name}", level.name());
            Some((opened.clone(), self.open(&opened, passed)?))
        })
    }

    /// The file at a path, if this loader takes it.
    fn open(&self, path: &str, passed: &mut Vec<String>) -> Option<FileRef<'a>> {
        let file = self.rootfs.resolve(path).ok()?;
        if file.kind() != NodeKind::File {
            return None;
        }
        if let Some(FileFacts::Elf(elf)) = file.facts()
            && elf.header() != self.header
        {
            passed.push(format!("{path} is {}", elf.header()));
            return None;
        }
        Some(file)
    }

    /// What every process has without a search.
    fn is_built_in(&self, name: &str) -> bool {
        if name.starts_with("linux-vdso") || name.starts_with("linux-gate") {
            return true;
        }
        match self.libc {
            // The loader, under the name that the program asked for it by.
            Libc::Glibc => Libc::of_loader(name) == Some(Libc::Glibc),
            // musl answers for all of libc's libraries itself (`reserved` in `load_library`).
            Libc::Musl => {
                Libc::of_loader(name) == Some(Libc::Musl)
                    || ["c", "pthread", "rt", "m", "dl", "util", "xnet"]
                        .iter()
                        .any(|own| {
                            name.strip_prefix("lib")
                                .and_then(|rest| rest.strip_prefix(own))
                                .is_some_and(|rest| rest.starts_with('.'))
                        })
            }
        }
    }
}
