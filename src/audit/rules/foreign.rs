//! Single programs and libraries of another machine, in an image that is otherwise right.

use crate::event::{Finding, Severity};
use crate::image::{Architecture, ElfHeader, Machine};

use super::group::{self, Case};
use super::libc::Libc;
use super::scene::{Elf, Scene};
use super::standing::{Reason, Role, Standing};
use super::start::{By, is_starter};

/// What hosts make of a program of another machine: why nobody noticed.
pub(super) fn masked(header: ElfHeader) -> String {
    let shell = "`exec format error`, or `syntax error` from a shell that reads it as a script (enoexec-rerun-as-script)";
    match header.machine {
        Machine::Other(_) => format!("seen as {shell}"),
        Machine::X86_64 => format!(
            "runs unnoticed on an {header} host (masked-native-binary); elsewhere: {shell}, `Could not open '/lib64/ld-linux-x86-64.so.2'` (qemu-interpreter-missing), `rosetta error: failed to open elf` (rosetta-interpreter-missing)"
        ),
        Machine::RiscV | Machine::Ppc64 | Machine::LoongArch => {
            format!("runs unnoticed on a {header} host (masked-native-binary); elsewhere: {shell}")
        }
        _ => {
            format!("runs unnoticed on an {header} host (masked-native-binary); elsewhere: {shell}")
        }
    }
}

/// What a loader says of a library of another machine.
fn refused(code: &str) -> Option<&'static str> {
    Some(match code {
        "dlopen-wrong-machine-glibc" => {
            "glibc says `cannot open shared object file: No such file or directory`, although it is there"
        }
        "dlopen-wrong-machine-musl" => {
            "musl says `unsupported relocation type` or `symbol not found`, and nothing of the machine"
        }
        "dlopen-wrong-class" => "glibc says `wrong ELF class`, musl `Exec format error`",
        _ => return None,
    })
}

/// Foreign programs and libraries, one finding for each machine and place.
pub(super) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    if scene.alien.is_some() {
        return Vec::new();
    }
    let cases = scene
        .elves
        .iter()
        .filter_map(|elf| case(scene, elf))
        .collect();
    let platform = &scene.image.platform;
    let mut found = group::findings(cases, &|case, count| {
        let more = group::and_more(count);
        let path = &case.path;
        let what = &case.cause;
        match case.code {
            "exec-wrong-arch-app-binary" => (
                format!("the image starts {path}, which is {what}: it does not run on {platform}"),
                "build or download it for the target platform: a bare `ARG TARGETARCH` in the stage that uses it (a default value hides the real one), `GOARCH=$TARGETARCH`".to_owned(),
            ),
            "arm32-uname-lies" => (
                format!("{path}{more} {is} {what}, in an image for {platform}", is = is(count)),
                "`uname -m` says aarch64 where a 32-bit image is built on a 64-bit kernel: choose the download by `$TARGETARCH` and `$TARGETVARIANT`".to_owned(),
            ),
            "exec-wrong-arch-helper" => (
                format!("{path}{more} {is} {what}, in an image for {platform}", is = is(count)),
                "choose the download by `$TARGETARCH` (amd64 is x86_64 and arm64 is aarch64 in many names)".to_owned(),
            ),
            "qemu-user-left-behind" => (
                format!("{path}{more} {is} an emulator for the build host", is = is(count)),
                "remove it: engines bring their own, and it is of no use on this platform".to_owned(),
            ),
            "dlopen-wrong-class" => (
                format!("{path}{more} {is} {what}: of another word size than what loads it", is = is(count)),
                "install that package in a stage of the target platform".to_owned(),
            ),
            _ if case.severity == Severity::Warning => (
                format!("{path}{more} {is} {what}, in an image for {platform}, and nothing here is known to load it", is = is(count)),
                "leave it out, or install it in a stage of the target platform".to_owned(),
            ),
            "dlopen-wrong-machine-musl-silent" => (
                format!("{path}{more} {is} {what}: musl loads it without a word and crashes when it is called", is = is(count)),
                "install that package in a stage of the target platform".to_owned(),
            ),
            _ => (
                format!("{path}{more} {is} {what}: it can't be loaded on {platform}", is = is(count)),
                "install that package in a stage of the target platform; a folder copied from another platform's stage or from the build host brings files like this".to_owned(),
            ),
        }
    });
    for finding in &mut found {
        if finding.severity == Severity::Error
            && let Some(elf) = finding.path.as_deref().and_then(|path| scene.elf(path))
        {
            match finding.code.starts_with("dlopen-") {
                true => finding
                    .evidence
                    .extend(refused(&finding.code).map(str::to_owned)),
                false => finding.evidence.push(masked(elf.facts.header())),
            }
        }
    }
    found
}

fn is(count: usize) -> &'static str {
    if count > 1 { "are" } else { "is" }
}

fn case(scene: &Scene<'_>, elf: &Elf<'_>) -> Option<Case> {
    let header = elf.facts.header();
    if elf.role != Role::Start && super::packages::claims(&elf.path, &scene.image.platform) {
        return None;
    }
    let (code, severity) = match elf.standing {
        Standing::Own => return None,
        Standing::Tolerated(Reason::QemuUser) => ("qemu-user-left-behind", Severity::Info),
        Standing::Tolerated(_) => return None,
        Standing::Labelled => (code(scene, elf), Severity::Warning),
        Standing::Foreign if elf.role.is_reached() => (code(scene, elf), Severity::Error),
        Standing::Foreign => (code(scene, elf), Severity::Warning),
    };
    let mut shown = format!("{} is {header}", elf.path);
    if let Some(go) = &elf.facts.go
        && let Some(goarch) = &go.goarch
    {
        shown.push_str(&format!(", built by Go with GOARCH={goarch}"));
    }
    if let Some(loader) = &elf.facts.interpreter {
        shown.push_str(&format!(", wants the loader {loader}"));
    }
    if let Some(name) = scene
        .on_path
        .get(&elf.path)
        .filter(|name| **name != elf.path)
    {
        shown.push_str(&format!(", found as {name}"));
    }
    if elf.standing == Standing::Labelled {
        shown.push_str(", as its name says");
    }
    Some(Case {
        code,
        severity,
        cause: header.to_string(),
        layer: elf.file.layer(),
        path: elf.path.clone(),
        shown,
    })
}

fn code(scene: &Scene<'_>, elf: &Elf<'_>) -> &'static str {
    let platform = &scene.image.platform;
    let header = elf.facts.header();
    if elf.role != Role::Start && elf.is_library() {
        if header.is_64 != is_64(platform.architecture()) {
            return "dlopen-wrong-class";
        }
        return match scene.libc {
            // An object that needs no other has little to relocate, and nothing stops it.
            Some(Libc::Musl) if elf.facts.needed.is_empty() => "dlopen-wrong-machine-musl-silent",
            Some(Libc::Musl) => "dlopen-wrong-machine-musl",
            _ => "dlopen-wrong-machine-glibc",
        };
    }
    let is_app = scene.steps.iter().any(|step| {
        step.by != By::Perhaps
            && !is_starter(&step.word)
            && step
                .target
                .file()
                .is_some_and(|file| file.path() == elf.path)
    });
    if is_app {
        "exec-wrong-arch-app-binary"
    } else if *platform.architecture() == Architecture::Arm && header.machine == Machine::AArch64 {
        "arm32-uname-lies"
    } else {
        "exec-wrong-arch-helper"
    }
}

fn is_64(architecture: &Architecture) -> bool {
    !matches!(architecture, Architecture::Arm | Architecture::I386)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{
        Image, alpine, codes, debian, elf, glibc_loader, image, package, program, shared_object,
    };
    use super::super::programs;
    use crate::audit::file::{ElfFacts, FileFacts, GoBuild};
    use crate::event::{Finding, Severity};
    use crate::image::Machine;

    fn judge(image: Image) -> Vec<Finding> {
        let found = programs::judge(&image.unpacked());
        found
            .into_iter()
            .filter(|finding| finding.severity != Severity::Info)
            .collect()
    }

    fn go(machine: Machine, goarch: &str) -> ElfFacts {
        ElfFacts {
            go: Some(GoBuild {
                goarch: Some(goarch.to_owned()),
                level: None,
            }),
            ..elf(machine)
        }
    }

    #[test]
    fn a_foreign_entrypoint_on_a_right_base_is_the_application_s() {
        // FriendsOfShopware/shopmon#770: ARG TARGETARCH=amd64 hid BuildKit's value.
        let image = |machine, goarch| {
            debian("linux/arm64")
                .layer("COPY /out/app /usr/local/bin/app # buildkit")
                .file("/usr/local/bin/app", go(machine, goarch))
                .entrypoint(&["app"])
        };
        let found = judge(image(Machine::X86_64, "amd64"));
        assert_eq!(codes(&found), ["exec-wrong-arch-app-binary"]);
        assert_eq!(found[0].path.as_deref(), Some("/usr/local/bin/app"));
        assert!(found[0].evidence[0].contains("GOARCH=amd64"));
        assert!(found[0].evidence[1].contains("runs unnoticed on an x86-64 host"));
        assert_eq!(codes(&judge(image(Machine::AArch64, "arm64"))), [""; 0]);
    }

    #[test]
    fn a_static_program_alone_in_an_image_is_judged_too() {
        let found = judge(
            image("linux/arm64")
                .file("/app", go(Machine::X86_64, "amd64"))
                .entrypoint(&["/app"]),
        );
        assert_eq!(codes(&found), ["exec-wrong-arch-app-binary"]);
    }

    #[test]
    fn a_foreign_init_is_a_helper_and_what_it_starts_is_not_blamed() {
        // onedr0p/containers#178, eXistenZNL/Docker-Webstack#48.
        let image = |machine| {
            debian("linux/arm64")
                .layer("RUN curl -L .../tini-amd64 -o /tini")
                .file("/tini", elf(machine))
                .file("/usr/local/bin/app", elf(Machine::AArch64))
                .entrypoint(&["/tini", "--", "app"])
        };
        let found = judge(image(Machine::X86_64));
        assert_eq!(codes(&found), ["exec-wrong-arch-helper"]);
        assert_eq!(found[0].path.as_deref(), Some("/tini"));
        assert_eq!(found[0].severity, Severity::Error);
        assert_eq!(codes(&judge(image(Machine::AArch64))), [""; 0]);
    }

    #[test]
    fn a_program_that_a_link_on_path_leads_to_is_reached() {
        // [L] of the catalogue: esbuild of the other machine under the right name.
        let path = "/app/node_modules/@esbuild/linux-arm64/bin/esbuild";
        let found = judge(
            debian("linux/arm64")
                .file(path, elf(Machine::X86_64))
                .folder("/app/node_modules/.bin")
                .link(
                    "/app/node_modules/.bin/esbuild",
                    "../@esbuild/linux-arm64/bin/esbuild",
                ),
        );
        assert_eq!(codes(&found), ["exec-wrong-arch-helper"]);
        assert_eq!(found[0].severity, Severity::Error);
        assert!(found[0].evidence[0].contains("found as /app/node_modules/.bin/esbuild"));
    }

    #[test]
    fn an_arm64_helper_in_a_32_bit_image_comes_of_uname() {
        // PictShare-Docker#13.
        let found =
            judge(debian("linux/arm/v7").file("/usr/local/bin/caddy", elf(Machine::AArch64)));
        assert_eq!(codes(&found), ["arm32-uname-lies"]);
        let healthy = debian("linux/arm64").file("/usr/local/bin/caddy", elf(Machine::Arm));
        assert_eq!(codes(&judge(healthy)), [""; 0]);
    }

    #[test]
    fn a_foreign_program_that_nothing_names_is_a_warning() {
        // margo/sandbox#391.
        let found = judge(debian("linux/arm64").file("/opt/tools/protoc", elf(Machine::X86_64)));
        assert_eq!(codes(&found), ["exec-wrong-arch-helper"]);
        assert_eq!(found[0].severity, Severity::Warning);
    }

    #[test]
    fn an_addon_of_another_machine_is_told_by_the_libc_that_will_not_load_it() {
        // mostafa-wahied/portracker#115 (glibc), DangerBlack/n8n-node-sqlite3#24 (musl).
        let path = "/app/node_modules/sqlite3/build/Release/node_sqlite3.node";
        let addon = |machine| shared_object(machine, "", &["libc.so.6"]);
        let glibc = judge(debian("linux/arm64").plain(path, addon(Machine::X86_64)));
        assert_eq!(codes(&glibc), ["dlopen-wrong-machine-glibc"]);
        let musl = judge(alpine("linux/arm64").plain(
            path,
            shared_object(Machine::X86_64, "", &["libc.musl-x86_64.so.1"]),
        ));
        assert_eq!(codes(&musl), ["dlopen-wrong-machine-musl"]);
        let silent =
            judge(alpine("linux/arm64").plain(path, shared_object(Machine::X86_64, "", &[])));
        assert_eq!(codes(&silent), ["dlopen-wrong-machine-musl-silent"]);
        let class = judge(debian("linux/arm64").plain(path, addon(Machine::Arm)));
        assert_eq!(codes(&class), ["dlopen-wrong-class"]);
        assert!(
            [&glibc, &musl, &silent, &class]
                .iter()
                .all(|found| found[0].severity == Severity::Error)
        );
        assert_eq!(
            codes(&judge(
                debian("linux/arm64").plain(path, addon(Machine::AArch64))
            )),
            [""; 0]
        );
    }

    #[test]
    fn an_addon_that_names_the_other_platform_is_a_warning() {
        let found = judge(debian("linux/arm64").plain(
            "/app/addons/linux-x64/resize.node",
            shared_object(Machine::X86_64, "", &[]),
        ));
        assert_eq!(codes(&found), ["dlopen-wrong-machine-glibc"]);
        assert_eq!(found[0].severity, Severity::Warning);
    }

    #[test]
    fn what_a_rule_on_packages_judges_is_left_to_it() {
        for path in [
            "/app/node_modules/@img/sharp-linux-x64/lib/sharp-linux-x64.node",
            "/app/node_modules/.prisma/client/libquery_engine-debian-openssl-3.0.x.so.node",
            "/usr/lib/python3/dist-packages/_c.abi3.so",
            "/usr/lib/php/20220829/redis.so",
            "/root/.cache/puppeteer/chrome/linux-1/chrome-linux64/chrome",
        ] {
            let image = debian("linux/arm64").plain(path, shared_object(Machine::X86_64, "", &[]));
            assert_eq!(codes(&judge(image)), [""; 0], "{path}");
        }
        // A platform package for this platform with the other one's file is foreign.
        let path = "/app/node_modules/@img/sharp-linux-arm64/lib/sharp-linux-arm64.node";
        let image = debian("linux/arm64").plain(path, shared_object(Machine::X86_64, "", &[]));
        assert_eq!(codes(&judge(image)), ["dlopen-wrong-machine-glibc"]);
    }

    #[test]
    fn a_qemu_for_the_build_host_is_worth_a_word_and_no_more() {
        // multiarch/qemu-user-static: copied in to build, never removed.
        let found = programs::judge(
            &debian("linux/arm64")
                .file("/usr/bin/qemu-aarch64-static", elf(Machine::X86_64))
                .unpacked(),
        );
        assert_eq!(codes(&found), ["qemu-user-left-behind"]);
        assert_eq!(found[0].severity, Severity::Info);
    }

    #[test]
    fn many_files_of_a_layer_are_one_finding() {
        let mut image = debian("linux/arm64").layer("COPY /venv /venv # buildkit");
        for n in 0..300 {
            image = image.plain(
                &format!("/venv/addons/p{n}/m.node"),
                shared_object(Machine::X86_64, "", &[]),
            );
        }
        let found = judge(image);
        assert_eq!(codes(&found), ["dlopen-wrong-machine-glibc"]);
        assert!(
            found[0].message.contains("and 299 more files"),
            "{}",
            found[0].message
        );
    }

    #[test]
    fn libraries_of_an_installed_foreign_architecture_are_not_each_reported() {
        let image = debian("linux/arm64")
            .plain(
                "/var/lib/dpkg/status",
                FileFacts::Packages(vec![
                    package("libc6", "2.36", "arm64"),
                    package("libc6", "2.36", "amd64"),
                ]),
            )
            .file(
                "/usr/lib/x86_64-linux-gnu/libc.so.6",
                shared_object(Machine::X86_64, "libc.so.6", &[]),
            )
            .file(
                "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
                program(Machine::X86_64, glibc_loader(Machine::X86_64), &[]),
            );
        assert_eq!(codes(&judge(image)), ["foreign-apt-arch"]);
    }
}
