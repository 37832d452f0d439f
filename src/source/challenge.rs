//! `WWW-Authenticate` (RFC 9110, section 11.6.1), as far as registries use it.

/// How a registry wants to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A token from the token endpoint.
    Bearer {
        /// The token endpoint.
        realm: String,
        /// What the token is for.
        service: Option<String>,
    },
    /// User and password with each request.
    Basic,
}

impl Challenge {
    /// The best one of those that the headers offer: a token before a password.
    pub(super) fn best<'h>(headers: impl Iterator<Item = &'h str>) -> Option<Self> {
        let offered: Vec<Self> = headers.flat_map(parse).collect();
        offered
            .iter()
            .find(|challenge| matches!(challenge, Self::Bearer { .. }))
            .or_else(|| offered.first())
            .cloned()
    }
}

/// All challenges of one header that are known here.
fn parse(header: &str) -> Vec<Challenge> {
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            break;
        }
        let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        match after.trim_start().strip_prefix('=') {
            // A parameter of the challenge before it.
            Some(value) if !word.is_empty() => {
                let (value, after) = take_value(value.trim_start());
                if let Some((_, parameters)) = found.last_mut() {
                    parameters.push((word.to_ascii_lowercase(), value));
                }
                rest = after;
            }
            // `=` without a name: nothing that can be read follows.
            Some(_) => break,
            None => {
                found.push((word.to_ascii_lowercase(), Vec::new()));
                rest = after;
            }
        }
    }
    found
        .into_iter()
        .filter_map(|(scheme, parameters)| {
            let parameter = |name: &str| {
                parameters
                    .iter()
                    .find(|(known, _)| known == name)
                    .map(|(_, value)| value.clone())
            };
            match scheme.as_str() {
                "basic" => Some(Challenge::Basic),
                "bearer" => Some(Challenge::Bearer {
                    realm: parameter("realm")?,
                    service: parameter("service"),
                }),
                _ => None,
            }
        })
        .collect()
}

/// A quoted string or a token, and what follows it.
fn take_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_challenge_names_its_token_endpoint() {
        let header = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#;
        assert_eq!(
            Challenge::best([header].into_iter()),
            Some(Challenge::Bearer {
                realm: "https://auth.docker.io/token".to_owned(),
                service: Some("registry.docker.io".to_owned()),
            })
        );
    }

    #[test]
    fn a_token_is_preferred_to_a_password() {
        for headers in [
            vec!["Basic realm=\"a, b\", Bearer realm=https://t"],
            vec!["basic realm=x", "BEARER realm = \"https://t\""],
        ] {
            assert_eq!(
                Challenge::best(headers.iter().copied()),
                Some(Challenge::Bearer {
                    realm: "https://t".to_owned(),
                    service: None,
                }),
                "{headers:?}"
            );
        }
        assert_eq!(
            Challenge::best([r#"Basic realm="a \"quoted\" name""#].into_iter()),
            Some(Challenge::Basic)
        );
    }

    #[test]
    fn what_can_t_be_read_is_no_challenge() {
        for header in [
            "",
            "Negotiate",
            "Bearer service=x",
            "=",
            "Bearer realm",
            ",,,",
        ] {
            assert_eq!(Challenge::best([header].into_iter()), None, "{header}");
        }
    }
}
