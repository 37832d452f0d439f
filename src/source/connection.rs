//! One repository of one registry, opened: manifests and blobs by their
//! digests, verified, with retries and deadlines.

mod request;

use crate::image::{Digest, RegistryReference};

use super::contents::LARGEST_DOCUMENT;
use super::retry::{GaveUp, Miss, Patience};
use super::token::{Authorization, Handshake};
use super::{RegistryFault, RegistryOptions, SourceError};

pub(super) use request::{Method, Wish, beginning};

const USER_AGENT: &str = concat!("everyarch/", env!("CARGO_PKG_VERSION"));

/// An authorised client for one repository.
pub(super) struct Connection {
    http: reqwest::Client,
    authorization: Authorization,
    base: String,
    host: String,
    repository: String,
    is_plain: bool,
    patience: Patience,
}

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
        let repository = reference.repository().to_owned();
        let host = host_of(reference.registry()).to_owned();
        let is_plain = options.is_plain(reference);
        let base = format!("{}://{host}", if is_plain { "http" } else { "https" });
        let http = client(reference).map_err(|error| SourceError::Registry {
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
        Ok(Self {
            http,
            authorization,
            base,
            host,
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
    pub(super) async fn manifest(&self, pointer: Pointer<'_>) -> Result<(Vec<u8>, Digest), GaveUp> {
        let name = match pointer {
            Pointer::Tag(tag) => tag,
            Pointer::Digest(digest) => digest.as_str(),
        };
        let once = async || -> Result<(Vec<u8>, Digest), Miss> {
            let (headers, bytes) = self.get(Wish::Manifest(name), LARGEST_DOCUMENT).await?;
            let digest = match pointer {
                Pointer::Digest(digest) => digest.clone(),
                // What the registry promises; an exotic algorithm in it is replaced by
                // our own digest.
                Pointer::Tag(_) => headers
                    .get("docker-content-digest")
                    .and_then(|value| value.to_str().ok())
                    .and_then(|value| value.parse().ok())
                    .unwrap_or_else(|| Digest::of(&bytes)),
            };
            verify(&bytes, &digest)?;
            Ok((bytes, digest))
        };
        self.patience.ask(once).await
    }

    /// A blob of exactly `size` bytes; more are not read.
    pub(super) async fn blob(&self, digest: &Digest, size: u64) -> Result<Vec<u8>, GaveUp> {
        let once = async || -> Result<Vec<u8>, Miss> {
            let (_, bytes) = self.get(Wish::Blob(digest.as_str()), size).await?;
            verify(&bytes, digest)?;
            Ok(bytes)
        };
        self.patience.ask(once).await
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

/// Docker Hub's registry is not where its name says.
fn host_of(registry: &str) -> &str {
    match registry {
        "docker.io" => "index.docker.io",
        other => other,
    }
}

fn client(reference: &RegistryReference) -> Result<reqwest::Client, reqwest::Error> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // reqwest panics without one. `main` installs the same; losing the race
        // against another thread that does so is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    // A redirect could carry a refresh token in its body to another host.
    let mut http = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none());
    if reference.is_loopback() {
        // Loopback never goes through a proxy.
        http = http.no_proxy();
    }
    http.build()
}
