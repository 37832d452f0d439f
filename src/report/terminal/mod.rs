//! For people: [`Progress`] while it runs, [`write_summary`] at its end.

mod lane;
mod matrix;
mod progress;
mod sign;
mod summary;

pub use progress::Progress;
pub use summary::write_summary;
