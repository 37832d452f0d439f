//! What is printed, and how.

use std::io::{IsTerminal, Write};

use indicatif::ProgressDrawTarget;

use super::arguments::ScreenArguments;
use crate::report::terminal::Progress;
use crate::report::{Glyphs, Palette, Verbosity, View};

/// How wide lines are where no terminal says.
const LOG_WIDTH: usize = 110;

/// How this process prints.
pub(super) struct Screen {
    pub(super) view: View,
    is_live: bool,
}

impl Screen {
    /// As asked for, and as the terminal allows.
    pub(super) fn new(arguments: ScreenArguments) -> Self {
        let verbosity = match (arguments.quiet, arguments.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, _) => Verbosity::Verbose,
        };
        log(arguments.verbose);
        let palette = if arguments.color.is_on_for(&std::io::stdout()) {
            Palette::colored()
        } else {
            Palette::plain()
        };
        let view = View {
            palette,
            glyphs: Glyphs::for_locale(|name| std::env::var(name).ok()),
            width: width(),
            verbosity,
        };
        Self {
            view,
            is_live: std::io::stderr().is_terminal()
                && std::io::stdout().is_terminal()
                && !arguments.quiet,
        }
    }

    /// Whether diagnostics on standard error are coloured.
    pub(super) fn is_colored(arguments: ScreenArguments) -> bool {
        arguments.color.is_on_for(&std::io::stderr())
    }

    /// The progress display.
    pub(super) fn progress(&self) -> Progress {
        if self.is_live {
            Progress::live(self.view, ProgressDrawTarget::stderr())
        } else {
            Progress::plain(self.view)
        }
    }
}

/// Prints to standard output. A reader that has gone away is no fault of the run.
pub(super) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Prints to standard error.
pub(super) fn warn(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes());
}

/// An error, and what to do about it.
pub(super) fn complain(message: &str, hint: Option<&str>) {
    let message = crate::report::escape::for_terminal(message);
    let mut text = format!("error: {}\n", message.trim_end());
    if let Some(hint) = hint {
        text.push_str(&format!(
            "  hint: {}\n",
            crate::report::escape::for_terminal(hint)
        ));
    }
    warn(&text);
}

fn width() -> usize {
    if !std::io::stdout().is_terminal() {
        return LOG_WIDTH;
    }
    console::Term::stdout()
        .size_checked()
        .map_or(LOG_WIDTH, |(_, columns)| columns.into())
}

/// `EVERYARCH_LOG` beats the flags; bollard's own debug lines carry whole
/// requests, secrets included, so they stay out unless they are asked for by name.
fn log(verbose: u8) {
    let default = match verbose {
        0 => "error",
        1 => "everyarch=info,error",
        2 => "everyarch=debug,info",
        _ => "everyarch=trace,bollard=info,debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("EVERYARCH_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
}
