//! A blob as a stream: a task takes it from the registry, a blocking reader takes
//! it from the task, and no more than a few pieces lie between the two.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use reqwest::header::CONTENT_RANGE;
use reqwest::{Response, StatusCode};
use tokio::sync::mpsc;

use super::contents::Line;
use crate::image::{Descriptor, Digest};
use crate::source::connection::{Connection, Method, Wish};
use crate::source::retry::Miss;
use crate::source::{ContentsError, RegistryFault};

/// Pieces that wait for the reader. They come as large as the network brings
/// them: some 16 KiB over TLS, and never as much as a MiB.
const PIECES: usize = 8;
/// How often in a row a connection may break before it has brought a single byte.
const MOST_BREAKS: u32 = 4;

/// Opens a blob; the first answer is waited for, so that what is absent is told here.
pub(super) async fn open(
    line: Arc<Line>,
    descriptor: &Descriptor,
) -> Result<Box<dyn Read + Send>, ContentsError> {
    let mut flow = Flow {
        line,
        digest: descriptor.digest.clone(),
        promised: descriptor.size,
        position: 0,
    };
    let first = flow.connect().await?;
    let (sender, pieces) = mpsc::channel(PIECES);
    // It ends by itself: when the blob does, or when nobody reads any more.
    tokio::spawn(async move {
        let outcome = tokio::select! {
            outcome = flow.run(first, &sender) => outcome,
            () = sender.closed() => return,
        };
        let _ = sender.send(outcome.map(|()| None)).await;
    });
    Ok(Box::new(Tap {
        pieces,
        piece: Bytes::new(),
        has_ended: false,
    }))
}

/// `None` is the end: a channel that merely closes is no proof that all has come.
type Piece = Result<Option<Bytes>, io::Error>;

/// A blob on its way.
struct Flow {
    line: Arc<Line>,
    digest: Digest,
    /// The size that its descriptor says it has.
    promised: u64,
    /// Bytes handed on so far.
    position: u64,
}

/// An answer from which the rest of the blob can be read.
struct Answer {
    connection: Arc<Connection>,
    /// `None`: nothing follows the position.
    response: Option<Response>,
    /// Bytes to pass over: the registry began further in front than it was asked to.
    skip: u64,
}

impl Flow {
    async fn connect(&self) -> Result<Answer, ContentsError> {
        let method = match self.position {
            0 => Method::Get,
            position => Method::From(position),
        };
        self.line
            .ask(|connection| async move {
                let response = connection
                    .send(method, Wish::Blob(self.digest.as_str()))
                    .await?;
                self.placed(connection, response)
            })
            .await
    }

    /// Where in the blob an answer begins.
    fn placed(&self, connection: Arc<Connection>, response: Response) -> Result<Answer, Miss> {
        let range = response
            .headers()
            .get(CONTENT_RANGE)
            .and_then(|range| range.to_str().ok())
            .unwrap_or_default();
        let protocol = |why: String| Miss::Fault(RegistryFault::Protocol { why });
        let start = match response.status() {
            StatusCode::PARTIAL_CONTENT => range
                .strip_prefix("bytes ")
                .and_then(|range| range.split_once('-'))
                .and_then(|(start, _)| start.trim().parse().ok())
                .ok_or_else(|| protocol(format!("206 with the range `{range}`")))?,
            // Nothing follows: all of it came before the connection broke.
            StatusCode::RANGE_NOT_SATISFIABLE
                if range.ends_with(&format!("/{}", self.position)) =>
            {
                return Ok(Answer {
                    connection,
                    response: None,
                    skip: 0,
                });
            }
            StatusCode::RANGE_NOT_SATISFIABLE => {
                return Err(protocol(format!(
                    "it has nothing after byte {} of {}, where its answer broke off",
                    self.position, self.digest
                )));
            }
            // Ranges are unknown to it.
            _ => 0,
        };
        let skip = self.position.checked_sub(start).ok_or_else(|| {
            protocol(format!(
                "asked for what follows byte {}, it begins at {start}",
                self.position
            ))
        })?;
        Ok(Answer {
            connection,
            response: Some(response),
            skip,
        })
    }

    /// Hands everything on, over as many connections as it takes.
    async fn run(&mut self, first: Answer, sender: &mpsc::Sender<Piece>) -> Result<(), io::Error> {
        let mut answer = first;
        let mut breaks = 0;
        loop {
            let before = self.position;
            let fault = match self.drain(answer, sender).await? {
                None => return Ok(()),
                Some(fault) => fault,
            };
            breaks = if self.position > before {
                1
            } else {
                breaks + 1
            };
            if breaks > MOST_BREAKS {
                return Err(io::Error::other(fault));
            }
            tracing::debug!(digest = %self.digest, position = self.position, fault, "a blob is resumed");
            answer = self.connect().await.map_err(io::Error::other)?;
        }
    }

    /// Hands one answer on. `Some`: why it broke off.
    async fn drain(
        &mut self,
        answer: Answer,
        sender: &mpsc::Sender<Piece>,
    ) -> Result<Option<String>, io::Error> {
        let Answer {
            connection,
            response: Some(mut response),
            mut skip,
        } = answer
        else {
            return Ok(None);
        };
        let deadline = connection.patience().request_deadline;
        loop {
            let fault = match tokio::time::timeout(deadline, response.chunk()).await {
                Ok(Ok(None)) => return Ok(None),
                Ok(Ok(Some(mut piece))) => {
                    let passed = usize::try_from(skip).unwrap_or(usize::MAX).min(piece.len());
                    skip -= passed as u64;
                    let piece = piece.split_off(passed);
                    if !piece.is_empty() {
                        self.hand_on(piece, sender).await?;
                    }
                    continue;
                }
                Ok(Err(error)) => connection.broken(&error),
                Err(_) => RegistryFault::Deadline { after: deadline },
            };
            return Ok(Some(fault.explain(connection.host())));
        }
    }

    async fn hand_on(
        &mut self,
        piece: Bytes,
        sender: &mpsc::Sender<Piece>,
    ) -> Result<(), io::Error> {
        self.position = self.position.saturating_add(piece.len() as u64);
        if self.position > self.promised {
            return Err(io::Error::other(ContentsError::TooLong {
                at_least: self.position,
            }));
        }
        // An error: nobody reads any more, and `closed` ends the task.
        let _ = sender.send(Ok(Some(piece))).await;
        Ok(())
    }
}

/// The end at which the blob comes out.
struct Tap {
    pieces: mpsc::Receiver<Piece>,
    piece: Bytes,
    has_ended: bool,
}

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.has_ended {
            match self.pieces.blocking_recv() {
                Some(Ok(Some(piece))) => self.piece = piece,
                Some(Ok(None)) => self.has_ended = true,
                Some(Err(error)) => return Err(error),
                None => return Err(io::Error::other("the download was given up")),
            }
        }
        let length = buffer.len().min(self.piece.len());
        let taken = self.piece.split_to(length);
        if let Some(buffer) = buffer.get_mut(..length) {
            buffer.copy_from_slice(&taken);
        }
        Ok(length)
    }
}
