//! Checks × platforms, a sign for each.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

use anstyle::Style;

use super::sign::Sign;
use crate::event::{CaseResult, Outcome, RunResult};
use crate::image::Platform;
use crate::report::escape;
use crate::report::view::{PART, View, columns, fit, paint};

/// A suite's name and a case's.
type Key<'a> = (&'a str, &'a str);

/// A line of the matrix.
#[derive(Debug, PartialEq, Eq)]
enum Row<'a> {
    /// The name of a suite, or of a case that is reported by its parts alone.
    Heading { depth: usize, label: &'a str },
    /// A case or a part of one.
    Case {
        depth: usize,
        label: &'a str,
        key: Key<'a>,
    },
}

/// Writes the matrix, in as many blocks of platforms as the width asks for.
pub(super) fn write(result: &RunResult, view: &View, out: &mut dyn Write) -> io::Result<()> {
    if result.cases.is_empty() {
        return Ok(());
    }
    let platforms = platforms(result);
    let cells = cells(result);
    let rows = rows(&merge(result, &platforms));
    let label = |row: &Row<'_>| match row {
        Row::Heading { depth, label } | Row::Case { depth, label, .. } => {
            format!("{}{}", "  ".repeat(*depth), view.name(label))
        }
    };
    let widest = rows.iter().map(|row| columns(&label(row))).max();
    let names: Vec<String> = platforms
        .iter()
        .map(|platform| escape::one_line(&platform.to_string()))
        .collect();
    let column = names.iter().map(|name| columns(name)).max().unwrap_or(1) + 2;
    // The names may take what the widest platform leaves, but not less than 20.
    let width = widest
        .unwrap_or(0)
        .min(view.width.saturating_sub(2 + column).max(20));
    let fitting = (view.width.saturating_sub(2 + width) / column).max(1);

    let mut used = BTreeSet::new();
    for (block, names) in platforms.chunks(fitting).zip(names.chunks(fitting)) {
        let head = names.iter().map(|n| (n.as_str(), view.palette.strong));
        write_line(&fit("", width, &view.glyphs), head, column, out)?;
        for row in &rows {
            let label = fit(&label(row), width, &view.glyphs);
            let Row::Case { key, .. } = row else {
                writeln!(out, "  {}", label.trim_end())?;
                continue;
            };
            let signs = block.iter().map(|platform| {
                let sign = match cells.get(&(*platform, *key)) {
                    Some(case) => Sign::of(case),
                    None if is_complete(result, platform) => Sign::NotPlanned,
                    None => Sign::NotRun,
                };
                used.insert(sign);
                (sign.glyph(view), sign.style(view))
            });
            write_line(&label, signs, column, out)?;
        }
        writeln!(out)?;
    }
    let legend: Vec<String> = used
        .into_iter()
        .map(|sign| format!("{} {}", sign.painted(view), sign.meaning()))
        .collect();
    writeln!(out, "  {}\n", legend.join("   "))
}

/// Whether all that was planned for a platform ran: then what is missing was
/// not planned.
fn is_complete(result: &RunResult, platform: &Platform) -> bool {
    let ran = result.cases.iter().any(|case| case.platform == *platform);
    ran && !result.interrupted && result.error.is_none()
}

fn write_line<'a>(
    label: &str,
    cells: impl Iterator<Item = (&'a str, Style)>,
    column: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut line = format!("  {label}");
    // Padding is kept back, so that no line ends in blanks.
    let mut owed = 0;
    for (text, style) in cells {
        let room = column.saturating_sub(columns(text));
        let left = if columns(text) + 2 >= column {
            2
        } else {
            room.div_ceil(2)
        };
        line.push_str(&" ".repeat(owed + left));
        line.push_str(&paint(style, text));
        owed = room.saturating_sub(left);
    }
    writeln!(out, "{line}")
}

/// The platforms of the result, and after them any that only a case names.
fn platforms(result: &RunResult) -> Vec<&Platform> {
    let mut platforms: Vec<&Platform> = Vec::new();
    let variants = result
        .variants
        .iter()
        .map(|variant| &variant.facts.platform);
    for platform in variants.chain(result.cases.iter().map(|case| &case.platform)) {
        if !platforms.contains(&platform) {
            platforms.push(platform);
        }
    }
    platforms
}

fn cells(result: &RunResult) -> HashMap<(&Platform, Key<'_>), &CaseResult> {
    let badness = |case: &CaseResult| match case.outcome {
        Outcome::Error => 3,
        Outcome::Failed => 2,
        Outcome::Skipped => 0,
        Outcome::Passed => 1,
    };
    let mut cells: HashMap<_, &CaseResult> = HashMap::new();
    for case in &result.cases {
        let cell = cells.entry((&case.platform, key(case))).or_insert(case);
        // Should a name come twice, the worse outcome must not be hidden.
        if badness(case) > badness(cell) {
            *cell = case;
        }
    }
    cells
}

fn key(case: &CaseResult) -> Key<'_> {
    (&case.suite, &case.name)
}

/// All cases of all platforms in plan order: what one platform lacks is put
/// behind its predecessor on the platform that has it.
fn merge<'a>(result: &'a RunResult, platforms: &[&Platform]) -> Vec<Key<'a>> {
    let mut keys: Vec<Key<'a>> = Vec::new();
    for platform in platforms {
        let mut at = 0;
        for case in result
            .cases
            .iter()
            .filter(|case| case.platform == **platform)
        {
            let key = key(case);
            if keys.get(at) == Some(&key) {
                at += 1;
            } else if let Some(found) = keys.iter().position(|known| *known == key) {
                at = found + 1;
            } else {
                keys.insert(at, key);
                at += 1;
            }
        }
    }
    keys
}

/// Indents parts under their case, cases under their suite if there are several.
fn rows<'a>(keys: &[Key<'a>]) -> Vec<Row<'a>> {
    let several = keys
        .iter()
        .any(|(suite, _)| Some(*suite) != keys.first().map(|(suite, _)| *suite));
    let base = usize::from(several);
    let mut rows = Vec::new();
    let mut suite_above = None;
    // The case that the line above is, or is a part of.
    let mut case_above = None;
    for &(suite, name) in keys {
        if several && suite_above != Some(suite) {
            rows.push(Row::Heading {
                depth: 0,
                label: suite,
            });
            case_above = None;
        }
        suite_above = Some(suite);
        let (parent, part) = match name.split_once(PART) {
            Some((parent, part)) => (parent, Some(part)),
            None => (name, None),
        };
        if part.is_some() && case_above != Some(parent) {
            rows.push(Row::Heading {
                depth: base,
                label: parent,
            });
        }
        case_above = Some(parent);
        rows.push(Row::Case {
            depth: base + usize::from(part.is_some()),
            label: part.unwrap_or(name),
            key: (suite, name),
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn result(cases: &[(&str, &str, &str)]) -> RunResult {
        let mut result = fixture::healthy();
        result.cases = cases
            .iter()
            .map(|(platform, suite, name)| fixture::case(suite, name, platform))
            .collect();
        result
    }

    #[test]
    fn a_case_of_one_platform_stands_behind_its_predecessor() {
        let result = result(&[
            ("linux/amd64", "smoke", "a"),
            ("linux/amd64", "smoke", "c"),
            ("linux/arm64", "smoke", "a"),
            ("linux/arm64", "smoke", "b"),
            ("linux/arm64", "smoke", "c"),
        ]);
        let names: Vec<&str> = merge(&result, &platforms(&result))
            .into_iter()
            .map(|(_, name)| name)
            .collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn parts_stand_under_their_case_and_cases_under_their_suite() {
        let case = |depth, label, key| Row::Case { depth, label, key };
        assert_eq!(
            rows(&[("s", "m › x"), ("s", "m › y"), ("s", "n"), ("s", "n › z")]),
            [
                Row::Heading {
                    depth: 0,
                    label: "m"
                },
                case(1, "x", ("s", "m › x")),
                case(1, "y", ("s", "m › y")),
                case(0, "n", ("s", "n")),
                case(1, "z", ("s", "n › z")),
            ]
        );
        assert_eq!(
            rows(&[("s", "a"), ("t", "a")])[2],
            Row::Heading {
                depth: 0,
                label: "t"
            }
        );
    }

    #[test]
    fn many_platforms_take_several_blocks() {
        let many = [
            "linux/amd64",
            "linux/arm64",
            "linux/arm/v7",
            "linux/ppc64le",
            "linux/s390x",
            "linux/riscv64",
        ];
        let cases: Vec<_> = many
            .iter()
            .map(|platform| (*platform, "smoke", "starts as it is"))
            .collect();
        let view = View {
            width: 60,
            ..View::plain()
        };
        let mut out = Vec::new();
        write(&result(&cases), &view, &mut out).expect("written");
        let text = String::from_utf8(out).expect("UTF-8");
        assert!(text.lines().all(|line| columns(line) <= 60), "{text}");
        assert_eq!(text.matches("starts as it is").count(), 3, "{text}");
        assert!(!text.contains(" \n"), "{text}");
    }
}
