//! `unknown-platform`: a name in the index that no runtime asks for.

use crate::audit::tree::{Entry, Tree};
use crate::event::{Finding, Severity};
use crate::image::Platform;

const CODE: &str = "unknown-platform";

/// Go's names, which are OCI's (`go tool dist list`, and those it once had).
const SYSTEMS: [&str; 17] = [
    "aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "js", "linux", "netbsd",
    "openbsd", "plan9", "solaris", "wasip1", "wasi", "windows", "zos",
];
const ARCHITECTURES: [&str; 20] = [
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc",
    "ppc64", "ppc64le", "riscv", "riscv64", "s390", "s390x", "sparc", "sparc64", "wasm", "armbe",
];

pub(super) fn judge(tree: &Tree) -> Vec<Finding> {
    tree.images().filter_map(of).collect()
}

fn of(entry: &Entry) -> Option<Finding> {
    let platform = &entry.platform;
    let is_known = SYSTEMS.contains(&platform.os())
        && ARCHITECTURES.contains(&platform.architecture().as_str());
    if !is_known {
        let message = format!("no runtime asks for {platform}: nobody gets this image");
        let finding = Finding::new(CODE, Severity::Error, message).on(platform);
        return Some(match nearest(platform) {
            Some(near) => finding.hint(format!("did you mean {near}?")),
            None => finding.hint("use the names of Go's GOOS and GOARCH, as OCI demands"),
        });
    }
    // What some runtimes normalise, others compare letter by letter.
    let written = entry.written.as_ref()?;
    let is_as_go_writes_it = SYSTEMS.contains(&written.os.as_str())
        && ARCHITECTURES.contains(&written.architecture.as_str());
    if is_as_go_writes_it {
        return None;
    }
    let message = format!(
        "the index writes {written} for {platform}: some runtimes compare the names letter by letter, and do not find it"
    );
    Some(
        Finding::new(CODE, Severity::Warning, message)
            .on(platform)
            .hint("use the names of Go's GOOS and GOARCH, as OCI demands"),
    )
}

fn nearest(platform: &Platform) -> Option<&'static str> {
    let text = platform.to_string();
    Platform::KNOWN
        .iter()
        .map(|known| (strsim::osa_distance(known, &text), *known))
        .min()
        .filter(|(distance, _)| *distance <= 2)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::tests::{codes, tree_of};
    use crate::layout::{Image, Layout};

    async fn of(platform: &str) -> Vec<Finding> {
        judge(&tree_of(Layout::new().image(Image::small(platform))).await)
    }

    #[tokio::test]
    async fn a_typing_error_is_an_error_with_the_nearest_name() {
        let found = of("linux/amd46").await;
        assert_eq!(codes(&found), ["error unknown-platform linux/amd46"]);
        assert_eq!(found[0].hint.as_deref(), Some("did you mean linux/amd64?"));
        assert_eq!(codes(&of("linus/amd64").await).len(), 1);
    }

    #[tokio::test]
    async fn another_vocabulary_s_word_is_a_warning() {
        let found = of("linux/x86_64").await;
        assert_eq!(codes(&found), ["warning unknown-platform linux/amd64"]);
    }

    #[tokio::test]
    async fn platforms_that_are_rare_are_platforms() {
        for platform in ["linux/mips64le", "freebsd/riscv64", "wasip1/wasm", "linux/arm/v5"] {
            assert_eq!(of(platform).await, [], "{platform}");
        }
    }
}
