//! What the document will say, in words that are ready for XML: every string
//! here has been through `escape`.

use std::collections::HashSet;
use std::time::Duration;

use crate::event::{
    CaseResult, Cause, Confidence, Execution, Outcome, RunResult, VariantFacts, Verdict,
};
use crate::image::Platform;
use crate::report::escape::{for_xml, for_xml_attribute};
use crate::report::failure;
use crate::report::view::View;

/// A `<testsuite>`: a suite on a platform.
pub(super) struct Sheet {
    /// `smoke linux/arm64`
    pub(super) name: String,
    /// `smoke.linux-arm64`: Jenkins splits it at the last dot.
    pub(super) classname: String,
    pub(super) properties: Vec<(&'static str, String)>,
    pub(super) entries: Vec<Entry>,
}

/// A `<testcase>`.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) duration: Duration,
    /// File and line of the check.
    pub(super) place: Option<(String, usize)>,
    pub(super) status: Status,
    pub(super) system_out: Option<String>,
    pub(super) system_err: Option<String>,
}

pub(super) enum Status {
    Passed,
    /// Passed, but not at once: what came before.
    Flaky(Problem),
    Failed(Problem),
    Error(Problem),
    Skipped {
        message: String,
    },
}

/// Type, message and body of a failure or an error.
pub(super) struct Problem {
    pub(super) kind: String,
    pub(super) message: String,
    /// Starts with the message, since GitLab reads nothing else.
    pub(super) body: String,
}

/// The harness's own suite: for faults that belong to no check.
const OWN_SUITE: &str = "everyarch";

/// All of them: faults of the run first, then the platforms in order.
pub(super) fn sheets(result: &RunResult) -> Vec<Sheet> {
    let mut sheets = Vec::new();
    for (suite, platform) in groups(result) {
        let facts = facts_of(result, platform);
        let cases = result
            .cases
            .iter()
            .filter(|case| case.suite == suite && case.platform == *platform);
        let entries = cases.map(|case| entry(case, facts)).collect();
        sheets.push(sheet(suite, platform, facts, result, entries));
    }
    for variant in &result.variants {
        let platform = &variant.facts.platform;
        if result.cases.iter().all(|case| case.platform != *platform) {
            let fault = fault("no check ran", &untested(&variant.facts, result), result);
            let facts = Some(&variant.facts);
            sheets.push(sheet(OWN_SUITE, platform, facts, result, vec![fault]));
        }
    }
    let is_green = |sheets: &[Sheet]| {
        let mut entries = sheets.iter().flat_map(|sheet| &sheet.entries);
        !entries.any(|entry| matches!(entry.status, Status::Failed(_) | Status::Error(_)))
    };
    let mut faults = Vec::new();
    if let Some(cause) = &result.error {
        faults.push(fault("the run", cause, result));
    }
    if result.interrupted {
        faults.push(fault("the run to its end", &interrupted(), result));
    }
    if faults.is_empty()
        && is_green(&sheets)
        && (result.verdict != Verdict::Passed || sheets.is_empty())
    {
        faults.push(fault("the verdict", &not_passed(result), result));
    }
    if !faults.is_empty() {
        sheets.insert(
            0,
            Sheet {
                name: OWN_SUITE.to_owned(),
                classname: format!("{OWN_SUITE}.run"),
                properties: image_properties(result),
                entries: faults,
            },
        );
    }
    sheets.iter_mut().for_each(number_duplicates);
    sheets
}

/// Suites and platforms that have cases, in order.
fn groups(result: &RunResult) -> Vec<(&str, &Platform)> {
    let mut seen = HashSet::new();
    result
        .cases
        .iter()
        .map(|case| (case.suite.as_str(), &case.platform))
        .filter(|group| seen.insert(*group))
        .collect()
}

fn facts_of<'a>(result: &'a RunResult, platform: &Platform) -> Option<&'a VariantFacts> {
    let mut facts = result.variants.iter().map(|variant| &variant.facts);
    facts.find(|facts| facts.platform == *platform)
}

fn sheet(
    suite: &str,
    platform: &Platform,
    facts: Option<&VariantFacts>,
    result: &RunResult,
    entries: Vec<Entry>,
) -> Sheet {
    let word = |text: &str| for_xml_attribute(text).replace(['/', '.', '\\'], "-");
    let mut properties = vec![("platform", for_xml_attribute(&platform.to_string()))];
    if let Some(facts) = facts {
        if let Some(digest) = &facts.digest {
            properties.push(("digest", digest.to_string()));
        }
        properties.push(("execution", facts.execution.as_str().to_owned()));
        if let Some(emulator) = &facts.emulator {
            properties.push(("emulator", for_xml_attribute(emulator)));
        }
        // What runs nothing, as the audit, has none.
        if !facts.engine.is_empty() {
            properties.push(("engine", for_xml_attribute(&facts.engine)));
        }
    }
    properties.extend(image_properties(result));
    Sheet {
        name: for_xml_attribute(&format!("{suite} {platform}")),
        classname: format!("{}.{}", word(suite), word(&platform.slug())),
        properties,
        entries,
    }
}

fn image_properties(result: &RunResult) -> Vec<(&'static str, String)> {
    let mut properties = vec![("reference", for_xml_attribute(&result.reference))];
    if let Some(digest) = &result.index_digest {
        properties.push(("index_digest", digest.to_string()));
    }
    if let Some(note) = &result.origin_note {
        properties.push(("origin", for_xml_attribute(note)));
    }
    properties
}

fn entry(case: &CaseResult, facts: Option<&VariantFacts>) -> Entry {
    let status = match case.outcome {
        Outcome::Passed if case.flaky => Status::Flaky(problem(case, facts)),
        Outcome::Passed => Status::Passed,
        Outcome::Failed => Status::Failed(problem(case, facts)),
        Outcome::Error => Status::Error(problem(case, facts)),
        Outcome::Skipped => Status::Skipped {
            message: for_xml_attribute(
                case.skip_reason
                    .as_deref()
                    .unwrap_or("no reason was recorded"),
            ),
        },
    };
    // A failure's body has the notes; elsewhere there is no better place.
    let mut printed = String::new();
    if matches!(status, Status::Passed | Status::Skipped { .. }) {
        for note in &case.notes {
            printed.push_str(&format!("note: {note}\n"));
        }
    }
    printed.push_str(&case.stdout);
    let some = |text: &str| Some(for_xml(text)).filter(|text| !text.is_empty());
    Entry {
        name: for_xml_attribute(&case.name),
        duration: case.duration,
        place: case
            .location
            .as_ref()
            .map(|location| (for_xml_attribute(&location.file), location.line)),
        status,
        system_out: some(&printed),
        system_err: some(&case.stderr),
    }
}

fn problem(case: &CaseResult, facts: Option<&VariantFacts>) -> Problem {
    let kind = case
        .causes
        .first()
        .map_or("unknown", |cause| cause.code.as_str());
    text(kind, failure::summary(case), |body| {
        failure::write(case, facts, &View::plain(), body)
    })
}

fn fault(name: &str, cause: &Cause, result: &RunResult) -> Entry {
    let problem = text(&cause.code, &cause.message, |body| {
        failure::write_fault(cause, &View::plain(), body)
    });
    Entry {
        name: name.to_owned(),
        duration: if result.cases.is_empty() {
            result.duration
        } else {
            Duration::ZERO
        },
        place: None,
        status: Status::Error(problem),
        system_out: None,
        system_err: None,
    }
}

fn text(
    kind: &str,
    message: &str,
    write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>,
) -> Problem {
    let message = for_xml_attribute(message.trim());
    let mut body = Vec::new();
    // Writing into memory can't fail; if it did, the message would still stand.
    let _ = write(&mut body);
    let body = String::from_utf8_lossy(&body);
    Problem {
        kind: for_xml_attribute(kind),
        body: for_xml(&format!("{message}\n{}", body.trim_end())),
        message,
    }
}

/// Readers drop or merge cases of one name.
fn number_duplicates(sheet: &mut Sheet) {
    let mut taken: HashSet<String> = HashSet::new();
    for entry in &mut sheet.entries {
        let mut name = entry.name.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            name = format!("{} ({number})", entry.name);
            number += 1;
        }
        entry.name = name;
    }
}

fn untested(facts: &VariantFacts, result: &RunResult) -> Cause {
    let why = match (&result.error, result.interrupted, facts.execution) {
        (_, _, Execution::Impossible) => {
            format!(": this engine can't run programs for {}", facts.platform)
        }
        (Some(cause), ..) => format!(": {}", cause.message),
        (None, true, _) => ": the run was interrupted".to_owned(),
        (None, false, _) => String::new(),
    };
    own_cause(
        "platform-not-tested",
        format!("no check ran on this platform{why}"),
    )
}

fn interrupted() -> Cause {
    own_cause(
        "interrupted",
        "the run was interrupted before all checks were done".to_owned(),
    )
}

fn not_passed(result: &RunResult) -> Cause {
    if result.cases.is_empty() {
        own_cause("nothing-tested", "nothing was tested".to_owned())
    } else {
        own_cause(
            "verdict",
            format!(
                "the verdict is {}, though no single check says so",
                result.verdict.as_str()
            ),
        )
    }
}

fn own_cause(code: &str, message: String) -> Cause {
    Cause {
        code: code.to_owned(),
        confidence: Confidence::Established,
        message,
        evidence: Vec::new(),
        hint: None,
        emulator_suspect: false,
    }
}
