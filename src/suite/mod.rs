//! The declarative file: model, reading with spans, validation. Pure: text in, suite out.

mod model;

pub use model::*;
