//! What several rules ask of an image, found out once: what is executed, what a
//! name on `PATH` leads to, which libc it has, whose each ELF file is.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::audit::Unpacked;
use crate::audit::file::{ElfFacts, FileFacts};
use crate::audit::rootfs::{FileRef, NodeKind};
use crate::image::{ElfHeader, Machine};

use super::libc::Libc;
use super::loader::system_folders;
use super::standing::{Role, Standing, Surroundings, is_extension};
use super::start::{self, Step, Target};
use super::words;

/// How many scripts are followed that are interpreters of one another, as in the kernel.
const INTERPRETERS: usize = 5;

/// An ELF file of the image.
pub(super) struct Elf<'a> {
    /// Its real path.
    pub(super) path: String,
    /// The file.
    pub(super) file: FileRef<'a>,
    /// What it says.
    pub(super) facts: &'a ElfFacts,
    /// Where it stands.
    pub(super) role: Role,
    /// Whose it is.
    pub(super) standing: Standing,
}

impl Elf<'_> {
    /// Something that is loaded into a process, and no program.
    pub(super) fn is_library(&self) -> bool {
        use crate::audit::file::ElfKind;
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.ends_with(".node")
            || name.ends_with(".so")
            || name.contains(".so.")
            || (self.facts.kind == ElfKind::Shared
                && self.facts.interpreter.is_none()
                && self.facts.soname.is_some())
    }
}

/// An image, seen by rules on programs and libraries.
pub(super) struct Scene<'a> {
    /// The image.
    pub(super) image: &'a Unpacked,
    /// What its config executes.
    pub(super) steps: Vec<Step<'a>>,
    /// Real paths of programs by the name on `PATH` that leads to each.
    pub(super) on_path: BTreeMap<String, String>,
    /// Which libc the image has.
    pub(super) libc: Option<Libc>,
    /// Every ELF file.
    pub(super) elves: Vec<Elf<'a>>,
    /// What is asked of the surroundings of a file.
    pub(super) surroundings: Surroundings<'a>,
    /// The whole userland is of another machine.
    pub(super) alien: Option<Alien>,
}

/// A userland that is of another machine than its platform.
#[derive(Clone, Debug)]
pub(super) struct Alien {
    /// Of which.
    pub(super) header: ElfHeader,
    /// Its shell, libc and entrypoint, as far as it has them.
    pub(super) witnesses: Vec<String>,
    /// How many of its ELF files are of that machine.
    pub(super) count: usize,
    /// How many ELF files it has.
    pub(super) total: usize,
}

impl<'a> Scene<'a> {
    /// Looks at an image.
    pub(super) fn of(image: &'a Unpacked) -> Self {
        let steps = start::steps(image);
        let started = started(image, &steps);
        let on_path = on_path(image);
        let paths: HashSet<&str> = on_path.keys().map(String::as_str).collect();
        let folders = library_folders(image);
        let surroundings = Surroundings::of(image);
        let mut elves: Vec<Elf<'a>> = Vec::new();
        for file in image.rootfs.files() {
            let Some(FileFacts::Elf(facts)) = file.facts() else {
                continue;
            };
            let path = file.path();
            let name = file.name();
            let role = if started.contains(&path) {
                Role::Start
            } else if paths.contains(path.as_str()) {
                Role::Path
            } else if Libc::of_loader(name).is_some()
                || (folders.contains(super::loader::folder(&path)) && name.contains(".so"))
            {
                Role::Library
            } else if is_extension(&path) {
                Role::Extension
            } else {
                Role::Elsewhere
            };
            let standing = surroundings.standing(&path, facts, role);
            elves.push(Elf {
                path,
                file,
                facts: facts.as_ref(),
                role,
                standing,
            });
        }
        let alien = alien(image, &elves);
        let libc = libc(image, &steps, &elves);
        Self {
            image,
            steps,
            on_path,
            libc,
            elves,
            surroundings,
            alien,
        }
    }

    /// What a rule has nothing to say of: an image of another system or of an
    /// architecture without a known machine.
    pub(super) fn is_judged(image: &Unpacked) -> bool {
        image.platform.os() == "linux" && image.platform.machine().is_some()
    }

    /// The ELF file with this real path.
    pub(super) fn elf(&self, path: &str) -> Option<&Elf<'a>> {
        self.elves.iter().find(|elf| elf.path == path)
    }

    /// The platform's own files that are not debug information, object files and so on.
    pub(super) fn own(&self) -> impl Iterator<Item = &Elf<'a>> {
        use crate::audit::file::ElfKind;
        self.elves.iter().filter(|elf| {
            elf.standing == Standing::Own
                && !(elf.role >= Role::Extension && words::names_another_elf_system(&elf.path))
                && !elf.facts.is_debug_only
                && matches!(elf.facts.kind, ElfKind::Executable | ElfKind::Shared)
        })
    }
}

/// The real paths of what the config starts, with the interpreters of scripts.
fn started(image: &Unpacked, steps: &[Step<'_>]) -> HashSet<String> {
    let mut paths = HashSet::new();
    for step in steps {
        let mut file = step.target.file();
        for _ in 0..INTERPRETERS {
            let Some(found) = file else { break };
            paths.insert(found.path());
            let Some(FileFacts::Script(script)) = found.facts() else {
                break;
            };
            let Some(line) = &script.shebang else { break };
            let asked = Interpreter::parse(line);
            if let Some(program) = asked.through_env
                && let Target::Program(found) = start::lookup(image, program)
            {
                paths.insert(found.path());
            }
            file = start::lookup(image, asked.path).file();
        }
    }
    paths
}

/// What a `#!` line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interpreter<'a> {
    /// The interpreter.
    pub(super) path: &'a str,
    /// What `env` is asked to look for.
    pub(super) through_env: Option<&'a str>,
    /// Whether anything follows the interpreter.
    pub(super) has_argument: bool,
}

impl<'a> Interpreter<'a> {
    /// Reads what follows `#!`.
    pub(super) fn parse(line: &'a str) -> Self {
        let mut words = line.split_whitespace();
        let path = words.next().unwrap_or_default();
        let arguments: Vec<&str> = words.collect();
        let is_env = path.rsplit('/').next() == Some("env");
        let through_env = is_env
            .then(|| {
                arguments
                    .iter()
                    .find(|word| !word.starts_with('-') && !word.contains('='))
                    .copied()
            })
            .flatten();
        Self {
            path,
            through_env,
            has_argument: !arguments.is_empty(),
        }
    }
}

/// What the names in the folders of `PATH`, and in `node_modules/.bin`, lead to: the
/// real path, and the name that leads to it.
fn on_path(image: &Unpacked) -> BTreeMap<String, String> {
    let mut folders: Vec<String> = image
        .config
        .path()
        .iter()
        .map(|folder| super::loader::absolute(folder, &image.config.workdir))
        .collect();
    for node in image.rootfs.nodes() {
        if node.name() == ".bin" && node.kind() == NodeKind::Directory {
            let path = node.path();
            if path.ends_with("/node_modules/.bin") {
                folders.push(path);
            }
        }
    }
    let mut found = BTreeMap::new();
    for folder in folders {
        let folder = folder.trim_end_matches('/');
        for entry in image.rootfs.list(folder) {
            let name = format!("{folder}/{}", entry.name());
            if let Ok(file) = image.rootfs.resolve(&name)
                && file.kind() == NodeKind::File
                && file.is_executable()
            {
                found.entry(file.path()).or_insert(name);
            }
        }
    }
    found
}

/// The real paths of the folders that the image's loaders search by themselves.
fn library_folders(image: &Unpacked) -> HashSet<String> {
    let Some(machine) = image.platform.machine() else {
        return HashSet::new();
    };
    let header = ElfHeader {
        machine,
        is_64: !matches!(machine, Machine::Arm | Machine::I386),
        is_little_endian: machine != Machine::S390,
    };
    let environment = image
        .config
        .env("LD_LIBRARY_PATH")
        .into_iter()
        .flat_map(|list| list.split(':').map(str::to_owned));
    [Libc::Glibc, Libc::Musl]
        .into_iter()
        .flat_map(|libc| system_folders(&image.rootfs, libc, header))
        .chain(environment)
        .filter(|folder| folder.starts_with('/'))
        .filter_map(|folder| image.rootfs.resolve(&folder).ok())
        .filter(|folder| folder.kind() == NodeKind::Directory)
        .map(|folder| folder.path())
        .collect()
}

/// The libc: that of what is started, else of the shell, else of the loader that is there.
fn libc(image: &Unpacked, steps: &[Step<'_>], elves: &[Elf<'_>]) -> Option<Libc> {
    let of_file = |file: FileRef<'_>| match file.facts() {
        Some(FileFacts::Elf(elf)) => {
            let loader = elf.interpreter.as_deref()?;
            // One that is not there says nothing of the image.
            image.rootfs.resolve(loader).ok()?;
            Libc::of_loader(loader)
        }
        _ => None,
    };
    let by_loader = || {
        let mut loaders = elves
            .iter()
            .filter(|elf| elf.standing == Standing::Own)
            .filter_map(|elf| {
                let name = elf.path.rsplit('/').next()?;
                Libc::of_loader(name).or_else(|| (name == "libc.so.6").then_some(Libc::Glibc))
            });
        let first = loaders.next()?;
        // Where both are there, the one that is the system's own is musl: glibc on
        // Alpine comes as an addition.
        loaders
            .all(|other| other == first)
            .then_some(first)
            .or(Some(Libc::Musl))
    };
    image
        .rootfs
        .resolve("/bin/sh")
        .ok()
        .and_then(of_file)
        .or_else(|| steps.iter().find_map(|step| of_file(step.target.file()?)))
        .or_else(by_loader)
}

/// Whether shell, libc and entrypoint are all of one other machine.
fn alien(image: &Unpacked, elves: &[Elf<'_>]) -> Option<Alien> {
    let shell = image.rootfs.resolve("/bin/sh").ok().map(|file| file.path());
    let is_libc = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        name == "libc.so.6" || (name.starts_with("ld-musl-") && name.ends_with(".so.1"))
    };
    let mut base = elves.iter().filter(|elf| {
        Some(&elf.path) == shell.as_ref()
            || (is_libc(&elf.path) && !matches!(elf.standing, Standing::Tolerated(_)))
    });
    let first = base.next()?;
    let header = first.facts.header();
    let is_alien = |elf: &Elf<'_>| !elf.facts.header().runs_on(&image.platform);
    if !is_alien(first) || !base.all(|elf| elf.facts.header() == header) {
        return None;
    }
    let mut witnesses = Vec::new();
    for elf in elves {
        let is_base = Some(&elf.path) == shell.as_ref() || is_libc(&elf.path);
        if !is_base && elf.role != Role::Start {
            continue;
        }
        if !is_alien(elf) {
            return None;
        }
        witnesses.push(format!("{} is {}", elf.path, elf.facts.header()));
    }
    Some(Alien {
        header,
        witnesses,
        count: elves
            .iter()
            .filter(|elf| elf.facts.header() == header)
            .count(),
        total: elves.len(),
    })
}

/// ELF files by their path, for rules that follow links between them.
pub(super) fn by_path<'s, 'a>(scene: &'s Scene<'a>) -> HashMap<&'s str, &'s Elf<'a>> {
    scene
        .elves
        .iter()
        .map(|elf| (elf.path.as_str(), elf))
        .collect()
}
