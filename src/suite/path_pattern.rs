//! Patterns for paths in the image: `*` and `?` within a name, `**` for folders.

use regex::Regex;

/// A pattern for absolute paths: `/opt/**`, `/app/node_modules/*/build/*.node`.
#[derive(Clone, Debug)]
pub struct PathPattern {
    written: String,
    regex: Regex,
}

/// Why a text is no such pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathPatternError {
    /// Paths in the image are absolute.
    Relative,
    /// A name in it is empty, as at the end of `/opt/`.
    EmptyName,
    /// `**` beside other characters in one name.
    HalfAName,
    /// It is too long to be meant.
    TooLong,
}

impl PathPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it can match no path as it is meant.
    pub fn new(text: &str) -> Result<Self, PathPatternError> {
        let names = text.strip_prefix('/').ok_or(PathPatternError::Relative)?;
        let names: Vec<&str> = names.split('/').collect();
        let mut pattern = String::from("^");
        for (at, name) in names.iter().enumerate() {
            let is_last = at + 1 == names.len();
            match *name {
                "" => return Err(PathPatternError::EmptyName),
                // Everything below, at any depth; the folder itself is not below it.
                "**" if is_last => pattern.push_str("/.+"),
                "**" => pattern.push_str("(?:/[^/]+)*"),
                name if name.contains("**") => return Err(PathPatternError::HalfAName),
                name => {
                    pattern.push('/');
                    push_name(name, &mut pattern);
                }
            }
        }
        pattern.push('$');
        // A name may hold line breaks: `.` stands for them too.
        let regex = Regex::new(&format!("(?s){pattern}")).map_err(|_| PathPatternError::TooLong)?;
        Ok(Self {
            written: text.to_owned(),
            regex,
        })
    }

    /// Whether this path is meant.
    pub fn matches(&self, path: &str) -> bool {
        self.regex.is_match(path)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

fn push_name(name: &str, pattern: &mut String) {
    for character in name.chars() {
        match character {
            '*' => pattern.push_str("[^/]*"),
            '?' => pattern.push_str("[^/]"),
            other => pattern.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, path: &str) -> bool {
        PathPattern::new(pattern).expect(pattern).matches(path)
    }

    #[test]
    fn one_star_stays_within_a_name_and_two_go_any_depth() {
        assert!(matches("/opt/*", "/opt/a"));
        assert!(!matches("/opt/*", "/opt/a/b"));
        assert!(matches("/opt/**", "/opt/a"));
        assert!(matches("/opt/**", "/opt/a/b"));
        assert!(!matches("/opt/**", "/opt"));
        assert!(!matches("/opt/**", "/option/a"));
    }

    #[test]
    fn two_stars_between_names_stand_for_no_folder_too() {
        for path in ["/app/x.node", "/app/a/x.node", "/app/a/b/x.node"] {
            assert!(matches("/app/**/*.node", path), "{path}");
        }
        assert!(!matches("/app/**/*.node", "/apps/x.node"));
        assert!(matches("/**/libgomp*.so.?", "/usr/lib/libgomp-d22c.so.1"));
        assert!(matches("/**", "/a"));
    }

    #[test]
    fn everything_else_means_itself() {
        assert!(matches("/a/[b].{c}+$", "/a/[b].{c}+$"));
        assert!(!matches("/a.b", "/aXb"));
        assert!(!matches("/a", "/b/a"));
        assert!(matches("/a/*", "/a/odd\nname"));
    }

    #[test]
    fn what_could_not_match_as_it_is_meant_is_no_pattern() {
        let error = |text: &str| PathPattern::new(text).expect_err(text);
        assert_eq!(error("opt/**"), PathPatternError::Relative);
        assert_eq!(error(""), PathPatternError::Relative);
        assert_eq!(error("/opt/lib**"), PathPatternError::HalfAName);
        assert_eq!(error("/opt/"), PathPatternError::EmptyName);
        assert_eq!(error("/opt//a"), PathPatternError::EmptyName);
        assert_eq!(error("/opt/***"), PathPatternError::HalfAName);
    }

    proptest! {
        #[test]
        fn a_path_without_signs_matches_itself_alone(path in "(/[a-z.+()\\[\\]{}^$|\\\\]{1,8}){1,4}") {
            prop_assert!(matches(&path, &path));
            let longer = format!("{path}x");
            prop_assert!(!matches(&path, &longer));
        }
    }
}
