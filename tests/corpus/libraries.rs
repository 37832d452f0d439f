//! Shared objects that a loader refuses, does not find, or takes without a word.

use crate::elf::{Elf, Machine};
use crate::layout::{Image, Layer};

use super::entry::{Entry, Site, on, on_arm64};
use super::relocated::{When, asking};
use super::world::{APP, addon, alpine, debian, debian_names, node};

const ADDON: &str = "/app/node_modules/keytar/build/Release/keytar.node";
const MODULE: &str = "/usr/local/lib/libplugin.so";

pub(super) const ENTRIES: &[Entry] = &[
    on_arm64(
        "dlopen-wrong-machine-glibc",
        "mostafa-wahied/portracker#115",
        glibc,
    )
    .at(ADDON)
    .untouched(),
    on_arm64("dlopen-wrong-machine-musl", "zeromq/zeromq.js#564", musl)
        .at(MODULE)
        .untouched(),
    on_arm64(
        "dlopen-wrong-machine-musl-silent",
        "none known: musl 1.2.3 does not look at e_machine",
        musl_silent,
    )
    .at(MODULE)
    .untouched(),
    on_arm64("dlopen-not-elf", "snoopysecurity/dvws-node#10", mach_o)
        .at(ADDON)
        .untouched(),
    on_arm64("dlopen-wrong-class", "grpc/grpc-node#744", class)
        .at(ADDON)
        .untouched(),
    on_arm64("dlopen-truncated", "Automattic/node-canvas#1914", truncated)
        .at(ADDON)
        .untouched(),
    on_arm64("needed-library-missing", "moghtech/komodo#1281", needed)
        .at(APP)
        .refused_by_a_loader(),
    on_arm64(
        "needed-library-wrong-arch",
        "none known: `COPY --from=build /usr/lib` of another platform",
        needed_foreign,
    )
    .at(APP)
    .refused_by_a_loader(),
    on_arm64("copy-from-pinned-stage", "lovell/sharp#3166", copied)
        .at(ADDON)
        .likely_cause()
        .untouched(),
    on_arm64("cache-mount-shared", "moby/buildkit#2598", cached)
        .at(ADDON)
        .likely_cause()
        .untouched(),
    on_arm64(
        "glibc-object-on-musl",
        "tursodatabase/libsql-js#91",
        glibc_on_musl,
    )
    .at("/usr/local/bin/tool")
    .untouched(),
    on_arm64(
        "musl-object-on-glibc",
        "zeromq/zeromq.js#700",
        musl_on_glibc,
    )
    .at(ADDON)
    .untouched(),
    on_arm64("glibc-too-old", "hadolint/hadolint#1102", glibc_too_old)
        .at(APP)
        .refused_by_a_loader(),
    on(
        "linux/arm/v7",
        "libstdcxx-too-old",
        "nodejs/docker-node#2218",
        libstdcxx,
    )
    .at(APP)
    .refused_by_a_loader(),
    on_arm64(
        "needed-library-too-old",
        "none known: as hadolint/hadolint#1102, of another library",
        needed_too_old,
    )
    .at(APP)
    .refused_by_a_loader()
    .warns(),
    on_arm64(
        "native-runner-newer-glibc",
        "mhdzumair/MediaFusion#671",
        glibc_too_old,
    )
    .at(APP)
    .likely_cause()
    .refused_by_a_loader(),
    on_arm64("undefined-symbol", "bytedance/g3#901", undefined)
        .at(APP)
        .refused_by_a_loader(),
];

fn with_addon(image: Image, bytes: &[u8]) -> Image {
    image.layer(
        Layer::new()
            .file(ADDON.trim_start_matches('/'), bytes)
            .created_by("RUN npm ci # buildkit"),
    )
}

fn with_module(image: Image, bytes: &[u8]) -> Image {
    image.layer(Layer::new().file(MODULE.trim_start_matches('/'), bytes))
}

fn with_app(image: Image, app: &Elf) -> Image {
    image.layer(Layer::new().program(APP.trim_start_matches('/'), &app.build()))
}

fn glibc(site: &Site) -> Image {
    with_addon(node(site), &addon(site.suspect()).build())
}

fn musl(site: &Site) -> Image {
    let object = |machine: Machine| {
        let name = machine.musl_loader().replace("/lib/ld-musl-", "libc.musl-");
        Elf::library(machine).needed(&name).build()
    };
    with_module(alpine(site), &object(site.suspect()))
}

fn musl_silent(site: &Site) -> Image {
    with_module(alpine(site), &Elf::library(site.suspect()).build())
}

fn mach_o(site: &Site) -> Image {
    let mut foreign = vec![0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1];
    foreign.resize(512, 0);
    let own = addon(site.own()).build();
    with_addon(node(site), site.choose(&foreign, &own))
}

fn class(site: &Site) -> Image {
    let machine = site.choose(Machine::Arm, site.own());
    with_addon(node(site), &addon(machine).build())
}

fn truncated(site: &Site) -> Image {
    let whole = addon(site.own()).build();
    let half = &whole[..whole.len() / 2];
    with_addon(node(site), site.choose(half, &whole))
}

/// A program that needs Debian's OpenSSL, and the package that was not installed.
fn needed(site: &Site) -> Image {
    let (_, triplet) = debian_names(site.own());
    let app = Elf::glibc_program(site.own()).needed("libssl.so.3");
    let image = with_app(debian(site), &app);
    match site.is_broken() {
        true => image.layer(Layer::new().whiteout(&format!("usr/lib/{triplet}/libssl.so.3"))),
        false => image,
    }
}

/// A library folder that was copied from another platform's stage.
fn needed_foreign(site: &Site) -> Image {
    let (_, triplet) = debian_names(site.own());
    let app = Elf::glibc_program(site.own()).needed("libpq.so.5");
    let library = Elf::library(site.suspect()).soname("libpq.so.5");
    with_app(debian(site), &app).layer(
        Layer::new()
            .file(&format!("usr/lib/{triplet}/libpq.so.5"), &library.build())
            .created_by("COPY --from=build /usr/lib /usr/lib # buildkit"),
    )
}

/// `node_modules` from a stage that is built for one platform.
fn copied(site: &Site) -> Image {
    node(site).layer(
        Layer::new()
            .file(
                ADDON.trim_start_matches('/'),
                &addon(site.suspect()).build(),
            )
            .created_by("COPY --from=deps /app/node_modules /app/node_modules # buildkit"),
    )
}

/// `npm ci` with one cache for all platforms.
fn cached(site: &Site) -> Image {
    node(site).layer(
        Layer::new()
            .file(
                ADDON.trim_start_matches('/'),
                &addon(site.suspect()).build(),
            )
            .created_by("RUN --mount=type=cache,target=/root/.npm npm ci # buildkit"),
    )
}

/// It brings the loader along, and the rest of glibc not.
fn glibc_on_musl(site: &Site) -> Image {
    let loader = site.own().glibc_loader();
    let program = match site.is_broken() {
        true => Elf::glibc_program(site.own())
            .interpreter(site.own().musl_loader())
            .needed(loader.rsplit('/').next().unwrap_or_default()),
        false => Elf::musl_program(site.own()),
    };
    alpine(site).layer(Layer::new().program("usr/local/bin/tool", &program.build()))
}

fn musl_on_glibc(site: &Site) -> Image {
    let object = match site.is_broken() {
        true => Elf::library(site.own()).needed("libc.musl-aarch64.so.1"),
        false => addon(site.own()),
    };
    with_addon(node(site), &object.build())
}

/// Built on a runner of a newer distribution than the image's.
fn glibc_too_old(site: &Site) -> Image {
    let version = site.choose("GLIBC_2.39", "GLIBC_2.34");
    let app = Elf::glibc_program(site.own()).needs("libc.so.6", &[version]);
    with_app(debian(site), &app)
}

fn libstdcxx(site: &Site) -> Image {
    let version = site.choose("GLIBCXX_3.4.32", "GLIBCXX_3.4.30");
    let app = Elf::glibc_program(site.own()).needs("libstdc++.so.6", &[version]);
    with_app(debian(site), &app)
}

fn needed_too_old(site: &Site) -> Image {
    let version = site.choose("OPENSSL_3.4.0", "OPENSSL_3.0.0");
    let app = Elf::glibc_program(site.own()).needs("libssl.so.3", &[version]);
    with_app(debian(site), &app)
}

/// Built against c-ares of the builder's release, and run with an older one.
fn undefined(site: &Site) -> Image {
    let library = Elf::library(site.own()).soname("libcares.so.2");
    let library = match site.is_broken() {
        true => library,
        false => library.exports("ares_process_fds"),
    };
    let app = Elf::musl_program(site.own())
        .needed("libcares.so.2")
        .imports("ares_process_fds");
    alpine(site).layer(
        Layer::new()
            .file("usr/lib/libcares.so.2", &library.build())
            .program(
                APP.trim_start_matches('/'),
                &asking(app.build(), When::Called),
            ),
    )
}

#[test]
fn libraries_are_caught_and_their_twins_are_not() {
    super::trial::try_all(ENTRIES);
}
