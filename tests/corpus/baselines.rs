//! What is built for a newer processor, another variant or other pages than some
//! hosts of the platform have.

use crate::elf::{Elf, Machine};
use crate::layout::{Image, Layer, Layout};

use super::entry::{AMD64, Entry, Site, State, machine, on, on_arm64, whole};
use super::world::{APP, addon, bare_alpine, debian, musl_name, python, starting};

const TLS: &str = "/usr/lib/python3/dist-packages/scikit_learn.libs/libgomp-d22c30c5.so.1.0.0";

pub(super) const ENTRIES: &[Entry] = &[
    on(AMD64, "cpu-baseline-x86", "IBM/mcp-context-forge#1581", x86)
        .at(APP)
        .warns()
        .on_some_hosts(),
    on_arm64("cpu-baseline-lse", "restatedev/restate#5123", lse)
        .at(APP)
        .informs()
        .on_some_hosts(),
    on_arm64("elf-page-alignment", "numpy/numpy#16677", pages)
        .at(APP)
        .informs()
        .on_some_hosts(),
    on_arm64("jemalloc-page-size", "qdrant/qdrant#5952", jemalloc)
        .at(APP)
        .informs()
        .on_some_hosts(),
    on_arm64(
        "static-tls-exhausted",
        "scikit-learn/scikit-learn#17231",
        tls,
    )
    .at(TLS)
    .informs()
    .on_some_hosts(),
    on(
        "linux/arm/v6",
        "go-arm-float",
        "Erisa/cloudflared-docker#23",
        goarm,
    )
    .at(APP)
    .on_some_hosts(),
    on(
        "linux/arm/v6",
        "armv7-on-armv6",
        "docker-library/python#565",
        armv7,
    )
    .at(APP)
    .on_some_hosts(),
    on(
        "linux/arm/v7",
        "arm-float-abi",
        "RevolutionPi/imagebakery#6",
        float_abi,
    )
    .at("/usr/local/bin/tool")
    .untouched(),
    whole(
        "linux/arm/v7",
        "arm32-time64-seccomp",
        "alpinelinux/docker-alpine#135",
        time64,
    )
    .at("/lib/ld-musl-armhf.so.1")
    .informs()
    .on_some_hosts(),
];

fn with_app(site: &Site, app: &Elf) -> Image {
    debian(site).layer(Layer::new().program(APP.trim_start_matches('/'), &app.build()))
}

fn x86(site: &Site) -> Image {
    let app = Elf::program(site.own());
    with_app(
        site,
        &if site.is_broken() {
            app.x86_level(3)
        } else {
            app
        },
    )
}

fn lse(site: &Site) -> Image {
    let level = site.choose("v8.1,lse", "v8.0");
    let app = Elf::program(site.own());
    let is_arm64 = site.own() == Machine::AArch64;
    let app = match is_arm64 {
        true => app.go_build("arm64", &[("GOARM64", level)]),
        false => app.go_build("amd64", &[("GOAMD64", "v1")]),
    };
    with_app(site, &app)
}

/// As patchelf leaves it.
fn pages(site: &Site) -> Image {
    let app = Elf::glibc_program(site.own());
    let app = match site.is_broken() {
        true => app.data_alignment(0x1000),
        false => app,
    };
    with_app(site, &app)
}

fn jemalloc(site: &Site) -> Image {
    let app = Elf::program(site.own());
    with_app(
        site,
        &if site.is_broken() {
            app.jemalloc()
        } else {
            app
        },
    )
}

fn tls(site: &Site) -> Image {
    let library = addon(site.own()).soname("libgomp-d22c30c5.so.1.0.0");
    let library = match site.is_broken() {
        true => library.static_tls(),
        false => library,
    };
    python(site).layer(Layer::new().file(TLS.trim_start_matches('/'), &library.build()))
}

/// Alpine, whose armhf is ARMv6.
fn on_alpine(site: &Site, app: &Elf) -> Image {
    let image = bare_alpine(site.platform, site.own());
    let layer = Layer::new().program(APP.trim_start_matches('/'), &app.build());
    starting(image.layer(layer), &[APP])
}

fn goarm(site: &Site) -> Image {
    let app = Elf::program(site.own());
    on_alpine(
        site,
        &match site.own() {
            Machine::Arm => app.go_build("arm", &[("GOARM", site.choose("7", "6"))]),
            _ => app.go_build("amd64", &[]),
        },
    )
}

fn armv7(site: &Site) -> Image {
    let app = Elf::program(site.own());
    on_alpine(
        site,
        &match site.own() {
            Machine::Arm => app.arm_attributes(site.choose(10, 6), Some(1)),
            _ => app,
        },
    )
}

/// Something of armel in Debian's armhf.
fn float_abi(site: &Site) -> Image {
    let tool = Elf::glibc_program(site.own());
    let tool = match site.is_broken() {
        true => tool.soft_float(),
        false => tool,
    };
    debian(site).layer(Layer::new().program("usr/local/bin/tool", &tool.build()))
}

/// Alpine 3.13 and later, whose musl has 64-bit times on 32-bit machines; before, 3.12.
fn time64(state: State) -> Layout {
    let version = state.choose("1.2.2-r0", "1.1.24-r10");
    let image = |platform: &'static str| {
        let installed = format!(
            "P:musl\nV:{version}\nA:{}\n\n",
            musl_name(machine(platform))
        );
        let layer = Layer::new()
            .program(
                APP.trim_start_matches('/'),
                &Elf::program(machine(platform)).build(),
            )
            .file("lib/apk/db/installed", installed.as_bytes());
        starting(
            bare_alpine(platform, machine(platform)).layer(layer),
            &[APP],
        )
    };
    Layout::new()
        .image(image(AMD64))
        .image(image("linux/arm/v7"))
}

#[test]
fn baselines_are_caught_and_their_twins_are_not() {
    super::trial::try_all(ENTRIES);
}
