//! From events and results to what people and other programs read.
//!
//! Four observers of one model: [`terminal`] while it runs and at its end,
//! [`junit`] for CI systems, [`json`] for the jobs that come after; [`audit`] for
//! what the bytes alone say; and [`artifacts`] for what cases leave to be looked at.
//! None of them sees an engine, a registry or a suite, none opens a file, and
//! whatever a container printed or an image holds passes through [`escape`] first –
//! but in artifacts, which have what was printed as it was.

pub mod artifacts;
pub mod audit;
mod document;
pub mod escape;
mod failure;
pub mod json;
pub mod junit;
mod services;
pub mod terminal;
mod view;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod golden;

pub use view::{ColorChoice, Glyphs, Palette, Verbosity, View};
