//! Findings about packages of languages and distributions.

use super::{FindingGroup, FindingKind, FindingRole};

kinds! {
    Packages {
        "sharp-platform-package-missing",
        "sharp is installed without its package for this platform.",
        "Install in the target platform's own stage, or with `--os`, `--cpu` and `--libc`.";
        "sharp-dlopen-failed",
        "sharp's native module is there, and the library it loads for this platform is not.",
        "Install in the target platform's own stage, or with `--os`, `--cpu` and `--libc`.";
        "sharp-legacy-binding",
        "sharp's native module is for another platform.",
        "Install in the target platform's own stage.";
        "bindings-file-not-located",
        "A package has no native module at all: its install script did not run.",
        "Allow install scripts, and install a compiler where there is no prebuilt module.";
        "node-gyp-build-no-prebuild",
        "A package brings prebuilt modules, and none for this platform.",
        "Rebuild it from source in the image.";
        "node-pre-gyp-binary-missing",
        "A package's downloaded native module is not there.",
        "Rebuild it from source in the image.";
        "rollup-native-missing",
        "Rollup is installed without its package for this platform.",
        "Install in the target platform's own stage, with a lock file that lists its platforms.";
        "napi-rs-binding-missing",
        "A package is installed without its native package for this platform.",
        "Install in the target platform's own stage.";
        "esbuild-other-platform",
        "esbuild is installed for another platform.",
        "Install in the target platform's own stage.";
        "prisma-engine-missing",
        "Prisma's engine for this platform is not in the image.",
        "Add the platform to `binaryTargets`, or generate in the target platform's own stage.";
        "puppeteer-chrome-x64",
        "Puppeteer downloaded a browser for amd64; there is none for this platform.",
        "Install the distribution's Chromium, and set PUPPETEER_EXECUTABLE_PATH.";
        "grpc-tools-no-arm64",
        "grpc-tools brings a compiler for another architecture.",
        "Use the distribution's protoc.";
        "node-modules-copied-across-platforms",
        "Several Node packages are for another platform: node_modules was copied.",
        "Install in the target platform's own stage; do not copy node_modules from elsewhere.";
        "py-extension-other-arch-skipped",
        "A Python extension is named for another architecture, so that Python does not see it.",
        "Install in the target platform's own stage; do not copy a virtual environment from elsewhere.";
        "py-wheel-platform-tag-mismatch",
        "A Python package was installed from a wheel for another platform.",
        "Install in the target platform's own stage.";
        "foreign-apt-arch",
        "A distribution package of another architecture is installed.",
        "Remove it, or install it for the platform's own architecture.";
        "foreign-apk-arch",
        "An Alpine package of another architecture is installed.",
        "Remove it, or install it for the platform's own architecture.";
    }
}
