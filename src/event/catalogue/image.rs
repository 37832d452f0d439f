//! Findings about the image as a whole: its documents, its platforms, its build.

use super::{FindingGroup, FindingKind};

kinds! {
    Index {
        "platform-not-in-index",
        "The index lacks a platform that is required.",
        "Build and push that platform, or take it out of the platforms that are required.";
        "single-platform-image",
        "The reference names one manifest, where an index of several platforms is wanted.",
        "Push an index: build with several platforms, or join the manifests.";
        "partial-index-after-failed-leg",
        "The index holds fewer platforms than were built together: one of them failed, and the rest was published.",
        "Publish the index only after each of its platforms was built.";
        "index-child-missing",
        "The index lists a manifest that is not there.",
        "Push the image again, and clean registries up with a tool that knows what an index refers to.";
        "index-child-size",
        "A manifest has another size than the index says.",
        "Push the index again: runtimes refuse a manifest whose size differs.";
        "index-nested-broken",
        "The index lists an index that can't be read.",
        "Push the image again; a flat index serves more clients.";
        "manifest-invalid",
        "A manifest is there and can't be read as one.",
        "Push the image again with a current client.";
        "config-invalid",
        "An image's config is there and can't be read as one.",
        "Build the image again with a current builder.";
        "blob-missing",
        "A config or layer that a manifest names is not there.",
        "Push the image again; what was cleaned up was still in use.";
        "blob-size",
        "A config or layer has another size than its manifest says.",
        "Push the image again: clients stop with an error at the wrong size.";
        "blob-digest-mismatch",
        "A blob's bytes have another digest than the manifest promises.",
        "Push the image again, and look for a broken mirror or proxy on the way.";
        "diff-id-mismatch",
        "An uncompressed layer has another digest than the config promises.",
        "Build the image again: engines refuse to unpack such a layer.";
        "layer-unreadable",
        "A layer can't be decompressed or read as a tar archive to its end.",
        "Build and push the layer again.";
        "layer-empty",
        "A layer has no bytes at all.",
        "Build the image again; look for a full disk or a broken cache in the build.";
        "layer-not-distributable",
        "A layer is not kept in the registry but at another address.",
        "Push with non-distributable artefacts allowed, or use a base that is kept whole.";
        "layer-count-mismatch",
        "Manifest and config disagree about how many layers there are.",
        "Build the image again: engines refuse it.";
        "layers-identical",
        "Two platforms have byte-identical layers that hold ELF files; one of them must be wrong.",
        "Build each platform for itself; `COPY --from` a stage that is pinned to the build platform copies its programs.";
        "duplicate-platform",
        "The index lists two manifests for one platform; which of them runs is left to the client.",
        "Create the index anew rather than appending to it.";
        "platform-unknown",
        "The index lists a platform that names no known operating system or architecture.",
        "Correct the platform of that entry; no client will choose it as it is.";
        "platform-not-judged",
        "Programs and libraries of this platform are not judged: it is not Linux, or its architecture is unknown.",
        "Test it where it runs.";
        "config-arch-mismatch",
        "Index, config and programs disagree about the architecture.",
        "Build with `--platform`; do not annotate the index or import a root file system by hand.";
        "variant-mislabelled",
        "The variant that the platform names is not the one its programs are built for.",
        "Name the variant that the compiler was told: arm/v6 and arm/v7 are easily swapped.";
        "media-type-mismatch",
        "A document or blob has another media type than what refers to it says.",
        "Push the image again with one client; do not mix Docker's types and those of OCI.";
        "media-type-unsupported",
        "A media type that common runtimes refuse.",
        "Build with gzip layers and image media types.";
        "annotation-invalid",
        "An annotation or platform field that a runtime would refuse.",
        "Correct it in the build, and push the index again.";
        "attestation-entry",
        "An entry of the index is an attestation, not a platform.",
        "Nothing; where an old client stumbles over it, build with `--provenance=false --sbom=false`.";
        "attestation-unattached",
        "An attestation names a subject that the index does not list.",
        "Create the index anew with all of its entries, attestations included.";
    }
    Parity {
        "parity-entrypoint",
        "The platforms have different entrypoints.",
        "Build all platforms from one file.";
        "parity-command",
        "The platforms have different commands.",
        "Build all platforms from one file.";
        "parity-env",
        "The platforms have different environments.",
        "Build all platforms from one file and one base image release.";
        "parity-user",
        "The platforms run as different users.",
        "Build all platforms from one file.";
        "parity-workdir",
        "The platforms start in different folders.",
        "Build all platforms from one file.";
        "parity-ports",
        "The platforms expose different ports.",
        "Build all platforms from one file.";
        "parity-volumes",
        "The platforms have different volumes.",
        "Build all platforms from one file.";
        "parity-labels",
        "The platforms have different labels.",
        "Build all platforms from one file, in one go.";
        "parity-healthcheck",
        "The platforms have different health checks.",
        "Build all platforms from one file.";
        "parity-stop-signal",
        "The platforms are stopped by different signals.",
        "Build all platforms from one file.";
        "parity-packages",
        "The platforms have different packages, or different versions of one.",
        "Build all platforms at one time from one base image release, without shared caches.";
        "parity-files",
        "Files that only some of the platforms have.",
        "Look for a build step that depends on the architecture.";
    }
    Build {
        "buildplatform-final-stage",
        "All layers are the same on several platforms: the final stage is pinned to the build platform.",
        "Take `--platform` out of the final `FROM`.";
        "targetarch-default-shadowed",
        "`ARG TARGETARCH` has a default, which beats the builder's own value.",
        "Write `ARG TARGETARCH` without a default.";
        "targetarch-not-redeclared",
        "`ARG TARGETARCH` stands before `FROM` and is not declared again in the stage that uses it.",
        "Declare it in the stage that uses it.";
        "cache-mount-shared",
        "A build cache is shared by several platforms.",
        "Give cache mounts an id with the platform in it.";
        "kaniko-cache-cross-arch",
        "Cached layers of another architecture were used.",
        "Give each platform a cache repository of its own.";
        "copy-from-pinned-stage",
        "A layer was copied from a stage of another platform.",
        "Copy only what has no machine code from a stage that is pinned to the build platform.";
        "hardcoded-download",
        "A download has its architecture written into its address.",
        "Choose it by `$TARGETARCH`.";
        "native-runner-newer-glibc",
        "One platform was built on a newer distribution than the others.",
        "Build each platform on the same distribution release.";
        "ignore-scripts",
        "Install scripts did not run, so native modules were not built.",
        "Allow the install scripts of packages with native modules.";
    }
}
