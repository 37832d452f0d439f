//! `audit:`

use super::super::{Acceptance, AuditPolicy, Parity, PathPattern, PathPatternError};
use super::Decoder;
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::{Diagnostic, code};
use crate::event::{FindingRole, finding_kind, finding_kinds};
use crate::yaml::{Kind, Node};

const PARITY: [(&str, Parity); 3] = [
    ("off", Parity::Off),
    ("warn", Parity::Warn),
    ("strict", Parity::Strict),
];

impl Decoder<'_> {
    /// What could not be read is left out, and its mistake in the decoder.
    pub(super) fn audit(&mut self, node: &Node) -> AuditPolicy {
        let mut policy = AuditPolicy::default();
        let Some(mut map) = self.map(node, "the audit") else {
            return policy;
        };
        policy.parity = map.take("parity").and_then(|node| self.word(node, &PARITY));
        if let Some(node) = map.take("accept") {
            policy.accept = self.acceptances(node);
        }
        map.finish(self);
        policy
    }

    fn acceptances(&mut self, node: &Node) -> Vec<Acceptance> {
        let Kind::Seq(items) = &node.kind else {
            self.wrong_type(node, "a list of findings to accept");
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| self.acceptance(item))
            .collect()
    }

    fn acceptance(&mut self, node: &Node) -> Option<Acceptance> {
        let mut map = self.map(node, "an acceptance")?;
        let code = map
            .require(self, "code", "write the code of the finding")
            .and_then(|node| self.finding_code(node));
        let path = self.optional(map.take("path"), Self::path_pattern);
        let platform = self.optional(map.take("platform"), Self::platform);
        let reason = map
            .require(self, "reason", "write why it is borne")
            .and_then(|node| self.filled_text(node));
        let until = self.optional(map.take("until"), Self::date);
        map.finish(self);
        Some(Acceptance {
            code: code?,
            path: path?,
            platform: platform?,
            reason: reason?,
            until: until?,
            line: self.line(node),
        })
    }

    fn finding_code(&mut self, node: &Node) -> Option<String> {
        let text = self.filled_text(node)?;
        let role = finding_kind(&text).map(|kind| kind.role);
        if role == Some(FindingRole::Finding) {
            return Some(text);
        }
        let findings = finding_kinds().filter(|kind| kind.role == FindingRole::Finding);
        let hint = match nearest(&text, findings.map(|kind| kind.code)) {
            _ if role.is_some() => {
                "findings name it in their hint or their evidence, and have codes of their own: accept those".to_owned()
            }
            Some(near) => format!("did you mean `{near}`?"),
            None => "write the code that the audit shows in brackets, as in `elf-page-alignment`"
                .to_owned(),
        };
        self.report(
            Diagnostic::new(
                code::UNKNOWN_FINDING,
                node.span.clone(),
                format!("the audit has no finding `{text}`"),
                "no such finding",
            )
            .hint(hint),
        );
        None
    }

    fn path_pattern(&mut self, node: &Node) -> Option<PathPattern> {
        let text = self.filled_text(node)?;
        let (message, hint) = match PathPattern::new(&text) {
            Ok(pattern) => return Some(pattern),
            Err(PathPatternError::Relative) => (
                format!("`{text}` is not absolute"),
                "paths in the image begin with `/`, as in `/opt/**`",
            ),
            Err(PathPatternError::EmptyName) => (
                format!("a name in `{text}` is empty, so it matches no path"),
                "everything below a folder is `/opt/**`",
            ),
            Err(PathPatternError::HalfAName) => (
                format!("in `{text}`, `**` stands beside other characters"),
                "`**` stands for folders and has a name of its own, as in `/opt/**/*.so`; `*` stays within a name",
            ),
            Err(PathPatternError::TooLong) => (
                "this pattern is too long".to_owned(),
                "write several, or use `**`",
            ),
        };
        self.mistake(
            code::BAD_PATH_PATTERN,
            &node.span,
            message,
            "not a pattern for paths",
            hint,
        );
        None
    }
}
