//! What one platform is doing right now.

use crate::event::Execution;
use crate::image::Platform;
use crate::report::escape;
use crate::report::view::{View, count, fit};

/// A platform's state, as its events tell it.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) platform: Platform,
    pub(super) execution: Execution,
    pub(super) phase: Phase,
    planned: usize,
    started: usize,
    failed: usize,
}

/// What a platform is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Waiting,
    Pulling {
        done: u64,
        total: u64,
    },
    Ready,
    Running {
        case: String,
    },
    /// Between two cases, or after the last one.
    Idle,
}

impl Lane {
    pub(super) fn new(platform: Platform, planned: usize) -> Self {
        Self {
            platform,
            execution: Execution::Unknown,
            phase: Phase::Waiting,
            planned,
            started: 0,
            failed: 0,
        }
    }

    pub(super) fn start(&mut self, case: &str) {
        self.started += 1;
        self.phase = Phase::Running {
            case: case.to_owned(),
        };
    }

    /// A case or a part has finished; a case with parts may have more to come.
    pub(super) fn finish(&mut self, name: &str) {
        if matches!(&self.phase, Phase::Running { case } if case == name) {
            self.phase = Phase::Idle;
        }
    }

    pub(super) fn count_failure(&mut self) {
        self.failed += 1;
    }

    /// `linux/arm64    case 3/12  native modules load  1 failed`
    pub(super) fn line(&self, width: usize, view: &View) -> String {
        let platform = fit(
            &escape::one_line(&self.platform.to_string()),
            width,
            &view.glyphs,
        );
        let phase = match &self.phase {
            Phase::Waiting => "waiting".to_owned(),
            Phase::Pulling { done, total } => format!("pulling {}", megabytes(*done, *total)),
            Phase::Ready => "ready".to_owned(),
            Phase::Running { case } if self.planned >= self.started => {
                format!(
                    "case {}/{}  {}",
                    self.started,
                    self.planned,
                    view.name(case)
                )
            }
            Phase::Idle => count(self.started, "case") + " done",
            // More than was planned: a number that is wrong is better left out.
            Phase::Running { case } => format!("case {}  {}", self.started, view.name(case)),
        };
        let failed = match self.failed {
            0 => String::new(),
            failed => format!("  {failed} failed"),
        };
        format!("{platform}  {phase}{failed}")
    }
}

/// `34/120 MB`, in the million bytes that registries count in.
fn megabytes(done: u64, total: u64) -> String {
    let rounded = |bytes: u64| (bytes + 500_000) / 1_000_000;
    if total >= done && total > 0 {
        format!("{}/{} MB", rounded(done), rounded(total))
    } else {
        format!("{} MB", rounded(done))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_pull_and_case() {
        let view = View::plain();
        let mut lane = Lane::new(Platform::new("linux", "arm64", None), 12);
        lane.phase = Phase::Pulling {
            done: 34_400_000,
            total: 120_000_000,
        };
        assert_eq!(lane.line(12, &view), "linux/arm64   pulling 34/120 MB");
        lane.start("native modules load");
        lane.count_failure();
        assert_eq!(
            lane.line(11, &view),
            "linux/arm64  case 1/12  native modules load  1 failed"
        );
        lane.finish("native modules load › sharp");
        assert!(matches!(lane.phase, Phase::Running { .. }));
        lane.finish("native modules load");
        assert_eq!(lane.line(11, &view), "linux/arm64  1 case done  1 failed");
    }

    #[test]
    fn numbers_that_are_not_known_are_not_made_up() {
        assert_eq!(megabytes(7_000_000, 0), "7 MB");
        let mut lane = Lane::new(Platform::new("linux", "arm64", None), 0);
        lane.start("a");
        assert_eq!(
            lane.line(0, &View::plain())
                .split_once("case")
                .map(|(_, rest)| rest),
            Some(" 1  a")
        );
    }
}
