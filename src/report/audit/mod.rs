//! What an audit found, for people ([`write_summary`]), for the jobs that come
//! after ([`json`]) and for code scanning ([`sarif`]).

pub mod json;
pub mod sarif;
mod terminal;

#[cfg(test)]
mod fixture;

pub use terminal::write_summary;
