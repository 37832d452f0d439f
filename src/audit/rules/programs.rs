//! The rules on programs and libraries of one platform. They look at one [`Scene`],
//! made once; a rule is one file and one line below.

use crate::audit::Unpacked;
use crate::event::{Finding, Severity};

use super::Rule;
use super::scene::Scene;

pub(super) const RULE: Rule = Rule::Variant(judge);

/// All rules that look at a [`Scene`].
const ALL: &[fn(&Scene<'_>) -> Vec<Finding>] = &[
    super::userland::judge,
    super::entry::judge,
    super::shebang::judge,
    super::foreign::judge,
    super::broken::judge,
    super::interpreter::judge,
    super::needed::judge,
    super::undefined::judge,
    super::page_size::judge,
    super::baseline::judge,
    super::arm::judge,
    super::time64::judge,
    super::foreign_packages::judge,
];

/// What all of them find.
pub(super) fn judge(image: &Unpacked) -> Vec<Finding> {
    if !Scene::is_judged(image) {
        return vec![Finding::new(
            "platform-not-judged",
            Severity::Info,
            format!(
                "programs and libraries for {} are not judged: only those of Linux on known architectures are",
                image.platform
            ),
        )];
    }
    let scene = Scene::of(image);
    ALL.iter().flat_map(|rule| rule(&scene)).collect()
}
