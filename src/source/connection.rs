//! One repository of one registry, opened: manifests and blobs by their
//! digests, verified, with retries and deadlines.

mod request;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::{DigestError, OciDistributionError, OciErrorCode};
use oci_client::secrets::RegistryAuth;
use oci_client::token_cache::RegistryTokenType;
use oci_client::{Client, Reference, RegistryOperation};
use tokio::io::AsyncWrite;

use crate::image::{Digest, RegistryReference, media_type};

use super::retry::{GaveUp, Miss, Patience};
use super::token::{Authorization, Handshake, of_status, said_in, wait_of};
use super::{RegistryFault, RegistryOptions, SourceError};

const USER_AGENT: &str = concat!("everyarch/", env!("CARGO_PKG_VERSION"));

/// An authorised client for one repository.
pub(super) struct Connection {
    client: Client,
    http: reqwest::Client,
    authorization: Authorization,
    base: String,
    host: String,
    registry: String,
    repository: String,
    is_plain: bool,
    patience: Patience,
}

pub(super) use request::{Method, Wish};

/// What a manifest is asked for by.
#[derive(Clone, Copy)]
pub(super) enum Pointer<'a> {
    Tag(&'a str),
    Digest(&'a Digest),
}

impl Connection {
    /// Opens it: finds out how the registry wants to be asked, and gets a token.
    pub(super) async fn open(
        reference: &RegistryReference,
        options: &RegistryOptions,
    ) -> Result<Self, SourceError> {
        let registry = reference.registry().to_owned();
        let repository = reference.repository().to_owned();
        // Docker Hub's registry is not where its name says.
        let host = at_any_tag(&registry, &repository)
            .resolve_registry()
            .to_owned();
        let is_plain = options.is_plain(reference);
        let base = format!("{}://{host}", if is_plain { "http" } else { "https" });
        let (client, http) =
            clients(reference, &host, is_plain).map_err(|error| SourceError::Registry {
                step: "setting up the connection".to_owned(),
                host: host.clone(),
                attempts: 1,
                fault: RegistryFault::of(&error, is_plain),
            })?;
        let authorization = Handshake {
            http: &http,
            base: &base,
            host: &host,
            is_plain,
            repository: &repository,
            found: options.credentials.as_ref(),
            patience: options.patience,
        }
        .authorize()
        .await?;
        if let RegistryAuth::Basic(username, password) = &authorization.auth {
            // Else oci-client would ask once more how to be asked.
            client
                .tokens
                .insert(
                    &at_any_tag(&registry, &repository),
                    RegistryOperation::Pull,
                    RegistryTokenType::Basic(username.clone(), password.clone()),
                )
                .await;
        }
        client
            .store_auth_if_needed(&host, &authorization.auth)
            .await;
        Ok(Self {
            client,
            http,
            authorization,
            base,
            host,
            registry,
            repository,
            is_plain,
            patience: options.patience,
        })
    }

    /// The host that is really spoken to.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// A manifest or index: its bytes and the digest they were verified against.
    pub(super) async fn manifest(&self, pointer: Pointer<'_>) -> Result<(Bytes, Digest), GaveUp> {
        let (reference, name) = match pointer {
            Pointer::Tag(tag) => (
                Reference::with_tag(
                    self.registry.clone(),
                    self.repository.clone(),
                    tag.to_owned(),
                ),
                tag,
            ),
            Pointer::Digest(digest) => (self.at(digest), digest.as_str()),
        };
        let url = format!("{}/v2/{}/manifests/{name}", self.base, self.repository);
        self.patience
            .ask(|| async {
                let (bytes, digest) = match self
                    .client
                    .pull_manifest_raw(&reference, &self.authorization.auth, &media_type::ALL)
                    .await
                {
                    Ok(served) => served,
                    Err(error) => return Err(self.miss(error, &url).await),
                };
                let expected = match pointer {
                    Pointer::Digest(digest) => digest.clone(),
                    // By tag, the registry's header was compared by oci-client;
                    // an exotic algorithm in it is replaced by our own digest.
                    Pointer::Tag(_) => digest.parse().unwrap_or_else(|_| Digest::of(&bytes)),
                };
                verify(&bytes, &expected)?;
                Ok((bytes, expected))
            })
            .await
    }

    /// A blob of exactly `size` bytes; more are not read.
    pub(super) async fn blob(&self, digest: &Digest, size: u64) -> Result<Vec<u8>, GaveUp> {
        let reference = self.at(digest);
        let url = format!("{}/v2/{}/blobs/{digest}", self.base, self.repository);
        self.patience
            .ask(|| async {
                let mut sink = BoundedSink {
                    bytes: Vec::new(),
                    limit: size,
                    overflowed: None,
                };
                let outcome = self
                    .client
                    .pull_blob(&reference, digest.as_str(), &mut sink)
                    .await;
                if let Some(at_least) = sink.overflowed {
                    return Err(Miss::TooLong { at_least });
                }
                if let Err(error) = outcome {
                    return Err(self.miss(error, &url).await);
                }
                verify(&sink.bytes, digest)?;
                Ok(sink.bytes)
            })
            .await
    }

    fn at(&self, digest: &Digest) -> Reference {
        Reference::with_digest(
            self.registry.clone(),
            self.repository.clone(),
            digest.to_string(),
        )
    }

    /// What an error of oci-client means.
    async fn miss(&self, error: OciDistributionError, url: &str) -> Miss {
        match error {
            OciDistributionError::RequestError(error) => {
                RegistryFault::of(&error, self.is_plain).into()
            }
            OciDistributionError::UnauthorizedError { .. } => self.denied(401, "").into(),
            OciDistributionError::RegistryError { envelope, .. } => {
                let said = envelope
                    .errors
                    .iter()
                    .map(|error| error.message.as_str())
                    .collect::<Vec<_>>()
                    .join("; ");
                // The status is lost on the way; the code says the same.
                match envelope.errors.first().map(|error| &error.code) {
                    Some(
                        OciErrorCode::ManifestUnknown
                        | OciErrorCode::NameUnknown
                        | OciErrorCode::BlobUnknown
                        | OciErrorCode::ManifestBlobUnknown
                        | OciErrorCode::NotFound,
                    ) => Miss::Absent(said),
                    Some(OciErrorCode::Unauthorized) => self.denied(401, &said).into(),
                    Some(OciErrorCode::Denied) => self.denied(403, &said).into(),
                    Some(OciErrorCode::Toomanyrequests) => {
                        self.with_wait(429, &said, url).await.into()
                    }
                    _ => RegistryFault::Protocol { why: said }.into(),
                }
            }
            OciDistributionError::ServerError { code, message, .. } => match code {
                404 => Miss::Absent(said_in(&message)),
                401 | 403 => self.denied(code, &said_in(&message)).into(),
                429 | 503 => self.with_wait(code, &message, url).await.into(),
                _ => of_status(
                    code,
                    &reqwest::header::HeaderMap::new(),
                    &message,
                    self.is_anonymous(),
                    self.is_plain,
                )
                .into(),
            },
            OciDistributionError::DigestError(DigestError::VerificationError {
                expected,
                actual,
            }) => Miss::Mismatch { expected, actual },
            other => RegistryFault::Protocol {
                why: other.to_string(),
            }
            .into(),
        }
    }

    fn denied(&self, status: u16, said: &str) -> RegistryFault {
        RegistryFault::Denied {
            status,
            repository: self.repository.clone(),
            credentials_from: self.authorization.credentials_from.clone(),
            said: said.to_owned(),
        }
    }

    fn is_anonymous(&self) -> bool {
        self.authorization.credentials_from.is_none()
    }

    /// The fault of a status that may come with `Retry-After`. oci-client does
    /// not hand out headers, so they are asked for once more, without a body;
    /// nothing else of that answer is used.
    async fn with_wait(&self, status: u16, said: &str, url: &str) -> RegistryFault {
        let request = self.http.head(url);
        let request = match &self.authorization.auth {
            RegistryAuth::Anonymous => request,
            RegistryAuth::Basic(username, password) => request.basic_auth(username, Some(password)),
            RegistryAuth::Bearer(token) => request.bearer_auth(token),
        };
        let wait = match request.send().await {
            Ok(answer) => wait_of(answer.headers()),
            Err(_) => None,
        };
        match of_status(
            status,
            &reqwest::header::HeaderMap::new(),
            said,
            self.is_anonymous(),
            self.is_plain,
        ) {
            RegistryFault::Throttled { anonymous, .. } => {
                RegistryFault::Throttled { wait, anonymous }
            }
            RegistryFault::Status { status, said, .. } => {
                RegistryFault::Status { status, wait, said }
            }
            other => other,
        }
    }
}

fn verify(bytes: &[u8], digest: &Digest) -> Result<(), Miss> {
    if digest.matches(bytes) {
        return Ok(());
    }
    Err(Miss::Mismatch {
        expected: digest.to_string(),
        actual: Digest::of(bytes).to_string(),
    })
}

/// oci-client derives hosts and cache keys from references; the tag is no part of them.
fn at_any_tag(registry: &str, repository: &str) -> Reference {
    Reference::with_tag(registry.to_owned(), repository.to_owned(), "any".to_owned())
}

/// The client for manifests and blobs, and the one for tokens and headers.
fn clients(
    reference: &RegistryReference,
    host: &str,
    is_plain: bool,
) -> Result<(Client, reqwest::Client), OciDistributionError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // reqwest panics without one. `main` installs the same; losing the race
        // against another thread that does so is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    // A redirect could carry a refresh token in its body to another host.
    let mut http = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none());
    let mut config = ClientConfig {
        protocol: if is_plain {
            ClientProtocol::HttpsExcept(vec![host.to_owned()])
        } else {
            ClientProtocol::Https
        },
        platform_resolver: None,
        user_agent: USER_AGENT,
        ..ClientConfig::default()
    };
    if reference.is_loopback() {
        // Loopback never goes through a proxy. For oci-client: naming any proxy
        // switches off those of the environment, and every host is exempted from it.
        http = http.no_proxy();
        config.http_proxy = Some("http://127.0.0.1:9".to_owned());
        config.no_proxy = Some("*,0.0.0.0/0,::/0".to_owned());
    }
    // Ours first: on a machine without CA certificates this is an error, and
    // making oci-client's, even one for plain HTTP, is a panic.
    let http = http.build()?;
    Ok((Client::try_from(config)?, http))
}

/// Takes no more bytes than were promised.
struct BoundedSink {
    bytes: Vec<u8>,
    limit: u64,
    overflowed: Option<u64>,
}

impl AsyncWrite for BoundedSink {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        chunk: &[u8],
    ) -> Poll<io::Result<usize>> {
        let total = self.bytes.len().saturating_add(chunk.len()) as u64;
        if total > self.limit {
            self.overflowed = Some(total);
            return Poll::Ready(Err(io::Error::other("more bytes than promised")));
        }
        self.bytes.extend_from_slice(chunk);
        Poll::Ready(Ok(chunk.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
