//! Keeps secret values out of everything that is printed or written.

use std::sync::Arc;

/// Replaces each secret by `***`.
#[derive(Clone, Default)]
pub struct Masker {
    secrets: Arc<Vec<String>>,
}

impl Masker {
    /// Of these values. The longest go first, so that a secret that holds
    /// another one is masked whole. Values of fewer than three characters
    /// would mask ordinary text; they are left.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<String> = secrets
            .into_iter()
            .filter(|secret| secret.len() >= 3)
            .collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
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
}
