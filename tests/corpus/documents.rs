//! Indexes, manifests and configs that do not hold what they promise.

use serde_json::json;

use crate::elf::{Elf, Machine};
use crate::layout::{Image, Layer, Layout, Part, digest};

use super::entry::{AMD64, ARM64, Entry, State, machine, whole};
use super::world::{APP, bare_debian, starting};

pub(super) const ENTRIES: &[Entry] = &[
    whole(
        ARM64,
        "platform-not-in-index",
        "caprover/caprover#1378",
        two_of_two,
    )
    .told(&["--platform", "linux/amd64,linux/arm64"]),
    whole(
        ARM64,
        "partial-index-after-failed-leg",
        "Budibase/budibase#11442",
        two_of_two,
    )
    .of_the_index()
    .told(&["--platform", "linux/amd64,linux/arm64"])
    .warns(),
    whole(
        ARM64,
        "single-platform-image",
        "podman-container-tools/podman#16392",
        single,
    )
    .told(&["--platform", "linux/amd64,linux/arm64"]),
    whole(
        ARM64,
        "index-child-missing",
        "doobidoo/mcp-memory-service#1044",
        child,
    ),
    whole(ARM64, "blob-missing", "docker/cli#4959", blob),
    whole(
        ARM64,
        "invalid-manifest",
        "containerd/containerd#8243",
        media_type,
    ),
    whole(ARM64, "size-mismatch", "openfaas/store#58", size),
    whole(
        ARM64,
        "digest-mismatch",
        "distribution/distribution#1439",
        diff_id,
    ),
    whole(
        ARM64,
        "layer-invalid",
        "containerd/containerd#4908",
        cut_off,
    ),
    whole(
        ARM64,
        "layer-invalid",
        "GoogleContainerTools/kaniko#132",
        hard_link,
    )
    .at("/opt/app-root/helm"),
    whole(
        ARM64,
        "layer-media-type",
        "containerd/containerd#10134",
        called_plain,
    ),
    whole(ARM64, "layer-empty", "containerd/containerd#4908", no_bytes),
    whole(
        ARM64,
        "history-mismatch",
        "docker/hub-feedback#2520",
        history,
    )
    .informs(),
    whole(
        ARM64,
        "too-many-layers",
        "pkjmesra/PKScreener#117",
        many_layers,
    )
    .warns(),
    whole(ARM64, "duplicate-platform", "moby/moby#41507", duplicate),
    whole(
        "linux/amr64",
        "unknown-platform",
        "none known: the names of GOOS and GOARCH, as OCI demands",
        misspelt,
    ),
    whole(
        "linux/mips",
        "platform-not-judged",
        "none known: an architecture without rules",
        unjudged,
    )
    .informs(),
    whole(
        ARM64,
        "config-arch-mismatch",
        "kubernetes-sigs/descheduler#1886",
        config,
    ),
    whole(
        "linux/amd64/v8",
        "variant-mislabelled",
        "GoogleContainerTools/kaniko#2967",
        variant,
    ),
    whole(
        ARM64,
        "attestation-entry",
        "docker/buildx#1509",
        attestation,
    )
    .of_the_index()
    .warns(),
];

/// Debian with an application of its own.
fn image(platform: &str, machine: Machine) -> Image {
    let app = Elf::program(machine).build();
    let layer = Layer::new()
        .program(APP.trim_start_matches('/'), &app)
        .created_by("COPY app /usr/local/bin/app # buildkit");
    starting(bare_debian(platform, machine).layer(layer), &[APP])
}

fn own(platform: &'static str) -> Image {
    image(platform, machine(platform))
}

fn both() -> Layout {
    Layout::new().image(own(AMD64)).image(own(ARM64))
}

fn arm64(state: State, edit: fn(Image) -> Image) -> Layout {
    let image = own(ARM64);
    let image = match state {
        State::Broken => edit(image),
        State::Mended => image,
    };
    Layout::new().image(own(AMD64)).image(image)
}

fn two_of_two(state: State) -> Layout {
    state.choose(Layout::new().image(own(AMD64)), both())
}

/// A push of one platform over the index.
fn single(state: State) -> Layout {
    state.choose(Layout::new().image(own(AMD64)).bare(), both())
}

/// A clean-up that took the children for untagged images.
fn child(state: State) -> Layout {
    match state {
        State::Broken => both().without(Part::Manifest(1)),
        State::Mended => both(),
    }
}

fn blob(state: State) -> Layout {
    match state {
        State::Broken => both().without(Part::Layer(1, 1)),
        State::Mended => both(),
    }
}

/// A layer of a type that no runtime unpacks.
fn media_type(state: State) -> Layout {
    arm64(state, |image| {
        image.manifest(|manifest| {
            manifest["layers"][1]["mediaType"] = "application/vnd.in-toto+json".into();
        })
    })
}

fn size(state: State) -> Layout {
    arm64(state, |image| {
        image.manifest(|manifest| manifest["layers"][1]["size"] = json!(7))
    })
}

/// The config promises another archive than the layer unpacks to.
fn diff_id(state: State) -> Layout {
    arm64(state, |image| {
        image.config(|config| config["rootfs"]["diff_ids"][1] = digest(b"another").into())
    })
}

/// An upload that broke off, and was taken for whole.
fn cut_off(state: State) -> Layout {
    let whole = Layer::of(&[("etc/settings", &[7; 4096])]).packed(crate::layout::Packing::Plain);
    let tar = whole.tar();
    let bytes = state.choose(&tar[..1000], &tar[..]).to_vec();
    let layer = Layer::raw(bytes).packed(crate::layout::Packing::Plain);
    let other = Layer::of(&[("etc/settings", &[7; 4096])]);
    Layout::new()
        .image(own(AMD64).layer(other))
        .image(own(ARM64).layer(layer))
}

/// What a step moved, as a hard link to where it was.
fn hard_link(state: State) -> Layout {
    let chart = || Layer::new().file("tmp/src/helm", b"name: app");
    let moved = || match state {
        State::Broken => Layer::new().hard_link("opt/app-root/helm", "tmp/src/helm"),
        State::Mended => Layer::new().file("opt/app-root/helm", b"name: app"),
    };
    let whole = || Layer::new().file("opt/app-root/helm", b"name: app");
    Layout::new()
        .image(own(AMD64).layer(chart()).layer(whole()))
        .image(own(ARM64).layer(chart()).layer(moved()))
}

/// A layer that was compressed on its way, under its old media type.
fn called_plain(state: State) -> Layout {
    arm64(state, |image| {
        image.manifest(|manifest| {
            manifest["layers"][1]["mediaType"] = "application/vnd.oci.image.layer.v1.tar".into();
        })
    })
}

fn no_bytes(state: State) -> Layout {
    let settings = || Layer::of(&[("etc/settings", b"x")]);
    let image = own(ARM64);
    let image = match state {
        State::Broken => image
            .layer(Layer::raw(Vec::new()).media_type("application/vnd.oci.image.layer.v1.tar+gzip"))
            .config(|config| config["rootfs"]["diff_ids"][2] = digest(b"what was lost").into()),
        State::Mended => image.layer(settings()),
    };
    Layout::new()
        .image(own(AMD64).layer(settings()))
        .image(image)
}

fn history(state: State) -> Layout {
    arm64(state, |image| {
        image.config(|config| {
            config["history"].as_array_mut().expect("a list").pop();
        })
    })
}

fn many_layers(state: State) -> Layout {
    let more = state.choose(130, 2);
    let add = |image: Image, count: usize| {
        (0..count).fold(image, |image, at| {
            let text = at.to_string();
            image.layer(Layer::of(&[("etc/step", text.as_bytes())]))
        })
    };
    Layout::new()
        .image(add(own(AMD64), 2))
        .image(add(own(ARM64), more))
}

/// An index that was appended to rather than made anew.
fn duplicate(state: State) -> Layout {
    let old = own(ARM64).layer(Layer::of(&[("etc/release", b"old")]));
    match state {
        State::Broken => both().image(old),
        State::Mended => both(),
    }
}

fn misspelt(state: State) -> Layout {
    let platform = state.choose("linux/amr64", ARM64);
    Layout::new().image(own(AMD64)).image(
        own(ARM64)
            .listed_as(platform)
            .config(move |config| config["architecture"] = platform["linux/".len()..].into()),
    )
}

fn unjudged(state: State) -> Layout {
    let image = match state {
        State::Broken => image("linux/mips", Machine::AArch64),
        State::Mended => own(ARM64),
    };
    Layout::new().image(own(AMD64)).image(image)
}

/// A cross build whose config kept the builder's architecture.
fn config(state: State) -> Layout {
    arm64(state, |image| {
        image.config(|config| config["architecture"] = "amd64".into())
    })
}

fn variant(state: State) -> Layout {
    let platform = state.choose("linux/amd64/v8", AMD64);
    Layout::new()
        .image(own(AMD64).listed_as(platform))
        .image(own(ARM64))
}

/// An attestation of an image that is not in the index.
fn attestation(state: State) -> Layout {
    match state {
        State::Broken => both().attestation_of(&digest(b"an image of another build")),
        State::Mended => both().attestation(1),
    }
}

#[test]
fn documents_are_caught_and_their_twins_are_not() {
    super::trial::try_all(ENTRIES);
}
