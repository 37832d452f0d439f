//! Findings about the image as a whole: its documents, its platforms, its build.

use super::{FindingGroup, FindingKind, FindingRole};

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
        "invalid-manifest",
        "An index, manifest or config is there, and runtimes can't use it as it is.",
        "Push the image again, built with a current client.";
        "blob-missing",
        "A config or layer that a manifest names is not there.",
        "Push the image again; what was cleaned up was still in use.";
        "size-mismatch",
        "A document or blob has another size than what refers to it says; runtimes refuse it.",
        "Push the image again.";
        "digest-mismatch",
        "Something has another digest than what refers to it promises.",
        "Push the image again, and look for a broken mirror or proxy on the way.";
        "layer-invalid",
        "A layer can't be decompressed, read as a tar archive to its end, or unpacked on those below it.",
        "Build and push the layer again.";
        "layer-media-type",
        "A layer is compressed otherwise than its media type says, or not at all.",
        "Push the image again with a current client, or convert it with one that writes media types anew.";
        "layer-empty",
        "A layer has no bytes at all.",
        "Build the image again; look for a full disk or a broken cache in the build.";
        "history-mismatch",
        "Manifest, config and history disagree about how many layers there are.",
        "Build the image again with a current builder.";
        "too-many-layers",
        "The image has more layers than some engines can mount.",
        "Join steps of the build, or squash it.";
        "duplicate-platform",
        "The index lists two manifests for one platform; which of them runs is left to the client.",
        "Create the index anew rather than appending to it.";
        "unknown-platform",
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
        "attestation-entry",
        "An entry of the index is an attestation, not a platform.",
        "Nothing; where an old client stumbles over it, build with `--provenance=false --sbom=false`.";
    }
    Parity {
        "parity-config",
        "The platforms have different configurations: entrypoint, command, environment, user, ports, labels.",
        "Build all platforms from one file, in one go.";
        "parity-packages",
        "The platforms have different packages, or different versions of one.",
        "Build all platforms at one time from one base image release, without shared caches.";
        "parity-files",
        "Files that only some of the platforms have.",
        "Look for a build step that depends on the architecture.";
    }
    Build {
        "identical-layers-with-elf",
        "Two platforms have byte-identical layers that hold programs; on one of them they are wrong.",
        "Build each platform for itself; what is copied from a stage of the build platform must hold no machine code.";
        "buildplatform-final-stage" as Cause,
        "All layers are the same on several platforms: the final stage is pinned to the build platform.",
        "Take `--platform` out of the final `FROM`.";
        "targetarch-default-shadowed" as Cause,
        "`ARG TARGETARCH` has a default, which beats the builder's own value.",
        "Write `ARG TARGETARCH` without a default.";
        "targetarch-not-redeclared" as Cause,
        "`ARG TARGETARCH` stands before `FROM` and is not declared again in the stage that uses it.",
        "Declare it in the stage that uses it.";
        "cache-mount-shared" as Cause,
        "A build cache is shared by several platforms.",
        "Give cache mounts an id with the platform in it.";
        "kaniko-cache-cross-arch" as Cause,
        "Cached layers of another architecture were used.",
        "Give each platform a cache repository of its own.";
        "copy-from-pinned-stage" as Cause,
        "A layer was copied from a stage of another platform.",
        "Copy only what has no machine code from a stage that is pinned to the build platform.";
        "hardcoded-download" as Cause,
        "A download has its architecture written into its address.",
        "Choose it by `$TARGETARCH`.";
        "native-runner-newer-glibc" as Cause,
        "One platform was built on a newer distribution than the others.",
        "Build each platform on the same distribution release.";
        "ignore-scripts" as Cause,
        "Install scripts did not run, so native modules were not built.",
        "Allow the install scripts of packages with native modules.";
    }
}
