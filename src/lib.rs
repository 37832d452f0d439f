//! everyarch: does every platform of a multi-platform container image really run?
//!
//! The modules are the stages of one run; data flows one way through them.
//! `ARCHITECTURE.md` says what each may use, and `tests/architecture.rs` keeps it so.

pub mod audit;
pub mod check;
pub mod cli;
pub mod compose;
pub mod diagnosis;
pub mod diagnostic;
pub mod engine;
pub mod event;
pub mod image;
pub mod plan;
pub mod report;
pub mod repro;
pub mod run;
pub mod source;
pub mod stack;
pub mod suite;
mod yaml;

#[cfg(test)]
#[path = "../tests/support/layout/mod.rs"]
mod layout;
