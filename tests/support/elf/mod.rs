//! Makes small ELF files in code: real ones, that `readelf` reads and loaders load.
//!
//! ```ignore
//! Elf::program(Machine::AArch64)
//!     .interpreter("/lib/ld-linux-aarch64.so.1")
//!     .needs("libc.so.6", &["GLIBC_2.17", "GLIBC_2.34"])
//!     .build()
//! ```
//!
//! `description` is what tests say, `plan` is where each part of the file comes to
//! lie, and every other module writes one of these parts.
//!
//! Unit and integration tests share this folder; it uses nothing of the crate.

#![allow(
    dead_code,
    clippy::allow_attributes,
    unreachable_pub,
    missing_docs,
    reason = "shared by two test binaries, each of which uses a part"
)]

mod attributes;
mod description;
mod dynamic;
mod go;
mod header;
mod machine;
mod notes;
mod numbers;
mod piece;
mod plan;
mod sections;
mod segments;
mod strings;
mod symbols;
mod versions;

pub use description::Elf;
pub use machine::Machine;
