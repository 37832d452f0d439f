//! Tables of names.

/// Names, each once, with a zero byte before the first.
pub(super) struct Strings(pub(super) Vec<u8>);

impl Strings {
    pub(super) fn add(&mut self, name: &str) -> u32 {
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
pub(super) fn hash(name: &str) -> u32 {
    name.bytes().fold(0u32, |hash, byte| {
        let hash = (hash << 4).wrapping_add(byte.into());
        let high = hash & 0xf000_0000;
        (hash ^ (high >> 24)) & !high
    })
}
