//! From events and results to what people and other programs read.
//!
//! Four observers of one model: [`terminal`] while it runs and at its end,
//! [`junit`] for CI systems, [`json`] for the jobs that come after. None of them
//! sees an engine, a registry or a suite, none opens a file, and whatever a
//! container printed passes through [`escape`] first.

pub mod escape;
mod failure;
pub mod json;
pub mod junit;
pub mod terminal;
mod view;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod golden;

pub use view::{ColorChoice, Glyphs, Palette, Verbosity, View};
