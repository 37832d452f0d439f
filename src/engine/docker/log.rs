//! A container's log, as it grows.

use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptionsBuilder;
use bytes::Bytes;
use futures_util::StreamExt;

use super::DockerEngine;
use crate::engine::{EngineError, LogSink, StreamKind};

/// Beyond this a log is a flood, and its last line not worth reading it anew.
const REREAD_BYTES: u64 = 32 << 20;

impl DockerEngine {
    pub(super) async fn follow_container_log(
        &self,
        id: &str,
        sink: LogSink<'_>,
    ) -> Result<(), EngineError> {
        let mut heard = Heard::default();
        self.read_log(id, true, &mut |kind, bytes| {
            heard.add(kind, bytes.len());
            sink(kind, bytes);
        })
        .await?;
        // Docker 20.10 stops following when the container ends, and often
        // leaves out what was written last: a crash's own message.
        if heard.total() < REREAD_BYTES {
            self.read_log(id, false, &mut |kind, bytes| {
                let news = heard.skip(kind, bytes);
                if !news.is_empty() {
                    sink(kind, news);
                }
            })
            .await?;
        }
        Ok(())
    }

    async fn read_log(&self, id: &str, follow: bool, sink: LogSink<'_>) -> Result<(), EngineError> {
        let step = format!("reading the log of container {id}");
        let options = LogsOptionsBuilder::new()
            .follow(follow)
            .stdout(true)
            .stderr(true)
            .build();
        let mut log = self.client.logs(id, Some(options));
        while let Some(piece) = log.next().await {
            let (kind, bytes) = match piece.map_err(|error| self.explain(&step, error))? {
                // What a container with a terminal prints has no frames.
                LogOutput::Console { message } => (StreamKind::Stdout, message),
                framed => split(framed),
            };
            sink(kind, &bytes);
        }
        Ok(())
    }
}

/// Which stream a piece is of. Bytes without a frame are the engine's own words.
pub(super) fn split(piece: LogOutput) -> (StreamKind, Bytes) {
    match piece {
        LogOutput::StdOut { message } => (StreamKind::Stdout, message),
        LogOutput::StdErr { message }
        | LogOutput::StdIn { message }
        | LogOutput::Console { message } => (StreamKind::Stderr, message),
    }
}

/// Bytes of each stream that were passed on.
#[derive(Default)]
struct Heard {
    stdout: u64,
    stderr: u64,
}

impl Heard {
    fn of(&mut self, kind: StreamKind) -> &mut u64 {
        match kind {
            StreamKind::Stdout => &mut self.stdout,
            StreamKind::Stderr => &mut self.stderr,
        }
    }

    fn add(&mut self, kind: StreamKind, count: usize) {
        *self.of(kind) += count as u64;
    }

    fn total(&self) -> u64 {
        self.stdout + self.stderr
    }

    /// What of `bytes` was not heard, when a log is read again from its beginning.
    fn skip<'a>(&mut self, kind: StreamKind, bytes: &'a [u8]) -> &'a [u8] {
        let left = self.of(kind);
        let known = usize::try_from(*left)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        *left -= known as u64;
        bytes.get(known..).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_reading_brings_only_news() {
        let mut heard = Heard::default();
        heard.add(StreamKind::Stdout, 6);
        assert_eq!(heard.skip(StreamKind::Stdout, b"out\n"), b"");
        assert_eq!(heard.skip(StreamKind::Stderr, b"err\n"), b"err\n");
        assert_eq!(heard.skip(StreamKind::Stdout, b"last"), b"st");
        assert_eq!(heard.skip(StreamKind::Stdout, b"more"), b"more");
    }
}
