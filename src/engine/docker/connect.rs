//! From an address to an engine that has told who it is.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, Docker};

use super::DockerEngine;
use super::call::{explain, within};
use crate::engine::{EngineError, EngineFacts};
use crate::image::Platform;

/// An engine that is there answers its version at once; one behind a slow
/// link within seconds.
const GREETING: Duration = Duration::from_secs(15);
/// bollard's own time-out ends a log that stays silent for so long. The
/// deadlines here are ours, so it is set where it never passes.
const NEVER_SECONDS: u64 = 365 * 24 * 3600;

/// Where an engine listens, once its address is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Endpoint {
    Unix(PathBuf),
    Http { authority: String },
    Tls { authority: String, folder: PathBuf },
}

impl Endpoint {
    /// `tls` is the folder of `ca.pem`, `cert.pem` and `key.pem`.
    fn parse(address: &str, tls: Option<&Path>) -> Result<Self, EngineError> {
        let wrong = |why: &str| EngineError::Address {
            address: address.to_owned(),
            why: why.to_owned(),
        };
        if address.starts_with('/') {
            return Ok(Self::Unix(PathBuf::from(address)));
        }
        let Some((scheme, rest)) = address.split_once("://") else {
            return Err(wrong(
                "write it as unix:///path/to/socket or tcp://host:port",
            ));
        };
        match scheme {
            "unix" if rest.starts_with('/') => Ok(Self::Unix(PathBuf::from(rest))),
            "unix" => Err(wrong(
                "the socket's path must be absolute, as in unix:///var/run/docker.sock",
            )),
            "tcp" | "http" | "https" => {
                let authority = rest.trim_end_matches('/');
                if authority.is_empty() || authority.contains(['/', '?', '#', '@']) {
                    return Err(wrong("after :// comes host:port and nothing else"));
                }
                match (scheme, tls) {
                    ("https", None) => Err(wrong(
                        "TLS needs ca.pem, cert.pem and key.pem: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH to their folder",
                    )),
                    ("http", _) | (_, None) => Ok(Self::Http {
                        authority: with_port(authority, 2375),
                    }),
                    (_, Some(folder)) => Ok(Self::Tls {
                        authority: with_port(authority, 2376),
                        folder: folder.to_owned(),
                    }),
                }
            }
            "ssh" => Err(wrong(
                "ssh:// is not supported yet; forward the socket yourself with `ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock user@host` and use unix:///tmp/engine.sock",
            )),
            "npipe" => Err(wrong("Windows named pipes are not supported")),
            other => Err(wrong(&format!(
                "unknown scheme `{other}`: unix:// and tcp:// are understood"
            ))),
        }
    }

    /// Whether a port published on the engine's loopback is this machine's.
    /// A forwarded socket looks local too; nothing on this side tells it apart.
    fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Http { authority } | Self::Tls { authority, .. } => {
                let host = host_of(authority);
                host.eq_ignore_ascii_case("localhost")
                    || host
                        .parse::<IpAddr>()
                        .is_ok_and(|address| address.is_loopback())
            }
        }
    }
}

fn with_port(authority: &str, default: u16) -> String {
    let after_host = authority.rsplit(']').next().unwrap_or(authority);
    if after_host.contains(':') {
        authority.to_owned()
    } else {
        format!("{authority}:{default}")
    }
}

fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host),
    }
}

impl DockerEngine {
    /// Connects and asks the engine who it is.
    ///
    /// `address` is `unix:///path`, `tcp://host:port` or an absolute path; `tls`
    /// is the folder with `ca.pem`, `cert.pem` and `key.pem`, and makes `tcp://`
    /// a TLS connection.
    ///
    /// # Errors
    /// [`EngineError::Address`] for an address that is none, and
    /// [`EngineError::Unreachable`] or [`EngineError::Deadline`] where nothing answers.
    pub async fn connect(address: &str, tls: Option<&Path>) -> Result<Self, EngineError> {
        let endpoint = Endpoint::parse(address, tls)?;
        let client = open(address, &endpoint).await?;
        let facts = greet(address, &client, endpoint.is_local()).await?;
        Ok(Self { client, facts })
    }
}

async fn open(address: &str, endpoint: &Endpoint) -> Result<Docker, EngineError> {
    const STEP: &str = "connecting";
    let wrong = |error: Error| explain(STEP, address, error);
    match endpoint {
        Endpoint::Unix(path) => {
            knock(address, path).await?;
            Docker::connect_with_unix(&path.to_string_lossy(), NEVER_SECONDS, API_DEFAULT_VERSION)
                .map_err(wrong)
        }
        Endpoint::Http { authority } => Docker::connect_with_http(
            &format!("http://{authority}"),
            NEVER_SECONDS,
            API_DEFAULT_VERSION,
        )
        .map_err(wrong),
        Endpoint::Tls { authority, folder } => {
            // Without a process-wide provider bollard panics. A second
            // installation is refused, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
            for name in ["ca.pem", "cert.pem", "key.pem"] {
                let path = folder.join(name);
                if let Err(error) = std::fs::File::open(&path) {
                    return Err(EngineError::Address {
                        address: address.to_owned(),
                        why: format!("its TLS file {} can't be read: {error}", path.display()),
                    });
                }
            }
            Docker::connect_with_ssl(
                &format!("https://{authority}"),
                &folder.join("key.pem"),
                &folder.join("cert.pem"),
                &folder.join("ca.pem"),
                NEVER_SECONDS,
                API_DEFAULT_VERSION,
            )
            .map_err(|error| EngineError::Address {
                address: address.to_owned(),
                why: format!(
                    "its TLS files in {} can't be used: {error}",
                    folder.display()
                ),
            })
        }
    }
}

/// Opens the socket once, to tell apart what bollard calls "client error".
async fn knock(address: &str, path: &Path) -> Result<(), EngineError> {
    let opened = tokio::time::timeout(GREETING, tokio::net::UnixStream::connect(path)).await;
    let why = match opened {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => why_closed(&error),
        Err(_) => {
            return Err(EngineError::Deadline {
                step: format!("connecting to {address}"),
                after: GREETING,
            });
        }
    };
    Err(EngineError::Unreachable {
        step: "connecting".to_owned(),
        address: address.to_owned(),
        why,
    })
}

fn why_closed(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "there is no such socket".to_owned(),
        ErrorKind::PermissionDenied => {
            "permission denied: add yourself to the socket's group (`sudo usermod -aG docker $USER`, then log in anew), or use sudo".to_owned()
        }
        ErrorKind::ConnectionRefused => {
            "nothing listens on this socket: is the engine running?".to_owned()
        }
        _ => error.to_string(),
    }
}

async fn greet(address: &str, client: &Docker, is_local: bool) -> Result<EngineFacts, EngineError> {
    let step = "asking for its version".to_owned();
    let (version, info) = tokio::try_join!(
        within(&step, address, GREETING, client.version()),
        within(&step, address, GREETING, client.info()),
    )
    .map_err(|error| stranger(error, address))?;
    let podman = version
        .components
        .iter()
        .flatten()
        .any(|component| component.name.starts_with("Podman"));
    // The kernel's machine name; the version's Go name where that is no platform.
    let os = info.os_type.or(version.os).unwrap_or_default();
    let machine = info.architecture.unwrap_or_default();
    let mut platform = native_platform(&os, &machine);
    if platform.architecture().is_unknown() {
        platform = Platform::new(&os, version.arch.as_deref().unwrap_or(&machine), None);
    }
    Ok(EngineFacts {
        name: if podman { "Podman" } else { "Docker" }.to_owned(),
        version: version.version.unwrap_or_default(),
        api_version: version.api_version.unwrap_or_default(),
        platform,
        address: address.to_owned(),
        is_local,
    })
}

/// What answers may be no engine at all, or one that expects TLS.
fn stranger(error: EngineError, address: &str) -> EngineError {
    match error {
        EngineError::Refused { step, message, .. } => EngineError::Unreachable {
            step,
            address: address.to_owned(),
            why: format!("something answers, but not as a container engine does: {message}"),
        },
        EngineError::Unreachable { step, address, why } => {
            let hint = if why.contains("InvalidContentType") {
                "; is it a port without TLS? Then unset DOCKER_TLS_VERIFY"
            } else if why.contains("reset by peer") && address.starts_with("tcp") {
                "; does it expect TLS? Then set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH"
            } else {
                ""
            };
            EngineError::Unreachable {
                step,
                address,
                why: format!("{why}{hint}"),
            }
        }
        other => other,
    }
}

/// Of what `uname -m` said on the engine's host.
fn native_platform(os: &str, machine: &str) -> Platform {
    match machine {
        "armv7l" | "armv8l" => Platform::new(os, "arm", Some("v7")),
        "armv6l" => Platform::new(os, "arm", Some("v6")),
        "armv5tel" | "armv5tejl" => Platform::new(os, "arm", Some("v5")),
        "i586" | "i486" => Platform::new(os, "386", None),
        "mips64" => Platform::new(os, "mips64le", None),
        other => Platform::new(os, other, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(address: &str) -> Endpoint {
        Endpoint::parse(address, None).expect(address)
    }

    #[test]
    fn an_address_says_how_to_get_there() {
        assert_eq!(
            endpoint("unix:///var/run/docker.sock"),
            Endpoint::Unix("/var/run/docker.sock".into())
        );
        assert_eq!(
            endpoint("/run/x.sock"),
            Endpoint::Unix("/run/x.sock".into())
        );
        assert_eq!(
            endpoint("tcp://build:1234/"),
            Endpoint::Http {
                authority: "build:1234".to_owned()
            }
        );
        assert_eq!(
            endpoint("tcp://[::1]"),
            Endpoint::Http {
                authority: "[::1]:2375".to_owned()
            }
        );
        assert_eq!(
            Endpoint::parse("tcp://build", Some(Path::new("/certs"))).expect("an address"),
            Endpoint::Tls {
                authority: "build:2376".to_owned(),
                folder: "/certs".into()
            }
        );
    }

    #[test]
    fn only_loopback_is_local() {
        for local in [
            "unix:///x",
            "tcp://127.0.0.1:2375",
            "tcp://[::1]:1",
            "tcp://localhost",
        ] {
            assert!(endpoint(local).is_local(), "{local}");
        }
        for remote in ["tcp://10.0.0.3:2375", "tcp://build.example:2375"] {
            assert!(!endpoint(remote).is_local(), "{remote}");
        }
    }

    #[test]
    fn what_is_no_address_says_what_to_write() {
        for (address, hint) in [
            ("docker.sock", "unix:///path"),
            ("unix://run/x", "must be absolute"),
            ("ssh://me@build", "ssh -nNT -L"),
            ("npipe:////./pipe/docker_engine", "named pipes"),
            ("https://build", "DOCKER_CERT_PATH"),
            ("tcp://build/v1", "host:port and nothing else"),
            ("ftp://build", "unknown scheme"),
        ] {
            let error = Endpoint::parse(address, None).expect_err(address);
            assert!(error.to_string().contains(hint), "{error}");
        }
    }

    #[test]
    fn a_closed_socket_says_what_helps() {
        let why = |kind: std::io::ErrorKind| why_closed(&kind.into());
        assert!(why(std::io::ErrorKind::PermissionDenied).contains("usermod -aG docker"));
        assert!(why(std::io::ErrorKind::NotFound).contains("no such socket"));
        assert!(why(std::io::ErrorKind::ConnectionRefused).contains("is the engine running"));
    }

    #[test]
    fn the_kernels_names_become_platforms() {
        for (machine, platform) in [
            ("x86_64", "linux/amd64"),
            ("aarch64", "linux/arm64"),
            ("armv7l", "linux/arm/v7"),
            ("armv6l", "linux/arm/v6"),
            ("i686", "linux/386"),
            ("ppc64le", "linux/ppc64le"),
        ] {
            assert_eq!(native_platform("linux", machine).to_string(), platform);
        }
    }
}
