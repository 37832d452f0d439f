//! JSON values and paths into them.

use serde_json::Value;

use super::Mismatch;
use super::diff::quoted;
use crate::suite::{JsonExpectation, JsonStep, write_json_path};

/// Characters of a value that a sentence bears.
const SHOWN: usize = 160;

/// The demands on a document that do not hold.
pub(super) fn json(subject: &str, text: &str, demands: &[JsonExpectation]) -> Vec<Mismatch> {
    let document: Value = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => {
            let what = if text.trim().is_empty() {
                "it was empty".to_owned()
            } else {
                format!("it was {} ({error})", quoted(text))
            };
            return vec![Mismatch::new(subject, "JSON", what)];
        }
    };
    demands
        .iter()
        .filter_map(|demand| one(subject, &document, demand))
        .collect()
}

fn one(subject: &str, document: &Value, demand: &JsonExpectation) -> Option<Mismatch> {
    let subject = format!("{subject}: {}", demand.path);
    let expected = shown(&demand.value);
    let mut at = document;
    for (depth, step) in demand.steps.iter().enumerate() {
        let next = match step {
            JsonStep::Member(name) => at.get(name.as_str()),
            JsonStep::Element(index) => at.get(*index),
        };
        let Some(next) = next else {
            let reached = write_json_path(demand.steps.get(..depth).unwrap_or_default());
            return Some(Mismatch::new(
                &subject,
                expected,
                missing(at, &reached, step),
            ));
        };
        at = next;
    }
    (!equal(at, &demand.value))
        .then(|| Mismatch::new(&subject, expected, format!("it was {}", shown(at))))
}

/// What the nearest existing part has instead.
fn missing(at: &Value, reached: &str, step: &JsonStep) -> String {
    let reached = if reached == "$" {
        "the document"
    } else {
        reached
    };
    match (at, step) {
        (Value::Object(members), JsonStep::Member(name)) => {
            let mut keys: Vec<&str> = members.keys().map(String::as_str).collect();
            keys.sort_by_key(|key| strsim::osa_distance(key, name));
            let more = keys.len().saturating_sub(10);
            keys.truncate(10);
            let rest = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            if keys.is_empty() {
                format!("{reached} is empty")
            } else {
                format!(
                    "{reached} has no {name:?}; it has {}{rest}",
                    keys.join(", ")
                )
            }
        }
        (Value::Array(items), JsonStep::Element(index)) => {
            format!("{reached} has no [{index}]; its length is {}", items.len())
        }
        (other, _) => format!("{reached} was {}", shown(other)),
    }
}

/// Equal as JSON: members in any order, and 1 is 1.0.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || (a.as_f64() == b.as_f64() && (a.is_f64() || b.is_f64()))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        (a, b) => a == b,
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= SHOWN {
        return text;
    }
    let start: String = text.chars().take(SHOWN).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mismatch(path: &[JsonStep], value: Value, text: &str) -> Option<String> {
        let demand = JsonExpectation {
            path: write_json_path(path),
            steps: path.to_vec(),
            value,
        };
        json("stdout", text, &[demand])
            .into_iter()
            .next()
            .map(|mismatch| mismatch.message)
    }

    fn member(name: &str) -> JsonStep {
        JsonStep::Member(name.to_owned())
    }

    #[test]
    fn values_are_compared_whole() {
        let a = [member("a")];
        assert_eq!(mismatch(&a, 1.into(), r#"{"a": 1.0}"#), None);
        assert_eq!(
            mismatch(
                &[],
                serde_json::json!({"x": 1, "y": [2]}),
                r#"{"y":[2.0],"x":1}"#
            ),
            None
        );
        assert_eq!(
            mismatch(&a, "arm64".into(), r#"{"a": "x64"}"#).as_deref(),
            Some(r#"stdout: a: expected "arm64", but it was "x64""#)
        );
        assert!(mismatch(&a, "1".into(), r#"{"a": 1}"#).is_some());
        let large = 9_007_199_254_740_993_u64;
        assert!(mismatch(&a, large.into(), r#"{"a": 9007199254740992}"#).is_some());
    }

    #[test]
    fn a_missing_path_names_what_is_there() {
        let path = [member("a"), member("archh")];
        assert_eq!(
            mismatch(&path, 1.into(), r#"{"a": {"z": 1, "arch": 2}}"#).as_deref(),
            Some(r#"stdout: a.archh: expected 1, but a has no "archh"; it has arch, z"#)
        );
        assert_eq!(
            mismatch(&[JsonStep::Element(3)], 1.into(), "[1]").as_deref(),
            Some("stdout: [3]: expected 1, but the document has no [3]; its length is 1")
        );
        assert_eq!(
            mismatch(&path, 1.into(), r#"{"a": true}"#).as_deref(),
            Some("stdout: a.archh: expected 1, but a was true")
        );
        assert!(
            mismatch(&path, 1.into(), "")
                .expect("no JSON")
                .ends_with("but it was empty")
        );
        assert!(
            mismatch(&path, 1.into(), "oops")
                .expect("no JSON")
                .contains("line 1")
        );
    }
}
