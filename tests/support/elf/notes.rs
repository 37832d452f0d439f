//! The note that names the level of an x86 processor (x86-64 psABI, "Program Property").

use super::plan::Plan;

impl Plan {
    pub(super) fn property_note(&self, level: u8) -> Vec<u8> {
        let mut property = self.numbers.u32s(&[0xc000_8002, 4, (1 << level) - 1]);
        let alignment = if self.numbers.is_64 { 8 } else { 4 };
        property.resize(property.len().next_multiple_of(alignment), 0);
        let length = u32::try_from(property.len()).expect("small");
        let mut note = self.numbers.u32s(&[4, length, 5]);
        note.extend_from_slice(b"GNU\0");
        note.extend(property);
        note
    }
}
