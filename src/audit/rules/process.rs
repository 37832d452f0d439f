//! What ends up in a process: a program and all that its loader loads for it.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::audit::file::{ElfFacts, FileFacts};

use super::loader::{Found, Loader, Object};
use super::scene::Elf;

/// How many objects a process may have before the search is given up.
const OBJECTS: usize = 4096;

/// A process, as far as its loader is concerned.
#[derive(Default)]
pub(super) struct Process<'a> {
    /// The names that need no search any more, and what stands behind each.
    names: HashMap<String, Option<&'a ElfFacts>>,
    /// Its objects: the real path and the facts of each.
    pub(super) objects: Vec<(String, &'a ElfFacts)>,
    /// What it lacks.
    pub(super) missing: Vec<Missing>,
    /// Something in it is no ELF file, or it has more objects than are looked at.
    is_cut: bool,
}

/// A library that is not found.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    /// Its name.
    pub(super) name: String,
    /// The real path of the object that needs it.
    pub(super) by: String,
    /// Files of that name on the way that are for another machine.
    pub(super) passed: Vec<String>,
}

/// A symbol version that a library of the process does not have.
#[derive(Clone, Debug)]
pub(super) struct TooOld {
    /// The version.
    pub(super) wanted: String,
    /// The highest one of its kind that is there.
    pub(super) highest: String,
    /// The library.
    pub(super) provider: String,
    /// The real path of the object that needs it.
    pub(super) by: String,
}

impl<'a> Process<'a> {
    /// Loads an object and all it needs; what `host` has loaded already counts.
    pub(super) fn load(loader: &mut Loader<'a>, root: &Elf<'a>, host: Option<&Self>) -> Self {
        let mut process = Self::default();
        let mut queue = VecDeque::from([Object {
            opened: root.path.clone(),
            real: root.path.clone(),
            facts: root.facts,
            inherited: Vec::new(),
        }]);
        let mut seen = HashSet::from([root.path.clone()]);
        while let Some(object) = queue.pop_front() {
            process.objects.push((object.real.clone(), object.facts));
            process.know(object.facts.soname.as_deref(), object.facts);
            for name in &object.facts.needed {
                if process.names.contains_key(name) {
                    continue;
                }
                if let Some(loaded) = host.and_then(|host| host.names.get(name)) {
                    process.names.insert(name.clone(), *loaded);
                    continue;
                }
                match loader.find(name, &object) {
                    Found::BuiltIn => {
                        process.names.insert(name.clone(), None);
                    }
                    Found::Nothing(passed) => {
                        process.names.insert(name.clone(), None);
                        process.missing.push(Missing {
                            name: name.clone(),
                            by: object.real.clone(),
                            passed,
                        });
                    }
                    Found::File { opened, file } => {
                        let Some(FileFacts::Elf(facts)) = file.facts() else {
                            process.names.insert(name.clone(), None);
                            process.is_cut = true;
                            continue;
                        };
                        let facts: &'a ElfFacts = facts;
                        process.names.insert(name.clone(), Some(facts));
                        process.know(facts.soname.as_deref(), facts);
                        let real = file.path();
                        process.is_cut |= seen.len() >= OBJECTS;
                        if seen.len() < OBJECTS && seen.insert(real.clone()) {
                            queue.push_back(Object {
                                opened,
                                real,
                                facts,
                                inherited: loader.handed_on(&object),
                            });
                        }
                    }
                }
            }
        }
        process
    }

    /// All its objects are known, but for those that are missing.
    pub(super) fn is_whole(&self) -> bool {
        !self.is_cut
    }

    fn know(&mut self, name: Option<&str>, facts: &'a ElfFacts) {
        if let Some(name) = name {
            self.names.entry(name.to_owned()).or_insert(Some(facts));
        }
    }

    /// The symbol versions that its objects need and its libraries are too old for.
    ///
    /// A version that is lower than the highest of its kind is never reported, though
    /// the library may lack it: which low versions exist differs between architectures.
    pub(super) fn too_old(&self) -> Vec<TooOld> {
        let mut found = Vec::new();
        for (path, facts) in &self.objects {
            for (library, versions) in &facts.needs_versions {
                let Some(Some(provider)) = self.names.get(library) else {
                    continue;
                };
                for wanted in versions {
                    if let Some(highest) = lacking(wanted, &provider.defines_versions) {
                        found.push(TooOld {
                            wanted: wanted.clone(),
                            highest,
                            provider: library.clone(),
                            by: path.clone(),
                        });
                    }
                }
            }
        }
        found
    }
}

/// The highest version of its kind that is there, where `wanted` is above it.
fn lacking(wanted: &str, defined: &[String]) -> Option<String> {
    if defined.iter().any(|version| version == wanted) {
        return None;
    }
    // The mark of glibc 2.36 and later for compact relocations.
    let (kind, number) = match wanted {
        "GLIBC_ABI_DT_RELR" => ("GLIBC", vec![2, 36]),
        _ => numbered(wanted)?,
    };
    let (highest, name) = defined
        .iter()
        .filter_map(|version| {
            let (other, number) = numbered(version)?;
            (other == kind).then_some((number, version))
        })
        .max()?;
    (number > highest).then(|| name.clone())
}

/// `GLIBC_2.38` as its kind and numbers.
pub(super) fn numbered(version: &str) -> Option<(&str, Vec<u32>)> {
    let (kind, number) = version.rsplit_once('_')?;
    let number: Result<Vec<u32>, _> = number.split('.').map(str::parse).collect();
    Some((kind, number.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_version_above_all_of_its_kind_is_lacking() {
        let defined = ["GLIBC_2.17", "GLIBC_2.34", "GLIBC_PRIVATE"].map(str::to_owned);
        assert_eq!(
            lacking("GLIBC_2.38", &defined).as_deref(),
            Some("GLIBC_2.34")
        );
        // s390x and ppc64 begin with other versions than the rest.
        assert_eq!(lacking("GLIBC_2.2", &defined), None);
        assert_eq!(lacking("GLIBC_2.34", &defined), None);
        assert_eq!(lacking("GLIBC_PRIVATE", &defined), None);
        assert_eq!(lacking("GLIBCXX_3.4.30", &defined), None);
        assert_eq!(
            lacking("GLIBC_ABI_DT_RELR", &defined).as_deref(),
            Some("GLIBC_2.34")
        );
        let newer = ["GLIBCXX_3.4.9".to_owned(), "GLIBCXX_3.4.28".to_owned()];
        assert_eq!(
            lacking("GLIBCXX_3.4.30", &newer).as_deref(),
            Some("GLIBCXX_3.4.28")
        );
    }
}
