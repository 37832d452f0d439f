//! The one way from a run to its reports: masks, and keeps what happened.

use tokio::sync::mpsc;

use super::Masker;
use crate::engine::Captured;
use crate::event::{
    Artifact, Artifacts, CaseResult, Cause, Event, Outcome, ServiceEvent, ServicesRecord,
};

/// How many bytes of each stream a result keeps to its end: all results are held
/// in memory until the reports are written.
const KEPT_OF_BAD: usize = 64 << 10;
/// The same of a case that passed: nobody looks for a cause in it.
const KEPT_OF_GOOD: usize = 4 << 10;

/// Sends events on.
pub(super) struct Recorder {
    events: mpsc::UnboundedSender<Event>,
    masker: Masker,
}

impl Recorder {
    pub(super) fn new(events: mpsc::UnboundedSender<Event>, masker: Masker) -> Self {
        Self { events, masker }
    }

    /// Sends an event whose text is the harness's own. A receiver that has
    /// gone is no fault: the result itself is returned, not sent.
    pub(super) fn send(&self, event: Event) {
        let _ = self.events.send(event);
    }

    /// What hides the secrets.
    pub(super) fn masker(&self) -> &Masker {
        &self.masker
    }

    pub(super) fn notice(&self, mut line: String) {
        self.masker.mask(&mut line);
        self.send(Event::Notice(line));
    }

    /// Masks a result, sends it and hands it back for the list of all.
    pub(super) fn finished(&self, mut result: CaseResult) -> CaseResult {
        let cap = match result.outcome {
            Outcome::Failed | Outcome::Error => KEPT_OF_BAD,
            Outcome::Passed | Outcome::Skipped => KEPT_OF_GOOD,
        };
        // Masked whole before it is cut: a secret that the cut halves would show.
        self.masker.mask(&mut result.stdout);
        self.masker.mask(&mut result.stderr);
        shorten(&mut result.stdout, cap);
        shorten(&mut result.stderr, cap);
        let mask = |text: &mut String| self.masker.mask(text);
        mask(&mut result.name);
        result.notes.iter_mut().for_each(mask);
        result.reproduce.iter_mut().for_each(mask);
        result.skip_reason.iter_mut().for_each(mask);
        if let Some(location) = &mut result.location {
            mask(&mut location.excerpt);
        }
        for cause in &mut result.causes {
            self.mask_cause(cause);
        }
        if let Some(services) = &mut result.services {
            self.mask_services(services);
        }
        self.send(Event::CaseFinished(Box::new(result.clone())));
        result
    }

    /// Masks what a case leaves, and sends it.
    pub(super) fn artifacts(&self, mut artifacts: Artifacts) {
        for artifact in &mut artifacts.left {
            match artifact {
                Artifact::Events(events) => self.mask_events(events),
                Artifact::Log { text, .. } => self.masker.mask(text),
                Artifact::Inspection { document, .. } => self.masker.mask_document(document),
            }
        }
        self.send(Event::Artifacts(Box::new(artifacts)));
    }

    fn mask_services(&self, services: &mut ServicesRecord) {
        self.mask_events(&mut services.events);
        for container in &mut services.containers {
            let health = container.health.iter_mut();
            health.for_each(|health| self.masker.mask(&mut health.output));
            let texts = container.networks.iter_mut();
            let texts = texts.chain(&mut container.mounts);
            let texts = texts.chain(&mut container.error);
            texts.for_each(|text| self.masker.mask(text));
        }
    }

    fn mask_events(&self, events: &mut [ServiceEvent]) {
        for event in events {
            self.masker.mask(&mut event.what);
        }
    }

    fn mask_cause(&self, cause: &mut Cause) {
        self.masker.mask(&mut cause.message);
        for line in &mut cause.evidence {
            self.masker.mask(line);
        }
        if let Some(hint) = &mut cause.hint {
            self.masker.mask(hint);
        }
    }
}

fn shorten(text: &mut String, cap: usize) {
    if text.len() > cap {
        let mut captured = Captured::with_cap(cap);
        captured.push(text.as_bytes());
        *text = captured.text();
    }
}
