//! How things look: colours, glyphs, widths. One value that the caller makes
//! once; nothing here reads the environment behind its back.

use std::fmt;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` and its like say otherwise.
    #[default]
    Auto,
    /// Even into a file.
    Always,
    /// Nowhere.
    Never,
}

impl ColorChoice {
    /// Whether to colour what goes to `stream`.
    pub fn is_on_for(self, stream: &impl anstream::stream::RawStream) -> bool {
        match self {
            Self::Auto => anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// `-q`, nothing, `-v`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Failures and the verdict only.
    Quiet,
    /// A line for each case.
    #[default]
    Normal,
    /// Notes and beginnings too.
    Verbose,
}

/// Colours by their meaning. Without colours every style is empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Palette {
    pub(crate) strong: Style,
    pub(crate) dim: Style,
    pub(crate) passed: Style,
    pub(crate) failed: Style,
    pub(crate) error: Style,
    pub(crate) skipped: Style,
    pub(crate) gutter: Style,
}

impl Palette {
    /// No colours.
    pub fn plain() -> Self {
        Self::default()
    }

    /// The sixteen colours that every terminal has, so that its theme decides.
    pub fn colored() -> Self {
        let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
        Self {
            strong: Style::new().bold(),
            dim: Style::new().dimmed(),
            passed: color(AnsiColor::Green),
            failed: color(AnsiColor::Red).bold(),
            error: color(AnsiColor::Magenta).bold(),
            skipped: color(AnsiColor::Yellow),
            gutter: color(AnsiColor::Blue).bold(),
        }
    }
}

/// Text in a style.
pub(crate) fn paint(style: Style, text: impl fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// The signs in use: Unicode where the locale can show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyphs {
    pub(crate) passed: &'static str,
    pub(crate) flaky: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) error: &'static str,
    pub(crate) skipped: &'static str,
    pub(crate) absent: &'static str,
    pub(crate) not_run: &'static str,
    pub(crate) bar: &'static str,
    pub(crate) ellipsis: &'static str,
    pub(crate) part: &'static str,
}

impl Glyphs {
    /// Check marks and dashes.
    pub const UNICODE: Self = Self {
        passed: "✓",
        flaky: "~",
        failed: "✗",
        error: "!",
        skipped: "–",
        absent: "·",
        not_run: "?",
        bar: "│",
        ellipsis: "…",
        part: " › ",
    };

    /// Nothing above 7 bits.
    pub const ASCII: Self = Self {
        passed: "+",
        flaky: "~",
        failed: "x",
        error: "!",
        skipped: "-",
        absent: ".",
        not_run: "?",
        bar: "|",
        ellipsis: "...",
        part: " > ",
    };

    /// By the locale, as POSIX orders the variables: the first that is set and
    /// not empty of `LC_ALL`, `LC_CTYPE`, `LANG`. `variable` looks one up.
    pub fn for_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let codeset = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| variable(name).filter(|value| !value.is_empty()))
            .unwrap_or_default()
            .to_ascii_lowercase();
        if codeset.contains("utf-8") || codeset.contains("utf8") {
            Self::UNICODE
        } else {
            Self::ASCII
        }
    }
}

/// Everything a text report needs to know of the place it is shown in.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Its colours.
    pub palette: Palette,
    /// Its signs.
    pub glyphs: Glyphs,
    /// How many columns there are.
    pub width: usize,
    /// How much is said.
    pub verbosity: Verbosity,
}

impl View {
    /// Without colours, 100 columns wide: for logs and for text within files.
    pub fn plain() -> Self {
        Self {
            palette: Palette::plain(),
            glyphs: Glyphs::UNICODE,
            width: 100,
            verbosity: Verbosity::Normal,
        }
    }

    /// A case's name with the separator of its parts as this view can show it.
    pub(crate) fn name(&self, name: &str) -> String {
        super::escape::one_line(name).replace(PART, self.glyphs.part)
    }
}

/// Between a case's name and its part's, in [`crate::event::CaseResult::name`].
pub(crate) const PART: &str = " › ";

/// How many columns a text takes: combining characters none, East Asian ones two.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(char_columns).sum()
}

fn char_columns(character: char) -> usize {
    match character {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// `text`, cut to at most `width` columns and padded to just as many.
pub(crate) fn fit(text: &str, width: usize, glyphs: &Glyphs) -> String {
    let mut fitted = String::new();
    let mut used = columns(text);
    if used <= width {
        fitted.push_str(text);
    } else {
        let keep = width.saturating_sub(columns(glyphs.ellipsis));
        used = 0;
        for character in text.chars() {
            if used + char_columns(character) > keep {
                break;
            }
            used += char_columns(character);
            fitted.push(character);
        }
        fitted.push_str(glyphs.ellipsis);
        used += columns(glyphs.ellipsis);
    }
    fitted.push_str(&" ".repeat(width.saturating_sub(used)));
    fitted
}

/// `0.8s`, `2m 05s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 59.95 {
        format!("{seconds:.1}s")
    } else {
        let whole = duration.as_millis().div_ceil(1000);
        format!("{}m {:02}s", whole / 60, whole % 60)
    }
}

/// `1 check`, `2 checks`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        let locale = |pairs: &'static [(&str, &str)]| {
            Glyphs::for_locale(move |name| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(locale(&[("LANG", "en_GB.UTF-8")]), Glyphs::UNICODE);
        assert_eq!(
            locale(&[("LANG", "C.utf8"), ("LC_ALL", "")]),
            Glyphs::UNICODE
        );
        assert_eq!(
            locale(&[("LANG", "C.UTF-8"), ("LC_ALL", "C")]),
            Glyphs::ASCII
        );
        assert_eq!(locale(&[]), Glyphs::ASCII);
    }

    #[test]
    fn texts_fit_the_columns_they_are_given() {
        assert_eq!(fit("abc", 5, &Glyphs::UNICODE), "abc  ");
        assert_eq!(fit("abcdef", 4, &Glyphs::UNICODE), "abc…");
        assert_eq!(fit("日本語", 4, &Glyphs::UNICODE), "日… ");
        assert_eq!(columns("e\u{301}"), 1);
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(812)), "0.8s");
        assert_eq!(seconds(Duration::from_millis(59_949)), "59.9s");
        assert_eq!(seconds(Duration::from_millis(59_960)), "1m 00s");
        assert_eq!(seconds(Duration::from_secs(125)), "2m 05s");
    }
}
