//! Suites × variants × filters → the cases of each variant, in order. Pure.

mod audit;
mod exceptions;

use std::sync::Arc;

use regex::Regex;

pub use audit::{accept, judge_audit};
pub use exceptions::{Exceptions, Standing};

use crate::compose::Services;
use crate::event::FindingGroup;
use crate::image::{Digest, Origin, Platform, ResolvedImage, Variant, VariantFault};
use crate::suite::{Check, EmulationPolicy, SuiteFile};

/// What the command line narrows the plan to.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// `--platform`; empty: what the suites require, else everything in the index.
    pub platforms: Vec<Platform>,
    /// `--filter`: only cases whose `suite/name` it matches.
    pub filter: Option<Regex>,
    /// `--no-audit`: what the bytes say is not asked.
    pub no_audit: bool,
}

impl PlatformPlan {
    /// Whether there is anything to do. The audit alone is enough only where it
    /// was asked for: a run that runs nothing is no pass.
    pub fn is_selected(&self) -> bool {
        !self.cases.is_empty() || self.is_audit_alone
    }
}

impl Selection {
    fn matches(&self, suite: &str, case: &str) -> bool {
        let name = format!("{suite}/{case}");
        self.filter
            .as_ref()
            .is_none_or(|filter| filter.is_match(&name))
    }
}

/// The whole plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// One for each platform under test, in order.
    pub platforms: Vec<PlatformPlan>,
}

/// What is planned for one platform.
#[derive(Clone, Debug)]
pub struct PlatformPlan {
    /// The platform.
    pub platform: Platform,
    /// Its image, or why it has none.
    pub target: Target,
    /// What the audit is asked about it: the cases of the first suite.
    pub audit: Vec<FindingGroup>,
    /// Its other cases, in order.
    pub cases: Vec<Case>,
    /// The filter leaves nothing but the audit, which needs no engine.
    pub is_audit_alone: bool,
    /// What the suites say of emulation; the strictest wins.
    pub emulation: EmulationPolicy,
    /// How much longer deadlines are under emulation; the largest wins.
    pub emulation_factor: f64,
}

/// Whether there is an image to run for a platform.
#[derive(Clone, Debug)]
pub enum Target {
    /// There is.
    Variant(Box<Variant>),
    /// There is not, for this reason.
    Broken(Option<Digest>, VariantFault),
}

/// One check of one suite, to be run on one platform.
#[derive(Clone, Debug)]
pub struct Case {
    /// The suite's name.
    pub suite: String,
    /// The suite's file, as the user named it.
    pub file: Option<String>,
    /// What is checked.
    pub check: Check,
    /// The exceptions that may concern it.
    pub exceptions: Exceptions,
    /// The services of its compose files, once they have been read.
    pub services: Option<Arc<Services>>,
}

impl Plan {
    /// How many cases of the audit are planned, on all platforms together.
    pub fn audit_cases(&self) -> usize {
        self.platforms
            .iter()
            .flat_map(|platform| &platform.audit)
            .filter(|group| group.is_always_judged())
            .count()
    }

    /// How many cases each platform has besides the audit's, in their order.
    pub fn cases(&self) -> Vec<usize> {
        self.platforms
            .iter()
            .map(|platform| platform.cases.len())
            .collect()
    }
}

/// The platforms that a run wants: those of `--platform`, else those that the
/// suites require. `None`: everything in the index.
pub fn wanted(suites: &[SuiteFile], selection: &Selection) -> Option<Vec<Platform>> {
    let mut wanted: Vec<Platform> = Vec::new();
    let all = if selection.platforms.is_empty() {
        suites
            .iter()
            .flat_map(|suite| suite.suite().platforms.iter())
            .collect::<Vec<_>>()
    } else {
        selection.platforms.iter().collect()
    };
    for platform in all {
        if !wanted.contains(platform) {
            wanted.push(platform.clone());
        }
    }
    (!wanted.is_empty()).then_some(wanted)
}

/// Lays out what is to be run.
pub fn plan(
    image: &ResolvedImage,
    suites: &[SuiteFile],
    selection: &Selection,
    today: jiff::civil::Date,
) -> Plan {
    let platforms = wanted(suites, selection).unwrap_or_else(|| image.available.clone());
    let mut platforms: Vec<PlatformPlan> = platforms
        .into_iter()
        .map(|platform| {
            let mut planned = platform_plan(&platform, suites, selection, today);
            planned.target = target(image, &platform);
            planned
        })
        .collect();
    let is_there = |planned: &&PlatformPlan| matches!(planned.target, Target::Variant(_));
    let has_one_alone = platforms.iter().filter(is_there).count() < 2;
    for planned in &mut platforms {
        let is_broken = matches!(planned.target, Target::Broken(..));
        // Nothing can differ from itself, and of an image that can't be had its own case says why.
        planned.audit.retain(|group| {
            let is_pointless = has_one_alone && *group == FindingGroup::Parity;
            !(is_broken || is_pointless)
        });
        planned.is_audit_alone &= is_broken || !planned.audit.is_empty();
    }
    Plan { platforms }
}

/// The plan of one platform, before any image is known: what `--list` shows.
pub fn platform_plan(
    platform: &Platform,
    suites: &[SuiteFile],
    selection: &Selection,
    today: jiff::civil::Date,
) -> PlatformPlan {
    let mut cases = Vec::new();
    let mut emulation = EmulationPolicy::Allow;
    let mut emulation_factor: f64 = 1.0;
    for file in suites {
        let suite = file.suite();
        emulation = stricter(emulation, suite.emulation_of(platform));
        emulation_factor = emulation_factor.max(suite.emulation_factor);
        for check in file.checks(platform) {
            if !selection.matches(&suite.name, &check.name) {
                continue;
            }
            cases.push(Case {
                suite: suite.name.clone(),
                file: suite.file.clone(),
                exceptions: Exceptions::of(&suite.exceptions, &check.name, platform, today),
                check,
                services: None,
            });
        }
    }
    let audit = audit::groups(suites, selection);
    PlatformPlan {
        platform: platform.clone(),
        target: Target::Broken(
            None,
            VariantFault::NotOffered {
                available: Vec::new(),
                is_index: true,
            },
        ),
        is_audit_alone: selection.filter.is_some() && cases.is_empty() && !audit.is_empty(),
        audit,
        cases,
        emulation,
        emulation_factor,
    }
}

fn target(image: &ResolvedImage, platform: &Platform) -> Target {
    if let Some(variant) = image
        .variants
        .iter()
        .find(|v| v.platform.satisfies(platform))
    {
        return Target::Variant(Box::new(variant.clone()));
    }
    if let Some(broken) = image
        .broken
        .iter()
        .find(|b| b.platform.satisfies(platform) || b.platform == *platform)
    {
        return Target::Broken(broken.digest.clone(), broken.fault.clone());
    }
    Target::Broken(
        None,
        VariantFault::NotOffered {
            available: image.available.clone(),
            is_index: image.origin == Origin::RegistryIndex,
        },
    )
}

fn stricter(one: EmulationPolicy, other: EmulationPolicy) -> EmulationPolicy {
    use EmulationPolicy::{Allow, Forbid, Warn};
    match (one, other) {
        (Forbid, _) | (_, Forbid) => Forbid,
        (Warn, _) | (_, Warn) => Warn,
        (Allow, Allow) => Allow,
    }
}
