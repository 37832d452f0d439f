//! How much was found, in numbers.

use crate::event::{Finding, Severity};
use crate::report::view::count;

/// How many findings there are of each severity; those accepted apart.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) errors: usize,
    pub(super) warnings: usize,
    pub(super) infos: usize,
    pub(super) accepted: usize,
}

impl Counts {
    pub(super) fn of<'a>(findings: impl Iterator<Item = &'a Finding>) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            let number = match (&finding.accepted, finding.severity) {
                (Some(_), _) => &mut counts.accepted,
                (None, Severity::Error) => &mut counts.errors,
                (None, Severity::Warning) => &mut counts.warnings,
                (None, Severity::Info) => &mut counts.infos,
            };
            *number += 1;
        }
        counts
    }

    /// `2 errors, 1 warning`; what there is none of is left out.
    pub(super) fn said(&self) -> String {
        let some: Vec<String> = self.parts().into_iter().flatten().collect();
        if some.is_empty() {
            return "nothing found".to_owned();
        }
        some.join(", ")
    }

    /// The same, but errors and warnings are always told.
    pub(super) fn all_said(&self) -> String {
        let [errors, warnings, infos, accepted] = self.parts();
        let mut all = vec![
            errors.unwrap_or_else(|| "0 errors".to_owned()),
            warnings.unwrap_or_else(|| "0 warnings".to_owned()),
        ];
        all.extend(infos);
        all.extend(accepted);
        all.join(", ")
    }

    fn parts(&self) -> [Option<String>; 4] {
        let some = |number: usize, noun| (number > 0).then(|| count(number, noun));
        [
            some(self.errors, "error"),
            some(self.warnings, "warning"),
            some(self.infos, "info"),
            (self.accepted > 0).then(|| format!("{} accepted", self.accepted)),
        ]
    }
}
