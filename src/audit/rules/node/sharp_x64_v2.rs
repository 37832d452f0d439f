//! sharp's prebuilt programs for x64, which refuse processors without SSE4.2.

use crate::audit::rules::libc::Libc;
use crate::event::Severity;
use crate::image::Architecture;

use super::Judged;
use super::modules::{Modules, Package, release};

pub(super) fn judge(modules: &Modules<'_>) -> Vec<Judged> {
    let platform = modules.platform();
    // `v2` and above promise what is asked for.
    let promises_more = platform
        .variant()
        .is_some_and(|variant| variant.trim_start_matches('v') >= "2");
    if *platform.architecture() != Architecture::Amd64 || promises_more {
        return Vec::new();
    }
    let has_wasm = modules
        .packages
        .iter()
        .any(|package| package.facts.name == "@img/sharp-wasm32");
    modules
        .packages
        .iter()
        .filter(|package| is_refusing(package, modules.libc, has_wasm))
        .map(|package| {
            let message = format!(
                "host: {} demands an x86-64-v2 processor, and {platform} promises v1 only",
                package.title()
            );
            let mut judged = modules.judged(package, "sharp-x64-v2", Severity::Info, message);
            judged.finding = judged
                .finding
                .because("elsewhere it ends with `Unsupported CPU: Prebuilt binaries for linux-x64 require v2 microarchitecture`")
                .hint("build sharp from source where the image must run on older processors, or on emulators and virtual machines that name none (qemu64, kvm64)");
            judged
        })
        .collect()
}

/// Since 0.34.0 with glibc; since 0.35.0 with musl as well, and with a way out.
fn is_refusing(package: &Package<'_>, libc: Option<Libc>, has_wasm: bool) -> bool {
    let (own, since) = match package.facts.name.as_str() {
        "@img/sharp-linux-x64" => (Libc::Glibc, (0, 34)),
        "@img/sharp-linuxmusl-x64" => (Libc::Musl, (0, 35)),
        _ => return false,
    };
    let Some(release) = release(&package.facts.version) else {
        return false;
    };
    libc.is_none_or(|libc| libc == own)
        && release >= since
        && !(has_wasm && release >= (0, 35))
        && package.addons().next().is_some()
}

#[cfg(test)]
mod tests {
    use crate::audit::rules::node::judge;
    use crate::audit::rules::packages::fixture::Fixture;
    use crate::event::Severity;

    const GLIBC: &str = "/lib64/ld-linux-x86-64.so.2";
    const MUSL: &str = "/lib/ld-musl-x86_64.so.1";

    fn image(platform: &str, loader: &str, name: &str, version: &str) -> Fixture {
        let folder = format!("/app/node_modules/@img/{name}");
        Fixture::new(platform)
            .userland(loader)
            .node_package(&folder, version, |_| {})
            .elf(&format!("{folder}/lib/{name}.node"), "linux/amd64")
    }

    fn codes(image: Fixture) -> Vec<(String, Severity)> {
        let found = judge(&image.build()).into_iter();
        found.map(|f| (f.code, f.severity)).collect()
    }

    #[test]
    fn prebuilt_programs_of_0_34_and_later_want_a_newer_processor() {
        // nxzai/NextExplorer#241
        let told = [("sharp-x64-v2".to_owned(), Severity::Info)];
        let amd64 = |name, version| image("linux/amd64", GLIBC, name, version);
        assert_eq!(codes(amd64("sharp-linux-x64", "0.34.0")), told);
        assert_eq!(codes(amd64("sharp-linux-x64", "0.33.5")), []);
        let musl = |version| image("linux/amd64", MUSL, "sharp-linuxmusl-x64", version);
        assert_eq!(codes(musl("0.35.1")), told);
        assert_eq!(codes(musl("0.34.5")), []);
    }

    #[test]
    fn where_the_platform_promises_it_or_there_is_another_build_nothing_is_said() {
        let v2 = image("linux/amd64/v2", GLIBC, "sharp-linux-x64", "0.34.5");
        assert_eq!(codes(v2), []);
        let wasm = "/app/node_modules/@img/sharp-wasm32";
        let amd64 = image("linux/amd64", GLIBC, "sharp-linux-x64", "0.35.1");
        assert_eq!(codes(amd64.node_package(wasm, "0.35.1", |_| {})), []);
        let other = image("linux/arm64", GLIBC, "sharp-linux-x64", "0.34.5");
        assert!(codes(other).iter().all(|(code, _)| code != "sharp-x64-v2"));
    }
}
