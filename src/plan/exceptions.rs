//! Checks that are known not to pass: each with a reason, and with an end.

use jiff::civil::Date;

use crate::image::Platform;
use crate::suite::{Exception, PART_SEPARATOR};

/// The exceptions that may concern one case, or parts of it.
#[derive(Clone, Debug, Default)]
pub struct Exceptions {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    case: String,
    reason: String,
    until: Option<Date>,
    is_over: bool,
}

/// What an exception says of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// None concerns it.
    Required,
    /// It is skipped, for this reason.
    Excepted(String),
    /// It was, until a day that has passed: an error until someone looks again.
    Expired {
        /// Why it was excepted.
        reason: String,
        /// The last day the exception held.
        until: Date,
    },
}

impl Exceptions {
    /// Those of a suite that name this check or a part of it, on this platform.
    pub fn of(all: &[Exception], check: &str, platform: &Platform, today: Date) -> Self {
        let entries = all
            .iter()
            .filter(|exception| exception.covers(&exception.case, platform))
            .filter(|exception| {
                exception
                    .case
                    .strip_prefix(check)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(PART_SEPARATOR))
            })
            .map(|exception| Entry {
                case: exception.case.clone(),
                reason: exception.reason.clone(),
                until: exception.until,
                is_over: exception.has_expired(today),
            })
            .collect();
        Self { entries }
    }

    /// What they say of the case, or of the part, of this full name.
    pub fn standing(&self, name: &str) -> Standing {
        let Some(entry) = self.entries.iter().find(|entry| entry.case == name) else {
            return Standing::Required;
        };
        match entry.until {
            Some(until) if entry.is_over => Standing::Expired {
                reason: entry.reason.clone(),
                until,
            },
            _ => Standing::Excepted(entry.reason.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exception(case: &str, platform: Option<&str>, until: Option<&str>) -> Exception {
        Exception {
            case: case.to_owned(),
            platform: platform.map(|p| p.parse().expect("a platform")),
            reason: "known".to_owned(),
            until: until.map(|day| day.parse().expect("a date")),
            line: 1,
        }
    }

    fn standing(all: &[Exception], name: &str, today: &str) -> Standing {
        let arm64 = "linux/arm64".parse().expect("a platform");
        Exceptions::of(all, "modules load", &arm64, today.parse().expect("a date")).standing(name)
    }

    #[test]
    fn an_exception_holds_on_its_last_day_and_is_over_on_the_next() {
        let all = [exception("modules load", None, Some("2026-12-31"))];
        assert_eq!(
            standing(&all, "modules load", "2026-12-31"),
            Standing::Excepted("known".to_owned())
        );
        assert!(matches!(
            standing(&all, "modules load", "2027-01-01"),
            Standing::Expired { .. }
        ));
    }

    #[test]
    fn it_concerns_its_platform_and_its_part_only() {
        let all = [
            exception("modules load › canvas", Some("linux/arm64"), None),
            exception("modules load", Some("linux/s390x"), None),
        ];
        assert_eq!(
            standing(&all, "modules load", "2026-01-01"),
            Standing::Required
        );
        assert_eq!(
            standing(&all, "modules load › canvas", "2026-01-01"),
            Standing::Excepted("known".to_owned())
        );
        assert_eq!(
            standing(&all, "modules load › sharp", "2026-01-01"),
            Standing::Required
        );
    }
}
