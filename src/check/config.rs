//! What the image's config says.

use super::Mismatch;
use super::diff::quoted;
use super::text::{Captured, text};
use crate::image::ImageConfig;
use crate::suite::{ConfigExpectation, TextExpectation};

/// The demands on a config that do not hold.
pub fn config(expectation: &ConfigExpectation, actual: &ImageConfig) -> Vec<Mismatch> {
    let mut mismatches = Vec::new();
    let words = [
        ("entrypoint", &expectation.entrypoint, &actual.entrypoint),
        ("cmd", &expectation.cmd, &actual.cmd),
    ];
    for (what, expected, found) in words {
        if let Some(expected) = expected.as_ref().filter(|expected| *expected != found) {
            mismatches.push(Mismatch::new(
                what,
                format!("{expected:?}"),
                is_words(found),
            ));
        }
    }
    let texts = [
        ("user", &expectation.user, &actual.user),
        ("workdir", &expectation.workdir, &actual.workdir),
    ];
    for (what, expected, found) in texts {
        if let Some(expected) = expected.as_ref().filter(|expected| *expected != found) {
            let found = if found.is_empty() {
                "it is not set".to_owned()
            } else {
                format!("it is {}", quoted(found))
            };
            mismatches.push(Mismatch::new(what, quoted(expected), found));
        }
    }
    for (name, expected) in &expectation.env {
        mismatches.extend(named(
            &format!("env {name}"),
            expected.as_ref(),
            actual.env(name),
        ));
    }
    for (name, expected) in &expectation.labels {
        let found = actual.labels.get(name).map(String::as_str);
        mismatches.extend(named(&format!("label {name}"), expected.as_ref(), found));
    }
    let members = [
        (
            "exposed_ports",
            &expectation.exposed_ports,
            &actual.exposed_ports,
        ),
        ("volumes", &expectation.volumes, &actual.volumes),
    ];
    for (what, expected, found) in members {
        for member in expected.iter().filter(|member| !found.contains(member)) {
            mismatches.push(Mismatch::new(
                what,
                format!("{member} among them"),
                is_list(found),
            ));
        }
    }
    mismatches.extend(healthcheck(expectation, actual));
    mismatches
}

/// A variable or a label; expecting `None` is expecting that it is not there.
fn named(subject: &str, expected: Option<&TextExpectation>, found: Option<&str>) -> Vec<Mismatch> {
    match (expected, found) {
        (None, None) => Vec::new(),
        (None, Some(found)) => vec![Mismatch::new(
            subject,
            "none",
            format!("it is {}", quoted(found)),
        )],
        (Some(_), None) => vec![Mismatch::new(subject, "it to be set", "it is not")],
        (Some(expected), Some(found)) => text(
            subject,
            std::slice::from_ref(expected),
            &Captured::from(found),
        ),
    }
}

fn healthcheck(expectation: &ConfigExpectation, actual: &ImageConfig) -> Option<Mismatch> {
    // `HEALTHCHECK NONE` is how an image says that it has none.
    let test = actual
        .healthcheck
        .as_ref()
        .map(|healthcheck| healthcheck.test.as_slice())
        .filter(|test| !test.is_empty() && test.first().is_none_or(|word| word != "NONE"));
    match (expectation.healthcheck, &expectation.healthcheck_test, test) {
        (Some(true), _, None) => Some(Mismatch::new("healthcheck", "one", "there is none")),
        (Some(false), _, Some(test)) => Some(Mismatch::new("healthcheck", "none", is_words(test))),
        (_, Some(expected), Some(test)) if expected.as_slice() != test => Some(Mismatch::new(
            "healthcheck",
            format!("{expected:?}"),
            is_words(test),
        )),
        _ => None,
    }
}

fn is_words(words: &[String]) -> String {
    if words.is_empty() {
        "it is not set".to_owned()
    } else {
        format!("it is {words:?}")
    }
}

fn is_list(members: &[String]) -> String {
    if members.is_empty() {
        "there are none".to_owned()
    } else {
        format!("they are {}", members.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Healthcheck;

    fn image() -> ImageConfig {
        ImageConfig {
            entrypoint: vec!["node".into(), "a.js".into()],
            env: vec![("PORT".into(), "8080".into())],
            user: "node".into(),
            exposed_ports: vec!["8080/tcp".into()],
            healthcheck: Some(Healthcheck {
                test: vec!["NONE".into()],
                ..Healthcheck::default()
            }),
            ..ImageConfig::default()
        }
    }

    fn equals(text: &str) -> Option<TextExpectation> {
        Some(TextExpectation::Equals(text.to_owned()))
    }

    #[test]
    fn what_holds_says_nothing() {
        let wanted = ConfigExpectation {
            entrypoint: Some(vec!["node".into(), "a.js".into()]),
            cmd: Some(Vec::new()),
            env: vec![("PORT".into(), equals("8080")), ("DEBUG".into(), None)],
            user: Some("node".into()),
            workdir: Some(String::new()),
            exposed_ports: vec!["8080/tcp".into()],
            healthcheck: Some(false),
            ..ConfigExpectation::default()
        };
        assert_eq!(config(&wanted, &image()), []);
    }

    #[test]
    fn every_difference_is_told() {
        let wanted = ConfigExpectation {
            entrypoint: Some(vec!["sh".into()]),
            cmd: Some(vec!["x".into()]),
            env: vec![
                ("PORT".into(), None),
                ("PORT".into(), equals("1")),
                ("NO".into(), equals("1")),
            ],
            user: Some("root".into()),
            workdir: Some("/app".into()),
            exposed_ports: vec!["9/tcp".into()],
            labels: vec![("a.b".into(), equals("1"))],
            volumes: vec!["/data".into()],
            healthcheck: Some(true),
            healthcheck_test: None,
        };
        let messages: Vec<String> = config(&wanted, &image())
            .into_iter()
            .map(|mismatch| mismatch.message)
            .collect();
        assert_eq!(
            messages,
            [
                r#"entrypoint: expected ["sh"], but it is ["node", "a.js"]"#,
                r#"cmd: expected ["x"], but it is not set"#,
                r#"user: expected "root", but it is "node""#,
                r#"workdir: expected "/app", but it is not set"#,
                r#"env PORT: expected none, but it is "8080""#,
                r#"env PORT: expected "1", but it was "8080""#,
                "env NO: expected it to be set, but it is not",
                "label a.b: expected it to be set, but it is not",
                "exposed_ports: expected 9/tcp among them, but they are 8080/tcp",
                "volumes: expected /data among them, but there are none",
                "healthcheck: expected one, but there is none",
            ]
        );
    }
}
