//! Answers, whole or in part.

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::{Response, StatusCode};
use serde_json::json;

/// What an answer carries.
pub(super) type Body = BoxBody<Bytes, io::Error>;

/// All of it, or the part that a `Range` asks for: `bytes=N-` and `bytes=N-M`.
pub(super) fn ranged(range: Option<&str>, media_type: &str, bytes: &Bytes) -> Response<Body> {
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

pub(super) fn answer(status: u16, media_type: &str, body: Bytes) -> Response<Body> {
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

pub(super) fn error(status: u16, code: &str, message: &str) -> Response<Body> {
    let body = json!({"errors": [{"code": code, "message": message}]});
    answer(status, "application/json", Bytes::from(body.to_string()))
}
