//! What all objects of an image define together: whoever loads one may have loaded any
//! other before.

use crate::audit::rules::scene::Scene;
use crate::image::ElfHeader;

/// All objects of one kind.
pub(super) struct Everywhere {
    pub(super) header: ElfHeader,
    /// Hashes of what they define, ascending.
    defined: Vec<u32>,
    /// How many they are.
    pub(super) count: usize,
    /// Of each it is known what it defines.
    is_whole: bool,
}

impl Everywhere {
    /// Of those with this header.
    pub(super) fn of(scene: &Scene<'_>, header: ElfHeader) -> Self {
        let mut all = Self {
            header,
            defined: Vec::new(),
            count: 0,
            is_whole: true,
        };
        let objects = scene.elves.iter();
        for elf in objects.filter(|elf| elf.facts.header() == header) {
            let symbols = &elf.facts.symbols;
            all.count += 1;
            // Nobody loads a broken file of a test.
            all.is_whole &=
                symbols.why_unread().is_none() || scene.surroundings.reason(&elf.path).is_some();
            all.defined.extend(symbols.defined());
        }
        // Each object's are in order: this sort makes use of it.
        all.defined.sort();
        all.defined.dedup();
        all
    }

    /// Surely none of them defines a name of this hash.
    pub(super) fn lacks(&self, hash: u32) -> bool {
        self.is_whole && self.defined.binary_search(&hash).is_err()
    }
}

/// Whether a name should be in the image: not those that linkers define in every
/// program, whether or not it has them in a table, nor those of NVIDIA's driver
/// (`cuInit`, `nvmlInit`), which the host brings along.
pub(super) fn is_judged(name: &str) -> bool {
    let is_driver_s = |prefix| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
    };
    !is_driver_s("cu")
        && !is_driver_s("nvml")
        && !matches!(
            name,
            "_end"
                | "end"
                | "__end__"
                | "_edata"
                | "edata"
                | "_etext"
                | "etext"
                | "__etext"
                | "__bss_start"
                | "__bss_start__"
                | "__bss_end__"
                | "_bss_end__"
                | "__data_start"
                | "data_start"
                | "_init"
                | "_fini"
                | "_start"
                | "main"
                | "__dso_handle"
                | "_DYNAMIC"
                | "_GLOBAL_OFFSET_TABLE_"
                | "__gmon_start__"
        )
}
