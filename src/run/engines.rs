//! Which engine runs which platform.

use std::sync::Arc;

use crate::engine::Engine;
use crate::event::Cause;
use crate::image::Platform;

/// An engine, or why it does not answer.
pub(crate) type Answer = Result<Arc<dyn Engine>, Cause>;

/// `--engine URL` for all, `--engine PLATFORM=URL` for some.
#[derive(Clone, Default)]
pub struct Engines {
    default: Option<Answer>,
    by_platform: Vec<(Platform, Answer)>,
}

impl Engines {
    /// One engine for every platform, or why there is none.
    pub fn new(default: Option<Answer>) -> Self {
        Self {
            default,
            by_platform: Vec::new(),
        }
    }

    /// Another one for a platform, or why it does not answer.
    pub fn set(&mut self, platform: Platform, engine: Answer) {
        self.by_platform.push((platform, engine));
    }

    /// The engine for a platform.
    pub fn of(&self, platform: &Platform) -> Option<&Answer> {
        self.by_platform
            .iter()
            .find(|(of, _)| of == platform)
            .map(|(_, engine)| engine)
            .or(self.default.as_ref())
    }

    /// All that answered, each once.
    pub fn all(&self) -> Vec<&Arc<dyn Engine>> {
        let mut all: Vec<&Arc<dyn Engine>> = Vec::new();
        let answers = self
            .default
            .iter()
            .chain(self.by_platform.iter().map(|(_, engine)| engine));
        for engine in answers.flatten() {
            if !all
                .iter()
                .any(|known| known.facts().address == engine.facts().address)
            {
                all.push(engine);
            }
        }
        all
    }
}
