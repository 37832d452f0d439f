//! What the registry remembers.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::{Access, Fault};

/// Everything it knows, and was told.
#[derive(Default)]
pub(super) struct State {
    pub(super) contents: HashMap<String, (String, Bytes)>,
    pub(super) access: Access,
    /// `HEAD` of a path answers with this status.
    pub(super) heads: HashMap<String, u16>,
    pub(super) ignores_ranges: bool,
    /// What each request carried to show who it is.
    pub(super) authorizations: Vec<(String, String)>,
    pub(super) once: HashMap<String, VecDeque<Fault>>,
    pub(super) always: HashMap<String, Fault>,
    /// What a path answered last, if that was a fault: `HEAD` answers the same.
    pub(super) last: HashMap<String, Fault>,
    pub(super) requests: Vec<String>,
    pub(super) token_forms: Vec<String>,
    pub(super) address: Option<SocketAddr>,
}

pub(super) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
