//! Requests and what is read of their answers: whole things up to a bound, sizes
//! without content, blobs from a byte on.

use oci_client::secrets::RegistryAuth;
use reqwest::header::{ACCEPT, HeaderMap, LOCATION, RANGE};
use reqwest::{Response, StatusCode, Url};

use super::Connection;
use crate::image::media_type;
use crate::source::RegistryFault;
use crate::source::retry::Miss;
use crate::source::token::{of_status, words_in};

/// Registries send blobs' readers on to where these are stored; one hop is usual.
const MOST_REDIRECTS: usize = 6;
/// As much of an error's body as is read.
const LONGEST_COMPLAINT: usize = 16 * 1024;

/// What of a thing is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum Method {
    /// Its headers.
    Head,
    /// All of it.
    Get,
    /// Its first byte alone, for what the answer's headers say.
    FirstByte,
    /// What comes after this many bytes.
    From(u64),
}

/// A thing of the repository.
#[derive(Clone, Copy, Debug)]
pub(in crate::source) enum Wish<'a> {
    /// A manifest or index, by tag or digest.
    Manifest(&'a str),
    /// A blob, by digest.
    Blob(&'a str),
}

impl Connection {
    /// Sends one request and follows it to where the registry sends it on. The
    /// answer is a success, or 416; its body has not been read.
    pub(in crate::source) async fn send(
        &self,
        method: Method,
        wish: Wish<'_>,
    ) -> Result<Response, Miss> {
        let (kind, name) = match wish {
            Wish::Manifest(name) => ("manifests", name),
            Wish::Blob(name) => ("blobs", name),
        };
        let url = format!("{}/v2/{}/{kind}/{name}", self.base, self.repository);
        let home = Url::parse(&url).map_err(|why| protocol(format!("`{url}`: {why}")))?;
        let mut url = home.clone();
        for _ in 0..=MOST_REDIRECTS {
            let answer = self.once(method, wish, &url, &home).await?;
            let status = answer.status();
            if status.is_success() || status == StatusCode::RANGE_NOT_SATISFIABLE {
                return Ok(answer);
            }
            if !status.is_redirection() {
                return Err(self.refusal(answer).await);
            }
            url = self.next(&answer, &url)?;
        }
        Err(protocol(format!(
            "it sends requests on more than {MOST_REDIRECTS} times"
        )))
    }

    /// A whole manifest or blob, and the headers it came with. No more than `limit`
    /// bytes are taken: who serves more of them, serves something else.
    pub(in crate::source) async fn get(
        &self,
        wish: Wish<'_>,
        limit: u64,
    ) -> Result<(HeaderMap, Vec<u8>), Miss> {
        let mut answer = self.send(Method::Get, wish).await?;
        if answer.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            return Err(protocol("416 to a request without a range".to_owned()));
        }
        let bytes = beginning(&mut answer, limit)
            .await
            .map_err(|error| self.broken(&error))?;
        let length = bytes.len() as u64;
        if length > limit {
            return Err(Miss::TooLong { at_least: length });
        }
        Ok((answer.headers().clone(), bytes))
    }

    async fn once(
        &self,
        method: Method,
        wish: Wish<'_>,
        url: &Url,
        home: &Url,
    ) -> Result<Response, Miss> {
        let mut request = match method {
            Method::Head => self.http.head(url.clone()),
            Method::Get => self.http.get(url.clone()),
            Method::FirstByte => self.http.get(url.clone()).header(RANGE, "bytes=0-0"),
            Method::From(offset) => self
                .http
                .get(url.clone())
                .header(RANGE, format!("bytes={offset}-")),
        };
        if matches!(wish, Wish::Manifest(_)) {
            request = request.header(ACCEPT, media_type::ALL.join(", "));
        }
        // Where blobs are stored is another host, whose address is the permission:
        // it must not see the registry's token, and some refuse requests with two.
        if url.origin() == home.origin() {
            request = match &self.authorization.auth {
                RegistryAuth::Anonymous => request,
                RegistryAuth::Basic(username, password) => {
                    request.basic_auth(username, Some(password))
                }
                RegistryAuth::Bearer(token) => request.bearer_auth(token),
            };
        }
        Ok(request
            .send()
            .await
            .map_err(|error| RegistryFault::of(&error, self.is_plain))?)
    }

    /// Where a redirect leads. Never from TLS to plain HTTP.
    fn next(&self, answer: &Response, from: &Url) -> Result<Url, Miss> {
        let target = answer
            .headers()
            .get(LOCATION)
            .and_then(|location| location.to_str().ok())
            .and_then(|location| from.join(location).ok())
            .ok_or_else(|| {
                protocol(format!(
                    "it answered {} without saying where to",
                    answer.status()
                ))
            })?;
        match (from.scheme(), target.scheme()) {
            (_, "https") | ("http", "http") => Ok(target),
            _ => Err(protocol(format!(
                "it sends requests on from TLS to {}",
                target.host_str().unwrap_or("nowhere")
            ))),
        }
    }

    async fn refusal(&self, mut answer: Response) -> Miss {
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let mut body = Vec::new();
        while body.len() < LONGEST_COMPLAINT
            && let Ok(Some(piece)) = answer.chunk().await
        {
            body.extend_from_slice(&piece);
        }
        let said = String::from_utf8_lossy(&body);
        match status {
            404 => Miss::Absent(words_in(&said)),
            401 | 403 => self.denied(status, &words_in(&said)).into(),
            _ => of_status(status, &headers, &said, self.is_anonymous(), self.is_plain).into(),
        }
    }

    /// How patient it is.
    pub(in crate::source) fn patience(&self) -> crate::source::registry::Patience {
        self.patience
    }

    /// The fault of a connection that broke while a body was read.
    pub(in crate::source) fn broken(&self, error: &reqwest::Error) -> RegistryFault {
        RegistryFault::of(error, self.is_plain)
    }
}

/// All of a body, unless it is longer than `limit`: then its beginning, and at least
/// one byte more than the limit.
pub(in crate::source) async fn beginning(
    answer: &mut Response,
    limit: u64,
) -> Result<Vec<u8>, reqwest::Error> {
    let mut bytes = Vec::new();
    while bytes.len() as u64 <= limit
        && let Some(piece) = answer.chunk().await?
    {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn protocol(why: String) -> Miss {
    RegistryFault::Protocol { why }.into()
}
