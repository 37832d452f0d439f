//! One audit from its first document to its last finding.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::event::AuditReport;
use crate::image::Platform;
use crate::source::{Contents, ContentsError};

/// What an audit is told.
pub struct AuditInput {
    /// Where the image's documents and blobs are.
    pub contents: Arc<dyn Contents>,
    /// The image, as the user wrote it.
    pub reference: String,
    /// Only these platforms are looked at, and each must be there; `None`:
    /// everything in the index.
    pub required: Option<Vec<Platform>>,
    /// How many layers may be read at a time.
    pub jobs: usize,
    /// The folder of the cache; `None`: nothing is kept.
    pub cache: Option<PathBuf>,
    /// Ends it early.
    pub cancel: CancellationToken,
}

/// Looks at an image.
///
/// # Errors
/// When what the reference names can't be had, so that there is nothing to report on.
pub async fn audit(input: AuditInput) -> Result<AuditReport, ContentsError> {
    let _root = input.contents.root().await?;
    Err(ContentsError::Unreachable(
        "the audit itself is not part of this build".to_owned(),
    ))
}
