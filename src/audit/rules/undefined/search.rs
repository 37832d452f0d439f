//! The search for what nothing defines.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use crate::audit::file::{Binding, ElfFacts, Symbols, symbol_hash};
use crate::audit::rules::group::Case;
use crate::audit::rules::libc::Libc;
use crate::audit::rules::loading::{self, Loaders};
use crate::audit::rules::process::Process;
use crate::audit::rules::scene::{Elf, Scene, by_path};
use crate::audit::rules::{node, python};
use crate::event::Severity;
use crate::image::ElfHeader;

use super::everywhere::{Everywhere, is_judged};

/// How many symbols, and how many objects that were searched, a finding names.
const NAMED: usize = 3;
const SEARCHED: usize = 8;

/// What is asked again and again while searching.
pub(super) struct Search<'s, 'a> {
    scene: &'s Scene<'a>,
    elves: HashMap<&'s str, &'s Elf<'a>>,
    loaders: Loaders<'s, 'a>,
    /// By runtime: what is loaded when it loads an extension.
    hosts: HashMap<&'static str, Option<Process<'a>>>,
    /// Of each kind of object that the image has, what all of them define.
    everywhere: Vec<Rc<Everywhere>>,
    /// The loaders' own files, by what they load.
    loader_files: Vec<(Libc, ElfHeader, Rc<Vec<&'a Symbols>>)>,
    /// By object: what it needs and does not find in what it asks for itself.
    open: HashMap<String, Rc<Vec<Need>>>,
    /// The Pythons of the image, as in `3.11`; looked for when first needed.
    pythons: Option<BTreeSet<String>>,
    /// Something is loaded into every process.
    has_preloads: bool,
    /// By object.
    cases: BTreeMap<String, Case>,
}

/// A symbol that is needed.
struct Need {
    name: String,
    hash: u32,
    binding: Binding,
}

impl Need {
    /// What an object needs.
    fn all(symbols: &Symbols) -> impl Iterator<Item = Self> {
        symbols
            .needed()
            .filter(|(name, _)| is_judged(name))
            .map(|(name, binding)| Self {
                name: name.to_owned(),
                hash: symbol_hash(name.as_bytes()),
                binding,
            })
    }
}

impl<'s, 'a> Search<'s, 'a> {
    pub(super) fn new(scene: &'s Scene<'a>) -> Self {
        let has_preloads = scene.image.config.env("LD_PRELOAD").is_some()
            || scene.image.rootfs.resolve("/etc/ld.so.preload").is_ok();
        Self {
            elves: by_path(scene),
            scene,
            loaders: Loaders::of(scene),
            hosts: HashMap::new(),
            everywhere: Vec::new(),
            loader_files: Vec::new(),
            open: HashMap::new(),
            pythons: None,
            has_preloads,
            cases: BTreeMap::new(),
        }
    }

    /// What was found, one case for each object.
    pub(super) fn cases(self) -> impl Iterator<Item = Case> {
        self.cases.into_values()
    }

    /// A program with all that is loaded when it starts.
    pub(super) fn program(&mut self, elf: &Elf<'a>) {
        let header = elf.facts.header();
        let Some(libc) = Libc::of_program(elf.facts) else {
            return;
        };
        let Some(process) = self.process(libc, elf, None) else {
            return;
        };
        let loaders = self.loader_files(libc, header);
        let everywhere = self.everywhere(header);
        let is_started = self.scene.steps.first().is_some_and(|step| {
            let file = step.target.file();
            file.is_some_and(|file| file.path() == elf.path)
        });
        for (path, facts) in &process.objects {
            let mut lacking: BTreeMap<Severity, Vec<String>> = BTreeMap::new();
            for Need {
                name,
                hash,
                binding,
            } in self.open(libc, path, facts).iter()
            {
                let is_defined = process
                    .objects
                    .iter()
                    .map(|(_, facts)| &facts.symbols)
                    .chain(loaders.iter().copied())
                    .any(|symbols| symbols.defines_hash(*hash));
                if is_defined {
                    continue;
                }
                // musl looks for all symbols of a program when it starts.
                let at_start = *binding == Binding::Load || libc == Libc::Musl;
                let severity = match (everywhere.lacks(*hash), at_start) {
                    (true, true) => Severity::Error,
                    (true, false) => Severity::Warning,
                    // What is preloaded may be the one that has it.
                    (false, _) if self.has_preloads => continue,
                    // A script may start it with another LD_LIBRARY_PATH.
                    (false, true) if is_started => Severity::Error,
                    (false, true) => Severity::Warning,
                    (false, false) if *path == elf.path => Severity::Warning,
                    // It may be loaded until then.
                    (false, false) => continue,
                };
                lacking.entry(severity).or_default().push(name.clone());
            }
            let Some((severity, names)) = lacking.pop_first() else {
                continue;
            };
            let symbols = listed(&names);
            let mut shown = format!("{path} needs {symbols}");
            if *path != elf.path {
                shown.push_str(&format!(", and {} loads it", elf.path));
            }
            shown.push_str(&format!("; searched: {}", searched(&process)));
            let cause = format!("{symbols}, which nothing that is loaded with it defines");
            self.add(severity, path, elf, cause, shown);
        }
    }

    /// An object that a runtime loads by its place.
    pub(super) fn extension(&mut self, elf: &Elf<'a>) {
        let Some(libc) = self.scene.libc else {
            return;
        };
        if !elf.facts.symbols.needs_some() || loading::is_for_another(self.scene, libc, &elf.path) {
            return;
        }
        let runtime = loading::runtime(&elf.path);
        // The Python or Node that it is for is not here, which is no matter of symbols.
        if runtime == "python3" && !self.is_seen_by_python(&elf.path) {
            return;
        }
        if !self.hosts.contains_key(runtime) {
            let host = self.host(runtime);
            self.hosts.insert(runtime, host);
        }
        let host = self.hosts.remove(runtime).flatten();
        let process = match &host {
            Some(host) => self.process(libc, elf, Some(host)),
            // Whoever would load it brings what it needs.
            None => None,
        };
        self.hosts.insert(runtime, host);
        let Some(process) = process else {
            return;
        };
        let module = module(&elf.path);
        let is_module = elf.facts.symbols.defines(&format!("PyInit_{module}"));
        self.nowhere(elf, &process, |binding| match runtime {
            // Python asks for all symbols at once; Node, as most, for no more than it must.
            "python3" if is_module => Severity::Error,
            "node" if binding == Binding::Load => Severity::Error,
            _ => Severity::Warning,
        });
    }

    /// A library that nothing is known to load.
    pub(super) fn unloaded(&mut self, elf: &Elf<'a>) {
        let Some(libc) = self.scene.libc else {
            return;
        };
        // glibc's own, for debuggers, which bring what it needs.
        if elf.path.ends_with("/libthread_db.so.1") {
            return;
        }
        let everywhere = self.everywhere(elf.facts.header());
        // A library of which all is somewhere need not be looked at more closely.
        if !Need::all(&elf.facts.symbols).any(|need| everywhere.lacks(need.hash))
            || loading::is_for_another(self.scene, libc, &elf.path)
        {
            return;
        }
        if let Some(process) = self.process(libc, elf, None) {
            self.nowhere(elf, &process, |_| Severity::Info);
        }
    }

    /// What nothing in the image defines, of an object and what it brings along.
    fn nowhere(
        &mut self,
        root: &Elf<'a>,
        process: &Process<'a>,
        severity: impl Fn(Binding) -> Severity,
    ) {
        let everywhere = self.everywhere(root.facts.header());
        for (path, facts) in &process.objects {
            let lacking: Vec<Need> = Need::all(&facts.symbols)
                .filter(|need| everywhere.lacks(need.hash))
                .collect();
            let Some(worst) = lacking.iter().map(|need| severity(need.binding)).min() else {
                continue;
            };
            // Of an addon for another Node that is what its rule tells.
            if let Some(abi) = facts.node_module_version
                && !node::has_abi(self.scene.image, abi)
            {
                continue;
            }
            let names: Vec<String> = lacking.into_iter().map(|need| need.name).collect();
            let symbols = listed(&names);
            let mut shown = format!("{path} needs {symbols}");
            if *path != root.path {
                shown.push_str(&format!(", and {} loads it", root.path));
            }
            shown.push_str(&format!(
                "; searched: all {} ELF files for {} in the image",
                everywhere.count, everywhere.header
            ));
            let cause = format!("{symbols}, which nothing in the image defines");
            self.add(worst, path, root, cause, shown);
        }
    }

    /// Everything that is loaded with an object; `None` where something of it is missing
    /// or too old, which other rules tell, or not known.
    fn process(
        &mut self,
        libc: Libc,
        elf: &Elf<'a>,
        host: Option<&Process<'a>>,
    ) -> Option<Process<'a>> {
        let loader = self.loaders.get(libc, elf.facts.header())?;
        let process = Process::load(loader, elf, host);
        let is_known = process.is_whole()
            && process.missing.is_empty()
            && (libc == Libc::Musl || process.too_old().is_empty())
            && process
                .objects
                .iter()
                .all(|(_, facts)| facts.symbols.why_unread().is_none());
        is_known.then_some(process)
    }

    /// What an object needs and does not find in itself and in what it asks for.
    fn open(&mut self, libc: Libc, path: &str, facts: &ElfFacts) -> Rc<Vec<Need>> {
        if let Some(known) = self.open.get(path) {
            return Rc::clone(known);
        }
        let needed: Vec<Need> = Need::all(&facts.symbols).collect();
        let own = match self.elves.get(path).copied() {
            Some(elf) if !needed.is_empty() => self
                .loaders
                .get(libc, facts.header())
                .map(|loader| Process::load(loader, elf, None)),
            _ => None,
        };
        let loaders = self.loader_files(libc, facts.header());
        let loaders = loaders.iter().copied();
        let objects = own.as_ref().map(|own| own.objects.as_slice());
        let around: Vec<&Symbols> = objects
            .unwrap_or_default()
            .iter()
            .map(|(_, facts)| &facts.symbols)
            .chain(loaders)
            .collect();
        let open = needed
            .into_iter()
            .filter(|need| !around.iter().any(|it| it.defines_hash(need.hash)))
            .collect();
        let open = Rc::new(open);
        self.open.insert(path.to_owned(), Rc::clone(&open));
        open
    }

    /// The loaders themselves: they are in every process, and musl's is its libc.
    fn loader_files(&mut self, libc: Libc, header: ElfHeader) -> Rc<Vec<&'a Symbols>> {
        let known = self
            .loader_files
            .iter()
            .find(|(of, kind, _)| *of == libc && *kind == header);
        if let Some((_, _, files)) = known {
            return Rc::clone(files);
        }
        let files = self
            .scene
            .elves
            .iter()
            .filter(|elf| {
                let name = elf.path.rsplit('/').next().unwrap_or_default();
                let is_it = match libc {
                    // Alpine's loader is a link to its libc in some releases.
                    Libc::Musl => name.starts_with("ld-musl-") || name == "libc.so",
                    Libc::Glibc => {
                        Libc::of_loader(name) == Some(libc)
                            || (name.starts_with("ld-") && name.ends_with(".so"))
                    }
                };
                is_it && elf.facts.header() == header
            })
            .map(|elf| &elf.facts.symbols)
            .collect();
        let files = Rc::new(files);
        self.loader_files.push((libc, header, Rc::clone(&files)));
        files
    }

    fn everywhere(&mut self, header: ElfHeader) -> Rc<Everywhere> {
        if let Some(known) = self.everywhere.iter().find(|all| all.header == header) {
            return Rc::clone(known);
        }
        let made = Rc::new(Everywhere::of(self.scene, header));
        self.everywhere.push(Rc::clone(&made));
        made
    }

    /// The process of the runtime that loads extensions.
    fn host(&mut self, runtime: &str) -> Option<Process<'a>> {
        let elf = loading::host(self.scene, runtime)?;
        let libc = Libc::of_program(elf.facts)?;
        let loader = self.loaders.get(libc, elf.facts.header())?;
        Some(Process::load(loader, elf, None))
    }

    /// Whether the image has the Python whose version a path names.
    fn is_seen_by_python(&mut self, path: &str) -> bool {
        // Of another implementation, which has a tag of its own.
        if [".pypy", ".graalpy"].iter().any(|tag| path.contains(tag)) {
            return false;
        }
        let image = self.scene.image;
        let pythons = self.pythons.get_or_insert_with(|| python::versions(image));
        python::versions_named(path).all(|version| pythons.contains(&version))
    }

    /// Keeps a case; of two of one object the worse.
    fn add(&mut self, severity: Severity, by: &str, root: &Elf<'a>, cause: String, shown: String) {
        let layer = self
            .elves
            .get(by)
            .map_or(root.file.layer(), |elf| elf.file.layer());
        let case = Case {
            code: "undefined-symbol",
            severity,
            cause,
            layer,
            path: by.to_owned(),
            shown,
        };
        let known = self
            .cases
            .entry(by.to_owned())
            .or_insert_with(|| case.clone());
        if case.severity < known.severity {
            *known = case;
        }
    }
}

/// The name of a Python module, by its file.
fn module(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.split('.').next().unwrap_or_default()
}

fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(NAMED)
        .map(|name| format!("`{name}`"))
        .collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more symbols"),
    }
}

fn searched(process: &Process<'_>) -> String {
    let shown: Vec<&str> = process
        .objects
        .iter()
        .take(SEARCHED)
        .map(|(path, _)| path.as_str())
        .collect();
    let shown = shown.join(", ");
    match process.objects.len().saturating_sub(SEARCHED) {
        0 => format!("{shown} and the loader"),
        more => format!("{shown}, {more} more and the loader"),
    }
}
