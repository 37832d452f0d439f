# shellcheck shell=bash
# Debian's static busybox, alone in its image; then the ways in which an index,
# a config and the files can say different things.
# shellcheck disable=SC2034,SC2154 # ci/images reads $references and sets the rest

references=(
  test/busybox:all
  test/busybox:docker
  test/busybox:nested
  test/busybox:amd64
  test/masked:all
  test/alien:all
  test/mislabelled:all
)

busybox_layer() { # IMAGE'S-ARCHITECTURE PROGRAM'S-ARCHITECTURE : sets $folder and $layer
  local applet own
  folder=$work/$1-$2 layer=$work/$1-$2.tar.gz own=$(dpkg --print-architecture)
  [ ! -f "$layer" ] || return 0
  unpack_foreign "$2" busybox-static "$work/package-$2"
  [ -d "$work/package-$own" ] || unpack_foreign "$own" busybox-static "$work/package-$own"
  mkdir -p "$folder/bin"
  cp "$work/package-$2/bin/busybox" "$folder/bin/busybox"
  for applet in $("$work/package-$own/bin/busybox" --list); do
    [ "$applet" = busybox ] || ln -s busybox "$folder/bin/$applet"
  done
  add_common_files "$folder"
  pack layer "$layer" "$folder"
}

busybox_variants() { # ARCHITECTURE… : sets $variants
  local architecture
  variants=(--config "$source/config.json")
  for architecture; do
    busybox_layer "$architecture" "$architecture"
    variants+=(--variant "$(platform "$architecture")" "$layer")
  done
}

build() {
  local folder layer variants
  busybox_variants amd64 arm64 armhf ppc64el s390x
  push test/busybox:all "${variants[@]}" --attest
  busybox_variants amd64 arm64
  push test/busybox:docker "${variants[@]}" --docker
  push test/busybox:nested "${variants[@]}" --nested
  busybox_variants amd64
  push test/busybox:amd64 "${variants[@]}" --bare

  # arm64 by name; every program in it is amd64's.
  busybox_layer arm64 amd64
  push test/masked:all "${variants[@]}" --variant linux/arm64 "$layer"

  # arm64's program is of a machine that nobody has: e_machine, the two bytes at
  # offset 18 of an ELF file.
  folder=$work/alien
  cp -R "$work/arm64-arm64" "$folder"
  printf '\x34\x12' | dd of="$folder/bin/busybox" bs=1 seek=18 conv=notrunc status=none
  pack layer "$folder.tar.gz" "$folder"
  push test/alien:all "${variants[@]}" --variant linux/arm64 "$folder.tar.gz"

  # The index says arm64 and is right; the image's own config says amd64.
  busybox_variants arm64
  push test/mislabelled:all "${variants[@]}" --claim linux/arm64=linux/amd64
}
