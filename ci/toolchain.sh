# shellcheck shell=bash
# What building everyarch needs, and where the build goes. Sourced after machine.sh.
# shellcheck disable=SC2154 # $root is set by whoever sources this

# A login shell would have it; a CI job's often does not.
PATH=$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin

# Where cargo puts things; a relative folder of the environment is relative to here.
cd "$root" || exit
target=${CARGO_TARGET_DIR:-$root/target}
mkdir -p "$target"
target=$(cd "$target" && pwd -P)
export CARGO_TARGET_DIR=$target

need_toolchain() {
  local wanted found
  cargo --version >/dev/null 2>&1 || die "no Rust toolchain: cargo does not run" "install one: https://rustup.rs"
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  found=$(rustc --version | cut -d ' ' -f 2)
  printf '%s\n%s\n' "$wanted" "$found" | sort --version-sort --check=silent ||
    die "everyarch needs Rust $wanted, this is $found" "update it: rustup update stable"
  # Some crates hold C and assembly.
  command -v cc >/dev/null || install_packages gcc libc6-dev
}

# What images are run with: an engine that emulates, and a registry.
need_engine() {
  "$root/ci/engine"
  "$root/ci/registry" >/dev/null
  export EVERYARCH_REGISTRY=$registry
}

# A heading, for who watches.
step() { printf '\n== %s\n' "$*" >&2; }
