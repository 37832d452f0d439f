//! What a service prints, kept up to a cap and watched for the emulator's own
//! word of a crash: as PID 1 under qemu a crash never ends by itself.

use crate::engine::{Captured, StreamKind};

/// How many bytes of each stream of a service are kept.
const CAP: usize = 1 << 20;
/// How much of a line without end is looked at.
const LINE: usize = 64 << 10;

/// What a service has printed so far.
#[derive(Clone, Debug)]
pub struct Printed {
    /// To standard output.
    pub stdout: Captured,
    /// To standard error.
    pub stderr: Captured,
}

/// The same, while it grows.
#[derive(Debug)]
pub(super) struct Log {
    printed: Printed,
    partial: [Vec<u8>; 2],
    /// What tells a crash from a line: the signal's number.
    crash_of: fn(&str) -> Option<i32>,
}

impl Log {
    pub(super) fn new(crash_of: fn(&str) -> Option<i32>) -> Self {
        Self {
            printed: Printed {
                stdout: Captured::with_cap(CAP),
                stderr: Captured::with_cap(CAP),
            },
            partial: [Vec::new(), Vec::new()],
            crash_of,
        }
    }

    pub(super) fn printed(&self) -> Printed {
        self.printed.clone()
    }

    /// Takes a piece in; the signal where a line of it tells of a crash.
    pub(super) fn take(&mut self, kind: StreamKind, bytes: &[u8]) -> Option<i32> {
        let (captured, partial) = match (kind, &mut self.partial) {
            (StreamKind::Stdout, [partial, _]) => (&mut self.printed.stdout, partial),
            (StreamKind::Stderr, [_, partial]) => (&mut self.printed.stderr, partial),
        };
        captured.push(bytes);
        let mut crash = None;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE.saturating_sub(partial.len());
            partial.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
            if piece.ends_with(b"\n") {
                let line = String::from_utf8_lossy(partial);
                if line.starts_with("qemu: ") {
                    crash = crash.or_else(|| (self.crash_of)(&line));
                }
                partial.clear();
            }
        }
        crash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> Log {
        Log::new(|line| line.contains("signal 11").then_some(11))
    }

    #[test]
    fn a_crash_is_told_by_the_emulator_s_own_line_however_it_comes() {
        let mut log = log();
        let line = b"qemu: uncaught target signal 11 (Segmentation fault)\n";
        let (begin, end) = line.split_at(20);
        assert_eq!(log.take(StreamKind::Stderr, begin), None);
        assert_eq!(log.take(StreamKind::Stdout, b"hello\n"), None);
        assert_eq!(log.take(StreamKind::Stderr, end), Some(11));
    }

    #[test]
    fn what_a_program_says_of_signals_is_no_crash() {
        let mut log = log();
        assert_eq!(log.take(StreamKind::Stderr, b"signal 11 qemu: \n"), None);
        assert_eq!(log.printed().stderr.text(), "signal 11 qemu: \n");
    }
}
