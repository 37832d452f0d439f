//! A registry on the loopback interface, in memory, that does what it is told:
//! it serves what was put into it, speaks both kinds of authentication, counts
//! what it is asked, and plays every fault a registry is known for.
//!
//! Unit and integration tests share this file; it uses nothing of the crate.

#![allow(
    dead_code,
    clippy::allow_attributes,
    unreachable_pub,
    missing_docs,
    reason = "shared by two test binaries, each of which uses a part"
)]

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::Digest as _;

pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";

/// The token that [`Access::Token`] hands out.
const TOKEN: &str = "t0ken";

/// How one request goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This status, with these headers and this body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Half of the body, then the connection breaks.
    Truncated,
    /// This many bytes of what was asked for, then the connection breaks.
    BreaksAfter(usize),
    /// All of the body, under a `Content-Length` that promises this many bytes more.
    Promises(usize),
    /// The connection breaks before any answer.
    Closed,
    /// No answer, ever.
    Silent,
    /// These bytes instead of the right ones.
    Bytes(Vec<u8>),
}

impl Fault {
    /// 429, with a wish how long to wait.
    pub fn throttled(retry_after: &str) -> Self {
        let body = json!({"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]});
        Self::Answer(
            429,
            vec![("Retry-After", retry_after.to_owned())],
            body.to_string(),
        )
    }

    /// A status without more words.
    pub fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), String::new())
    }
}

/// Who may pull.
#[derive(Clone, Debug, Default)]
pub enum Access {
    /// Everybody, without being asked.
    #[default]
    Open,
    /// User and password with each request.
    Basic(String, String),
    /// A token from `/token`, for `user`, for the holder of `refresh`, or,
    /// where both are `None`, for everybody.
    Token {
        user: Option<(String, String)>,
        refresh: Option<String>,
    },
}

/// Something in the registry.
#[derive(Clone, Debug)]
pub struct Pushed {
    pub digest: String,
    pub size: usize,
    pub media_type: String,
}

impl Pushed {
    /// A descriptor of it; `platform` as `os/architecture[/variant]`.
    pub fn descriptor(&self, platform: Option<&str>) -> Value {
        let mut descriptor = json!({
            "mediaType": self.media_type, "digest": self.digest, "size": self.size,
        });
        if let Some(platform) = platform {
            let mut words = platform.split('/');
            let mut value = json!({"os": words.next(), "architecture": words.next()});
            if let Some(variant) = words.next() {
                value["variant"] = variant.into();
            }
            descriptor["platform"] = value;
        }
        descriptor
    }
}

#[derive(Default)]
struct State {
    contents: HashMap<String, (String, Bytes)>,
    access: Access,
    /// `HEAD` of a path answers with this status.
    heads: HashMap<String, u16>,
    ignores_ranges: bool,
    /// What each request carried to show who it is.
    authorizations: Vec<(String, String)>,
    once: HashMap<String, VecDeque<Fault>>,
    always: HashMap<String, Fault>,
    /// What a path answered last, if that was a fault: `HEAD` answers the same.
    last: HashMap<String, Fault>,
    requests: Vec<String>,
    token_forms: Vec<String>,
    address: Option<SocketAddr>,
}

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

    fn state(&self) -> MutexGuard<'_, State> {
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

    /// Puts a blob into it.
    pub fn blob(&self, repository: &str, media_type: &str, bytes: impl Into<Vec<u8>>) -> Pushed {
        self.put("blobs", repository, &[], media_type, bytes.into())
    }

    /// Puts a manifest or an index into it, by digest and by tags.
    pub fn manifest(
        &self,
        repository: &str,
        tags: &[&str],
        media_type: &str,
        content: &Value,
    ) -> Pushed {
        let bytes = content.to_string().into_bytes();
        self.put("manifests", repository, tags, media_type, bytes)
    }

    fn put(
        &self,
        kind: &str,
        repository: &str,
        tags: &[&str],
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Pushed {
        let hash = sha2::Sha256::digest(&bytes);
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let pushed = Pushed {
            digest: format!("sha256:{hex}"),
            size: bytes.len(),
            media_type: media_type.to_owned(),
        };
        let stored = (media_type.to_owned(), Bytes::from(bytes));
        let mut state = self.state();
        for name in tags.iter().copied().chain([pushed.digest.as_str()]) {
            state
                .contents
                .insert(format!("/v2/{repository}/{kind}/{name}"), stored.clone());
        }
        pushed
    }

    /// A small image in OCI's media types, untagged; `platform` as
    /// `os/architecture[/variant]`, `note` makes its digest its own.
    pub fn image(&self, repository: &str, platform: &str, note: &str) -> Pushed {
        self.image_of(repository, &[], platform, note, OCI_MANIFEST, OCI_CONFIG)
    }

    /// The same, with tags and media types.
    pub fn image_of(
        &self,
        repository: &str,
        tags: &[&str],
        platform: &str,
        note: &str,
        manifest_type: &str,
        config_type: &str,
    ) -> Pushed {
        let mut words = platform.split('/');
        let mut config = json!({
            "os": words.next(), "architecture": words.next(),
            "config": {"Labels": {"note": note}},
            "rootfs": {"type": "layers", "diff_ids": []},
        });
        if let Some(variant) = words.next() {
            config["variant"] = variant.into();
        }
        let config = self.blob(repository, config_type, config.to_string());
        let manifest = json!({
            "schemaVersion": 2, "mediaType": manifest_type,
            "config": config.descriptor(None), "layers": [],
        });
        self.manifest(repository, tags, manifest_type, &manifest)
    }

    /// An OCI index of these descriptors.
    pub fn index(&self, repository: &str, tags: &[&str], entries: &[Value]) -> Pushed {
        let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries});
        self.manifest(repository, tags, OCI_INDEX, &index)
    }

    /// Deletes something.
    pub fn forget(&self, path: &str) {
        self.state().contents.remove(path);
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

type Body = BoxBody<Bytes, io::Error>;

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Body>, io::Error> {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let authorization = request
        .headers()
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let range = request
        .headers()
        .get("range")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let body = request
        .into_body()
        .collect()
        .await
        .map_err(io::Error::other)?
        .to_bytes();
    let (fault, stored, range) = {
        let mut state = lock(&state);
        state.requests.push(format!("{method} {path}"));
        state
            .authorizations
            .push((path.clone(), authorization.clone()));
        if method == Method::HEAD
            && let Some(status) = state.heads.get(&path)
        {
            return Ok(answer(*status, "application/json", Bytes::new()));
        }
        let range = range.filter(|_| !state.ignores_ranges);
        let fault = if method == Method::HEAD {
            state.last.get(&path).cloned()
        } else {
            let next = state.once.get_mut(&path).and_then(VecDeque::pop_front);
            let fault = next.or_else(|| state.always.get(&path).cloned());
            match &fault {
                Some(fault) => state.last.insert(path.clone(), fault.clone()),
                None => state.last.remove(&path),
            };
            fault
        };
        (fault, state.contents.get(&path).cloned(), range)
    };
    let (media_type, bytes) = match fault {
        Some(Fault::Silent) => std::future::pending().await,
        Some(Fault::Closed) => return Err(io::Error::other("scripted")),
        Some(Fault::Answer(status, headers, body)) => {
            let mut answer = answer(status, "application/json", Bytes::from(body));
            for (name, value) in headers {
                if let Ok(value) = value.parse() {
                    answer.headers_mut().insert(name, value);
                }
            }
            return Ok(answer);
        }
        Some(Fault::Truncated) => {
            let whole = stored.map_or_else(|| Bytes::from_static(b"{\"token\":\"x\"}"), |s| s.1);
            let half = whole.slice(..whole.len() / 2);
            let frames = [Ok(Frame::data(half)), Err(io::Error::other("scripted"))];
            let mut answer = Response::new(StreamBody::new(stream::iter(frames)).boxed());
            answer
                .headers_mut()
                .insert("content-length", whole.len().into());
            return Ok(answer);
        }
        Some(fault @ (Fault::BreaksAfter(_) | Fault::Promises(_))) => {
            let (media_type, whole) = stored.unwrap_or_default();
            let honest = ranged(range.as_deref(), &media_type, &whole);
            let (mut head, body) = honest.into_parts();
            let body = body.collect().await?.to_bytes();
            let (sent, promised) = match fault {
                Fault::BreaksAfter(bytes) => (body.slice(..bytes.min(body.len())), body.len()),
                Fault::Promises(more) => (body.clone(), body.len() + more),
                _ => (body.clone(), body.len()),
            };
            head.headers.insert("content-length", promised.into());
            // What has been sent is flushed while the body waits; an error at once
            // would take it back.
            let end = stream::once(async {
                tokio::task::yield_now().await;
                Err(io::Error::other("scripted"))
            });
            let sent = stream::once(async { Ok(Frame::data(sent)) });
            let frames = futures_util::StreamExt::chain(sent, end);
            let body = StreamBody::new(frames).boxed();
            return Ok(Response::from_parts(head, body));
        }
        Some(Fault::Bytes(bytes)) => (
            stored.map_or_else(String::new, |stored| stored.0),
            Bytes::from(bytes),
        ),
        None => {
            if path == "/token" {
                return Ok(token(&state, &method, &query, &body, &authorization));
            }
            if let Some(challenge) = challenge(&state, &authorization) {
                return Ok(challenge);
            }
            match stored {
                _ if path == "/v2/" => return Ok(answer(200, "application/json", "{}".into())),
                Some(stored) => stored,
                None => {
                    let code = if path.contains("/blobs/") {
                        "BLOB_UNKNOWN"
                    } else {
                        "MANIFEST_UNKNOWN"
                    };
                    return Ok(error(404, code, "not here"));
                }
            }
        }
    };
    Ok(ranged(range.as_deref(), &media_type, &bytes))
}

/// All of it, or the part that a `Range` asks for: `bytes=N-` and `bytes=N-M`.
fn ranged(range: Option<&str>, media_type: &str, bytes: &Bytes) -> Response<Body> {
    let length = bytes.len();
    let asked = range
        .and_then(|range| range.strip_prefix("bytes="))
        .and_then(|range| range.split_once('-'));
    let Some((start, end)) = asked else {
        return answer(200, media_type, bytes.clone());
    };
    let start: usize = start.parse().unwrap_or(0);
    let end: usize = end
        .parse()
        .map_or(length, |last: usize| last + 1)
        .min(length);
    let (mut part, range) = if start < end {
        let part = answer(206, media_type, bytes.slice(start..end));
        (part, format!("bytes {start}-{}/{length}", end - 1))
    } else {
        (
            answer(416, media_type, Bytes::new()),
            format!("bytes */{length}"),
        )
    };
    if let Ok(range) = range.parse() {
        part.headers_mut().insert("content-range", range);
    }
    part
}

fn answer(status: u16, media_type: &str, body: Bytes) -> Response<Body> {
    let body = Full::new(body)
        .map_err(|never: Infallible| match never {})
        .boxed();
    let mut answer = Response::new(body);
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    if let Ok(value) = media_type.parse() {
        answer.headers_mut().insert("content-type", value);
    }
    answer
}

fn error(status: u16, code: &str, message: &str) -> Response<Body> {
    let body = json!({"errors": [{"code": code, "message": message}]});
    answer(status, "application/json", Bytes::from(body.to_string()))
}

/// 401, unless the request shows what is wanted.
fn challenge(state: &Mutex<State>, authorization: &str) -> Option<Response<Body>> {
    let state = lock(state);
    let (wanted, challenge) = match &state.access {
        Access::Open => return None,
        Access::Basic(user, password) => (basic(user, password), "Basic realm=\"test\"".to_owned()),
        Access::Token { .. } => (
            format!("Bearer {TOKEN}"),
            format!(
                "Bearer realm=\"http://{}/token\",service=\"loopback\"",
                state.address?
            ),
        ),
    };
    if authorization == wanted {
        return None;
    }
    let mut refusal = error(401, "UNAUTHORIZED", "authentication required");
    if let Ok(value) = challenge.parse() {
        refusal.headers_mut().insert("www-authenticate", value);
    }
    Some(refusal)
}

/// The token endpoint: `GET` with a password, `POST` with a refresh token.
fn token(
    state: &Mutex<State>,
    method: &Method,
    query: &str,
    body: &[u8],
    authorization: &str,
) -> Response<Body> {
    let mut state = lock(state);
    let form = if *method == Method::POST {
        String::from_utf8_lossy(body).into_owned()
    } else {
        query.to_owned()
    };
    state.token_forms.push(form.clone());
    let Access::Token { user, refresh } = &state.access else {
        return error(404, "NOT_FOUND", "no tokens here");
    };
    let has = |pair: &str| form.split('&').any(|known| known == pair);
    if !has("service=loopback") || !form.contains("scope=repository%3A") {
        return error(400, "BAD", "service and scope are wanted");
    }
    let granted = match (method == Method::POST, user, refresh) {
        (true, _, Some(refresh)) => {
            has("grant_type=refresh_token") && has(&format!("refresh_token={refresh}"))
        }
        (true, _, None) => false,
        (false, Some((user, password)), _) => authorization == basic(user, password),
        (false, None, Some(_)) => false,
        (false, None, None) => true,
    };
    match (granted, method == Method::POST) {
        (false, true) => answer(
            400,
            "application/json",
            "{\"error\":\"invalid_grant\"}".into(),
        ),
        (false, false) => error(401, "UNAUTHORIZED", "incorrect username or password"),
        (true, is_post) => {
            // Both names occur in the wild.
            let name = if is_post { "access_token" } else { "token" };
            answer(
                200,
                "application/json",
                json!({name: TOKEN}).to_string().into(),
            )
        }
    }
}

fn basic(user: &str, password: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::from("Basic ");
    for chunk in format!("{user}:{password}").as_bytes().chunks(3) {
        let padded = [0, 1, 2].map(|i| u32::from(chunk.get(i).copied().unwrap_or(0)));
        let bits = (padded[0] << 16) | (padded[1] << 8) | padded[2];
        for i in 0..4 {
            text.push(if i <= chunk.len() {
                char::from(ALPHABET[(bits >> (18 - 6 * i)) as usize & 63])
            } else {
                '='
            });
        }
    }
    text
}
