//! Who loads what: the loader of each kind of process, and the runtimes that load
//! extensions.

use crate::image::ElfHeader;

use super::libc::Libc;
use super::loader::Loader;
use super::scene::{Elf, Scene};
use super::start::{Target, lookup};
use super::words;

/// The loaders of an image, each made when it is first asked for.
pub(super) struct Loaders<'s, 'a> {
    scene: &'s Scene<'a>,
    made: Vec<Loader<'a>>,
}

impl<'s, 'a> Loaders<'s, 'a> {
    /// Of an image.
    pub(super) fn of(scene: &'s Scene<'a>) -> Self {
        Self {
            scene,
            made: Vec::new(),
        }
    }

    /// That of one kind of program.
    pub(super) fn get(&mut self, libc: Libc, header: ElfHeader) -> Option<&mut Loader<'a>> {
        let known = self
            .made
            .iter()
            .position(|loader| loader.libc == libc && loader.header() == header);
        let at = known.unwrap_or_else(|| {
            self.made.push(Loader::new(self.scene.image, libc, header));
            self.made.len() - 1
        });
        self.made.get_mut(at)
    }
}

/// The program that loads an extension.
pub(super) fn runtime(path: &str) -> &'static str {
    if path.ends_with(".node") {
        "node"
    } else if path.contains("/php") {
        "php"
    } else if path.contains("/perl") {
        "perl"
    } else if path.contains("/gems/") || path.contains("ruby") {
        "ruby"
    } else {
        "python3"
    }
}

/// A runtime's program in the image: what its name leads to, else any file of that name.
pub(super) fn host<'s, 'a>(scene: &'s Scene<'a>, runtime: &str) -> Option<&'s Elf<'a>> {
    match lookup(scene.image, runtime) {
        Target::Program(file) => scene.elf(&file.path()),
        _ => scene
            .own()
            .find(|elf| elf.path.rsplit('/').next() == Some(runtime)),
    }
}

/// Whether a library is for another libc or platform on purpose, beside the one that
/// is used.
pub(super) fn is_for_another(scene: &Scene<'_>, libc: Libc, path: &str) -> bool {
    words::names_another_libc(path, libc)
        || scene.surroundings.reason(path).is_some()
        || has_sibling_for(scene, libc, path)
}

/// `sharp-linux-x64` on musl, beside `sharp-linuxmusl-x64`.
fn has_sibling_for(scene: &Scene<'_>, libc: Libc, path: &str) -> bool {
    let mut parent = String::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        if let Some(folded) = words::fold(part) {
            let is_sibling = |name: &str| {
                name != part
                    && words::fold(name).as_ref() == Some(&folded)
                    && name.contains("musl") == (libc == Libc::Musl)
            };
            let siblings = scene.image.rootfs.list(&parent);
            if siblings.iter().any(|sibling| is_sibling(sibling.name())) {
                return true;
            }
        }
        parent = format!("{parent}/{part}");
    }
    false
}
