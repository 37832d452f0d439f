//! What a registry, or the way to it, can do wrong: told from the errors of the
//! HTTP stack by their types, and by their text only where they have none.

use std::error::Error;
use std::time::Duration;

/// A fault between here and a registry. Never the image's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryFault {
    /// The name can't be resolved.
    UnknownHost {
        /// The resolver's words.
        why: String,
    },
    /// Nothing listens there.
    Refused,
    /// TLS was spoken to a port that does not answer in TLS.
    TlsOnPlainPort,
    /// Plain HTTP was spoken to a port that does not answer in it.
    PlainOnTlsPort,
    /// The certificate is not trusted.
    Certificate {
        /// Why not.
        why: String,
    },
    /// This machine trusts no authority at all.
    NoAuthorities,
    /// TLS failed in another way.
    Tls {
        /// In which.
        why: String,
    },
    /// The connection broke, or the answer was cut off.
    Broken {
        /// How.
        why: String,
    },
    /// No answer in time.
    Deadline {
        /// How long was waited.
        after: Duration,
    },
    /// 401 or 403.
    Denied {
        /// The HTTP status.
        status: u16,
        /// The repository that was asked for.
        repository: String,
        /// Where the credentials that were sent came from; `None` if none were.
        credentials_from: Option<String>,
        /// The registry's own words.
        said: String,
    },
    /// 429.
    Throttled {
        /// How long it asks to wait.
        wait: Option<Duration>,
        /// Whether the request was anonymous, which has lower limits at most registries.
        anonymous: bool,
    },
    /// Any other status that is not a success.
    Status {
        /// The HTTP status.
        status: u16,
        /// How long it asks to wait.
        wait: Option<Duration>,
        /// The registry's own words.
        said: String,
    },
    /// It answered against the protocol.
    Protocol {
        /// How.
        why: String,
    },
}

impl RegistryFault {
    /// From what the HTTP stack says. `is_plain`: whether plain HTTP was spoken.
    pub(super) fn of(error: &(dyn Error + 'static), is_plain: bool) -> Self {
        let links = chain(error);
        for link in &links {
            if let Some(tls) = link.downcast_ref::<rustls::Error>() {
                return of_tls(tls);
            }
            if let Some(io) = link.downcast_ref::<std::io::Error>()
                && io.kind() == std::io::ErrorKind::ConnectionRefused
            {
                return Self::Refused;
            }
            if is_plain
                && link
                    .downcast_ref::<hyper::Error>()
                    .is_some_and(hyper::Error::is_parse)
            {
                return Self::PlainOnTlsPort;
            }
        }
        // The last link says what happened; the ones above it say where.
        let why = links.last().map_or_else(String::new, |e| e.to_string());
        // The resolver's error has no public type.
        if links.iter().any(|e| e.to_string().contains("dns error")) {
            return Self::UnknownHost { why };
        }
        Self::Broken { why }
    }

    /// Whether the same request may succeed a little later.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Broken { .. } | Self::Deadline { .. } | Self::Throttled { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 500 | 502 | 503 | 504),
            // EAI_AGAIN: the resolver itself did not answer.
            Self::UnknownHost { why } => why.contains("Temporary failure"),
            _ => false,
        }
    }

    /// How long the registry asks to wait before the next request.
    pub(super) fn asked_wait(&self) -> Option<Duration> {
        match self {
            Self::Throttled { wait, .. } | Self::Status { wait, .. } => *wait,
            _ => None,
        }
    }

    /// What happened and what to do, in a sentence.
    pub(super) fn explain(&self, host: &str) -> String {
        match self {
            Self::UnknownHost { why } => format!(
                "the host name of the registry {host} can't be resolved: {why}; check its name and this machine's DNS"
            ),
            Self::Refused => format!(
                "nothing listens at the registry {host} (connection refused); check its address, whether it is running, and the proxy in HTTPS_PROXY if there is one"
            ),
            Self::TlsOnPlainPort => format!(
                "the registry {host} does not speak TLS; if it is meant to be plain HTTP, pass --insecure-registry {host}"
            ),
            Self::PlainOnTlsPort => format!(
                "the registry {host} was spoken to in plain HTTP, but does not answer in it: it probably speaks TLS; leave out --insecure-registry {host}, and name it by its host name rather than a loopback address"
            ),
            Self::Certificate { why } => format!(
                "the certificate of the registry {host} is not trusted: {why}; install its authority's certificate on this machine, or name it in SSL_CERT_FILE"
            ),
            Self::NoAuthorities => "this machine has no CA certificates, without which no registry client can be set up, not even one for plain HTTP; install the package ca-certificates, or name a file of certificates in SSL_CERT_FILE".to_owned(),
            Self::Tls { why } => format!("TLS with the registry {host} failed: {why}"),
            Self::Broken { why } => {
                format!("the connection to the registry {host} broke: {why}")
            }
            Self::Deadline { after } => format!(
                "the registry {host} did not answer within {}",
                in_seconds(*after)
            ),
            Self::Denied {
                status,
                repository,
                credentials_from,
                said,
            } => {
                let said = quoted(said);
                let hub = host_for_login(host);
                match credentials_from {
                    None => format!(
                        "the registry {host} gives no access to {repository} ({status}{said}); no credentials were sent, since none are configured for it: check the name, and run `docker login {hub}` or `podman login {hub}`"
                    ),
                    Some(place) => format!(
                        "the registry {host} gives no access to {repository} ({status}{said}), though the credentials from {place} were sent: check the name and that they may pull it, or log in again with `docker login {hub}`"
                    ),
                }
            }
            Self::Throttled { wait, anonymous } => {
                let wait = wait.map_or_else(String::new, |wait| {
                    format!(" and asks to wait {}", in_seconds(wait))
                });
                let login = if *anonymous {
                    format!("; `docker login {}` raises the limit", host_for_login(host))
                } else {
                    "; try again later".to_owned()
                };
                format!(
                    "the registry {host} says that there were too many requests (429){wait}{login}"
                )
            }
            Self::Status { status, said, .. } => {
                format!("the registry {host} answered {status}{}", quoted(said))
            }
            Self::Protocol { why } => {
                format!("the registry {host} answered something that can't be used: {why}")
            }
        }
    }
}

fn of_tls(error: &rustls::Error) -> RegistryFault {
    match error {
        rustls::Error::InvalidMessage(_) => RegistryFault::TlsOnPlainPort,
        rustls::Error::InvalidCertificate(why) => RegistryFault::Certificate {
            why: why.to_string(),
        },
        rustls::Error::General(why) if why.contains("No CA certificates") => {
            RegistryFault::NoAuthorities
        }
        other => RegistryFault::Tls {
            why: other.to_string(),
        },
    }
}

/// The error and its causes. An [`std::io::Error`] hides what it wraps from
/// [`Error::source`], so that is looked at as well.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> Vec<&'e (dyn Error + 'static)> {
    let mut links = Vec::new();
    let mut next = Some(error);
    while let Some(link) = next {
        links.push(link);
        next = match link
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
        {
            Some(wrapped) => Some(wrapped),
            None => link.source(),
        };
    }
    links
}

/// The registry's own words: one line, not too long.
fn quoted(said: &str) -> String {
    let line: String = said
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .filter(|c| !c.is_control())
        .take(300)
        .collect();
    if line.is_empty() {
        line
    } else {
        format!(": {line}")
    }
}

/// What `docker login` calls it.
fn host_for_login(host: &str) -> &str {
    if host == "index.docker.io" {
        "docker.io"
    } else {
        host
    }
}

fn in_seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(10) {
        format!("{} s", (duration.as_secs_f64() * 100.0).round() / 100.0)
    } else {
        format!("{} s", duration.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_by_their_type_wherever_it_is_hidden() {
        let wrapped = |error: rustls::Error| {
            let inner = std::io::Error::other(error);
            std::io::Error::other(inner)
        };
        let unknown = rustls::CertificateError::UnknownIssuer;
        for (error, expected) in [
            (
                rustls::Error::InvalidCertificate(unknown.clone()),
                RegistryFault::Certificate {
                    why: unknown.to_string(),
                },
            ),
            (
                rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
                RegistryFault::TlsOnPlainPort,
            ),
            (
                rustls::Error::General("No CA certificates were loaded".to_owned()),
                RegistryFault::NoAuthorities,
            ),
        ] {
            assert_eq!(RegistryFault::of(&wrapped(error), false), expected);
        }
    }

    #[test]
    fn the_registry_s_words_are_one_line_without_control_sequences() {
        assert_eq!(quoted("a\n \u{1b}[31mb\u{7}"), ": a [31mb");
        assert_eq!(quoted(" \n"), "");
        assert!(quoted(&"x".repeat(5000)).len() < 400);
    }

    #[test]
    fn docker_hub_is_logged_in_to_by_its_own_name() {
        let fault = RegistryFault::Denied {
            status: 401,
            repository: "me/app".to_owned(),
            credentials_from: None,
            said: String::new(),
        };
        let text = fault.explain("index.docker.io");
        assert!(text.contains("`docker login docker.io`"), "{text}");
    }
}
