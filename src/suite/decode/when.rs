//! `when:` and `per_platform:`: for which variants, and with what differences.

use super::super::WhenExecution;
use super::Decoder;
use crate::diagnostic::{Diagnostic, code};
use crate::image::Platform;
use crate::yaml::{Key, Kind, Node};

/// `when:`
#[derive(Clone, Debug, Default)]
pub(in crate::suite) struct When {
    /// On these; empty: on all.
    only: Vec<Platform>,
    /// But not on these.
    not: Vec<Platform>,
    pub(in crate::suite) execution: Option<WhenExecution>,
}

impl When {
    pub(in crate::suite) fn holds(&self, platform: &Platform) -> bool {
        let names = |list: &[Platform]| list.iter().any(|written| is_of(written, platform));
        (self.only.is_empty() || names(&self.only)) && !names(&self.not)
    }

    pub(in crate::suite) fn platforms(&self) -> impl Iterator<Item = &Platform> {
        self.only.iter().chain(&self.not)
    }
}

/// Whether a variant is of the platform that a suite names: a suite can't name
/// `os.version`, so it does not tell Windows children apart.
pub(in crate::suite) fn is_of(written: &Platform, variant: &Platform) -> bool {
    written.os() == variant.os()
        && written.architecture() == variant.architecture()
        && written.variant() == variant.variant()
}

impl Decoder<'_> {
    pub(super) fn when(&mut self, node: &Node) -> Option<When> {
        match &node.kind {
            Kind::Map(_) => {
                let mut map = self.map(node, "`when`")?;
                if map.is_empty() {
                    self.mistake(
                        code::EMPTY_VALUE,
                        &node.span,
                        "`when` says nothing",
                        "nothing in it",
                        None,
                    );
                }
                let only = self.optional(map.take("platforms"), Self::platforms);
                let not = self.optional(map.take("not_platforms"), Self::platforms);
                let execution = self.optional(map.take("execution"), |decoder, node| {
                    decoder.word(
                        node,
                        &[
                            ("native", WhenExecution::Native),
                            ("emulated", WhenExecution::Emulated),
                        ],
                    )
                });
                map.finish(self);
                Some(When {
                    only: only?.unwrap_or_default(),
                    not: not?.unwrap_or_default(),
                    execution: execution?,
                })
            }
            Kind::Scalar(_) | Kind::Seq(_) => Some(When {
                only: self.platforms(node)?,
                ..When::default()
            }),
        }
    }

    /// A platform or a list of them, each once.
    pub(super) fn platforms(&mut self, node: &Node) -> Option<Vec<Platform>> {
        if node.map().is_some() {
            self.wrong_type(node, "a list of platforms");
            return None;
        }
        let mut seen: Vec<(Platform, std::ops::Range<usize>)> = Vec::new();
        self.one_or_many(node, |decoder, node| {
            let platform = decoder.platform(node)?;
            decoder.once(&mut seen, &platform, &node.span)?;
            Some(platform)
        })
    }

    /// Reports a platform that stands in a list or map already.
    pub(super) fn once(
        &mut self,
        seen: &mut Vec<(Platform, std::ops::Range<usize>)>,
        platform: &Platform,
        span: &std::ops::Range<usize>,
    ) -> Option<()> {
        if let Some((_, first)) = seen.iter().find(|(known, _)| known == platform) {
            self.report(
                Diagnostic::new(
                    code::DUPLICATE_PLATFORM,
                    span.clone(),
                    format!("the platform {platform} is named twice"),
                    "again here",
                )
                .also(first.clone(), "first here"),
            );
            return None;
        }
        seen.push((platform.clone(), span.clone()));
        Some(())
    }

    /// `per_platform: { linux/arm64: { … } }`
    pub(super) fn per_platform<'n>(&mut self, node: &'n Node) -> Vec<(Platform, &'n Node)> {
        let Kind::Map(entries) = &node.kind else {
            self.wrong_type(node, "a map of platforms");
            return Vec::new();
        };
        let mut seen = Vec::new();
        let mut overrides = Vec::new();
        for entry in entries {
            let platform = self
                .platform_text(&entry.key.text, &entry.key.span)
                .filter(|platform| self.once(&mut seen, platform, &entry.key.span).is_some());
            let Kind::Map(keys) = &entry.value.kind else {
                self.wrong_type(&entry.value, "a map");
                continue;
            };
            for key in keys.iter().map(|entry| &entry.key) {
                self.fixed_key(key);
            }
            if let Some(platform) = platform {
                overrides.push((platform, &entry.value));
            }
        }
        overrides
    }

    /// What makes a check the same one on every platform can't differ.
    fn fixed_key(&mut self, key: &Key) {
        if matches!(key.text.as_str(), "name" | "when" | "per_platform") {
            self.mistake(
                code::MISPLACED_KEY,
                &key.span,
                format!("`{}` can't differ between platforms", key.text),
                "not possible here",
                None,
            );
        }
    }
}
