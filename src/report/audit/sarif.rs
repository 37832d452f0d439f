//! The findings as SARIF 2.1.0, for code scanning.
//!
//! What GitHub demands beyond the standard is kept: every rule has its texts,
//! every result a location with a region, and the fingerprint that it looks at,
//! `primaryLocationLineHash`, tells two platforms apart. Rules are the whole
//! catalogue each time, since they should not change from run to run.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::event::{AuditReport, Finding, FindingKind, Severity, Verdict, finding_kinds};
use crate::image::{Digest, Platform};
use crate::report::{document, escape};

/// GitHub refuses a document without it.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The rule of what could not be looked at: a result too, so that a document
/// without results is that of an image without faults.
const INCOMPLETE: &str = "audit-incomplete";

/// The place of what is wrong with the index as a whole.
const INDEX: &str = "image-index";

/// To which folder locations are relative.
const ROOT: &str = "ROOTFS";

/// Writes the document.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &AuditReport, out: &mut dyn Write) -> io::Result<()> {
    document::write(&log(report), out)
}

fn log(report: &AuditReport) -> Value {
    let mut rules = Rules::new();
    let mut fingerprints = Fingerprints::default();
    let mut results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| result(finding, &mut rules, &mut fingerprints))
        .collect();
    for error in &report.errors {
        results.push(incomplete(&error.message, &mut rules, &mut fingerprints));
    }
    let notifications: Vec<Value> = report
        .errors
        .iter()
        .map(|error| json!({ "level": "error", "message": { "text": text(&error.message) } }))
        .chain(
            report
                .notes
                .iter()
                .map(|note| json!({ "level": "note", "message": { "text": text(note) } })),
        )
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.entries,
            } },
            "invocations": [{
                "executionSuccessful": report.verdict() != Verdict::Error,
                "toolExecutionNotifications": notifications,
            }],
            "originalUriBaseIds": {
                ROOT: { "description": { "text": "the root of the image's file system" } },
            },
            "results": results,
            "columnKind": "unicodeCodePoints",
            "properties": {
                "reference": escape::one_line(&report.reference),
                "index_digest": report.index_digest,
                "verdict": report.verdict(),
            },
        }],
    })
}

/// The rules, and where each stands among them.
struct Rules {
    entries: Vec<Value>,
    places: HashMap<String, usize>,
}

impl Rules {
    fn new() -> Self {
        let mut rules = Self {
            entries: Vec::new(),
            places: HashMap::new(),
        };
        for FindingKind {
            code,
            meaning,
            help,
            ..
        } in finding_kinds()
        {
            rules.add(code, meaning, help);
        }
        rules.add(
            INCOMPLETE,
            "Something could not be looked at, so it was not judged.",
            "Look at what is said of it, and run the audit again.",
        );
        rules
    }

    fn add(&mut self, code: &str, meaning: &str, help: &str) -> usize {
        let place = self.entries.len();
        self.entries.push(json!({
            "id": code,
            "shortDescription": { "text": meaning },
            "fullDescription": { "text": format!("{meaning} {help}") },
            "help": { "text": help },
        }));
        self.places.insert(code.to_owned(), place);
        place
    }

    /// A code that the catalogue does not know is reported all the same.
    fn place(&mut self, code: &str) -> usize {
        match self.places.get(code) {
            Some(place) => *place,
            None => self.add(
                code,
                "A finding that the catalogue does not know.",
                "Read what it says.",
            ),
        }
    }
}

/// Fingerprints that stay the same from run to run. Those of one kind on one
/// file are counted, as CodeQL counts those of one line.
#[derive(Default)]
struct Fingerprints {
    given: HashMap<String, usize>,
}

impl Fingerprints {
    fn of(&mut self, parts: [&str; 3]) -> String {
        let digest = Digest::of(parts.join("\0").as_bytes());
        let hash: String = digest.hex().chars().take(16).collect();
        let number = self.given.entry(hash.clone()).or_default();
        *number += 1;
        format!("{hash}:{number}")
    }
}

fn result(finding: &Finding, rules: &mut Rules, fingerprints: &mut Fingerprints) -> Value {
    let code = escape::one_line(&finding.code);
    let platform = finding.platform.as_ref().map(ToString::to_string);
    let mut result = json!({
        "ruleId": code,
        "ruleIndex": rules.place(&code),
        "level": level(finding.severity),
        "message": { "text": message(finding) },
        "locations": [location(finding)],
        "partialFingerprints": {
            "primaryLocationLineHash": fingerprints.of([
                &finding.code,
                platform.as_deref().unwrap_or_default(),
                finding.path.as_deref().unwrap_or_default(),
            ]),
        },
    });
    let mut properties = Map::new();
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            properties.insert(key.to_owned(), Value::String(escape::one_line(&value)));
        }
    };
    put("platform", platform);
    put("path", finding.path.clone());
    put("layer", finding.layer.as_ref().map(ToString::to_string));
    put("history", finding.history.clone());
    result["properties"] = Value::Object(properties);
    if let Some(reason) = &finding.accepted {
        result["suppressions"] = json!([{
            "kind": "external",
            "status": "accepted",
            "justification": text(reason),
        }]);
    }
    result
}

/// What could not be looked at.
fn incomplete(error: &str, rules: &mut Rules, fingerprints: &mut Fingerprints) -> Value {
    json!({
        "ruleId": INCOMPLETE,
        "ruleIndex": rules.place(INCOMPLETE),
        "level": "error",
        "message": { "text": text(error) },
        "locations": [{ "physicalLocation": physical(json!({ "uri": INDEX })) }],
        "partialFingerprints": {
            "primaryLocationLineHash": fingerprints.of([INCOMPLETE, "", ""]),
        },
        "properties": {},
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// Message, evidence, layer and hint: viewers show little else. The platform
/// comes first, because the alerts of one rule stand under one another.
fn message(finding: &Finding) -> String {
    let mut said = match &finding.platform {
        Some(platform) => format!("{platform}: {}", finding.message),
        None => finding.message.clone(),
    };
    for line in &finding.evidence {
        said.push_str(&format!("\n- {line}"));
    }
    if let Some(history) = &finding.history {
        said.push_str(&format!("\nBrought by {history}"));
    }
    if let Some(hint) = &finding.hint {
        said.push_str(&format!("\nHint: {hint}"));
    }
    text(&said)
}

/// Text as a viewer may show it: without control sequences, and without links,
/// which SARIF knows even in plain text.
fn text(text: &str) -> String {
    let text = escape::for_terminal(text).replace("](", "] (");
    // A required text that is empty is refused.
    if text.trim().is_empty() {
        return "(nothing was said)".to_owned();
    }
    text
}

fn location(finding: &Finding) -> Value {
    let artifact = match (&finding.path, &finding.platform) {
        (Some(path), _) => json!({ "uri": relative_uri(path), "uriBaseId": ROOT }),
        (None, Some(platform)) => json!({ "uri": manifest(platform) }),
        (None, None) => json!({ "uri": INDEX }),
    };
    let mut location = json!({ "physicalLocation": physical(artifact) });
    if let Some(platform) = &finding.platform {
        let name = match &finding.path {
            Some(path) => format!("{platform}:{path}"),
            None => platform.to_string(),
        };
        location["logicalLocations"] =
            json!([{ "fullyQualifiedName": escape::one_line(&name), "kind": "resource" }]);
    }
    location
}

/// A place for what is wrong with a platform, but in no file of it.
fn manifest(platform: &Platform) -> String {
    format!("image-manifest/{}", relative_uri(&platform.slug()))
}

/// GitHub wants a region, and a file in an image has no lines.
fn physical(artifact: Value) -> Value {
    json!({
        "artifactLocation": artifact,
        "region": { "startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1 },
    })
}

/// A path in the image as a relative reference of RFC 3986.
fn relative_uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.trim_start_matches('/').bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'/'
            | b'+'
            | b'@' => uri.push(char::from(byte)),
            // A colon too: in the first segment it would end a scheme.
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    if uri.is_empty() {
        return ".".to_owned();
    }
    uri
}

#[cfg(test)]
mod tests;
