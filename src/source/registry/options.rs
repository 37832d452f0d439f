//! How a registry is to be spoken to.

use crate::image::{Platform, RegistryReference};

use super::super::FoundCredentials;
use super::Patience;

/// How a reference is resolved.
#[derive(Clone, Debug)]
pub struct RegistryOptions {
    /// Registries to speak plain HTTP with, as `host` (on any port) or `host:port`.
    pub insecure: Vec<String>,
    /// Whether a registry on this machine's loopback interface is spoken to in
    /// plain HTTP without being named in `insecure`, as Docker does. Default: yes.
    pub loopback_is_plain: bool,
    /// What [`crate::source::credentials()`] found for this registry.
    pub credentials: Option<FoundCredentials>,
    /// The platforms to resolve; `None` for all that the index has.
    pub wanted: Option<Vec<Platform>>,
    /// Deadline and retries of each request.
    pub patience: Patience,
    /// How many children are fetched at a time. Default: 6.
    pub concurrency: usize,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self {
            insecure: Vec::new(),
            loopback_is_plain: true,
            credentials: None,
            wanted: None,
            patience: Patience::default(),
            concurrency: 6,
        }
    }
}

impl RegistryOptions {
    /// Whether this reference's registry is spoken to in plain HTTP.
    pub(in crate::source) fn is_plain(&self, reference: &RegistryReference) -> bool {
        let registry = reference.registry();
        let host = match registry.rsplit_once(':') {
            // Not within the brackets of an IPv6 address.
            Some((host, port)) if !port.contains(']') => host,
            _ => registry,
        };
        (self.loopback_is_plain && reference.is_loopback())
            || self
                .insecure
                .iter()
                .any(|insecure| insecure == registry || insecure == host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_and_for_hosts_that_are_named() {
        let options = RegistryOptions {
            insecure: vec!["a.example".to_owned(), "b.example:5000".to_owned()],
            ..RegistryOptions::default()
        };
        for (reference, is_plain) in [
            ("127.0.0.1:5000/x", true),
            ("localhost/x", true),
            ("a.example:5000/x", true),
            ("a.example/x", true),
            ("b.example:5000/x", true),
            ("b.example:5001/x", false),
            ("sub.a.example/x", false),
            ("node", false),
        ] {
            let parsed: RegistryReference = reference.parse().expect(reference);
            assert_eq!(options.is_plain(&parsed), is_plain, "{reference}");
        }
    }
}
