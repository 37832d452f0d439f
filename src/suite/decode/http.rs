//! One entry of `http:`.

use super::super::{HttpCheck, TextExpectation};
use super::Decoder;
use crate::diagnostic::suggest::one_of;
use crate::diagnostic::{Diagnostic, code};
use crate::yaml::{Kind, Node};

const METHODS: [(&str, &str); 7] = [
    ("get", "GET"),
    ("head", "HEAD"),
    ("post", "POST"),
    ("put", "PUT"),
    ("patch", "PATCH"),
    ("delete", "DELETE"),
    ("options", "OPTIONS"),
];

impl Decoder<'_> {
    pub(super) fn http_check(&mut self, node: &Node) -> Option<HttpCheck> {
        let mut map = self.map(node, "a request")?;
        let methods: Vec<(&str, &str, &Node)> = METHODS
            .into_iter()
            .filter_map(|(key, method)| map.take(key).map(|node| (key, method, node)))
            .collect();
        let target = match methods.as_slice() {
            [(_, method, node)] => self
                .address(node)
                .map(|(port, path)| ((*method).to_owned(), port, path)),
            [(first, ..), (second, ..), ..] => {
                self.conflict(&map, first, second, "a request has one method");
                None
            }
            [] => {
                let keys: Vec<&str> = METHODS.iter().map(|(key, _)| *key).collect();
                self.report(
                    Diagnostic::new(
                        code::MISSING_KEY,
                        node.span.clone(),
                        "a request needs its method and path",
                        "no method",
                    )
                    .hint(format!(
                        "give one of {}, as in `get: /version`",
                        one_of(&keys, "and")
                    )),
                );
                None
            }
        };
        let headers = self.headers(map.take("headers"));
        let body = map.take("body").map(|node| self.body(node));
        let status = map.take("status").map(|node| {
            self.one_or_many(node, |decoder, node| {
                decoder
                    .integer(node, 100..=599)
                    .and_then(|status| u16::try_from(status).ok())
            })
        });
        let expect_headers = self.expected_headers(map.take("expect_headers"));
        let expect_body = self.inline_text(&mut map);
        map.finish(self);

        let (method, port, path) = target?;
        let mut headers = headers?;
        let body = body.map_or(Some(None), |body| body.map(Some))?;
        if let Some(Body::Json(_)) = &body
            && !headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        Some(HttpCheck {
            line: self.line(node),
            method,
            port,
            path,
            headers,
            body: body.map(|body| match body {
                Body::Text(text) | Body::Json(text) => text,
            }),
            status: status.unwrap_or_else(|| Some(Vec::new()))?,
            expect_headers: expect_headers?,
            expect_body: expect_body?,
        })
    }

    /// `/path` or `:8080/path`.
    pub(super) fn address(&mut self, node: &Node) -> Option<(Option<u16>, String)> {
        let text = self.filled_text(node)?;
        let (port, path) = match text.strip_prefix(':') {
            Some(rest) => {
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                let (port, path) = rest.split_at(end);
                (
                    Some(port.parse::<u16>().ok().filter(|port| *port > 0)),
                    path,
                )
            }
            None => (None, text.as_str()),
        };
        let path = match (port, path) {
            (Some(_), "") => "/",
            (_, path) => path,
        };
        let is_path =
            path.starts_with('/') && !path.contains(|c: char| c.is_whitespace() || c.is_control());
        match port {
            Some(None) => {
                self.bad_address(node);
                None
            }
            _ if !is_path => {
                self.bad_address(node);
                None
            }
            port => Some((port.flatten(), path.to_owned())),
        }
    }

    fn bad_address(&mut self, node: &Node) {
        let written = node.scalar().map_or("", |scalar| scalar.text.as_str());
        self.mistake(
            code::BAD_ADDRESS,
            &node.span,
            format!("`{written}` is no path in the container's service"),
            "not a path",
            "write it as in `/version` or `:8080/version`: the host is always the container",
        );
    }

    fn headers(&mut self, node: Option<&Node>) -> Option<Vec<(String, String)>> {
        self.header_map(node, |decoder, node| {
            decoder.text(node).map(|value| vec![value])
        })
    }

    fn expected_headers(&mut self, node: Option<&Node>) -> Option<Vec<(String, TextExpectation)>> {
        let headers = self.header_map(node, Self::text_expectations)?;
        Some(
            headers
                .into_iter()
                .map(|(name, expectation)| (name.to_ascii_lowercase(), expectation))
                .collect(),
        )
    }

    fn header_map<T>(
        &mut self,
        node: Option<&Node>,
        value: impl Fn(&mut Self, &Node) -> Option<Vec<T>>,
    ) -> Option<Vec<(String, T)>> {
        let Some(node) = node else {
            return Some(Vec::new());
        };
        let Kind::Map(entries) = &node.kind else {
            self.wrong_type(node, "a map of headers");
            return None;
        };
        let mut decoded = Some(Vec::new());
        for entry in entries {
            let name = &entry.key.text;
            let is_name = !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c));
            if !is_name {
                self.mistake(
                    code::BAD_VARIABLE_NAME,
                    &entry.key.span,
                    format!("no header can be called `{name}`"),
                    "not a name",
                    None,
                );
            }
            let values = value(self, &entry.value);
            match (&mut decoded, values) {
                (Some(all), Some(values)) if is_name => {
                    all.extend(values.into_iter().map(|value| (name.clone(), value)));
                }
                (decoded, _) => *decoded = None,
            }
        }
        decoded
    }

    /// A text is sent as it is, a map or a list as JSON.
    fn body(&mut self, node: &Node) -> Option<Body> {
        match &node.kind {
            Kind::Scalar(_) => self.text(node).map(Body::Text),
            Kind::Seq(_) | Kind::Map(_) => self
                .json_value(node)
                .map(|value| Body::Json(value.to_string())),
        }
    }
}

enum Body {
    Text(String),
    Json(String),
}
