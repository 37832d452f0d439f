//! Ruby, PHP, Java, packages of the distribution, and what only one platform has.

use std::io::Write as _;

use crate::elf::{Elf, Machine};
use crate::layout::{Image, Layer};

use super::entry::{Entry, Site, on_arm64};
use super::world::{alpine, debian, debian_names, musl_name};

const GEM: &str = "/usr/local/bundle/gems/nokogiri-1.16.0-x86_64-linux";
const PHP: &str = "/usr/local/lib/php/extensions/no-debug-non-zts-20220829/newrelic.so";
const JAR: &str = "/app/lib/rocksdbjni-9.2.1.jar";

pub(super) const ENTRIES: &[Entry] = &[
    on_arm64("ruby-native-gem", "sparklemotion/nokogiri#2414", gem)
        .at(GEM)
        .untouched(),
    on_arm64("php-extension-load", "newrelic/newrelic-php-agent#383", php)
        .at(PHP)
        .untouched(),
    on_arm64("java-native-wrong-arch", "facebook/rocksdb#12779", java)
        .at(JAR)
        .warns()
        .untouched(),
    on_arm64("foreign-apt-arch", "gannonh/kata#303", apt)
        .at("/var/lib/dpkg/status.d/libssl3")
        .warns()
        .untouched(),
    on_arm64(
        "foreign-apk-arch",
        "none known: as gannonh/kata#303, on Alpine",
        apk,
    )
    .at("/lib/apk/db/installed")
    .warns()
    .untouched(),
    on_arm64("parity-config", "none known", config)
        .of_the_index()
        .warns()
        .untouched(),
    on_arm64("parity-packages", "jupyter/docker-stacks#1401", packages)
        .of_the_index()
        .at("/var/lib/dpkg/status")
        .warns()
        .untouched(),
    on_arm64("parity-files", "dolthub/doltgresql#3034", files)
        .at("/usr/local/bin/extra")
        .warns()
        .untouched(),
];

fn gem(site: &Site) -> Image {
    let platform = match site.suspect() {
        Machine::X86_64 => "x86_64-linux",
        _ => "aarch64-linux",
    };
    let folder = format!("usr/local/bundle/gems/nokogiri-1.16.0-{platform}");
    let layer = Layer::new().folder(&folder).file(
        &format!("{folder}/lib/nokogiri.rb"),
        b"require 'nokogiri/nokogiri'\n",
    );
    debian(site).layer(layer)
}

/// With the line in an ini file that has PHP load it.
fn php(site: &Site) -> Image {
    let extension = Elf::library(site.suspect()).build();
    let layer = Layer::new()
        .file(PHP.trim_start_matches('/'), &extension)
        .file(
            "usr/local/etc/php/conf.d/newrelic.ini",
            b"extension=newrelic.so\n",
        );
    debian(site).layer(layer)
}

/// A jar with a library for one machine alone.
fn java(site: &Site) -> Image {
    let mut jar = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let mut machines = vec![Machine::X86_64];
    if !site.is_broken() {
        machines.push(Machine::AArch64);
    }
    for machine in machines {
        let name = format!("librocksdbjni-linux-{}.so", debian_names(machine).0);
        jar.start_file(name, zip::write::SimpleFileOptions::default())
            .expect("in memory");
        jar.write_all(&Elf::library(machine).build())
            .expect("in memory");
    }
    let bytes = jar.finish().expect("in memory").into_inner();
    debian(site).layer(Layer::new().file(JAR.trim_start_matches('/'), &bytes))
}

/// `apt-get install libssl3:amd64`
fn apt(site: &Site) -> Image {
    let (name, _) = debian_names(site.suspect());
    let text = format!("Package: libssl3\nArchitecture: {name}\nVersion: 3.0.15-1\n");
    let layer = Layer::new().file("var/lib/dpkg/status.d/libssl3", text.as_bytes());
    debian(site).layer(layer)
}

/// `apk --arch x86_64`
fn apk(site: &Site) -> Image {
    let image = alpine(site);
    let name = musl_name(site.suspect());
    let text = format!("P:musl\nV:1.2.5-r0\nA:{name}\n\n");
    image.layer(Layer::new().file("lib/apk/db/installed", text.as_bytes()))
}

fn config(site: &Site) -> Image {
    let words = site.choose("65534", "1000");
    debian(site).config(move |config| config["config"]["User"] = words.into())
}

/// Built at another time.
fn packages(site: &Site) -> Image {
    let (name, _) = debian_names(site.own());
    let version = site.choose("3.0.14-1~deb12u2", "3.0.15-1~deb12u1");
    let text = format!("Package: openssl\nArchitecture: {name}\nVersion: {version}\n");
    let layer = Layer::new().file("var/lib/dpkg/status.d/openssl", text.as_bytes());
    debian(site).layer(layer)
}

/// A step that depends on the architecture.
fn files(site: &Site) -> Image {
    let image = debian(site);
    match site.is_broken() {
        true => image,
        false => image
            .layer(Layer::new().program("usr/local/bin/extra", &Elf::program(site.own()).build())),
    }
}

#[test]
fn the_others_are_caught_and_their_twins_are_not() {
    super::trial::try_all(ENTRIES);
}
