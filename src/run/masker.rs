//! Keeps secret values out of everything that is printed or written.

use std::sync::Arc;

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

/// A message that shortens what it quotes may have cut a secret in two:
/// `"…` follows its beginning, or its end follows `…"`.
fn mask_halves(secret: &str, text: &mut String) {
    const BEFORE: &str = "…\"";
    const AFTER: &str = "\"…";
    if !text.contains(BEFORE) && !text.contains(AFTER) {
        return;
    }
    for (at, _) in secret.char_indices() {
        let (beginning, end) = secret.split_at(at);
        if beginning.len() >= SHORTEST {
            *text = text.replace(&format!("{beginning}{AFTER}"), &format!("***{AFTER}"));
        }
        if end.len() >= SHORTEST {
            *text = text.replace(&format!("{BEFORE}{end}"), &format!("{BEFORE}***"));
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
