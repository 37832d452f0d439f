//! From a request to its answer.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::{Method, Request, Response};

use super::Fault;
use super::access::{challenge, token};
use super::answer::{Body, answer, error, ranged};
use super::state::{State, lock};

/// One request. An error breaks the connection.
pub(super) async fn serve(
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
        Some(Fault::Endless) => {
            let piece = Bytes::from_static(&[b' '; 64 * 1024]);
            let pieces = stream::repeat_with(move || Ok(Frame::data(piece.clone())));
            return Ok(Response::new(StreamBody::new(pieces).boxed()));
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
