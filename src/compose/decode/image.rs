//! The image of a service, and where it comes from.

use super::super::model::PullPolicy;
use super::Decoder;
use super::fields::Fields;
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::{Diagnostic, code};
use crate::image::{Platform, PlatformError};
use crate::yaml::{Key, Node};

impl Decoder<'_> {
    pub(super) fn image(&mut self, fields: &mut Fields<'_>, key: &Key) -> Option<String> {
        let is_under_test = self.loader.surroundings.under_test.contains(&key.text);
        let image = self.maybe(fields, "image", Self::filled_text);
        let has_build = fields.take("build").is_some();
        if is_under_test {
            return image;
        }
        let name = &key.text;
        if let Some(build) = fields.key("build").filter(|_| has_build) {
            self.report(
                Diagnostic::new(
                    code::COMPOSE_BUILD,
                    build.span.clone(),
                    format!("`{name}` would have to be built, and nothing is built here"),
                    "images must be built first",
                )
                .hint("build it before, and name the result with `image`; `build: !reset null` in a second file takes this away"),
            );
            return None;
        }
        // What it extends, and could not be had, may have had one.
        if fields.key("image").is_none() && fields.key("extends").is_none() {
            self.report(
                Diagnostic::new(
                    code::MISSING_KEY,
                    key.span.clone(),
                    format!("`{name}` has no `image`"),
                    "`image` is missing",
                )
                .hint("only a service under test needs none"),
            );
        }
        image
    }

    pub(super) fn platform(&mut self, node: &Node) -> Option<Platform> {
        let text = self.text(node)?;
        let message = match text.parse() {
            Ok(platform) => return Some(platform),
            Err(PlatformError::Form(_)) => format!("`{text}` is not a platform"),
            Err(PlatformError::Unknown { .. }) => format!("`{text}` names no known platform"),
        };
        let with_os = format!("linux/{text}");
        let near = match with_os.parse::<Platform>() {
            Ok(_) => Some(with_os.as_str()),
            Err(_) => nearest(&text, Platform::KNOWN),
        };
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write it as os/architecture, as in `linux/arm64`".to_owned(),
        };
        let span = node.span.clone();
        self.report(
            Diagnostic::new(code::BAD_PLATFORM, span, message, "not a platform").hint(hint),
        );
        None
    }

    pub(super) fn pull_policy(&mut self, node: &Node) -> Option<PullPolicy> {
        let text = self.text(node)?;
        if text == "build" {
            self.mistake(
                code::COMPOSE_BUILD,
                &node.span,
                "nothing is built here",
                "images must be built first",
                "write `missing`, `always` or `never`",
            );
            return None;
        }
        self.word(
            node,
            &[
                ("missing", PullPolicy::Missing),
                ("if_not_present", PullPolicy::Missing),
                ("always", PullPolicy::Always),
                ("never", PullPolicy::Never),
            ],
        )
    }
}
