//! What only shows when all of a project is there.

mod cycles;
mod references;
mod taken;

pub(super) use cycles::cycles;
pub(super) use references::references;
pub(super) use taken::taken;
