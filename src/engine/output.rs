//! Output of a program under test: hostile, and as long as it likes.

/// The first and the last bytes of a stream, and how many there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    head: Vec<u8>,
    tail: std::collections::VecDeque<u8>,
    cap: usize,
    total: u64,
}

impl Captured {
    /// Keeps up to `cap` bytes: the first half as they come, and the last ones.
    pub fn with_cap(cap: usize) -> Self {
        Self {
            cap,
            ..Self::default()
        }
    }

    /// Of bytes that are all there.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self {
            head: bytes.to_vec(),
            tail: std::collections::VecDeque::new(),
            cap: bytes.len(),
            total: bytes.len() as u64,
        }
    }

    /// Takes the next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let for_head = (self.cap / 2)
            .saturating_sub(self.head.len())
            .min(bytes.len());
        self.head.extend_from_slice(&bytes[..for_head]);
        let rest = &bytes[for_head..];
        let room = self.cap - self.cap / 2;
        let rest = &rest[rest.len().saturating_sub(room)..];
        let excess = (self.tail.len() + rest.len()).saturating_sub(room);
        self.tail.drain(..excess);
        self.tail.extend(rest);
    }

    /// How many bytes the program wrote.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Whether some were dropped.
    pub fn is_cut(&self) -> bool {
        self.total > (self.head.len() + self.tail.len()) as u64
    }

    /// What was kept; where bytes were dropped, a line that says so stands in their place.
    pub fn bytes(&self) -> Vec<u8> {
        let kept = (self.head.len() + self.tail.len()) as u64;
        self.with_gap(
            format!("\n[… {} bytes left out …]\n", self.total.max(kept) - kept).as_bytes(),
        )
    }

    /// What was kept as text, with `gap` and no words of ours where bytes were
    /// dropped: for those who search it.
    pub fn searchable(&self, gap: &str) -> String {
        String::from_utf8_lossy(&self.with_gap(gap.as_bytes())).into_owned()
    }

    fn with_gap(&self, gap: &[u8]) -> Vec<u8> {
        let mut bytes = self.head.clone();
        if self.is_cut() {
            bytes.extend_from_slice(gap);
        }
        bytes.extend(self.tail.iter());
        bytes
    }

    /// The same as text; bytes that are no UTF-8 become U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// Whether what was kept holds bytes that are no text.
    pub fn is_binary(&self) -> bool {
        let bytes = self.bytes();
        bytes.contains(&0) || std::str::from_utf8(&bytes).is_err() && !self.is_cut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_keeps_its_beginning_its_end_and_its_length() {
        let mut captured = Captured::with_cap(16);
        for piece in 0..1000 {
            captured.push(format!("{piece:04}").as_bytes());
        }
        assert_eq!(captured.total(), 4000);
        assert!(captured.is_cut());
        let text = captured.text();
        assert!(text.starts_with("00000001"), "{text}");
        assert!(text.ends_with("09980999"), "{text}");
        assert!(text.contains("3984 bytes left out"), "{text}");
        assert_eq!(captured.searchable("|"), "00000001|09980999");
    }

    #[test]
    fn what_fits_is_kept_whole() {
        let mut captured = Captured::with_cap(16);
        captured.push(b"hello ");
        captured.push(b"world");
        assert_eq!(captured.text(), "hello world");
        assert!(!captured.is_cut());
        assert!(!captured.is_binary());
    }
}
