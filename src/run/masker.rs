//! Keeps secret values out of everything that is printed or written.

use std::sync::Arc;

use serde_json::Value;

/// Replaces each secret by `***`.
#[derive(Clone, Default)]
pub struct Masker {
    secrets: Arc<Vec<String>>,
}

/// Values of fewer characters would mask ordinary text; they are left.
const SHORTEST: usize = 3;

impl Masker {
    /// Of these values, in each spelling that a report may give them. The longest
    /// go first, so that a secret that holds another one is masked whole.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<String> = secrets
            .into_iter()
            .flat_map(|secret| spellings(&secret))
            .filter(|secret| secret.len() >= SHORTEST)
            .collect();
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        Self {
            secrets: Arc::new(secrets),
        }
    }

    /// The text without them.
    pub fn mask(&self, text: &mut String) {
        for secret in self.secrets.iter() {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), "***");
            }
        }
        for secret in self.secrets.iter() {
            mask_halves(secret, text);
        }
    }

    /// A JSON document without them: in its texts and keys, so that it stays one.
    pub fn mask_document(&self, document: &mut Value) {
        match document {
            Value::String(text) => self.mask(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_document(item)),
            Value::Object(entries) => {
                for (mut key, mut value) in std::mem::take(entries) {
                    self.mask(&mut key);
                    self.mask_document(&mut value);
                    entries.insert(key, value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The same text without them.
    pub fn masked(&self, text: &str) -> String {
        let mut text = text.to_owned();
        self.mask(&mut text);
        text
    }
}

/// The value; its lines, since a diff shows line by line; and all of these as
/// messages quote them, once and, for JSON within a message, twice.
fn spellings(secret: &str) -> Vec<String> {
    let mut all: Vec<String> = vec![secret.to_owned()];
    if secret.contains('\n') {
        all.extend(secret.lines().map(|line| line.trim().to_owned()));
    }
    for _ in 0..2 {
        let quoted: Vec<String> = all
            .iter()
            .map(|text| text.escape_debug().to_string().replace("\\'", "'"))
            .collect();
        all.extend(quoted);
    }
    all
}

/// What stands before the end and after the beginning of a text that was cut: in
/// messages that quote it, and where output was too long to be kept.
const CUTS: [(&str, &str); 2] = [("…\"", "\"…"), (" bytes left out …]\n", "\n[… ")];

/// What is shortened may have had a secret cut in two.
fn mask_halves(secret: &str, text: &mut String) {
    for (before, after) in CUTS {
        let halves = secret.char_indices().map(|(at, _)| secret.split_at(at));
        if text.contains(after) {
            let is_half = |half: &&str| half.len() >= SHORTEST;
            let beginnings = halves.clone().map(|(beginning, _)| beginning).rev();
            let beginnings: Vec<&str> = beginnings.filter(is_half).collect();
            let mut parts = text.split(after).peekable();
            let mut masked = String::with_capacity(text.len());
            while let Some(part) = parts.next() {
                let kept = |half: &&str| part.strip_suffix(*half);
                match parts.peek() {
                    None => masked.push_str(part),
                    Some(_) => {
                        match beginnings.iter().find_map(kept) {
                            Some(kept) => masked.extend([kept, "***"]),
                            None => masked.push_str(part),
                        }
                        masked.push_str(after);
                    }
                }
            }
            *text = masked;
        }
        if text.contains(before) {
            let ends = halves.map(|(_, end)| end);
            let ends: Vec<&str> = ends.filter(|half| half.len() >= SHORTEST).collect();
            let mut parts = text.split(before);
            let mut masked = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                masked.push_str(before);
                match ends.iter().find_map(|half| part.strip_prefix(*half)) {
                    Some(kept) => masked.extend(["***", kept]),
                    None => masked.push_str(part),
                }
            }
            *text = masked;
        }
    }
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Masker({} secrets)", self.secrets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_within_a_secret_leaves_nothing_behind() {
        let masker = Masker::new(["token".to_owned(), "token-and-more".to_owned()]);
        let mut text = "it is token-and-more, or token".to_owned();
        masker.mask(&mut text);
        assert_eq!(text, "it is ***, or ***");
        assert!(!format!("{masker:?}").contains("token"));
    }

    #[test]
    fn a_secret_is_known_however_a_message_quotes_it() {
        let secret = "pa\"ss\\wo'rd";
        let masker = Masker::new([secret.to_owned()]);
        for quoted in [
            format!("it was {secret:?}"),
            format!(
                "it was {:?}",
                serde_json::json!({ "token": secret }).to_string()
            ),
        ] {
            let masked = masker.masked(&quoted);
            assert!(masked.contains("***"), "{masked}");
            assert!(!masked.contains("wo"), "{masked}");
        }
    }

    #[test]
    fn a_document_stays_one_without_its_secrets() {
        let secret = "a\"b\\c\u{1b}";
        let masker = Masker::new([secret.to_owned()]);
        let mut document = serde_json::json!({
            "Env": ["PATH=/bin", format!("TOKEN={secret}")],
            "Labels": { format!("x-{secret}"): true },
            "Count": 3,
        });
        masker.mask_document(&mut document);
        let expected = serde_json::json!({
            "Env": ["PATH=/bin", "TOKEN=***"],
            "Labels": { "x-***": true },
            "Count": 3,
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn a_secret_that_was_cut_short_is_masked_as_far_as_it_shows() {
        let masker = Masker::new(["topsecret".to_owned()]);
        let text = "it was \"the password is topse\"… (300 characters)";
        assert_eq!(
            masker.masked(text),
            "it was \"the password is ***\"… (300 characters)"
        );
        assert_eq!(masker.masked("…\"secret, it says\""), "…\"***, it says\"");
    }

    #[test]
    fn a_secret_of_several_lines_is_masked_line_by_line() {
        let masker = Masker::new(["first half\nsecond half\n".to_owned()]);
        assert_eq!(masker.masked("- second half"), "- ***");
    }
}
