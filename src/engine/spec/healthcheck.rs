//! Healthchecks: a container's own, in place of its image's.

use std::time::Duration;

use crate::image;

/// How a container's health is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Healthcheck {
    /// As the image says, if it says anything.
    #[default]
    Image,
    /// Not at all.
    Off,
    /// By this test. What it leaves open is as the image's healthcheck has it.
    Own(HealthTest),
}

/// What a healthcheck runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HealthCommand {
    /// A program and its arguments.
    Words(Vec<String>),
    /// A line for the container's `/bin/sh`.
    Shell(String),
}

/// A healthcheck: what is run, how often, and when that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthTest {
    /// What is run; healthy is what ends with 0.
    pub command: HealthCommand,
    /// Between two runs of it.
    pub interval: Option<Duration>,
    /// How long one may take.
    pub timeout: Option<Duration>,
    /// How many failures in a row make it unhealthy.
    pub retries: Option<u32>,
    /// How long after the start failures do not count.
    pub start_period: Option<Duration>,
    /// Between two runs in that time; engines before Docker 25 overlook it.
    pub start_interval: Option<Duration>,
}

impl HealthTest {
    /// This command, and Docker's defaults for all else.
    pub fn new(command: HealthCommand) -> Self {
        Self {
            command,
            interval: None,
            timeout: None,
            retries: None,
            start_period: None,
            start_interval: None,
        }
    }

    /// An image's healthcheck; `None` where it has none, or one that is switched off.
    pub fn of_image(check: &image::Healthcheck) -> Option<Self> {
        let command = match check.test.split_first()? {
            (kind, words) if kind == "CMD" && !words.is_empty() => {
                HealthCommand::Words(words.to_vec())
            }
            (kind, [line]) if kind == "CMD-SHELL" => HealthCommand::Shell(line.clone()),
            _ => return None,
        };
        Some(Self {
            command,
            interval: check.interval,
            timeout: check.timeout,
            retries: check.retries,
            start_period: check.start_period,
            start_interval: check.start_interval,
        })
    }

    /// What it leaves open filled in from an image's healthcheck, as Docker does.
    #[must_use]
    pub fn or(self, image: &image::Healthcheck) -> Self {
        Self {
            command: self.command,
            interval: self.interval.or(image.interval),
            timeout: self.timeout.or(image.timeout),
            retries: self.retries.or(image.retries),
            start_period: self.start_period.or(image.start_period),
            start_interval: self.start_interval.or(image.start_interval),
        }
    }

    /// As a program and its arguments.
    pub fn words(&self) -> Vec<String> {
        match &self.command {
            HealthCommand::Words(words) => words.clone(),
            HealthCommand::Shell(line) => {
                vec!["/bin/sh".to_owned(), "-c".to_owned(), line.clone()]
            }
        }
    }

    /// Between two runs of it: 30 s unless said.
    pub fn interval(&self) -> Duration {
        given(self.interval, Duration::from_secs(30))
    }

    /// How long one may take: 30 s unless said.
    pub fn timeout(&self) -> Duration {
        given(self.timeout, Duration::from_secs(30))
    }

    /// How many failures in a row make it unhealthy: 3 unless said.
    pub fn retries(&self) -> u32 {
        self.retries.filter(|n| *n > 0).unwrap_or(3)
    }

    /// How long after the start failures do not count: none of the time unless said.
    pub fn start_period(&self) -> Duration {
        self.start_period.unwrap_or_default()
    }

    /// Between two runs in that time: 5 s unless said.
    pub fn start_interval(&self) -> Duration {
        given(self.start_interval, Duration::from_secs(5))
    }
}

/// To the engines 0 says the same as nothing at all.
fn given(said: Option<Duration>, default: Duration) -> Duration {
    said.filter(|duration| !duration.is_zero())
        .unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_image(test: &[&str]) -> Option<HealthTest> {
        HealthTest::of_image(&image::Healthcheck {
            test: test.iter().map(|word| (*word).to_owned()).collect(),
            ..image::Healthcheck::default()
        })
    }

    #[test]
    fn an_images_test_is_words_or_a_line_for_the_shell() {
        let words = of_image(&["CMD", "probe", "a b"]).expect("a test");
        assert_eq!(words.words(), ["probe", "a b"]);
        let shell = of_image(&["CMD-SHELL", "probe 'a b' || exit 1"]).expect("a test");
        assert_eq!(shell.words(), ["/bin/sh", "-c", "probe 'a b' || exit 1"]);
    }

    #[test]
    fn an_image_without_a_test_or_with_none_has_none() {
        for nothing in [&[][..], &["NONE"], &["CMD"], &["CMD-SHELL"], &["nonsense"]] {
            assert_eq!(of_image(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn what_a_test_leaves_open_the_image_says() {
        let image = image::Healthcheck {
            interval: Some(Duration::from_secs(1)),
            retries: Some(9),
            ..image::Healthcheck::default()
        };
        let mut test = of_image(&["CMD", "true"]).expect("a test");
        test.retries = Some(2);
        let test = test.or(&image);
        assert_eq!(
            (test.interval(), test.retries()),
            (Duration::from_secs(1), 2)
        );
    }

    #[test]
    fn what_is_not_said_is_as_docker_has_it() {
        let mut test = of_image(&["CMD", "true"]).expect("a test");
        test.interval = Some(Duration::ZERO);
        test.retries = Some(0);
        assert_eq!(test.interval(), Duration::from_secs(30));
        assert_eq!(test.timeout(), Duration::from_secs(30));
        assert_eq!(test.retries(), 3);
        assert_eq!(test.start_period(), Duration::ZERO);
        assert_eq!(test.start_interval(), Duration::from_secs(5));
    }
}
