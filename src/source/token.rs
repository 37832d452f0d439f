//! How requests to a registry are authorised: the handshake of the distribution
//! specification, with its token endpoint.
//!
//! `oci-client` has one of its own, which knows no identity tokens, hides the
//! token endpoint's status and `Retry-After`, and swallows its failures until
//! they come back as a 401. So the token is fetched here.

use oci_client::secrets::RegistryAuth;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE};

use super::challenge::Challenge;
use super::connection::beginning;
use super::retry::{GaveUp, Miss, Patience, retry_after};
use super::{Credentials, FoundCredentials, RegistryFault, SourceError};

/// As much as is read of what a token endpoint sends; a token has some 4 KiB.
const LONGEST_TOKEN: u64 = 1024 * 1024;

/// What requests carry, and where it came from.
pub(super) struct Authorization {
    pub(super) auth: RegistryAuth,
    /// Where the credentials came from that were sent; `None` if none were.
    pub(super) credentials_from: Option<String>,
}

/// Who is asked for what, and as whom.
pub(super) struct Handshake<'a> {
    pub(super) http: &'a reqwest::Client,
    /// `https://host:port`
    pub(super) base: &'a str,
    pub(super) host: &'a str,
    pub(super) is_plain: bool,
    pub(super) repository: &'a str,
    pub(super) found: Option<&'a FoundCredentials>,
    pub(super) patience: Patience,
}

#[derive(serde::Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
}

impl Handshake<'_> {
    /// Asks the registry how it wants to be asked, and gets the token it wants.
    pub(super) async fn authorize(&self) -> Result<Authorization, SourceError> {
        let challenge = self.patience.ask(|| self.ping()).await.map_err(|gave_up| {
            self.error(gave_up, "reaching the registry".to_owned(), self.host)
        })?;
        let anonymous = Authorization {
            auth: RegistryAuth::Anonymous,
            credentials_from: None,
        };
        match (challenge, self.found) {
            (None, _) | (Some(Challenge::Basic), None) => Ok(anonymous),
            (Some(Challenge::Basic), Some(found)) => match &found.credentials {
                Credentials::Basic { username, password } => Ok(Authorization {
                    auth: RegistryAuth::Basic(username.clone(), password.clone()),
                    credentials_from: Some(found.found_in.clone()),
                }),
                Credentials::IdentityToken(_) => Err(SourceError::Credentials {
                    registry: self.host.to_owned(),
                    place: found.found_in.clone(),
                    why: "they are an identity token, but this registry wants a user and a password: log in again".to_owned(),
                }),
            },
            (Some(Challenge::Bearer { realm, service }), _) => {
                let token = self.token(&realm, service.as_deref()).await?;
                Ok(Authorization {
                    auth: RegistryAuth::Bearer(token),
                    credentials_from: self.found.map(|found| found.found_in.clone()),
                })
            }
        }
    }

    async fn ping(&self) -> Result<Option<Challenge>, Miss> {
        let mut answer = self
            .http
            .get(format!("{}/v2/", self.base))
            .send()
            .await
            .map_err(|error| RegistryFault::of(&error, self.is_plain))?;
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let challenge = Challenge::best(
            headers
                .get_all(WWW_AUTHENTICATE)
                .iter()
                .filter_map(|value| value.to_str().ok()),
        );
        match status {
            401 if challenge.is_some() => Ok(challenge),
            // Some registries answer 404 here and serve images all the same.
            200..=399 | 401 | 404 | 405 => Ok(challenge),
            _ => {
                let said = beginning(&mut answer, LONGEST_TOKEN)
                    .await
                    .unwrap_or_default();
                let said = String::from_utf8_lossy(&said);
                Err(self.refusal(status, &headers, &said, None).into())
            }
        }
    }

    async fn token(&self, realm: &str, service: Option<&str>) -> Result<String, SourceError> {
        let step = format!("asking for a pull token for {}", self.repository);
        let mut url = Url::parse(realm).map_err(|_| {
            let why = format!("its token endpoint `{realm}` is not a URL");
            let miss = Miss::Fault(RegistryFault::Protocol { why });
            self.error(GaveUp { miss, attempts: 1 }, step.clone(), self.host)
        })?;
        if self.found.is_some() && !may_carry_credentials(&url, self.is_plain) {
            let why = format!("it wants credentials to be sent in clear text to {realm}");
            let miss = Miss::Fault(RegistryFault::Protocol { why });
            return Err(self.error(GaveUp { miss, attempts: 1 }, step, self.host));
        }
        let token_host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        let mut form = vec![("scope", format!("repository:{}:pull", self.repository))];
        form.extend(service.map(|service| ("service", service.to_owned())));
        let credentials = self.found.map(|found| &found.credentials);
        let request = match credentials {
            Some(Credentials::IdentityToken(refresh)) => {
                form.push(("grant_type", "refresh_token".to_owned()));
                form.push(("client_id", "everyarch".to_owned()));
                form.push(("refresh_token", refresh.clone()));
                let mut encoder = Url::parse("form:").map_err(|_| self.bug())?;
                encoder.query_pairs_mut().extend_pairs(&form);
                self.http
                    .post(url)
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(encoder.query().unwrap_or_default().to_owned())
            }
            Some(Credentials::Basic { username, password }) => {
                url.query_pairs_mut().extend_pairs(&form);
                self.http.get(url).basic_auth(username, Some(password))
            }
            None => {
                url.query_pairs_mut().extend_pairs(&form);
                self.http.get(url)
            }
        };
        let exchange = async || -> Result<String, Miss> {
            let request = request.try_clone().ok_or_else(|| {
                Miss::Fault(RegistryFault::Protocol {
                    why: "the request can't be repeated".to_owned(),
                })
            })?;
            let mut answer = request
                .send()
                .await
                .map_err(|error| RegistryFault::of(&error, self.is_plain))?;
            let status = answer.status().as_u16();
            let headers = answer.headers().clone();
            let body = beginning(&mut answer, LONGEST_TOKEN)
                .await
                .map_err(|error| RegistryFault::of(&error, self.is_plain))?;
            if body.len() as u64 > LONGEST_TOKEN {
                let why =
                    format!("its token endpoint sent an answer of more than {LONGEST_TOKEN} bytes");
                return Err(Miss::Fault(RegistryFault::Protocol { why }));
            }
            if status != 200 {
                let said = String::from_utf8_lossy(&body);
                return Err(self
                    .refusal(status, &headers, &said, Some(credentials))
                    .into());
            }
            serde_json::from_slice::<TokenAnswer>(&body)
                .ok()
                .and_then(|answer| answer.token.or(answer.access_token))
                .filter(|token| !token.is_empty())
                .ok_or_else(|| {
                    // Never quote the body: it may hold a token all the same.
                    Miss::Fault(RegistryFault::Protocol {
                        why: "its token endpoint sent no token".to_owned(),
                    })
                })
        };
        self.patience.ask(exchange).await.map_err(|gave_up| {
            // `docker login` wants the registry; a dead token endpoint is named itself.
            let host = match &gave_up.miss {
                Miss::Fault(RegistryFault::Denied { .. }) => self.host,
                _ => &token_host,
            };
            self.error(gave_up, step, host)
        })
    }

    /// What an unsuccessful answer means. `asked_as`: set when a token was asked for.
    fn refusal(
        &self,
        status: u16,
        headers: &HeaderMap,
        said: &str,
        asked_as: Option<Option<&Credentials>>,
    ) -> RegistryFault {
        let is_denied = match (status, asked_as) {
            (401 | 403, _) => true,
            // OAuth's `invalid_grant`: a refresh token that has ended.
            (400, Some(Some(Credentials::IdentityToken(_)))) => true,
            _ => false,
        };
        if is_denied {
            return RegistryFault::Denied {
                status,
                repository: self.repository.to_owned(),
                credentials_from: asked_as.and(self.found).map(|found| found.found_in.clone()),
                said: said_in(said),
            };
        }
        of_status(status, headers, said, self.found.is_none(), self.is_plain)
    }

    fn error(&self, gave_up: GaveUp, step: String, host: &str) -> SourceError {
        gave_up.into_error(step, host, self.repository, "token endpoint")
    }

    fn bug(&self) -> SourceError {
        let miss = Miss::Fault(RegistryFault::Protocol {
            why: "the token request can't be written".to_owned(),
        });
        self.error(
            GaveUp { miss, attempts: 1 },
            "authorising".to_owned(),
            self.host,
        )
    }
}

/// A registry that is spoken to in TLS must not have credentials sent elsewhere in the clear.
fn may_carry_credentials(realm: &Url, registry_is_plain: bool) -> bool {
    realm.scheme() == "https" || registry_is_plain
}

/// The fault of a status that is no success and not about access.
pub(super) fn of_status(
    status: u16,
    headers: &HeaderMap,
    said: &str,
    anonymous: bool,
    is_plain: bool,
) -> RegistryFault {
    let wait = wait_of(headers);
    match status {
        // Go's HTTP server and nginx answer a plain request on a TLS port so.
        400 if is_plain && said.contains("HTTPS") => RegistryFault::PlainOnTlsPort,
        429 => RegistryFault::Throttled { wait, anonymous },
        _ => RegistryFault::Status {
            status,
            wait,
            said: said_in(said),
        },
    }
}

/// How long the headers ask to wait.
pub(super) fn wait_of(headers: &HeaderMap) -> Option<std::time::Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    retry_after(value, jiff::Timestamp::now())
}

#[derive(serde::Deserialize)]
struct Complaints {
    errors: Vec<Complaint>,
}

#[derive(serde::Deserialize)]
struct Complaint {
    code: String,
    #[serde(default)]
    message: String,
}

/// Codes and messages of an error body, where it is one of the specification's.
pub(super) fn said_in(body: &str) -> String {
    said(body, |complaint| {
        format!("{} {}", complaint.code, complaint.message)
    })
}

/// The same without the codes, for where the status says as much.
pub(super) fn words_in(body: &str) -> String {
    said(body, |complaint| {
        if complaint.message.is_empty() {
            complaint.code
        } else {
            complaint.message
        }
    })
}

fn said(body: &str, of_one: impl Fn(Complaint) -> String) -> String {
    match serde_json::from_str::<Complaints>(body) {
        Ok(complaints) => complaints
            .errors
            .into_iter()
            .map(|complaint| of_one(complaint).trim().to_owned())
            .collect::<Vec<_>>()
            .join("; "),
        // A page of HTML helps nobody.
        Err(_) if body.trim_start().starts_with('<') => String::new(),
        Err(_) => body.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_leave_tls_only_where_the_registry_itself_is_plain() {
        for (realm, registry_is_plain, may) in [
            ("https://auth.example/token", false, true),
            ("http://auth.example/token", false, false),
            ("http://auth.example/token", true, true),
        ] {
            let realm = Url::parse(realm).expect(realm);
            assert_eq!(may_carry_credentials(&realm, registry_is_plain), may);
        }
    }

    #[test]
    fn an_error_body_is_read_for_its_words() {
        let body = r#"{"errors":[{"code":"DENIED","message":"no"},{"code":"X"}]}"#;
        assert_eq!(said_in(body), "DENIED no; X");
        assert_eq!(words_in(body), "no; X");
        assert_eq!(said_in("<html><body>Bad gateway"), "");
        assert_eq!(said_in(" plain words \n"), "plain words");
    }
}
