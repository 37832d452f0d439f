use crate::audit::file::{ElfFacts, Symbols};
use crate::audit::rules::fixture::{
    Image, alpine, codes, debian, glibc_loader, musl_loader, program, shared_object,
};
use crate::audit::rules::programs;
use crate::event::{Finding, Severity};
use crate::image::Machine;

const ARM64: Machine = Machine::AArch64;
const LIBRARIES: &str = "/usr/lib/aarch64-linux-gnu";

fn judge(image: Image) -> Vec<Finding> {
    programs::judge(&image.unpacked())
}

/// The severities of what is found, where it is nothing but this rule's.
fn severities(image: Image) -> Vec<Severity> {
    let found = judge(image);
    assert!(
        found
            .iter()
            .all(|finding| finding.code == "undefined-symbol"),
        "{found:?}"
    );
    found.into_iter().map(|finding| finding.severity).collect()
}

fn nothing(image: Image) {
    assert_eq!(codes(&judge(image)), [""; 0]);
}

fn with(facts: ElfFacts, symbols: Symbols) -> ElfFacts {
    ElfFacts { symbols, ..facts }
}

fn on_musl(needed: &[&str]) -> ElfFacts {
    program(ARM64, musl_loader(ARM64), needed)
}

fn on_glibc(needed: &[&str]) -> ElfFacts {
    program(ARM64, glibc_loader(ARM64), needed)
}

fn library(name: &str, symbols: Symbols) -> ElfFacts {
    with(shared_object(ARM64, name, &[]), symbols)
}

fn nobody() -> Symbols {
    Symbols::default()
}

/// Debian with a program that is started and needs a library.
fn app(needs: Symbols, library_has: Symbols) -> Image {
    debian("linux/arm64")
        .file("/usr/bin/app", with(on_glibc(&["libx.so.1"]), needs))
        .plain(
            &format!("{LIBRARIES}/libx.so.1"),
            library("libx.so.1", library_has),
        )
        .command(&["app"])
}

#[test]
fn a_program_that_was_built_against_a_newer_library_does_not_start_on_musl() {
    // bytedance/g3#901: c-ares of the builder's release, and an older one at run time.
    let image = |has: &[&str]| {
        let needs = Symbols::of(&[], &[], &["ares_process_fds", "ares_init"]);
        alpine("linux/arm64")
            .file("/usr/bin/g3proxy", with(on_musl(&["libcares.so.2"]), needs))
            .plain(
                "/usr/lib/libcares.so.2",
                library("libcares.so.2", Symbols::of(has, &[], &[])),
            )
            .command(&["g3proxy"])
    };
    let found = judge(image(&["ares_init"]));
    assert_eq!(codes(&found), ["undefined-symbol"]);
    assert_eq!(found[0].severity, Severity::Error);
    assert_eq!(found[0].path.as_deref(), Some("/usr/bin/g3proxy"));
    assert!(found[0].message.contains("`ares_process_fds`"));
    assert_eq!(
        found[0].evidence,
        [
            "/usr/bin/g3proxy needs `ares_process_fds`; searched: /usr/bin/g3proxy, /usr/lib/libcares.so.2 and the loader"
        ]
    );
    nothing(image(&["ares_init", "ares_process_fds"]));
}

#[test]
fn glibc_looks_for_functions_when_they_are_called_and_for_the_rest_at_once() {
    let at_load = Symbols::of(&[], &["x_table"], &[]);
    assert_eq!(severities(app(at_load, nobody())), [Severity::Error]);
    let at_call = Symbols::of(&[], &[], &["x_run"]);
    assert_eq!(severities(app(at_call, nobody())), [Severity::Warning]);
    let both = Symbols::of(&[], &["x_table"], &["x_run"]);
    nothing(app(both, Symbols::of(&["x_table", "x_run"], &[], &[])));
}

#[test]
fn what_only_another_library_has_is_not_loaded_with_it() {
    let image = |needs: Symbols, command: &str| {
        app(needs, nobody())
            .plain(
                "/opt/other/liby.so.1",
                library("liby.so.1", Symbols::of(&["y"], &[], &[])),
            )
            .command(&[command])
    };
    let at_load = || Symbols::of(&[], &["y"], &[]);
    assert_eq!(severities(image(at_load(), "app")), [Severity::Error]);
    // A script may start it with another LD_LIBRARY_PATH.
    assert_eq!(severities(image(at_load(), "sh")), [Severity::Warning]);
    nothing(image(at_load(), "app").env("LD_PRELOAD", "/opt/other/liby.so.1"));
}

#[test]
fn a_library_finds_symbols_in_the_program_that_loads_it() {
    let image = |exports: &[&str]| {
        app(
            Symbols::of(exports, &[], &[]),
            Symbols::of(&[], &["app_hook"], &[]),
        )
    };
    nothing(image(&["app_hook"]));
    let found = judge(image(&[]));
    assert_eq!(codes(&found), ["undefined-symbol"]);
    assert_eq!(
        found[0].path.as_deref(),
        Some("/usr/lib/aarch64-linux-gnu/libx.so.1")
    );
    assert!(found[0].evidence[0].contains("and /usr/bin/app loads it"));
}

#[test]
fn loaders_have_symbols_of_their_own() {
    let glibc = with(
        shared_object(ARM64, "ld-linux-aarch64.so.1", &[]),
        Symbols::of(&["_rtld_global"], &[], &[]),
    );
    nothing(
        app(Symbols::of(&[], &["_rtld_global"], &[]), nobody())
            .plain(&format!("{LIBRARIES}/ld-linux-aarch64.so.1"), glibc),
    );
    let musl = with(
        shared_object(ARM64, "libc.musl-aarch64.so.1", &[]),
        Symbols::of(&["printf"], &[], &[]),
    );
    let needs = Symbols::of(&[], &[], &["printf"]);
    nothing(alpine("linux/arm64").file(musl_loader(ARM64), musl).file(
        "/usr/bin/app",
        with(on_musl(&["libc.musl-aarch64.so.1"]), needs),
    ));
}

#[test]
fn what_other_rules_tell_is_not_told_again() {
    let needs = Symbols::of(&[], &["x"], &[]);
    let missing = debian("linux/arm64")
        .file(
            "/usr/bin/app",
            with(on_glibc(&["libx.so.1"]), needs.clone()),
        )
        .command(&["app"]);
    assert_eq!(codes(&judge(missing)), ["needed-library-missing"]);
    let mut old = with(on_glibc(&["libc.so.6"]), needs);
    old.needs_versions = vec![("libc.so.6".to_owned(), vec!["GLIBC_2.39".to_owned()])];
    let old = debian("linux/arm64").file("/usr/bin/app", old);
    assert_eq!(codes(&judge(old)), ["glibc-too-old"]);
}

#[test]
fn nothing_is_said_where_the_symbols_of_a_library_are_not_known() {
    let needs = Symbols::of(&[], &["x"], &[]);
    nothing(app(needs, Symbols::unread("there are too many of them")));
}

const EXTENSION: &str =
    "/usr/lib/python3/dist-packages/fast/_fast.cpython-311-aarch64-linux-gnu.so";

/// Debian with a Python and an extension that needs a symbol.
fn python(extension: &str, exports: &[&str]) -> Image {
    let python = with(
        on_glibc(&["libc.so.6"]),
        Symbols::of(&["PyModule_Create2"], &[], &[]),
    );
    let symbols = Symbols::of(exports, &["PyModule_Create2"], &["fast_run"]);
    debian("linux/arm64")
        .file("/usr/bin/python3.11", python)
        .link("/usr/bin/python3", "python3.11")
        .plain(extension, with(shared_object(ARM64, "", &[]), symbols))
}

#[test]
fn an_extension_finds_symbols_in_its_runtime_and_in_whatever_is_loaded_before() {
    let found = judge(python(EXTENSION, &["PyInit__fast"]));
    assert_eq!(codes(&found), ["undefined-symbol"]);
    assert_eq!(found[0].severity, Severity::Error);
    assert!(
        found[0]
            .message
            .contains("`fast_run`, which nothing in the image defines")
    );
    assert!(found[0].evidence[0].contains("searched: all 6 ELF files for AArch64"));
    nothing(python(EXTENSION, &["PyInit__fast"]).plain(
        "/usr/lib/python3/dist-packages/fast.libs/libfast.so",
        library("libfast.so", Symbols::of(&["fast_run"], &[], &[])),
    ));
}

#[test]
fn what_is_no_module_of_python_s_may_never_be_loaded() {
    assert_eq!(severities(python(EXTENSION, &[])), [Severity::Warning]);
}

#[test]
fn an_extension_for_a_runtime_that_is_not_there_is_not_judged() {
    for (own, other) in [
        ("cpython-311", "cpython-312"),
        ("cpython-311", "pypy39-pp73"),
    ] {
        let found = judge(python(&EXTENSION.replace(own, other), &["PyInit__fast"]));
        assert!(!codes(&found).contains(&"undefined-symbol"), "{found:?}");
    }
    let needs = Symbols::of(&[], &["napi_create_function"], &[]);
    nothing(debian("linux/arm64").plain(
        "/app/node_modules/x/build/Release/x.node",
        with(shared_object(ARM64, "", &[]), needs),
    ));
}

#[test]
fn node_loads_an_addon_without_the_functions_that_it_never_calls() {
    let image = |needs: Symbols, abi: Option<u32>| {
        let node = ElfFacts {
            node_version: Some("22.1.0".to_owned()),
            ..with(
                on_glibc(&["libc.so.6"]),
                Symbols::of(&["napi_create_function"], &[], &[]),
            )
        };
        let addon = ElfFacts {
            node_module_version: abi,
            ..with(shared_object(ARM64, "", &[]), needs)
        };
        debian("linux/arm64")
            .file("/usr/local/bin/node", node)
            .plain("/app/node_modules/x/build/Release/x.node", addon)
    };
    let at_load = || Symbols::of(&[], &["napi_create_function", "cairo_vtable"], &[]);
    let at_call = Symbols::of(&[], &["napi_create_function"], &["cairo_create"]);
    assert_eq!(severities(image(at_load(), None)), [Severity::Error]);
    assert_eq!(severities(image(at_call, None)), [Severity::Warning]);
    assert_eq!(severities(image(at_load(), Some(127))), [Severity::Error]);
    // Of another Node: `node-abi-mismatch` tells.
    nothing(image(at_load(), Some(115)));
    nothing(image(
        Symbols::of(&[], &["napi_create_function"], &[]),
        None,
    ));
}

#[test]
fn a_plugin_that_nothing_is_known_to_load_is_worth_a_word() {
    let image = |path: &str| {
        debian("linux/arm64").plain(
            path,
            library("plugin.so", Symbols::of(&[], &["host_register"], &[])),
        )
    };
    assert_eq!(severities(image("/opt/host/plugin.so")), [Severity::Info]);
    nothing(image("/usr/lib/aarch64-linux-gnu/libthread_db.so.1"));
    // Of the other libc, beside the one that is used.
    nothing(image("/opt/host/linux-musl/plugin.so"));
}

#[test]
fn what_the_host_mounts_or_linkers_make_need_not_be_in_the_image() {
    let needs = Symbols::of(&[], &["cuInit", "nvmlInit_v2", "_end"], &["cuCtxCreate"]);
    nothing(app(needs, nobody()));
}

#[test]
fn outline_atomics_have_a_hint_of_their_own() {
    let found = judge(app(
        Symbols::of(&[], &["__aarch64_ldadd4_acq_rel"], &[]),
        nobody(),
    ));
    let hint = found[0].hint.as_deref().unwrap_or_default();
    assert!(hint.contains("-mno-outline-atomics"), "{hint}");
}
