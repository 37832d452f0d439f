//! Python packages for another platform.

use crate::elf::Machine;
use crate::layout::{Image, Layer};

use super::entry::{AMD64, Entry, Site, on, on_arm64};
use super::world::{addon, debian_names, python};

const PACKAGES: &str = "/venv/lib/python3.11/site-packages";

pub(super) const ENTRIES: &[Entry] = &[
    on_arm64("py-extension-other-arch-skipped", "NousResearch/hermes-agent#74554", skipped)
        .at("/venv/lib/python3.11/site-packages/pydantic_core/_pydantic_core.cpython-311-x86_64-linux-gnu.so")
        .untouched(),
    on_arm64("py-extension-wrong-machine", "xLLM-AI/xllm#38", wrong_machine)
        .at("/venv/lib/python3.11/site-packages/xllm/_core.abi3.so")
        .untouched(),
    on_arm64("py-wheel-platform-tag-mismatch", "NousResearch/hermes-agent#75086", wheel)
        .at("/venv/lib/python3.11/site-packages/cffi-1.17.1.dist-info/WHEEL")
        .untouched(),
    on(AMD64, "numpy-baseline-cpu", "langgenius/dify#30348", numpy)
        .at("/venv/lib/python3.11/site-packages/numpy-2.4.0.dist-info")
        .informs()
        .on_some_hosts(),
];

fn path(inside: &str) -> String {
    format!("{}/{inside}", PACKAGES.trim_start_matches('/'))
}

/// A venv that was copied from a stage for the build platform.
fn skipped(site: &Site) -> Image {
    let (_, triplet) = debian_names(site.suspect());
    let name = path(&format!(
        "pydantic_core/_pydantic_core.cpython-311-{triplet}.so"
    ));
    let module = addon(site.suspect()).build();
    python(site).layer(
        Layer::new()
            .file(&name, &module)
            .created_by("COPY --from=build /venv /venv # buildkit"),
    )
}

fn wrong_machine(site: &Site) -> Image {
    let module = addon(site.suspect()).build();
    python(site).layer(Layer::new().file(&path("xllm/_core.abi3.so"), &module))
}

/// `pip install --platform`
fn wheel(site: &Site) -> Image {
    let cpu = match site.suspect() {
        Machine::X86_64 => "x86_64",
        _ => "aarch64",
    };
    let tags = format!("Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_17_{cpu}\n");
    let layer = Layer::new().file(&path("cffi-1.17.1.dist-info/WHEEL"), tags.as_bytes());
    python(site).layer(layer)
}

fn numpy(site: &Site) -> Image {
    let version = site.choose("2.4.0", "2.3.0");
    let layer = Layer::new().file(&path(&format!("numpy-{version}.dist-info/METADATA")), b"");
    python(site).layer(layer)
}

#[test]
fn python_packages_are_caught_and_their_twins_are_not() {
    super::trial::try_all(ENTRIES);
}
