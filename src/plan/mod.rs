//! Suites × variants × filters → the cases of each variant, in order. Pure.

mod audit;
mod exceptions;

use regex::Regex;

pub use audit::{accept, judge_audit};
pub use exceptions::{Exceptions, Standing};

use crate::image::{Digest, Origin, Platform, ResolvedImage, Variant, VariantFault};
use crate::suite::{Check, EmulationPolicy, SuiteFile};

/// What the command line narrows the plan to.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// `--platform`; empty: what the suites require, else everything in the index.
    pub platforms: Vec<Platform>,
    /// `--filter`: only cases whose `suite/name` it matches.
    pub filter: Option<Regex>,
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
    /// Its cases, in order.
    pub cases: Vec<Case>,
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
}

impl Plan {
    /// How many cases each platform has, in their order.
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
    let platforms = platforms
        .into_iter()
        .map(|platform| {
            let mut planned = platform_plan(&platform, suites, selection, today);
            planned.target = target(image, &platform);
            planned
        })
        .collect();
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
            let name = format!("{}/{}", suite.name, check.name);
            if selection
                .filter
                .as_ref()
                .is_some_and(|filter| !filter.is_match(&name))
            {
                continue;
            }
            cases.push(Case {
                suite: suite.name.clone(),
                file: suite.file.clone(),
                exceptions: Exceptions::of(&suite.exceptions, &check.name, platform, today),
                check,
            });
        }
    }
    PlatformPlan {
        platform: platform.clone(),
        target: Target::Broken(
            None,
            VariantFault::NotOffered {
                available: Vec::new(),
                is_index: true,
            },
        ),
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
