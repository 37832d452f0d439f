//! The second pass over the document: totals, properties, lines, flaky passes.
//!
//! `junit-report` has no words for these. It also writes attributes that mislead
//! readers: Jenkins puts `package` in front of the suite's name, and the host is
//! not `localhost`.

use std::io::{self, Write};

use quick_xml::events::{BytesCData, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};

use super::sheet::{Entry, Problem, Sheet, Status};
use crate::event::RunResult;

/// Copies `draft` to `out` and puts in what is missing. The elements of `draft`
/// are those of `sheets`, in the same order.
pub(super) fn complete(
    draft: &[u8],
    sheets: &[Sheet],
    result: &RunResult,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut reader = Reader::from_reader(draft);
    let mut pass = Pass {
        writer: Writer::new(out),
        depth: 0,
    };
    let mut sheets_left = sheets.iter();
    let mut entries_left = [].iter();
    loop {
        // The draft has no nested elements of one name, so that an empty element
        // can be opened and closed here.
        let event = reader.read_event().map_err(io::Error::other)?;
        let is_empty = matches!(event, Event::Empty(_));
        match event {
            Event::Eof => break,
            Event::Start(element) | Event::Empty(element) => match element.name().as_ref() {
                b"testsuites" => {
                    pass.start(&with_totals(sheets, result), is_empty)?;
                }
                b"testsuite" => {
                    let sheet = sheets_left.next().ok_or_else(out_of_step)?;
                    entries_left = sheet.entries.iter();
                    pass.start(&with_skipped(&element, sheet)?, false)?;
                    pass.properties(sheet)?;
                    if is_empty {
                        pass.end("testsuite")?;
                    }
                }
                b"testcase" => {
                    let entry = entries_left.next().ok_or_else(out_of_step)?;
                    let element = with_line(&element, entry);
                    if let Status::Flaky(problem) = &entry.status {
                        pass.start(&element, false)?;
                        pass.flaky(problem)?;
                        if is_empty {
                            pass.end("testcase")?;
                        }
                    } else {
                        pass.start(&element, is_empty)?;
                    }
                }
                _ => pass.start(&element, is_empty)?,
            },
            Event::End(element) => {
                let name = element.name();
                pass.end(std::str::from_utf8(name.as_ref()).map_err(io::Error::other)?)?;
            }
            Event::Decl(declaration) => pass.write(Event::Decl(declaration))?,
            // Text within an element stays exactly as it is.
            other => pass.write(other)?,
        }
    }
    pass.writer.get_mut().write_all(b"\n")
}

fn out_of_step() -> io::Error {
    io::Error::other("the JUnit document has more elements than were put into it")
}

struct Pass<'a> {
    writer: Writer<&'a mut dyn Write>,
    /// How many elements are open: the indentation of the next one.
    depth: usize,
}

impl Pass<'_> {
    fn write(&mut self, event: Event<'_>) -> io::Result<()> {
        self.writer.write_event(event)
    }

    fn new_line(&mut self) -> io::Result<()> {
        let blank = format!("\n{}", "  ".repeat(self.depth));
        self.write(Event::Text(BytesText::from_escaped(blank)))
    }

    fn start(&mut self, element: &BytesStart<'_>, is_empty: bool) -> io::Result<()> {
        self.new_line()?;
        if is_empty {
            return self.write(Event::Empty(element.borrow()));
        }
        self.depth += 1;
        self.write(Event::Start(element.borrow()))
    }

    fn end(&mut self, name: &str) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        // Blanks around a text would become part of it.
        if matches!(name, "testsuites" | "testsuite" | "testcase" | "properties") {
            self.new_line()?;
        }
        self.write(Event::End(BytesEnd::new(name)))
    }

    fn properties(&mut self, sheet: &Sheet) -> io::Result<()> {
        self.start(&BytesStart::new("properties"), false)?;
        for (name, value) in &sheet.properties {
            let mut property = BytesStart::new("property");
            property.push_attribute(("name", *name));
            property.push_attribute(("value", value.as_str()));
            self.start(&property, true)?;
        }
        self.end("properties")
    }

    fn flaky(&mut self, problem: &Problem) -> io::Result<()> {
        let mut element = BytesStart::new("flakyFailure");
        element.push_attribute(("message", problem.message.as_str()));
        element.push_attribute(("type", problem.kind.as_str()));
        self.start(&element, false)?;
        self.write(Event::CData(BytesCData::new(problem.body.as_str())))?;
        self.end("flakyFailure")
    }
}

fn with_totals(sheets: &[Sheet], result: &RunResult) -> BytesStart<'static> {
    let entries = || sheets.iter().flat_map(|sheet| &sheet.entries);
    let of = |is: fn(&Status) -> bool| entries().filter(|entry| is(&entry.status)).count();
    let mut element = BytesStart::new("testsuites");
    element.push_attribute(("name", "everyarch"));
    element.push_attribute(("tests", entries().count().to_string().as_str()));
    element.push_attribute((
        "failures",
        of(|status| matches!(status, Status::Failed(_)))
            .to_string()
            .as_str(),
    ));
    element.push_attribute((
        "errors",
        of(|status| matches!(status, Status::Error(_)))
            .to_string()
            .as_str(),
    ));
    element.push_attribute(("skipped", of(is_skipped).to_string().as_str()));
    // How long the run took, not the sum of what ran side by side.
    let time = format!("{:.3}", result.duration.as_secs_f64());
    element.push_attribute(("time", time.as_str()));
    let started = jiff::Timestamp::from_second(result.started.as_second());
    if let Ok(started) = started {
        element.push_attribute(("timestamp", started.to_string().as_str()));
    }
    element
}

fn is_skipped(status: &Status) -> bool {
    matches!(status, Status::Skipped { .. })
}

fn with_skipped(element: &BytesStart<'_>, sheet: &Sheet) -> io::Result<BytesStart<'static>> {
    let mut completed = BytesStart::new("testsuite");
    for attribute in element.attributes() {
        let attribute = attribute.map_err(io::Error::other)?;
        if !matches!(attribute.key.as_ref(), b"package" | b"hostname") {
            completed.push_attribute(attribute);
        }
    }
    let skipped = sheet
        .entries
        .iter()
        .filter(|entry| is_skipped(&entry.status));
    completed.push_attribute(("skipped", skipped.count().to_string().as_str()));
    Ok(completed)
}

fn with_line(element: &BytesStart<'_>, entry: &Entry) -> BytesStart<'static> {
    let mut completed = element.to_owned();
    if let Some((_, line)) = &entry.place {
        completed.push_attribute(("line", line.to_string().as_str()));
    }
    completed
}
