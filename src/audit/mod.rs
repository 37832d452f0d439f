//! What the bytes say: a walk over an image's index, manifests and layers that
//! needs no engine and runs nothing.
//!
//! The stages: [`tree`] reads every document the reference leads to; [`layer`]
//! streams each layer once and keeps of its files what a rule needs ([`file`]);
//! [`rootfs`] lays the layers over one another; [`rules`] judge. Only `tree`,
//! `layer::read` and `layer::cache` do I/O.

mod cases;
mod conduct;
#[cfg(test)]
#[path = "../../tests/support/elf/mod.rs"]
mod elf_writer;
pub mod file;
mod judgement;
pub mod layer;
mod layers;
pub mod rootfs;
mod rules;
pub mod tree;
mod unpacked;

pub use cases::{as_run, cases, cases_of, incomplete};
pub use conduct::{AuditInput, audit};
pub use unpacked::{Unpacked, UnpackedLayer};
