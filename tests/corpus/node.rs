//! Node packages without the binary for the platform.

use crate::elf::{Elf, Machine};
use crate::layout::{Image, Layer};

use super::entry::{AMD64, Entry, Site, on, on_arm64};
use super::world::{addon, debian_names, node};

const CHROME: &str = "/root/.cache/puppeteer/chrome/linux_arm-142.0.7444.59/chrome-linux64/chrome";

pub(super) const ENTRIES: &[Entry] = &[
    on_arm64("sharp-platform-package-missing", "lovell/sharp#4142", sharp)
        .at("/app/node_modules/sharp/package.json")
        .untouched(),
    on_arm64("sharp-dlopen-failed", "lovell/sharp#3898", libvips)
        .at("/app/node_modules/sharp/package.json")
        .untouched(),
    on_arm64(
        "sharp-legacy-binding",
        "ONLYOFFICE/Docker-DocumentServer#850",
        sharp_legacy,
    )
    .at("/app/node_modules/sharp/package.json")
    .untouched(),
    on_arm64("rollup-native-missing", "npm/cli#4828", rollup)
        .at("/app/node_modules/rollup/package.json")
        .untouched(),
    on_arm64(
        "esbuild-other-platform",
        "continuedev/continue#724",
        esbuild,
    )
    .at("/app/node_modules/esbuild/package.json")
    .untouched(),
    on_arm64(
        "napi-rs-binding-missing",
        "parcel-bundler/lightningcss#335",
        lightningcss,
    )
    .at("/app/node_modules/lightningcss/package.json")
    .untouched(),
    on_arm64(
        "node-modules-copied-across-platforms",
        "swc-project/swc#4184",
        copied,
    )
    .at("/app/node_modules")
    .warns()
    .untouched(),
    on_arm64("prisma-engine-missing", "prisma/orm#16901", prisma)
        .at("/app/node_modules/.prisma/client/libquery_engine-debian-openssl-3.0.x.so.node")
        .untouched(),
    on_arm64(
        "bindings-file-not-located",
        "diegosouzapw/OmniRoute#2771",
        bindings,
    )
    .at("/app/node_modules/better-sqlite3/package.json")
    .untouched(),
    on_arm64(
        "node-pre-gyp-binary-missing",
        "kelektiv/node.bcrypt.js#917",
        pre_gyp,
    )
    .at("/app/node_modules/bcrypt/package.json")
    .untouched(),
    on_arm64(
        "node-gyp-build-no-prebuild",
        "grafana/pyroscope-nodejs#128",
        prebuilds,
    )
    .at("/app/node_modules/pprof/package.json")
    .untouched(),
    on_arm64("node-abi-mismatch", "nodejs/help#3414", abi)
        .at("/app/node_modules/better-sqlite3/build/Release/better_sqlite3.node")
        .untouched(),
    on_arm64("grpc-tools-no-arm64", "grpc/grpc-node#1405", grpc_tools)
        .at("/app/node_modules/grpc-tools/bin/protoc")
        .untouched(),
    on_arm64(
        "puppeteer-chrome-x64",
        "puppeteer/puppeteer#12583",
        puppeteer,
    )
    .at(CHROME)
    .untouched(),
    on(AMD64, "sharp-x64-v2", "nxzai/NextExplorer#241", sharp_v2)
        .at("/app/node_modules/@img/sharp-linux-x64/package.json")
        .informs()
        .on_some_hosts(),
    on_arm64("ignore-scripts", "diegosouzapw/OmniRoute#2771", unbuilt)
        .at("/app/node_modules/better-sqlite3/package.json")
        .likely_cause()
        .untouched(),
];

/// Node's word for a processor.
fn cpu(machine: Machine) -> &'static str {
    match machine {
        Machine::X86_64 => "x64",
        _ => "arm64",
    }
}

/// A `package.json`, with more behind its version.
fn package(layer: Layer, name: &str, version: &str, more: &str) -> Layer {
    let text = format!("{{\"name\": \"{name}\", \"version\": \"{version}\"{more}}}");
    let path = format!("app/node_modules/{name}/package.json");
    layer.file(&path, text.as_bytes())
}

/// A package's file.
fn file(layer: Layer, name: &str, path: &str, elf: &Elf) -> Layer {
    let path = format!("app/node_modules/{name}/{path}");
    layer.program(&path, &elf.build())
}

/// A package that names one of a platform each, and the one that is installed.
fn family(
    layer: Layer,
    name: &str,
    version: &str,
    prefix: &str,
    suffix: &str,
    has: Machine,
) -> Layer {
    let all = [Machine::X86_64, Machine::AArch64]
        .map(|machine| format!("\"{prefix}{}{suffix}\": \"{version}\"", cpu(machine)));
    let more = format!(", \"optionalDependencies\": {{{}}}", all.join(", "));
    let layer = package(layer, name, version, &more);
    let own = format!("{prefix}{}{suffix}", cpu(has));
    let layer = package(layer, &own, version, "");
    file(layer, &own, "lib/binding.node", &addon(has))
}

fn installed(site: &Site, layer: Layer) -> Image {
    node(site).layer(layer.created_by("RUN npm ci # buildkit"))
}

fn sharp(site: &Site) -> Image {
    let layer = family(
        Layer::new(),
        "sharp",
        "0.33.5",
        "@img/sharp-linux-",
        "",
        site.suspect(),
    );
    installed(site, layer)
}

/// sharp's own binary is right, and libvips is another platform's.
fn libvips(site: &Site) -> Image {
    let version = "0.34.1";
    let names = |prefix: &str| {
        [Machine::X86_64, Machine::AArch64]
            .map(|machine| format!("\"{prefix}{}\": \"{version}\"", cpu(machine)))
            .join(", ")
    };
    let more = format!(
        ", \"optionalDependencies\": {{{}, {}}}",
        names("@img/sharp-linux-"),
        names("@img/sharp-libvips-linux-")
    );
    let layer = package(Layer::new(), "sharp", version, &more);
    let binding = format!("@img/sharp-linux-{}", cpu(site.own()));
    let layer = package(layer, &binding, version, "");
    let layer = file(layer, &binding, "lib/sharp.node", &addon(site.own()));
    let libvips = format!("@img/sharp-libvips-linux-{}", cpu(site.suspect()));
    let layer = package(layer, &libvips, version, "");
    let library = addon(site.suspect()).soname("libvips-cpp.so.42");
    installed(
        site,
        file(layer, &libvips, "lib/libvips-cpp.so.42", &library),
    )
}

fn sharp_legacy(site: &Site) -> Image {
    let layer = package(Layer::new(), "sharp", "0.32.6", "");
    let name = match site.suspect() {
        Machine::X86_64 => "build/Release/sharp-linux-x64.node",
        _ => "build/Release/sharp-linux-arm64v8.node",
    };
    installed(site, file(layer, "sharp", name, &addon(site.suspect())))
}

fn rollup(site: &Site) -> Image {
    let layer = Layer::new();
    let layer = family(
        layer,
        "rollup",
        "4.24.0",
        "@rollup/rollup-linux-",
        "-gnu",
        site.suspect(),
    );
    installed(site, layer)
}

fn esbuild(site: &Site) -> Image {
    let layer = family(
        Layer::new(),
        "esbuild",
        "0.24.0",
        "@esbuild/linux-",
        "",
        site.suspect(),
    );
    installed(site, layer)
}

fn lightningcss(site: &Site) -> Image {
    let layer = Layer::new();
    let prefix = "lightningcss-linux-";
    let layer = family(
        layer,
        "lightningcss",
        "1.28.1",
        prefix,
        "-gnu",
        site.suspect(),
    );
    installed(site, layer)
}

/// Two of them at once.
fn copied(site: &Site) -> Image {
    let layer = Layer::new();
    let layer = family(
        layer,
        "rollup",
        "4.24.0",
        "@rollup/rollup-linux-",
        "-gnu",
        site.suspect(),
    );
    let layer = family(
        layer,
        "@swc/core",
        "1.9.2",
        "@swc/core-linux-",
        "-gnu",
        site.suspect(),
    );
    node(site).layer(layer.created_by("COPY . . # buildkit"))
}

fn prisma(site: &Site) -> Image {
    let target = match site.suspect() {
        Machine::X86_64 => "debian-openssl-3.0.x",
        _ => "linux-arm64-openssl-3.0.x",
    };
    let layer = package(Layer::new(), "@prisma/client", "5.22.0", "");
    let name = format!("client/libquery_engine-{target}.so.node");
    installed(site, file(layer, ".prisma", &name, &addon(site.suspect())))
}

/// sharp's package for the platform, since 0.34 for newer processors alone.
fn sharp_v2(site: &Site) -> Image {
    let name = format!("@img/sharp-linux-{}", cpu(site.own()));
    let layer = package(Layer::new(), &name, site.choose("0.34.5", "0.33.5"), "");
    installed(
        site,
        file(layer, &name, "lib/sharp.node", &addon(site.own())),
    )
}

fn unbuilt(site: &Site) -> Image {
    bindings_by(site, "RUN npm ci --ignore-scripts # buildkit")
}

fn bindings(site: &Site) -> Image {
    bindings_by(site, "RUN npm ci # buildkit")
}

fn bindings_by(site: &Site, line: &str) -> Image {
    let more = ", \"gypfile\": true, \"dependencies\": {\"bindings\": \"^1.5.0\", \"prebuild-install\": \"^7.1.1\"}, \
                \"scripts\": {\"install\": \"prebuild-install || node-gyp rebuild --release\"}";
    let layer = package(Layer::new(), "better-sqlite3", "11.5.0", more);
    let layer = match site.is_broken() {
        true => layer,
        false => file(
            layer,
            "better-sqlite3",
            "build/Release/better_sqlite3.node",
            &addon(site.own()),
        ),
    };
    node(site).layer(layer.created_by(line))
}

fn pre_gyp(site: &Site) -> Image {
    let more = ", \"binary\": {\"module_name\": \"bcrypt_lib\"}, \"dependencies\": {\"@mapbox/node-pre-gyp\": \"^1.0.11\"}, \
                \"scripts\": {\"install\": \"node-pre-gyp install --fallback-to-build\"}";
    let layer = package(Layer::new(), "bcrypt", "5.1.1", more);
    let layer = match site.is_broken() {
        true => layer,
        false => file(
            layer,
            "bcrypt",
            "lib/binding/napi-v3/bcrypt_lib.node",
            &addon(site.own()),
        ),
    };
    installed(site, layer)
}

fn prebuilds(site: &Site) -> Image {
    let more = ", \"dependencies\": {\"node-gyp-build\": \"^4.8.0\"}";
    let layer = package(Layer::new(), "pprof", "4.0.0", more);
    let name = format!("prebuilds/linux-{}/node.napi.node", cpu(site.suspect()));
    let addon = addon(site.suspect()).exports("napi_register_module_v1");
    installed(site, file(layer, "pprof", &name, &addon))
}

/// Built by another Node than the image's, which is 22.
fn abi(site: &Site) -> Image {
    let layer = package(Layer::new(), "better-sqlite3", "11.5.0", "");
    let symbol = site.choose("node_register_module_v115", "node_register_module_v127");
    let addon = addon(site.own()).exports(symbol);
    let name = "build/Release/better_sqlite3.node";
    installed(site, file(layer, "better-sqlite3", name, &addon))
}

fn grpc_tools(site: &Site) -> Image {
    let layer = package(Layer::new(), "grpc-tools", "1.12.4", "");
    let protoc = Elf::program(site.suspect());
    installed(site, file(layer, "grpc-tools", "bin/protoc", &protoc))
}

/// x86-64 in a folder that says `linux_arm`.
fn puppeteer(site: &Site) -> Image {
    let (name, _) = debian_names(site.own());
    let path = match site.is_broken() {
        true => CHROME.to_owned(),
        false => CHROME.replace("linux_arm", &format!("linux_{name}")),
    };
    let chrome = Elf::program(site.suspect()).build();
    let layer = Layer::new().program(path.trim_start_matches('/'), &chrome);
    installed(site, layer)
}

#[test]
fn node_packages_are_caught_and_their_twins_are_not() {
    super::trial::try_all(ENTRIES);
}
