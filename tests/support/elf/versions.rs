//! Symbol versions (Linux Standard Base, "Symbol Versioning").

use super::description::Elf;
use super::plan::Plan;
use super::strings::{Strings, hash};

impl Plan {
    pub(super) fn version_needs(&self, elf: &Elf, strings: &mut Strings) -> Vec<u8> {
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

    pub(super) fn version_definitions(&self, elf: &Elf, strings: &mut Strings) -> Vec<u8> {
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
}
