//! Where an image's bytes are, by the form of its reference.

use std::sync::Arc;

use super::arguments::AuditArguments;
use super::failure::Failure;
use crate::image::ImageReference;
use crate::source::Contents;

/// The contents of what the command line names.
pub(super) async fn contents(arguments: &AuditArguments) -> Result<Arc<dyn Contents>, Failure> {
    match &arguments.image {
        // SOURCES: each form of a reference has its implementation in `source`;
        // this is the one place that chooses among them.
        ImageReference::Registry(_) | ImageReference::Engine(_) => Err(Failure::error(
            "source-not-supported",
            format!("{} can't be audited by this version", arguments.image),
            None,
        )),
    }
}
