//! "did you mean"

/// The candidate that a person who wrote `word` most likely meant.
pub(crate) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let lower = word.to_ascii_lowercase();
    let bearable = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(candidate, &lower), candidate))
        .filter(|(distance, _)| *distance <= bearable)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `` `a`, `b` or `c` ``
pub(crate) fn one_of<T: AsRef<str>>(words: &[T], conjunction: &str) -> String {
    let quoted: Vec<String> = words
        .iter()
        .map(|word| format!("`{}`", word.as_ref()))
        .collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {conjunction} {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_suggested() {
        let keys = ["timeout", "retries", "run", "shell"];
        assert_eq!(nearest("timeuot", keys), Some("timeout"));
        assert_eq!(nearest("Retry", keys), None);
        assert_eq!(nearest("RUN", keys), Some("run"));
        assert_eq!(nearest("entirely", keys), None);
        assert_eq!(one_of(&["a", "b", "c"], "or"), "`a`, `b` or `c`");
        assert_eq!(one_of(&["a"], "or"), "`a`");
    }
}
