//! An image in a registry, as [`Contents`]: its tag is looked up once, everything
//! else is asked for by its digest.

use std::io::Read;
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderMap};
use tokio::sync::Mutex;

use super::pump;
use crate::image::{Descriptor, Digest, RegistryReference};
use crate::source::connection::{Connection, Method, Pointer, Wish};
use crate::source::contents::{LARGEST_DOCUMENT, verified};
use crate::source::retry::{GaveUp, Miss};
use crate::source::{Contents, ContentsError, RegistryFault, RegistryOptions, Root, SourceError};

/// An image in a registry.
pub struct RegistryContents {
    root: Root,
    line: Arc<Line>,
}

/// The way to the registry: opened anew when its token has run out.
pub(super) struct Line {
    reference: RegistryReference,
    options: RegistryOptions,
    /// With the number of times it was opened.
    connection: Mutex<(u32, Arc<Connection>)>,
}

impl RegistryContents {
    /// Looks the reference up.
    ///
    /// # Errors
    /// When the registry can't be reached or asked, or the reference names nothing.
    pub async fn open(
        reference: &RegistryReference,
        options: &RegistryOptions,
    ) -> Result<Self, SourceError> {
        let connection = Arc::new(Connection::open(reference, options).await?);
        let (pointer, wanted) = match (reference.digest(), reference.tag()) {
            (Some(digest), _) => (Pointer::Digest(digest), format!("manifest {digest}")),
            (None, tag) => {
                let tag = tag.unwrap_or("latest");
                (Pointer::Tag(tag), format!("tag `{tag}`"))
            }
        };
        let found = connection.manifest(pointer).await;
        let (bytes, digest) = found.map_err(|gave_up| {
            gave_up.into_error(
                format!("looking up {reference}"),
                connection.host(),
                reference.repository(),
                &wanted,
            )
        })?;
        Ok(Self {
            root: Root {
                bytes,
                digest,
                note: None,
            },
            line: Arc::new(Line {
                reference: reference.clone(),
                options: options.clone(),
                connection: Mutex::new((0, connection)),
            }),
        })
    }

    /// A whole manifest or blob, no longer than `limit`, verified.
    async fn fetch(
        &self,
        wish: Wish<'_>,
        digest: &Digest,
        limit: u64,
    ) -> Result<Vec<u8>, ContentsError> {
        let bytes = self
            .line
            .ask(|connection| async move { connection.get(wish, limit).await })
            .await?
            .1;
        verified(bytes, digest, limit)
    }
}

impl Line {
    /// Asks until it succeeds, fails for good, or patience ends. A registry that
    /// suddenly wants to know who is there has let the token run out: it is asked
    /// for another one, once.
    pub(super) async fn ask<T, F, R>(&self, request: F) -> Result<T, ContentsError>
    where
        F: Fn(Arc<Connection>) -> R,
        R: Future<Output = Result<T, Miss>>,
    {
        let (opened, connection) = self.connection.lock().await.clone();
        let patience = connection.patience();
        let first = patience.ask(|| request(connection.clone())).await;
        let gave_up = match first {
            Ok(value) => return Ok(value),
            Err(gave_up) => gave_up,
        };
        if !matches!(
            gave_up.miss,
            Miss::Fault(RegistryFault::Denied { status: 401, .. })
        ) {
            return Err(explain(&connection, gave_up));
        }
        let connection = self.reopened(opened).await?;
        patience
            .ask(|| request(connection.clone()))
            .await
            .map_err(|gave_up| explain(&connection, gave_up))
    }

    /// Another connection than the one opened as this number; made by whoever asks first.
    async fn reopened(&self, opened: u32) -> Result<Arc<Connection>, ContentsError> {
        let mut current = self.connection.lock().await;
        if current.0 == opened {
            let connection = Connection::open(&self.reference, &self.options)
                .await
                .map_err(|error| ContentsError::Unreachable(error.to_string()))?;
            *current = (opened.wrapping_add(1), Arc::new(connection));
        }
        Ok(current.1.clone())
    }
}

fn explain(connection: &Connection, gave_up: GaveUp) -> ContentsError {
    match gave_up.miss {
        Miss::Absent(_) => ContentsError::Absent,
        Miss::Mismatch { actual, .. } => ContentsError::Mismatch { actual },
        Miss::TooLong { at_least } => ContentsError::TooLong { at_least },
        Miss::Fault(fault) => {
            let times = match gave_up.attempts {
                0 | 1 => String::new(),
                more => format!(" (asked {more} times)"),
            };
            ContentsError::Unreachable(format!("{}{times}", fault.explain(connection.host())))
        }
    }
}

#[async_trait]
impl Contents for RegistryContents {
    async fn root(&self) -> Result<Root, ContentsError> {
        Ok(self.root.clone())
    }

    async fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ContentsError> {
        let digest = &descriptor.digest;
        self.fetch(Wish::Manifest(digest.as_str()), digest, LARGEST_DOCUMENT)
            .await
    }

    async fn blob(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ContentsError> {
        let digest = &descriptor.digest;
        self.fetch(Wish::Blob(digest.as_str()), digest, descriptor.size)
            .await
    }

    async fn size(&self, digest: &Digest) -> Result<u64, ContentsError> {
        self.line
            .ask(|connection| async move { size(&connection, digest).await })
            .await
    }

    async fn open(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ContentsError> {
        pump::open(self.line.clone(), descriptor).await
    }
}

/// By `HEAD`; where that is refused, or does not tell, by asking for the first byte.
async fn size(connection: &Connection, digest: &Digest) -> Result<u64, Miss> {
    let wish = Wish::Blob(digest.as_str());
    match connection.send(Method::Head, wish).await {
        Ok(answer) => {
            if let Some(length) = number(answer.headers(), CONTENT_LENGTH.as_str()) {
                return Ok(length);
            }
        }
        Err(Miss::Fault(
            fault @ (RegistryFault::Denied { status: 401, .. } | RegistryFault::Throttled { .. }),
        )) => return Err(fault.into()),
        // Storage whose addresses are signed for GET answers HEAD with 403, and
        // some registries know it for manifests alone.
        Err(
            Miss::Absent(_)
            | Miss::Fault(RegistryFault::Denied { .. } | RegistryFault::Status { .. }),
        ) => {}
        Err(other) => return Err(other),
    }
    let answer = connection.send(Method::FirstByte, wish).await?;
    let headers = answer.headers();
    let length = match answer.status() {
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => headers
            .get(CONTENT_RANGE)
            .and_then(|range| range.to_str().ok())
            .and_then(|range| range.rsplit_once('/'))
            .and_then(|(_, total)| total.trim().parse().ok()),
        _ => number(headers, CONTENT_LENGTH.as_str()),
    };
    length.ok_or_else(|| {
        let why = format!("it does not say how many bytes {digest} has");
        RegistryFault::Protocol { why }.into()
    })
}

pub(super) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}
