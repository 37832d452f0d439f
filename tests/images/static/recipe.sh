# shellcheck shell=bash
# One static program (app.c) and nothing else, built for each platform by zig's C
# compiler against Debian's musl: zig would first build its own C library, half a
# minute for each target.
# shellcheck disable=SC2034,SC2154 # ci/images reads $references and sets the rest

references=(test/static:all)
zig_version=0.15.2

unpack_zig() { # FOLDER
  local pip
  prepare_pip
  quietly "downloading zig" "${pip[@]}" download --no-deps -d "$1" "ziglang==$zig_version"
  unpack_wheels "$1"
  chmod +x "$1/ziglang/zig"
}

build() {
  local architecture target cpu folder musl variants=() zig=$state/zig/$zig_version
  once "$zig" unpack_zig
  export ZIG_GLOBAL_CACHE_DIR=$state/zig/cache ZIG_LOCAL_CACHE_DIR=$state/zig/cache
  for architecture in amd64 arm64 armhf ppc64el s390x; do
    cpu=()
    case $architecture in
      amd64) target=x86_64-linux-musl ;;
      arm64) target=aarch64-linux-musl ;;
      armhf) target=arm-linux-musleabihf cpu=(-mcpu=generic+v7a) ;;
      ppc64el) target=powerpc64le-linux-musl ;;
      s390x) target=s390x-linux-musl ;;
    esac
    folder=$work/$architecture musl=$work/musl-$architecture
    mkdir -p "$folder"
    unpack_foreign "$architecture" musl-dev "$musl"
    quietly "compiling app.c for $architecture" "$zig/ziglang/zig" cc -target $target "${cpu[@]}" \
      -static -Os -s -Wall -Wextra -Werror -nostdinc -isystem "$musl/usr/include/$target" -nostdlib \
      -o "$folder/app" "$musl/usr/lib/$target/crt1.o" "$source/app.c" "$musl/usr/lib/$target/libc.a"
    pack layer "$folder.tar.gz" "$folder"
    variants+=(--variant "$(platform "$architecture")" "$folder.tar.gz")
  done
  push test/static:all --config "$source/config.json" "${variants[@]}"
}
