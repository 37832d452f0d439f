//! While it runs: a line for each platform on a terminal, a line for each
//! finished case anywhere else.

use std::io::{self, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::lane::{Lane, Phase};
use super::sign::Sign;
use crate::event::{CaseResult, Event, Execution, Outcome, RunStarted, VariantFacts};
use crate::image::Platform;
use crate::report::escape;
use crate::report::failure;
use crate::report::view::{Verbosity, View, columns, count, fit, paint, seconds};

/// Shows events as they come.
///
/// What is to stay goes to the writer each call is given; on a terminal the
/// moving lines are drawn below it, on the draw target, and taken away at the end.
#[derive(Debug)]
pub struct Progress {
    view: View,
    lanes: Vec<Lane>,
    bars: Option<Bars>,
}

#[derive(Debug)]
struct Bars {
    all: MultiProgress,
    /// One for each lane, in the same order.
    each: Vec<ProgressBar>,
}

impl Progress {
    /// Plain lines only: for logs, and for `--quiet`.
    pub fn plain(view: View) -> Self {
        Self {
            view,
            lanes: Vec::new(),
            bars: None,
        }
    }

    /// Moving lines on `target`, usually [`ProgressDrawTarget::stderr`].
    pub fn live(view: View, target: ProgressDrawTarget) -> Self {
        let bars = Bars {
            all: MultiProgress::with_draw_target(target),
            each: Vec::new(),
        };
        let mut progress = Self::plain(view);
        progress.bars = Some(bars);
        progress
    }

    /// Takes one event in, and writes the lines that are to stay.
    pub fn observe(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        let lines = self.take_in(event);
        self.redraw(event);
        if lines.is_empty() {
            return Ok(());
        }
        match &self.bars {
            Some(bars) => bars.all.suspend(|| out.write_all(lines.as_bytes())),
            None => out.write_all(lines.as_bytes()),
        }?;
        out.flush()
    }

    /// Updates the lanes; returns what is to stay on the screen.
    fn take_in(&mut self, event: &Event) -> String {
        match event {
            Event::RunStarted(started) => self.start(started),
            Event::PullProgress {
                platform,
                done,
                total,
            } => {
                let lane = self.lane(platform);
                let first = !matches!(lane.phase, Phase::Pulling { .. });
                lane.phase = Phase::Pulling {
                    done: *done,
                    total: *total,
                };
                if first && self.bars.is_none() && self.view.verbosity > Verbosity::Quiet {
                    format!(
                        "{} {platform}  pulling\n",
                        self.dim(self.view.glyphs.absent)
                    )
                } else {
                    String::new()
                }
            }
            Event::VariantReady(facts) => self.ready(facts),
            Event::CaseStarted { platform, name } => {
                self.lane(platform).start(name);
                if self.view.verbosity == Verbosity::Verbose && self.bars.is_none() {
                    format!(
                        "{} {}  {}\n",
                        self.dim(self.view.glyphs.absent),
                        self.platform_column(platform),
                        self.view.name(name)
                    )
                } else {
                    String::new()
                }
            }
            Event::CaseFinished(case) => self.finish(case),
            Event::Notice(text) if self.view.verbosity > Verbosity::Quiet => format!(
                "{} {}\n",
                paint(self.view.palette.skipped, "note:"),
                escape::for_terminal(text.trim_end())
            ),
            Event::Notice(_) | Event::Artifacts(_) | Event::RunFinished(_) => String::new(),
        }
    }

    fn start(&mut self, started: &RunStarted) -> String {
        let planned = started.cases.iter().copied().chain(std::iter::repeat(0));
        self.lanes = started
            .platforms
            .iter()
            .zip(planned)
            .map(|(platform, cases)| Lane::new(platform.clone(), cases))
            .collect();
        if let Some(bars) = &mut self.bars {
            bars.each = self.lanes.iter().map(|_| bars.all.add(bar())).collect();
        }
        if self.view.verbosity == Verbosity::Quiet {
            return String::new();
        }
        format!(
            "{} {}  {} on {}\n",
            paint(
                self.view.palette.strong,
                escape::one_line(&started.reference)
            ),
            self.dim(started.index_digest.short()),
            count(
                started.cases.iter().sum::<usize>() + started.audit_cases,
                "case"
            ),
            count(started.platforms.len(), "platform"),
        )
    }

    fn ready(&mut self, facts: &VariantFacts) -> String {
        let lane = self.lane(&facts.platform);
        lane.execution = facts.execution;
        lane.phase = Phase::Ready;
        if self.bars.is_some() || self.view.verbosity == Verbosity::Quiet {
            return String::new();
        }
        let digest = facts
            .digest
            .as_ref()
            .map_or("no digest", |digest| digest.short());
        format!(
            "{} {}  {}, {}\n",
            self.dim(self.view.glyphs.absent),
            self.platform_column(&facts.platform),
            digest,
            failure::execution(facts)
        )
    }

    fn finish(&mut self, case: &CaseResult) -> String {
        let bad = matches!(case.outcome, Outcome::Failed | Outcome::Error);
        let lane = self.lane(&case.platform);
        lane.finish(&case.name);
        if bad {
            lane.count_failure();
        }
        let emulated = lane.execution == Execution::Emulated;
        let said = match self.view.verbosity {
            Verbosity::Quiet => bad,
            // The moving line says how many have passed; what went wrong stays.
            Verbosity::Normal => bad || self.bars.is_none(),
            Verbosity::Verbose => true,
        };
        if !said {
            return String::new();
        }
        let mut line = format!(
            "{} {}  {}  {}",
            Sign::of(case).painted(&self.view),
            self.platform_column(&case.platform),
            self.view.name(&case.name),
            self.dim(&seconds(case.duration)),
        );
        if emulated {
            line.push_str(&self.dim(" (emulated)"));
        }
        if case.outcome == Outcome::Skipped {
            let reason = case
                .skip_reason
                .as_deref()
                .unwrap_or("no reason was recorded");
            line.push_str(&format!("  excepted: {}", escape::one_line(reason)));
        }
        if case.flaky && case.outcome == Outcome::Passed {
            line.push_str("  only after a retry");
        }
        line.push('\n');
        if bad {
            line.push_str(&format!(
                "    {}\n",
                escape::one_line(failure::summary(case))
            ));
        }
        if self.view.verbosity == Verbosity::Verbose {
            for note in &case.notes {
                line.push_str(&format!("    note: {}\n", escape::one_line(note)));
            }
        }
        line
    }

    /// The lane of a platform; a platform that was not announced gets one too.
    fn lane(&mut self, platform: &Platform) -> &mut Lane {
        let at = match self
            .lanes
            .iter()
            .position(|lane| lane.platform == *platform)
        {
            Some(at) => at,
            None => {
                self.lanes.push(Lane::new(platform.clone(), 0));
                if let Some(bars) = &mut self.bars {
                    bars.each.push(bars.all.add(bar()));
                }
                self.lanes.len() - 1
            }
        };
        &mut self.lanes[at]
    }

    fn redraw(&mut self, event: &Event) {
        let Some(bars) = &self.bars else { return };
        let width = self.platform_width();
        for (lane, bar) in self.lanes.iter().zip(&bars.each) {
            let concerned = match event {
                Event::CaseStarted { platform, .. } => {
                    // The clock shown is the case's own: a hanging one is seen to hang.
                    if lane.platform == *platform {
                        bar.reset_elapsed();
                    }
                    lane.platform == *platform
                }
                Event::PullProgress { platform, .. } => lane.platform == *platform,
                Event::VariantReady(facts) => lane.platform == facts.platform,
                Event::CaseFinished(case) => lane.platform == case.platform,
                Event::RunStarted(_) => true,
                Event::Notice(_) | Event::Artifacts(_) | Event::RunFinished(_) => false,
            };
            if concerned {
                bar.set_message(lane.line(width, &self.view));
            }
        }
        if matches!(event, Event::RunFinished(_)) {
            self.clear();
        }
    }

    fn clear(&self) {
        if let Some(bars) = &self.bars {
            bars.each.iter().for_each(ProgressBar::finish_and_clear);
        }
    }

    fn platform_width(&self) -> usize {
        let widths = self
            .lanes
            .iter()
            .map(|lane| columns(&lane.platform.to_string()));
        widths.max().unwrap_or(0)
    }

    fn platform_column(&self, platform: &Platform) -> String {
        fit(
            &escape::one_line(&platform.to_string()),
            self.platform_width().max(columns(&platform.to_string())),
            &self.view.glyphs,
        )
    }

    fn dim(&self, text: &str) -> String {
        paint(self.view.palette.dim, text)
    }
}

/// A run that breaks off leaves no moving lines behind.
impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    // The template is constant; without it the bar would only look plainer.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4} {wide_msg}") {
        bar.set_style(style.tick_strings(&["|", "/", "-", "\\", " "]));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{fixture, golden};

    fn replay(mut progress: Progress) -> String {
        let mut out = Vec::new();
        for event in fixture::events(&fixture::mixed()) {
            progress.observe(&event, &mut out).expect("written");
        }
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_log_gets_a_line_for_each_case() {
        golden::check(
            "mixed.progress.txt",
            &replay(Progress::plain(View::plain())),
        );
    }

    #[test]
    fn quietly_only_what_went_wrong_is_said() {
        let view = View {
            verbosity: Verbosity::Quiet,
            ..View::plain()
        };
        let text = replay(Progress::plain(view));
        assert!(!text.is_empty());
        assert!(
            text.lines().all(|line| line.starts_with(['✗', '!', ' '])),
            "{text}"
        );
    }

    #[test]
    fn on_a_terminal_what_went_wrong_stays_above_the_moving_lines() {
        let text = replay(Progress::live(View::plain(), ProgressDrawTarget::hidden()));
        assert!(text.contains('✗') && !text.contains('✓'), "{text}");
    }
}
