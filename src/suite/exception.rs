//! What is known not to pass.

use super::PART_SEPARATOR;
use super::decode::is_of;
use crate::image::Platform;

/// `exceptions:` a check that is known not to pass on a platform.
#[derive(Clone, Debug)]
pub struct Exception {
    /// The check's name, or `name › part`.
    pub case: String,
    /// On which platform; `None`: on all.
    pub platform: Option<Platform>,
    /// Why.
    pub reason: String,
    /// The last day it holds; from the day after it is an error.
    pub until: Option<jiff::civil::Date>,
    /// Its line in the file.
    pub line: usize,
}

impl Exception {
    /// Whether it is for this case on this platform. The exception of a check
    /// holds for all parts of it, as in `native modules load › sharp`.
    pub fn covers(&self, case: &str, platform: &Platform) -> bool {
        let is_case = case
            .strip_prefix(self.case.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(PART_SEPARATOR));
        is_case
            && self
                .platform
                .as_ref()
                .is_none_or(|written| is_of(written, platform))
    }

    /// Whether its last day has passed.
    pub fn has_expired(&self, today: jiff::civil::Date) -> bool {
        self.until.is_some_and(|until| until < today)
    }
}
