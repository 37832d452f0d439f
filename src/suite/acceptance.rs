//! What the audit may find without failing.

use super::PathPattern;
use super::decode::is_of;
use crate::image::Platform;

/// `audit:` what the suite says of the audit.
#[derive(Clone, Debug, Default)]
pub struct AuditPolicy {
    /// How much differences between the platforms count; `None`: the file does
    /// not say.
    pub parity: Option<Parity>,
    /// Findings that do not count.
    pub accept: Vec<Acceptance>,
}

/// `parity:` how much differences between the platforms count. The later, the stricter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parity {
    /// Not at all: they are left out.
    Off,
    /// They are warnings.
    #[default]
    Warn,
    /// They are errors.
    Strict,
}

/// One entry of `accept:`, findings that are known and borne.
#[derive(Clone, Debug)]
pub struct Acceptance {
    /// Of this code.
    pub code: String,
    /// In these files; `None`: in all, and where there is no file.
    pub path: Option<PathPattern>,
    /// On which platform; `None`: on all.
    pub platform: Option<Platform>,
    /// Why.
    pub reason: String,
    /// The last day it holds.
    pub until: Option<jiff::civil::Date>,
    /// Its line in the file.
    pub line: usize,
}

impl Acceptance {
    /// Whether it is for a finding of this code, file and platform.
    pub fn covers(&self, code: &str, path: Option<&str>, platform: Option<&Platform>) -> bool {
        let is_path = match (&self.path, path) {
            (None, _) => true,
            (Some(pattern), Some(path)) => pattern.matches(path),
            (Some(_), None) => false,
        };
        let is_platform = match (&self.platform, platform) {
            (None, _) => true,
            (Some(written), Some(platform)) => is_of(written, platform),
            (Some(_), None) => false,
        };
        self.code == code && is_path && is_platform
    }

    /// Whether it could be for anything on one of these platforms.
    pub fn concerns<'a>(&self, mut platforms: impl Iterator<Item = &'a Platform>) -> bool {
        self.platform
            .as_ref()
            .is_none_or(|written| platforms.any(|platform| is_of(written, platform)))
    }

    /// Whether its last day has passed.
    pub fn has_expired(&self, today: jiff::civil::Date) -> bool {
        self.until.is_some_and(|until| until < today)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().expect(text)
    }

    fn acceptance(path: Option<&str>, on: Option<&str>) -> Acceptance {
        Acceptance {
            code: "elf-page-alignment".to_owned(),
            path: path.map(|path| PathPattern::new(path).expect(path)),
            platform: on.map(platform),
            reason: "known".to_owned(),
            until: None,
            line: 1,
        }
    }

    #[test]
    fn code_path_and_platform_must_all_fit() {
        let arm64 = platform("linux/arm64");
        let narrow = acceptance(Some("/opt/**"), Some("linux/arm64/v8"));
        assert!(narrow.covers("elf-page-alignment", Some("/opt/a/b.so"), Some(&arm64)));
        assert!(!narrow.covers("glibc-too-old", Some("/opt/a/b.so"), Some(&arm64)));
        assert!(!narrow.covers("elf-page-alignment", Some("/usr/b.so"), Some(&arm64)));
        let amd64 = platform("linux/amd64");
        assert!(!narrow.covers("elf-page-alignment", Some("/opt/a/b.so"), Some(&amd64)));
    }

    #[test]
    fn what_names_a_file_or_a_platform_is_not_for_the_index_as_a_whole() {
        let code = "elf-page-alignment";
        assert!(acceptance(None, None).covers(code, None, None));
        assert!(!acceptance(Some("/**"), None).covers(code, None, None));
        assert!(!acceptance(None, Some("linux/arm64")).covers(code, None, None));
    }
}
