//! The userlands that the entries stand in: as little of Debian and Alpine as the
//! audit looks at, and an application that starts and ends with 0.

use serde_json::json;

use crate::elf::{Elf, Machine};
use crate::layout::{Image, Layer};

use super::entry::Site;

pub(super) const APP: &str = "/usr/local/bin/app";

/// Debian's word for a machine, and the name of its library folder.
pub(super) fn debian_names(machine: Machine) -> (&'static str, &'static str) {
    match machine {
        Machine::X86_64 => ("amd64", "x86_64-linux-gnu"),
        Machine::AArch64 => ("arm64", "aarch64-linux-gnu"),
        Machine::Arm => ("armhf", "arm-linux-gnueabihf"),
        other => panic!("no Debian for {other:?}"),
    }
}

/// Alpine's word for a machine, which is musl's.
pub(super) fn musl_name(machine: Machine) -> &'static str {
    machine
        .musl_loader()
        .trim_start_matches("/lib/ld-musl-")
        .trim_end_matches(".so.1")
}

/// A loader that ends what it should load, with 0: on an engine, programs and scripts
/// that the kernel takes succeed.
fn loader_of(machine: Machine, name: &str) -> Elf {
    Elf::program(machine).position_independent().soname(name)
}

/// Debian without an application.
pub(super) fn bare_debian(platform: &str, machine: Machine) -> Image {
    Image::new(platform).layer(debian_layer(machine))
}

pub(super) fn debian_layer(machine: Machine) -> Layer {
    let (name, triplet) = debian_names(machine);
    let loader = machine.glibc_loader().trim_start_matches('/');
    let file = loader.rsplit('/').next().unwrap_or_default();
    let (needs, is_arm) = (["GLIBC_2.34"], machine == Machine::Arm);
    // What the variants of ARM differ in is the same in all of a userland.
    let arm = |elf: Elf| match is_arm {
        true => elf.arm_attributes(6, Some(1)),
        false => elf,
    };
    let program = arm(Elf::glibc_program(machine).needs("libc.so.6", &needs)).build();
    let libc = Elf::library(machine).soname("libc.so.6").defines(&[
        "GLIBC_2.17",
        "GLIBC_2.34",
        "GLIBC_2.36",
    ]);
    let libstdcxx = Elf::library(machine)
        .soname("libstdc++.so.6")
        .needs("libc.so.6", &needs)
        .defines(&["GLIBCXX_3.4", "GLIBCXX_3.4.30", "CXXABI_1.3.13"]);
    let libssl = Elf::library(machine)
        .soname("libssl.so.3")
        .needs("libc.so.6", &needs)
        .defines(&["OPENSSL_3.0.0"]);
    let status = format!(
        "Package: libc6\nStatus: install ok installed\nArchitecture: {name}\nVersion: 2.36-9\n\n\
         Package: dash\nStatus: install ok installed\nArchitecture: {name}\nVersion: 0.5.12-2\n"
    );
    let folder = format!("usr/lib/{triplet}");
    Layer::new()
        .symlink("bin", "usr/bin")
        .symlink("lib", "usr/lib")
        .symlink("lib64", "usr/lib64")
        .file(
            &format!("{folder}/{file}"),
            &arm(loader_of(machine, file)).build(),
        )
        .symlink(&format!("usr/{loader}"), &format!("/{folder}/{file}"))
        .file(&format!("{folder}/libc.so.6"), &arm(libc).build())
        .file(&format!("{folder}/libstdc++.so.6"), &arm(libstdcxx).build())
        .file(&format!("{folder}/libssl.so.3"), &arm(libssl).build())
        .program("usr/bin/dash", &program)
        .symlink("usr/bin/sh", "dash")
        .program("usr/bin/env", &program)
        .file("var/lib/dpkg/status", status.as_bytes())
        .created_by("# debian.sh --arch out/ 'bookworm'")
}

/// Alpine without an application.
pub(super) fn bare_alpine(platform: &str, machine: Machine) -> Image {
    let name = musl_name(machine);
    let loader = machine.musl_loader().trim_start_matches('/');
    let libc = format!("libc.musl-{name}.so.1");
    let installed =
        format!("P:musl\nV:1.2.5-r0\nA:{name}\n\nP:busybox\nV:1.36.1-r29\nA:{name}\n\n");
    let layer = Layer::new()
        .program(loader, &loader_of(machine, &libc).build())
        .symlink(&format!("lib/{libc}"), &format!("/{loader}"))
        .program("bin/busybox", &Elf::musl_program(machine).build())
        .symlink("bin/sh", "/bin/busybox")
        .symlink("usr/bin/env", "/bin/busybox")
        .file("lib/apk/db/installed", installed.as_bytes())
        .created_by("ADD alpine-minirootfs.tar.gz / # buildkit");
    Image::new(platform).layer(layer)
}

/// Debian of a site, with an application that it starts.
pub(super) fn debian(site: &Site) -> Image {
    with_app(bare_debian(site.platform, site.own()), site)
}

/// Alpine of a site, with an application that it starts.
pub(super) fn alpine(site: &Site) -> Image {
    with_app(bare_alpine(site.platform, site.own()), site)
}

/// Debian with a Node.
pub(super) fn node(site: &Site) -> Image {
    let node = Elf::glibc_program(site.own()).node("22.23.3").build();
    debian(site).layer(Layer::new().program("usr/local/bin/node", &node))
}

/// Debian with a Python.
pub(super) fn python(site: &Site) -> Image {
    let program = Elf::glibc_program(site.own()).build();
    let layer = Layer::new()
        .program("usr/bin/python3.11", &program)
        .symlink("usr/bin/python3", "python3.11");
    debian(site).layer(layer)
}

fn with_app(image: Image, site: &Site) -> Image {
    let layer = Layer::new()
        .program(&APP[1..], &Elf::program(site.own()).build())
        .created_by("COPY --from=build /out/app /usr/local/bin/app # buildkit");
    starting(image.layer(layer), &[APP])
}

/// With another entrypoint.
pub(super) fn starting(image: Image, words: &'static [&'static str]) -> Image {
    image.config(move |config| {
        config["config"] = json!({
            "Entrypoint": words,
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        });
    })
}

/// A shared object that needs libc, as most do.
pub(super) fn addon(machine: Machine) -> Elf {
    Elf::library(machine).needs("libc.so.6", &["GLIBC_2.17"])
}
