//! JUnit XML, as its many readers want it.
//!
//! `junit-report` writes the document, [`complete`] adds what it has no words
//! for. A file is green only if the run's verdict is: whatever else went wrong,
//! an `<error>` case says so.

mod complete;
mod sheet;

use std::io::{self, Write};

use junit_report::{OffsetDateTime, ReportBuilder, TestCase, TestResult, TestSuite};

use crate::event::RunResult;
use sheet::{Entry, Problem, Sheet, Status};

/// Writes the document.
pub fn write(result: &RunResult, out: &mut dyn Write) -> io::Result<()> {
    let sheets = sheet::sheets(result);
    // A year that neither library can write is no reason to lose the report.
    let started = OffsetDateTime::from_unix_timestamp(result.started.as_second())
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let mut report = ReportBuilder::new();
    for sheet in &sheets {
        report.add_testsuite(suite(sheet, started));
    }
    let mut draft = Vec::new();
    report
        .build()
        .write_xml(&mut draft)
        .map_err(io::Error::other)?;
    complete::complete(&draft, &sheets, result, out)
}

fn suite(sheet: &Sheet, started: OffsetDateTime) -> TestSuite {
    let mut suite = TestSuite::new(&sheet.name);
    suite.set_timestamp(started);
    suite.add_testcases(sheet.entries.iter().map(|entry| case(sheet, entry)));
    suite
}

fn case(sheet: &Sheet, entry: &Entry) -> TestCase {
    let time = junit_report::Duration::milliseconds(
        i64::try_from(entry.duration.as_millis()).unwrap_or(i64::MAX),
    );
    let mut case = TestCase::success(&entry.name, time);
    case.classname = Some(sheet.classname.clone());
    case.filepath = entry.place.as_ref().map(|(file, _)| file.clone());
    case.system_out = entry.system_out.clone();
    case.system_err = entry.system_err.clone();
    case.result = match &entry.status {
        Status::Passed | Status::Flaky(_) => TestResult::Success,
        Status::Failed(Problem {
            kind,
            message,
            body,
        }) => TestResult::Failure {
            type_: kind.clone(),
            message: message.clone(),
            cause: Some(body.clone()),
        },
        Status::Error(Problem {
            kind,
            message,
            body,
        }) => TestResult::Error {
            type_: kind.clone(),
            message: message.clone(),
            cause: Some(body.clone()),
        },
        Status::Skipped { message } => TestResult::SkippedWithCause {
            type_: "exception".to_owned(),
            message: message.clone(),
            cause: None,
        },
    };
    case
}

#[cfg(test)]
mod tests;
