//! The words of the OCI specifications: reference, digest, platform, index,
//! manifest, config. Pure: nothing here reads a file or opens a connection.

mod config;
mod digest;
mod elf;
mod layer;
mod manifest;
mod platform;
mod reference;
mod variant;
mod vocabulary;

pub use config::{Healthcheck, HistoryEntry, ImageConfig};
pub use digest::{Digest, DigestError};
pub use elf::{ElfHeader, Machine};
pub use layer::{Compression, LayerType};
pub use manifest::{Descriptor, Document, DocumentError, Index, Manifest, media_type};
pub use platform::{Architecture, Platform, PlatformError};
pub use reference::{FileFormat, FileReference, ImageReference, ReferenceError, RegistryReference};
pub use variant::{BrokenVariant, Origin, ResolvedImage, Variant, VariantFault};
