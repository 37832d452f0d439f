//! Programs that do not start where they should.

use serde_json::json;

use crate::elf::{Elf, Machine};
use crate::layout::{Image, Layer};

use super::entry::{Entry, Site, on, on_arm64};
use super::world::{APP, alpine, bare_debian, debian, starting};

pub(super) const ENTRIES: &[Entry] = &[
    on_arm64(
        "exec-wrong-arch-userland",
        "cloudposse/atmos#2931",
        userland,
    )
    .at("/usr/bin/dash"),
    on_arm64(
        "buildplatform-final-stage",
        "lightninglabs/loop#1211",
        userland,
    )
    .at("/usr/bin/dash")
    .likely_cause(),
    on_arm64("exec-wrong-arch-app-binary", "mescon/Muximux#355", app).at(APP),
    on_arm64(
        "targetarch-default-shadowed",
        "docker/buildx#510",
        app_by_argument,
    )
    .at(APP)
    .likely_cause(),
    on_arm64(
        "targetarch-not-redeclared",
        "FriendsOfShopware/shopmon#770",
        app_without_argument,
    )
    .at(APP)
    .likely_cause(),
    on_arm64("identical-layers-with-elf", "lightninglabs/loop#1211", app).at(APP),
    on_arm64(
        "kaniko-cache-cross-arch",
        "GoogleContainerTools/kaniko#3350",
        cached_by_kaniko,
    )
    .at(APP)
    .likely_cause(),
    on_arm64("exec-wrong-arch-helper", "kcl-lang/cli#97", helper).at("/sbin/tini"),
    on_arm64("hardcoded-download", "onedr0p/containers#178", helper)
        .at("/sbin/tini")
        .likely_cause(),
    on(
        "linux/arm/v7",
        "arm32-uname-lies",
        "containerd/containerd#10466",
        uname,
    )
    .at("/usr/local/bin/yq")
    .untouched(),
    on_arm64(
        "exec-elf-interpreter-missing",
        "gliderlabs/docker-alpine#12",
        interpreter,
    )
    .at(APP),
    on_arm64(
        "exec-empty-or-truncated-file",
        "containerd/containerd#5854",
        empty,
    )
    .at(APP),
    on_arm64("exec-foreign-format", "kelektiv/node.bcrypt.js#578", mach_o).at(APP),
    on_arm64("exec-file-missing", "moby/moby#27182", missing).at(APP),
    on_arm64("exec-not-executable", "basecamp/kamal#279", not_executable).at(APP),
    on_arm64(
        "qemu-user-left-behind",
        "amazonlinux/container-images#18",
        qemu,
    )
    .at("/usr/bin/qemu-aarch64-static")
    .informs()
    .untouched(),
];

/// `FROM --platform=$BUILDPLATFORM` on the last stage.
fn userland(site: &Site) -> Image {
    let image = bare_debian(site.platform, site.suspect()).layer(
        Layer::new()
            .program(&APP[1..], &Elf::program(site.suspect()).build())
            .created_by("COPY --from=build /out/app /usr/local/bin/app # buildkit"),
    );
    starting(image, &[APP])
}

fn go(machine: Machine) -> Vec<u8> {
    let goarch = match machine {
        Machine::X86_64 => "amd64",
        _ => "arm64",
    };
    Elf::program(machine).go_build(goarch, &[]).build()
}

fn started(site: &Site, layer: Layer) -> Image {
    starting(bare_debian(site.platform, site.own()).layer(layer), &[APP])
}

fn app(site: &Site) -> Image {
    let layer = Layer::new().program(&APP[1..], &go(site.suspect()));
    started(
        site,
        layer.created_by("COPY --from=build /out/app /usr/local/bin/app # buildkit"),
    )
}

/// A layer that kaniko found in the cache of another platform's build.
fn cached_by_kaniko(site: &Site) -> Image {
    let layer = Layer::new()
        .program(&APP[1..], &go(site.suspect()))
        .created_by("RUN go build -o /usr/local/bin/app .");
    started(site, layer).config(|config| {
        for step in config["history"].as_array_mut().expect("a list") {
            step["author"] = "kaniko".into();
        }
    })
}

/// `ARG TARGETARCH=amd64`
fn app_by_argument(site: &Site) -> Image {
    let argument = site.choose("amd64", &site.platform["linux/".len()..]);
    let line = format!("RUN |1 TARGETARCH={argument} /bin/sh -c fetch app # buildkit");
    started(
        site,
        Layer::new()
            .program(&APP[1..], &go(site.suspect()))
            .created_by(&line),
    )
}

/// `ARG TARGETARCH` before `FROM` alone.
fn app_without_argument(site: &Site) -> Image {
    let argument = site.choose("", &site.platform["linux/".len()..]);
    let line = format!("RUN |1 TARGETARCH={argument} /bin/sh -c fetch app # buildkit");
    started(
        site,
        Layer::new()
            .program(&APP[1..], &go(site.suspect()))
            .created_by(&line),
    )
}

fn helper(site: &Site) -> Image {
    let layer = Layer::new()
        .program("sbin/tini", &Elf::program(site.suspect()).build())
        .created_by(site.choose(
            "RUN curl -fsSLo /sbin/tini https://example.com/v0.19.0/tini-amd64",
            "RUN curl -fsSLo /sbin/tini https://example.com/v0.19.0/tini-$TARGETARCH",
        ));
    starting(debian(site).layer(layer), &["/sbin/tini", "--", APP])
}

/// An installer that believed `uname -m`.
fn uname(site: &Site) -> Image {
    let machine = site.choose(Machine::AArch64, site.own());
    debian(site).layer(Layer::new().program("usr/local/bin/yq", &Elf::program(machine).build()))
}

/// Built for glibc, started on musl.
fn interpreter(site: &Site) -> Image {
    let program = site.choose(
        Elf::glibc_program(site.own()),
        Elf::musl_program(site.own()),
    );
    alpine(site).layer(Layer::new().program(&APP[1..], &program.build()))
}

fn empty(site: &Site) -> Image {
    let program = Elf::program(site.own()).build();
    debian(site).layer(Layer::new().program(&APP[1..], site.choose(&[], &program)))
}

/// What a developer's machine built.
fn mach_o(site: &Site) -> Image {
    let mut foreign = vec![0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1];
    foreign.resize(512, 0);
    let program = Elf::program(site.own()).build();
    debian(site).layer(Layer::new().program(&APP[1..], site.choose(&foreign, &program)))
}

/// A build step that only one platform has.
fn missing(site: &Site) -> Image {
    let image = debian(site);
    match site.is_broken() {
        true => image.layer(Layer::new().whiteout(&APP[1..])),
        false => image,
    }
}

fn not_executable(site: &Site) -> Image {
    let program = Elf::program(site.own()).build();
    let layer = Layer::new();
    let layer = match site.is_broken() {
        true => layer.file(&APP[1..], &program),
        false => layer.program(&APP[1..], &program),
    };
    debian(site).layer(layer).config(|config| {
        config["config"]["Entrypoint"] = json!([APP]);
    })
}

fn qemu(site: &Site) -> Image {
    let image = debian(site);
    match site.is_broken() {
        true => image.layer(Layer::new().program(
            "usr/bin/qemu-aarch64-static",
            &Elf::program(Machine::X86_64).build(),
        )),
        false => image,
    }
}

#[test]
fn programs_are_caught_and_their_twins_are_not() {
    super::trial::try_all(ENTRIES);
}
