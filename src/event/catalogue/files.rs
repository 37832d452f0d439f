//! Findings about single files: what is executed, what is loaded, on which machine.

use super::{FindingGroup, FindingKind, FindingRole};

kinds! {
    Programs {
        "exec-wrong-arch-userland",
        "The whole variant holds programs of another architecture.",
        "Take `--platform` out of the final `FROM`, and pin base images by the digest of their index.";
        "exec-wrong-arch-app-binary",
        "The base is right, the application's own program is built for another architecture.",
        "Declare a bare `ARG TARGETARCH` in the stage that compiles, and build for it.";
        "exec-wrong-arch-helper",
        "A program that was downloaded or copied in is built for another architecture.",
        "Choose the download by `$TARGETARCH`.";
        "masked-native-binary" as Symptom,
        "A program of another architecture that runs where that is the machine's own: tests there pass.",
        "Build or install it for the platform; do not trust a run on the other architecture.";
        "exec-elf-interpreter-missing",
        "A program's loader is not in the image, so it can't start: another libc, or another architecture.",
        "Build it statically, or use a base image with the libc it was built for.";
        "qemu-interpreter-missing" as Symptom,
        "A program of another architecture whose loader is not in the image; under emulation it ends with `Could not open '/lib…'`.",
        "Install the build of that program for the platform.";
        "rosetta-interpreter-missing" as Symptom,
        "An amd64 program in an arm64 image without amd64's loader; Rosetta ends it.",
        "Install the arm64 build of that program.";
        "enoexec-rerun-as-script" as Symptom,
        "A program of another architecture that is started through a shell, which reads it as a script.",
        "Install the build of that program for the platform.";
        "qemu-user-left-behind",
        "An emulator for the build host was left in the image.",
        "Remove it: engines bring their own.";
        "exec-empty-or-truncated-file",
        "A program has no content, or less than its header says.",
        "Build the image again; look at how the file was downloaded.";
        "exec-foreign-format",
        "A program is built for macOS or Windows.",
        "Build it inside the image, and list host builds in `.dockerignore`.";
        "exec-file-missing",
        "What the image starts is not in the image.",
        "Install it on this platform too, or correct the entrypoint.";
        "exec-not-executable",
        "What the image starts is a folder, or has no execute permission.",
        "Copy it with `--chmod=755`.";
        "exec-no-shebang",
        "A script that the image starts does not begin with `#!`; the kernel refuses it on every platform.",
        "Make `#!/…` its very first bytes, without blank line or byte order mark.";
        "exec-shebang-crlf",
        "A script's first line ends in CR LF, so its interpreter is not found.",
        "Check scripts out with `eol=lf`, or strip the carriage returns in the build.";
        "exec-shebang-interpreter-missing",
        "A script's interpreter is not in the image.",
        "Install it, or use `/bin/sh`.";
    }
    Libraries {
        "dlopen-wrong-machine-glibc",
        "A shared object is built for another architecture; glibc reports it as a missing file.",
        "Install or rebuild the package in the target platform's own stage.";
        "dlopen-wrong-machine-musl",
        "A shared object is built for another architecture; musl reports relocations it does not know.",
        "Install or rebuild the package in the target platform's own stage.";
        "dlopen-wrong-machine-musl-silent",
        "A shared object is built for another architecture; musl loads it without a word, and it crashes when it is called.",
        "Install or rebuild the package in the target platform's own stage.";
        "dlopen-not-elf",
        "A shared object is no ELF file: built for macOS or Windows, a pointer of Git LFS, a web page.",
        "List node_modules and host builds in `.dockerignore`, and install inside the image.";
        "dlopen-wrong-class",
        "A shared object is built for another word size.",
        "Install or rebuild the package in the target platform's own stage.";
        "dlopen-truncated",
        "A shared object has no content, or less than its header says.",
        "Install the package again; look for a broken download or a shared build cache.";
        "needed-library-missing",
        "A library that a program or library needs is not where the loader looks.",
        "Install the package that has it, on this platform too.";
        "needed-library-wrong-arch",
        "The only library of that name is built for another architecture.",
        "Do not copy libraries between stages of different platforms.";
        "needed-library-too-old",
        "Something needs a newer version of a library than the image has.",
        "Build it on the distribution release it will run on, or an older one.";
        "glibc-object-on-musl",
        "Something built for glibc in an image whose libc is musl.",
        "Install its musl build, or use a base image with glibc.";
        "musl-object-on-glibc",
        "Something built for musl in an image whose libc is glibc.",
        "Install its glibc build.";
        "glibc-too-old",
        "Something needs a newer glibc than the image has.",
        "Build it on the distribution release it will run on, or an older one.";
        "libstdcxx-too-old",
        "Something needs a newer libstdc++ than the image has.",
        "Build it with the compiler of the distribution release it will run on, or an older one.";
        "undefined-symbol",
        "A symbol that is needed is in none of the libraries that are loaded.",
        "Install versions that belong together.";
        "static-tls-exhausted",
        "A shared object uses static thread-local storage, and may not load late in a process.",
        "Load it first, or raise `glibc.rtld.optional_static_tls`.";
        "node-abi-mismatch",
        "A native module is built for another version of Node.js than the image has.",
        "Use the same Node.js in all stages, and rebuild.";
        "php-extension-load",
        "A PHP extension can't be loaded; PHP only warns of that and goes on.",
        "Install the extension's build for this platform and libc.";
        "java-native-wrong-arch",
        "An archive of Java classes holds native libraries, and none for this architecture.",
        "Use a version that has them for this platform.";
        "ruby-native-gem",
        "A gem's native extension is for another platform.",
        "Add the platform to the lock file, and install in the target platform's own stage.";
        "py-extension-wrong-machine",
        "A Python extension has the right name and is built for another architecture.",
        "Install the package in the target platform's own stage.";
    }
    Machine {
        "elf-page-alignment",
        "Segments are aligned to smaller pages than some kernels of the platform have; there it does not load.",
        "Link with `-z max-page-size=65536`, or give that to patchelf as `--page-size`.";
        "jemalloc-page-size",
        "It holds jemalloc, which may be built for pages of 4 KiB and then ends on kernels with larger ones.",
        "Build with `JEMALLOC_SYS_WITH_LG_PAGE=16`.";
        "cpu-baseline-x86",
        "It demands a newer x86-64 processor than the platform promises.",
        "Build for the baseline, or name the variant (`linux/amd64/v3`) in the index.";
        "cpu-baseline-lse",
        "It demands atomic instructions that older arm64 processors lack.",
        "Build for armv8-a with outline atomics.";
        "numpy-baseline-cpu",
        "NumPy was built for newer processors than the platform promises.",
        "Build NumPy for the baseline, or know the machines it runs on.";
        "sharp-x64-v2",
        "sharp's prebuilt program demands an x86-64-v2 processor.",
        "Build sharp from source, or know the machines it runs on.";
        "go-arm-float",
        "A Go program is built for another floating point unit than the platform's variant has.",
        "Build with the GOARM of the variant: 6 for arm/v6, 7 for arm/v7.";
        "armv7-on-armv6",
        "Programs for ARMv7 in an image for ARMv6; they end without a word on such machines.",
        "Use a base image that is built for ARMv6, or name the variant v7.";
        "arm-float-abi",
        "Programs and libraries disagree about how floating point values are passed.",
        "Install everything from one distribution: armhf and armel do not mix.";
        "arm32-time64-seccomp",
        "A 32-bit userland with 64-bit time fails on hosts with an old seccomp library.",
        "Know the hosts it runs on: libseccomp 2.4.2 and Docker 19.03.9 or newer.";
        "arm32-uname-lies",
        "Something for arm64 in a 32-bit arm image: an installer believed `uname -m`.",
        "Choose downloads by `$TARGETARCH` and `$TARGETVARIANT`.";
    }
}
