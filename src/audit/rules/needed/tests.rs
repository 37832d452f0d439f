//! The rules on needed libraries, each with the incident it is modelled on.

use super::super::fixture::{
    Image, alpine, codes, debian, glibc_loader, musl_loader, program, script, shared_object,
};
use super::super::programs;
use crate::audit::file::{ElfFacts, FileFacts};
use crate::event::{Finding, Severity};
use crate::image::Machine::{self, AArch64, X86_64};

fn judge(image: Image) -> Vec<Finding> {
    programs::judge(&image.unpacked())
}

fn app(needed: &[&str]) -> ElfFacts {
    program(AArch64, glibc_loader(AArch64), needed)
}

fn arm64() -> Image {
    debian("linux/arm64")
}

fn lib(name: &str) -> ElfFacts {
    shared_object(AArch64, name, &["libc.so.6"])
}

#[test]
fn a_library_that_is_nowhere_is_missing() {
    // moghtech/komodo#1281.
    let found = judge(arm64().file("/usr/local/bin/app", app(&["libssl.so.3", "libc.so.6"])));
    assert_eq!(codes(&found), ["needed-library-missing"]);
    assert_eq!(found[0].severity, Severity::Error);
    assert_eq!(found[0].path.as_deref(), Some("/usr/local/bin/app"));
    assert!(found[0].message.contains("libssl.so.3"));
    let healthy = arm64()
        .file("/usr/local/bin/app", app(&["libssl.so.3", "libc.so.6"]))
        .plain("/usr/lib/aarch64-linux-gnu/libssl.so.3", lib("libssl.so.3"));
    assert_eq!(codes(&judge(healthy)), [""; 0]);
}

#[test]
fn what_a_library_needs_is_followed() {
    let found = judge(
        arm64()
            .file("/usr/local/bin/app", app(&["liba.so.1"]))
            .plain(
                "/usr/lib/liba.so.1",
                shared_object(AArch64, "liba.so.1", &["libb.so.1"]),
            ),
    );
    assert_eq!(codes(&found), ["needed-library-missing"]);
    assert_eq!(found[0].path.as_deref(), Some("/usr/lib/liba.so.1"));
    assert!(found[0].evidence[0].contains("and /usr/local/bin/app needs that"));
}

#[test]
fn a_library_of_another_machine_on_the_way_is_told() {
    // COPY --from=build /usr/lib/x86_64-linux-gnu, as in needed-library-wrong-arch of the catalogue.
    let image = |machine| {
        arm64()
            .file("/usr/local/bin/app", app(&["libssl.so.3"]))
            .plain(
                "/usr/lib/libssl.so.3",
                shared_object(machine, "libssl.so.3", &[]),
            )
    };
    let found = judge(image(X86_64));
    assert!(
        codes(&found).contains(&"needed-library-wrong-arch"),
        "{found:?}"
    );
    assert_eq!(codes(&judge(image(AArch64))), [""; 0]);
}

#[test]
fn each_way_that_glibc_finds_a_library_counts() {
    let with = |change: fn(&mut ElfFacts)| {
        let mut facts = app(&["liba.so.1"]);
        change(&mut facts);
        facts
    };
    let at = |place: &str, facts: ElfFacts| {
        arm64()
            .file("/opt/app/bin/app", facts)
            .plain(&format!("{place}/liba.so.1"), lib("liba.so.1"))
            .entrypoint(&["/opt/app/bin/app"])
    };
    let plain = || app(&["liba.so.1"]);
    for (what, healthy) in [
        ("default folder", at("/usr/lib", plain())),
        ("multiarch folder", at("/lib/aarch64-linux-gnu", plain())),
        (
            "RPATH",
            at(
                "/opt/app/lib",
                with(|f| f.rpath = vec!["$ORIGIN/../lib".to_owned()]),
            ),
        ),
        (
            "RUNPATH",
            at(
                "/opt/app/lib",
                with(|f| f.runpath = vec!["${ORIGIN}/../lib".to_owned()]),
            ),
        ),
        (
            "$LIB",
            at(
                "/opt/lib64",
                with(|f| f.runpath = vec!["/opt/$LIB".to_owned()]),
            ),
        ),
        (
            "LD_LIBRARY_PATH",
            at("/srv/lib", plain()).env("LD_LIBRARY_PATH", "/nowhere:/srv/lib"),
        ),
        ("hwcaps", at("/usr/lib/glibc-hwcaps/armv9", plain())),
        (
            "ld.so.conf",
            at("/srv/lib", plain())
                .plain(
                    "/etc/ld.so.conf",
                    FileFacts::LoaderPath(vec!["include /etc/ld.so.conf.d/*.conf".to_owned()]),
                )
                .plain(
                    "/etc/ld.so.conf.d/srv.conf",
                    FileFacts::LoaderPath(vec!["/srv/lib".to_owned()]),
                ),
        ),
    ] {
        assert_eq!(codes(&judge(healthy)), [""; 0], "{what}");
    }
    assert_eq!(
        codes(&judge(at("/srv/lib", plain()))),
        ["needed-library-missing"]
    );
}

#[test]
fn the_rpath_of_a_program_is_for_its_libraries_too_unless_it_is_a_runpath() {
    let image = |rpath: bool| {
        let mut facts = app(&["liba.so.1"]);
        let folders = vec!["/opt/lib".to_owned()];
        if rpath {
            facts.rpath = folders;
        } else {
            facts.runpath = folders;
        }
        arm64()
            .file("/opt/app", facts)
            .plain(
                "/opt/lib/liba.so.1",
                shared_object(AArch64, "liba.so.1", &["libb.so.1"]),
            )
            .plain("/opt/lib/libb.so.1", lib("libb.so.1"))
            .entrypoint(&["/opt/app"])
    };
    assert_eq!(codes(&judge(image(true))), [""; 0]);
    assert_eq!(codes(&judge(image(false))), ["needed-library-missing"]);
}

#[test]
fn an_include_that_includes_itself_ends() {
    let conf = FileFacts::LoaderPath(vec![
        "include /etc/ld.so.conf".to_owned(),
        "include ld.so.*".to_owned(),
    ]);
    assert_eq!(
        codes(&judge(arm64().plain("/etc/ld.so.conf", conf))),
        [""; 0]
    );
}

#[test]
fn musl_searches_its_path_file_and_answers_for_libc_itself() {
    // nodejs/unofficial-builds#95: libstdc++.so.6 on Alpine.
    let loader = musl_loader(AArch64);
    let image = || {
        alpine("linux/arm64").file(
            "/usr/local/bin/node",
            program(
                AArch64,
                loader,
                &[
                    "libstdc++.so.6",
                    "libc.musl-aarch64.so.1",
                    "libpthread.so.0",
                ],
            ),
        )
    };
    let found = judge(image());
    assert_eq!(codes(&found), ["needed-library-missing"]);
    assert!(found[0].message.contains("libstdc++.so.6"));
    let stdcxx = || shared_object(AArch64, "libstdc++.so.6", &["libc.musl-aarch64.so.1"]);
    assert_eq!(
        codes(&judge(image().plain("/usr/lib/libstdc++.so.6", stdcxx()))),
        [""; 0]
    );
    let path_file = || FileFacts::LoaderPath(vec!["/opt/lib".to_owned(), "/lib".to_owned()]);
    let healthy = image()
        .plain("/etc/ld-musl-aarch64.path", path_file())
        .plain("/opt/lib/libstdc++.so.6", stdcxx());
    assert_eq!(codes(&judge(healthy)), [""; 0]);
}

#[test]
fn an_addon_for_the_other_libc_is_told_as_such() {
    // sparklemotion/nokogiri#2414, zeromq/zeromq.js#700.
    let path = "/app/node_modules/a/build/Release/a.node";
    let node = |image: Image, loader: &str| {
        image.file("/usr/local/bin/node", program(AArch64, loader, &[]))
    };
    let found = judge(node(alpine("linux/arm64"), musl_loader(AArch64)).plain(
        path,
        shared_object(AArch64, "", &["libc.so.6", "ld-linux-aarch64.so.1"]),
    ));
    assert_eq!(codes(&found), ["glibc-object-on-musl"]);
    assert_eq!(found[0].severity, Severity::Error);
    let musl = || shared_object(AArch64, "", &["libc.musl-aarch64.so.1"]);
    let found = judge(node(arm64(), glibc_loader(AArch64)).plain(path, musl()));
    assert_eq!(codes(&found), ["musl-object-on-glibc"]);
    let healthy = node(alpine("linux/arm64"), musl_loader(AArch64)).plain(path, musl());
    assert_eq!(codes(&judge(healthy)), [""; 0]);
}

#[test]
fn a_build_for_the_other_libc_beside_one_s_own_is_meant() {
    let glibc = || shared_object(AArch64, "", &["libc.so.6", "ld-linux-aarch64.so.1"]);
    let image = alpine("linux/arm64")
        .plain(
            "/app/node_modules/a/prebuilds/linux-arm64/node.napi.glibc.node",
            glibc(),
        )
        .plain(
            "/app/node_modules/@img/sharp-linux-arm64/lib/sharp.node",
            glibc(),
        )
        .plain(
            "/app/node_modules/@img/sharp-linuxmusl-arm64/lib/sharp.node",
            shared_object(AArch64, "", &["libc.musl-aarch64.so.1"]),
        );
    assert_eq!(codes(&judge(image)), [""; 0]);
}

#[test]
fn what_the_runtime_has_loaded_counts_for_its_addons() {
    let image = |node_needs: &[&str]| {
        arm64()
            .file("/usr/local/bin/node", {
                let mut node = app(node_needs);
                node.rpath = vec!["/opt/private".to_owned()];
                node
            })
            .plain("/opt/private/libuv.so.1", lib("libuv.so.1"))
            .plain(
                "/app/node_modules/a/build/Release/a.node",
                shared_object(AArch64, "", &["libuv.so.1", "libz.so.9"]),
            )
    };
    let found = judge(image(&["libuv.so.1"]));
    assert_eq!(codes(&found), ["needed-library-missing"]);
    assert!(
        found[0].message.contains("libz.so.9"),
        "{}",
        found[0].message
    );
}

#[test]
fn a_glibc_that_is_too_old_is_told_with_both_versions() {
    // hadolint/hadolint#1102: built on a newer runner than the image.
    let image = |version: &str| {
        let mut facts = app(&["libc.so.6"]);
        facts.needs_versions = vec![(
            "libc.so.6".to_owned(),
            vec!["GLIBC_2.17".to_owned(), version.to_owned()],
        )];
        arm64().file("/usr/local/bin/hadolint", facts)
    };
    let found = judge(image("GLIBC_2.38"));
    assert_eq!(codes(&found), ["glibc-too-old"]);
    assert_eq!(found[0].severity, Severity::Error);
    assert!(
        found[0].message.contains("GLIBC_2.38 of libc.so.6")
            && found[0].message.contains("GLIBC_2.36")
    );
    assert_eq!(codes(&judge(image("GLIBC_2.34"))), [""; 0]);
}

#[test]
fn a_libstdcxx_that_is_too_old_is_told_by_its_own_code() {
    // nodejs/docker-node#2218.
    let image = |highest: &str| {
        let mut node = app(&["libstdc++.so.6", "libc.so.6"]);
        node.needs_versions = vec![(
            "libstdc++.so.6".to_owned(),
            vec!["GLIBCXX_3.4.30".to_owned()],
        )];
        let mut stdcxx = lib("libstdc++.so.6");
        stdcxx.defines_versions = vec!["GLIBCXX_3.4.9".to_owned(), highest.to_owned()];
        arm64()
            .file("/usr/local/bin/node", node)
            .plain("/usr/lib/aarch64-linux-gnu/libstdc++.so.6", stdcxx)
    };
    assert_eq!(
        codes(&judge(image("GLIBCXX_3.4.28"))),
        ["libstdcxx-too-old"]
    );
    assert_eq!(codes(&judge(image("GLIBCXX_3.4.30"))), [""; 0]);
}

#[test]
fn what_nobody_is_known_to_load_is_at_most_worth_a_word() {
    // PostgreSQL on Alpine: plperl.so without libperl, on purpose.
    let image = arm64()
        .plain(
            "/usr/lib/postgresql/16/lib/plperl.so",
            shared_object(AArch64, "", &["libperl.so"]),
        )
        .plain(
            "/usr/local/lib/python3.12/lib-dynload/_tkinter.cpython-312-aarch64-linux-gnu.so",
            shared_object(AArch64, "", &["libtk8.6.so"]),
        );
    let found = judge(image);
    assert_eq!(codes(&found), ["needed-library-missing"]);
    assert_eq!(found[0].severity, Severity::Info);
}

#[test]
fn a_program_whose_script_may_set_the_path_is_a_warning() {
    let found = judge(
        arm64()
            .file("/start", script("/bin/sh"))
            .file("/usr/bin/app", app(&["liba.so.1"]))
            .plain("/opt/app/liba.so.1", lib("liba.so.1"))
            .entrypoint(&["/start"]),
    );
    assert_eq!(codes(&found), ["needed-library-missing"]);
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(found[0].evidence[0].contains("/opt/app/liba.so.1 is in no folder"));
}

#[test]
fn a_32_bit_program_has_the_folders_of_its_own_machine() {
    let image = debian("linux/amd64").debian_of(Machine::I386).file(
        "/usr/bin/wine",
        program(Machine::I386, glibc_loader(Machine::I386), &["libc.so.6"]),
    );
    let image = image
        .file(
            "/usr/bin/dash",
            program(X86_64, glibc_loader(X86_64), &["libc.so.6"]),
        )
        .file(
            "/usr/bin/env",
            program(X86_64, glibc_loader(X86_64), &["libc.so.6"]),
        );
    assert_eq!(codes(&judge(image)), [""; 0]);
}

#[test]
fn builds_for_other_systems_with_elf_files_are_meant() {
    // classic-level carries a build for Android under its own machine.
    let path = "/app/node_modules/classic-level/prebuilds/android-arm64/classic-level.armv8.node";
    let image = arm64().plain(path, shared_object(AArch64, "", &["libc.so", "liblog.so"]));
    assert_eq!(codes(&judge(image)), [""; 0]);
}

#[test]
fn all_that_an_object_lacks_is_one_finding() {
    let found = judge(arm64().file("/usr/bin/app", app(&["liba.so.1", "libb.so.1"])));
    assert_eq!(codes(&found), ["needed-library-missing"]);
    assert!(
        found[0].message.contains("liba.so.1, libb.so.1"),
        "{}",
        found[0].message
    );
}
