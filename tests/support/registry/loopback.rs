//! The registry, as tests hold it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use hyper_util::rt::TokioIo;

use super::serve::serve;
use super::state::{State, lock};
use super::{Access, Fault};

/// The registry; it ends when this is dropped.
pub struct LoopbackRegistry {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for LoopbackRegistry {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl LoopbackRegistry {
    /// An empty one, on a free port.
    pub async fn start() -> io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State {
            address: Some(address),
            ..State::default()
        }));
        let shared = state.clone();
        let server = tokio::spawn(async move {
            // Dropped with this task, which ends every connection.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let state = shared.clone();
                connections.spawn(async move {
                    let service = hyper::service::service_fn(move |request| {
                        let state = state.clone();
                        async move { serve(state, request).await }
                    });
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(socket), service)
                        .await;
                });
            }
        });
        Ok(Self {
            address,
            state,
            server,
        })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// `127.0.0.1:port`
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// A reference to something in it.
    pub fn reference(&self, rest: &str) -> String {
        format!("{}/{rest}", self.address)
    }

    /// The next `GET` of this path goes wrong, after those already planned.
    pub fn fails_once(&self, path: &str, fault: Fault) {
        let mut state = self.state();
        state
            .once
            .entry(path.to_owned())
            .or_default()
            .push_back(fault);
    }

    /// Every `GET` of this path goes wrong.
    pub fn fails_always(&self, path: &str, fault: Fault) {
        self.state().always.insert(path.to_owned(), fault);
    }

    /// `HEAD` of this path answers with this status, whatever `GET` does.
    pub fn refuses_head(&self, path: &str, status: u16) {
        self.state().heads.insert(path.to_owned(), status);
    }

    /// It has never heard of `Range`.
    pub fn ignores_ranges(&self) {
        self.state().ignores_ranges = true;
    }

    /// The `Authorization` headers of all requests of a path; empty where it had none.
    pub fn authorizations(&self, path: &str) -> Vec<String> {
        let state = self.state();
        let of_path = state
            .authorizations
            .iter()
            .filter(|(known, _)| known == path);
        of_path.map(|(_, value)| value.clone()).collect()
    }

    /// Says who may pull.
    pub fn protect(&self, access: Access) {
        self.state().access = access;
    }

    /// How often this was asked, as in `GET /v2/app/manifests/1`. A request that
    /// was answered by a challenge counts as well.
    pub fn count(&self, request: &str) -> usize {
        let state = self.state();
        state
            .requests
            .iter()
            .filter(|known| *known == request)
            .count()
    }

    /// What the token endpoint was asked: query or form, undecoded.
    pub fn token_forms(&self) -> Vec<String> {
        self.state().token_forms.clone()
    }
}
