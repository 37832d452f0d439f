//! The answer to a request.

use super::Mismatch;
use super::diff::quoted;
use super::text::{Captured, text};
use crate::suite::HttpCheck;

/// What a service answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpObservation {
    /// The status.
    pub status: u16,
    /// Its headers, in their order.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Captured,
}

impl HttpObservation {
    /// All values of a header, as one.
    fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// The demands on an answer that do not hold.
pub fn http(check: &HttpCheck, actual: &HttpObservation) -> Vec<Mismatch> {
    let request = format!("{} {}", check.method, check.path);
    let mut mismatches = Vec::new();
    if !is_expected(check, actual.status) {
        let mut mismatch = Mismatch::new(
            &format!("{request}: status"),
            expected_status(check),
            format!("it was {}", actual.status),
        );
        // An error's body mostly says what is wrong.
        let body = actual.body.text.trim();
        if !body.is_empty() {
            mismatch
                .message
                .push_str(&format!(" with the body {}", quoted(body)));
        }
        mismatches.push(mismatch);
    }
    for (name, expectation) in &check.expect_headers {
        let subject = format!("{request}: header {name}");
        match actual.header(name) {
            Some(value) => mismatches.extend(text(
                &subject,
                std::slice::from_ref(expectation),
                &Captured::from(value.as_str()),
            )),
            None => mismatches.push(Mismatch::new(&subject, "one", "there was none")),
        }
    }
    mismatches.extend(text(
        &format!("{request}: body"),
        &check.expect_body,
        &actual.body,
    ));
    mismatches
        .into_iter()
        .map(|mismatch| mismatch.at_line(check.line))
        .collect()
}

fn is_expected(check: &HttpCheck, status: u16) -> bool {
    if check.status.is_empty() {
        status < 400
    } else {
        check.status.contains(&status)
    }
}

fn expected_status(check: &HttpCheck) -> String {
    if check.status.is_empty() {
        return "one below 400".to_owned();
    }
    let words: Vec<String> = check.status.iter().map(u16::to_string).collect();
    words.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::TextExpectation;

    fn check(status: &[u16]) -> HttpCheck {
        HttpCheck {
            line: 7,
            method: "GET".to_owned(),
            port: None,
            path: "/version".to_owned(),
            headers: Vec::new(),
            body: None,
            status: status.to_vec(),
            expect_headers: vec![(
                "content-type".to_owned(),
                TextExpectation::Contains("json".to_owned()),
            )],
            expect_body: vec![TextExpectation::Contains("arm64".to_owned())],
        }
    }

    fn answer(status: u16, kind: &str, body: &str) -> HttpObservation {
        HttpObservation {
            status,
            headers: vec![("Content-Type".to_owned(), kind.to_owned())],
            body: Captured::from(body),
        }
    }

    #[test]
    fn status_headers_and_body_are_judged_apart() {
        assert_eq!(
            http(&check(&[]), &answer(204, "application/json", "arm64")),
            []
        );
        let found = http(&check(&[200]), &answer(500, "text/plain", "boom"));
        let messages: Vec<&str> = found.iter().map(|m| m.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                r#"GET /version: status: expected 200, but it was 500 with the body "boom""#,
                r#"GET /version: header content-type: expected to contain "json", but it was "text/plain""#,
                r#"GET /version: body: expected to contain "arm64", but it was "boom""#,
            ]
        );
        assert!(found.iter().all(|mismatch| mismatch.line == Some(7)));
        let mut bare = answer(200, "", "arm64");
        bare.headers.clear();
        assert_eq!(
            http(&check(&[200]), &bare)[0].message,
            "GET /version: header content-type: expected one, but there was none"
        );
    }
}
