//! repro
