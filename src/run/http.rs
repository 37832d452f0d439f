//! HTTP to a service under test: over a published port, or, where the engine
//! is remote, from inside the container.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::engine::{Captured, Ended, Engine, ExecSpec, NewFile, tiny_elf};

/// How much of a body is kept.
const BODY_CAP: usize = 1 << 20;

/// How long a connection through a port forwarder must stay open to count: a
/// forwarder accepts at once and hangs up when nobody listens behind it.
const FORWARDER: Duration = Duration::from_millis(150);

/// A way to a port of a container.
#[derive(Clone)]
pub(super) enum Route {
    /// An ephemeral loopback port of the engine's host, which is this host.
    Published(SocketAddr),
    /// From within: the engine is elsewhere.
    Inside {
        engine: Arc<dyn Engine>,
        container: String,
        port: u16,
    },
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<String>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Captured,
}

/// Why nothing came back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Silence {
    /// Nobody listens.
    #[error("the connection was refused")]
    Refused,
    /// The answer is no HTTP, or broke off.
    #[error("the answer is not valid HTTP: {0}")]
    Broken(String),
    /// No answer in time.
    #[error("no answer within {} s", .0.as_secs_f64())]
    Deadline(Duration),
    /// A fault of ours or the engine's.
    #[error("{0}")]
    Fault(String),
}

impl Route {
    /// Sends a request and reads the answer, all within `deadline`.
    pub(super) async fn request(
        &self,
        request: &Request,
        deadline: Duration,
    ) -> Result<Response, Silence> {
        let work = async {
            match self {
                Self::Published(address) => {
                    let stream = TcpStream::connect(address)
                        .await
                        .map_err(|_| Silence::Refused)?;
                    converse(stream, request, &address.to_string()).await
                }
                Self::Inside {
                    engine,
                    container,
                    port,
                } => through(engine.as_ref(), container, *port, request, deadline).await,
            }
        };
        tokio::time::timeout(deadline, work)
            .await
            .unwrap_or(Err(Silence::Deadline(deadline)))
    }

    /// Whether a TCP connection is accepted, and kept.
    pub(super) async fn accepts(&self, deadline: Duration) -> Result<bool, Silence> {
        match self {
            Self::Published(address) => {
                let connected = tokio::time::timeout(deadline, TcpStream::connect(address)).await;
                let Ok(Ok(mut stream)) = connected else {
                    return Ok(false);
                };
                let mut byte = [0; 1];
                let heard = tokio::time::timeout(FORWARDER, stream.read(&mut byte)).await;
                Ok(match heard {
                    // It stays silent, and on the line; or it spoke first.
                    Err(_) | Ok(Ok(1..)) => true,
                    Ok(Ok(0) | Err(_)) => false,
                })
            }
            Self::Inside {
                engine,
                container,
                port,
            } => {
                let execution = ask(
                    engine.as_ref(),
                    container,
                    *port,
                    &[],
                    FORWARDER.max(Duration::from_secs(2)),
                )
                .await?;
                Ok(match execution.0 {
                    Ended::Exit(code) => code == 0,
                    Ended::Deadline => true,
                })
            }
        }
    }
}

/// Speaks HTTP over any stream.
async fn converse<S>(stream: S, request: &Request, host: &str) -> Result<Response, Silence>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| {
        // A forwarder that finds nobody behind it hangs up before the first byte.
        if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
            Silence::Refused
        } else {
            Silence::Broken(error.to_string())
        }
    };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let connection = tokio::spawn(connection);
    let mut builder = http::Request::builder()
        .method(request.method.as_str())
        .uri(request.path.as_str());
    let has = |name: &str| {
        request
            .headers
            .iter()
            .any(|(key, _)| key.eq_ignore_ascii_case(name))
    };
    if !has("host") {
        builder = builder.header("host", host);
    }
    if !has("user-agent") {
        builder = builder.header(
            "user-agent",
            concat!("everyarch/", env!("CARGO_PKG_VERSION")),
        );
    }
    builder = builder.header("connection", "close");
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let body = Full::new(Bytes::from(request.body.clone().unwrap_or_default()));
    let outgoing = builder
        .body(body)
        .map_err(|error| Silence::Fault(format!("the request can't be made: {error}")))?;
    let response = sender.send_request(outgoing).await.map_err(broken)?;
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let mut body = Captured::with_cap(BODY_CAP);
    let mut incoming = response.into_body();
    while let Some(frame) = incoming.frame().await {
        let frame =
            frame.map_err(|error| Silence::Broken(format!("the body broke off: {error}")))?;
        if let Some(bytes) = frame.data_ref() {
            body.push(bytes);
        }
    }
    connection.abort();
    Ok(Response {
        status,
        headers,
        body,
    })
}

/// HTTP from inside: hyper writes the request into a pipe, a tiny program in
/// the container carries it to the port, and its output is read as the answer.
async fn through(
    engine: &dyn Engine,
    container: &str,
    port: u16,
    request: &Request,
    deadline: Duration,
) -> Result<Response, Silence> {
    let (near, far) = tokio::io::duplex(1 << 16);
    let host = format!("127.0.0.1:{port}");
    let conversation = converse(near, request, &host);
    let carrier = async {
        let (mut reader, mut writer) = tokio::io::split(far);
        // The request ends where hyper waits for the answer: read until it pauses.
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            match tokio::time::timeout(Duration::from_millis(20), reader.read(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(n)) => bytes.extend_from_slice(buffer.get(..n).unwrap_or_default()),
                Err(_) if bytes.is_empty() => {}
                Err(_) => break,
            }
        }
        let (ended, answer) = ask(engine, container, port, &bytes, deadline).await?;
        if ended == Ended::Exit(111) {
            return Err(Silence::Refused);
        }
        writer
            .write_all(&answer)
            .await
            .map_err(|error| Silence::Fault(error.to_string()))?;
        writer
            .shutdown()
            .await
            .map_err(|error| Silence::Fault(error.to_string()))
    };
    let (answer, carried) = futures_util::future::join(conversation, carrier).await;
    carried?;
    answer
}

async fn ask(
    engine: &dyn Engine,
    container: &str,
    port: u16,
    request: &[u8],
    deadline: Duration,
) -> Result<(Ended, Vec<u8>), Silence> {
    let host = engine.facts().platform.architecture();
    let Some(program) = tiny_elf::ask(host, port, request) else {
        return Err(Silence::Fault(format!(
            "ports of a remote engine on {} can't be reached yet; use an engine on this host",
            host.as_str()
        )));
    };
    let fault = |error: crate::engine::EngineError| Silence::Fault(error.to_string());
    let path = format!("/.everyarch/ask-{:08x}", rand::random::<u32>());
    let file = NewFile {
        path: path.clone(),
        mode: 0o755,
        owner: (0, 0),
        bytes: program,
    };
    engine.put(container, &[file]).await.map_err(fault)?;
    let spec = ExecSpec {
        command: vec![path],
        ..ExecSpec::default()
    };
    let execution = engine
        .exec(container, &spec, deadline, BODY_CAP * 2)
        .await
        .map_err(fault)?;
    Ok((execution.ended, execution.stdout.bytes()))
}
