//! What a document says that the types of [`crate::image`] leave out, and that
//! somebody refuses.

use serde_json::Value;

use crate::event::Severity;

/// What is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) severity: Severity,
    pub(super) what: String,
}

impl Complaint {
    pub(super) fn error(what: String) -> Self {
        Self {
            severity: Severity::Error,
            what,
        }
    }

    fn warning(what: String) -> Self {
        Self {
            severity: Severity::Warning,
            what,
        }
    }
}

/// Of an index or a manifest. `listed_as`: the media type by which it is listed.
pub(super) fn complaints(bytes: &[u8], listed_as: Option<&str>) -> Vec<Complaint> {
    let Ok(Value::Object(document)) = serde_json::from_slice::<Value>(bytes) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    match document.get("schemaVersion") {
        Some(Value::Number(number)) if number.as_u64() == Some(2) => {}
        Some(version) => found.push(Complaint::error(format!(
            "its `schemaVersion` is {}, and has to be 2",
            short(version)
        ))),
        None => found.push(Complaint::warning(
            "it has no `schemaVersion`, which has to be there; registries may refuse it".to_owned(),
        )),
    }
    // containerd refuses what could be read as either (CVE-2021-41190).
    if document.contains_key("manifests")
        && (document.contains_key("config") || document.contains_key("layers"))
    {
        found.push(Complaint::error(
            "it lists both `manifests` and a config or layers, so that nobody knows whether it is an index".to_owned(),
        ));
    }
    if let (Some(said), Some(listed)) = (
        document.get("mediaType").and_then(Value::as_str),
        listed_as.filter(|listed| !listed.is_empty()),
    ) && said != listed
    {
        found.push(Complaint::error(format!(
            "it says that its media type is `{said}`, and it is listed as `{listed}`"
        )));
    }
    annotations(&document, "its", &mut found);
    let descriptors = ["manifests", "layers"]
        .into_iter()
        .filter_map(|key| Some((key, document.get(key)?.as_array()?)))
        .flat_map(|(key, list)| (0..).zip(list).map(move |(at, one)| (format!("`{key}[{at}]`"), one)))
        .chain(document.get("config").map(|one| ("`config`".to_owned(), one)));
    for (place, descriptor) in descriptors {
        if let Value::Object(descriptor) = descriptor {
            annotations(descriptor, &place, &mut found);
        }
    }
    // A document of nothing but mistakes has one.
    found.truncate(20);
    found
}

/// Annotations are texts; Go's decoder gives the whole document up for a number.
fn annotations(of: &serde_json::Map<String, Value>, place: &str, found: &mut Vec<Complaint>) {
    match of.get("annotations") {
        None | Some(Value::Null) => {}
        Some(Value::Object(annotations)) => {
            for (key, value) in annotations {
                if !matches!(value, Value::String(_)) {
                    found.push(Complaint::error(format!(
                        "{place} annotation `{key}` is {}, and has to be a text",
                        short(value)
                    )));
                }
            }
        }
        Some(other) => found.push(Complaint::error(format!(
            "{place} annotations are {}, and have to be an object",
            short(other)
        ))),
    }
}

fn short(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        other => other.to_string().chars().take(60).collect(),
    }
}
