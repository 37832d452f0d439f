//! Many files with one fault are one finding.

use std::collections::BTreeMap;

use crate::event::{Finding, Severity};

/// How many files a finding names.
const EXAMPLES: usize = 5;
/// How many places of one layer get a finding each before they become one.
const PLACES: usize = 5;

/// A file with a fault.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// The id of the fault.
    pub(super) code: &'static str,
    /// How bad it is here.
    pub(super) severity: Severity,
    /// What is the same in all files of one finding: the machine, the missing library.
    pub(super) cause: String,
    /// The layer that brought it.
    pub(super) layer: usize,
    /// The file.
    pub(super) path: String,
    /// What shows it, in a line.
    pub(super) shown: String,
}

/// What a finding says, given how many files it stands for and the first of them.
pub(super) type Wording<'w> = &'w dyn Fn(&Case, usize) -> (String, String);

/// One finding for each cause and place, worst first, with counts and a few examples.
pub(super) fn findings(cases: Vec<Case>, wording: Wording<'_>) -> Vec<Finding> {
    type Key = (Severity, &'static str, String, usize);
    let mut groups: BTreeMap<Key, BTreeMap<String, Vec<Case>>> = BTreeMap::new();
    for case in cases {
        groups
            .entry((case.severity, case.code, case.cause.clone(), case.layer))
            .or_default()
            .entry(place(&case.path))
            .or_default()
            .push(case);
    }
    let mut found = Vec::new();
    for places in groups.into_values() {
        if places.len() > PLACES {
            found.extend(one(places.into_values().flatten().collect(), wording));
        } else {
            found.extend(places.into_values().filter_map(|cases| one(cases, wording)));
        }
    }
    found
}

/// One finding for all, whatever their places and layers.
pub(super) fn one(mut cases: Vec<Case>, wording: Wording<'_>) -> Option<Finding> {
    cases.sort_by(|a, b| (a.severity, &a.path).cmp(&(b.severity, &b.path)));
    let first = cases.first()?;
    let (message, hint) = wording(first, cases.len());
    let mut finding = Finding::new(first.code, first.severity, message).at(first.path.clone());
    for case in cases.iter().take(EXAMPLES) {
        finding = finding.because(case.shown.clone());
    }
    if let Some(more) = cases.len().checked_sub(EXAMPLES).filter(|more| *more > 0) {
        finding = finding.because(format!("and {more} more"));
    }
    Some(match hint.is_empty() {
        true => finding,
        false => finding.hint(hint),
    })
}

/// Where a file belongs: its package, or its folder.
fn place(path: &str) -> String {
    for folder in [
        "/node_modules/",
        "/site-packages/",
        "/dist-packages/",
        "/gems/",
    ] {
        if let Some(at) = path.rfind(folder) {
            let start = at + folder.len();
            let rest = path.get(start..).unwrap_or_default();
            let parts = if rest.starts_with('@') { 2 } else { 1 };
            let package: Vec<&str> = rest.split('/').take(parts).collect();
            return format!(
                "{}{}",
                path.get(..start).unwrap_or_default(),
                package.join("/")
            );
        }
    }
    super::loader::folder(path).to_owned()
}

/// ` and 3 more files`, or nothing.
pub(super) fn and_more(count: usize) -> String {
    match count {
        0 | 1 => String::new(),
        2 => " and another file".to_owned(),
        more => format!(" and {} more files", more - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(path: &str) -> Case {
        Case {
            code: "x",
            severity: Severity::Error,
            cause: String::new(),
            layer: 0,
            path: path.to_owned(),
            shown: path.to_owned(),
        }
    }

    fn paths(cases: Vec<Case>) -> Vec<(String, usize)> {
        findings(cases, &|_, count| (count.to_string(), String::new()))
            .into_iter()
            .map(|finding| (finding.path.unwrap_or_default(), finding.evidence.len()))
            .collect()
    }

    #[test]
    fn a_package_is_one_finding_and_two_packages_are_two() {
        let found = paths(vec![
            case("/app/node_modules/a/b.node"),
            case("/app/node_modules/a/build/c.node"),
            case("/app/node_modules/@s/d/e.node"),
        ]);
        assert_eq!(
            found,
            [
                ("/app/node_modules/@s/d/e.node".to_owned(), 1),
                ("/app/node_modules/a/b.node".to_owned(), 2)
            ]
        );
    }

    #[test]
    fn many_places_of_a_layer_are_one_finding_with_five_examples() {
        let found = paths((0..2000).map(|n| case(&format!("/opt/{n}/x"))).collect());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1, 6);
    }
}
