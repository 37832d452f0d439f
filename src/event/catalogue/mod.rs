//! Every code that a finding of the audit can have: what it means, and what to
//! do about it in general. Codes are API: suites accept findings by them, code
//! scanning follows them from run to run, so one is never reused.

macro_rules! role {
    () => {
        FindingRole::Finding
    };
    ($role:ident) => {
        FindingRole::$role
    };
}

macro_rules! kinds {
    ($($group:ident {
        $($code:literal $(as $role:ident)?, $meaning:literal, $help:literal;)+
    })+) => {
        /// The kinds of these groups.
        pub(super) const KINDS: &[FindingKind] = &[$($(FindingKind {
            code: $code,
            group: FindingGroup::$group,
            role: role!($($role)?),
            meaning: $meaning,
            help: $help,
        },)+)+];
    };
}

mod files;
mod image;
mod packages;

/// What a group of findings is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingGroup {
    /// Indexes, manifests, configs, blobs.
    Index,
    /// What is executed: can the kernel start it?
    Programs,
    /// What is loaded: libraries, extensions, the C library.
    Libraries,
    /// Which processors and kernels it asks for.
    Machine,
    /// Packages of languages and distributions.
    Packages,
    /// What the platforms should have in common.
    Parity,
    /// Mistakes of the build that explain other findings.
    Build,
}

impl FindingGroup {
    /// All of them, in the order of the reports.
    pub const ALL: [Self; 7] = [
        Self::Index,
        Self::Programs,
        Self::Libraries,
        Self::Machine,
        Self::Packages,
        Self::Parity,
        Self::Build,
    ];

    /// Whether it has a case even where nothing was found. The mistakes of a build
    /// are known by what they left only: where there is nothing, nothing was asked.
    pub fn is_always_judged(self) -> bool {
        self != Self::Build
    }

    /// Its name in reports: that of a case.
    pub fn title(self) -> &'static str {
        match self {
            Self::Index => "index, manifests and blobs are sound",
            Self::Programs => "programs can be started",
            Self::Libraries => "libraries can be loaded",
            Self::Machine => "processors and kernels of the platform suffice",
            Self::Packages => "packages are for this platform",
            Self::Parity => "platforms agree with one another",
            Self::Build => "the build made no known mistake",
        }
    }
}

/// Where a code is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FindingRole {
    /// A finding has it.
    Finding,
    /// The mistake of a build that most likely led to findings: their hints name it.
    Cause,
    /// What is seen of a fault when the image runs. The bytes show the fault itself: the
    /// evidence of its finding names this.
    Symptom,
}

/// One code of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct FindingKind {
    /// The code: `exec-wrong-arch-userland`.
    pub code: &'static str,
    /// What it is about.
    pub group: FindingGroup,
    /// Where it is met.
    pub role: FindingRole,
    /// What it means, in a sentence.
    pub meaning: &'static str,
    /// What to do about it in general; the finding itself knows more.
    pub help: &'static str,
}

/// All kinds of findings.
pub fn finding_kinds() -> impl Iterator<Item = &'static FindingKind> {
    [image::KINDS, files::KINDS, packages::KINDS]
        .into_iter()
        .flatten()
}

/// The kind of finding that has this code.
pub fn finding_kind(code: &str) -> Option<&'static FindingKind> {
    finding_kinds().find(|kind| kind.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_in_kebab_case() {
        let unique: BTreeSet<&str> = finding_kinds().map(|kind| kind.code).collect();
        assert_eq!(unique.len(), finding_kinds().count());
        for FindingKind { code, .. } in finding_kinds() {
            assert!(
                code.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{code}"
            );
        }
    }

    #[test]
    fn every_kind_says_what_it_means_and_what_to_do() {
        for kind in finding_kinds() {
            for text in [kind.meaning, kind.help] {
                assert!(
                    text.ends_with('.') && text.len() > 20,
                    "{}: {text}",
                    kind.code
                );
                // What code scanning shows of a rule.
                assert!(text.len() < 1024 && !text.contains('\n'), "{}", kind.code);
            }
        }
    }

    #[test]
    fn every_group_has_kinds() {
        for group in FindingGroup::ALL {
            assert!(finding_kinds().any(|kind| kind.group == group), "{group:?}");
        }
    }

    #[test]
    fn a_kind_is_found_by_its_code() {
        let kind = finding_kind("elf-page-alignment").expect("a kind");
        assert_eq!(kind.group, FindingGroup::Machine);
        assert!(finding_kind("elf-page-alignmen").is_none());
    }
}
