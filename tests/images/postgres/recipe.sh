# shellcheck shell=bash
# PostgreSQL as Debian packages it, with Python, Node and Perl beside it, for
# five architectures: a large image in which everything is as it should be. Its
# list of installed packages is there, as in Debian's own images.
# shellcheck disable=SC2016,SC2034,SC2154 # mmdebstrap's shell expands $1; ci/images reads $references and sets the rest

references=(test/postgres:all)

# Entries of dpkg's list, made of the packages themselves: nothing was installed,
# only unpacked.
note_packages='
  mkdir -p "$1/var/lib/dpkg"
  for package in "$1"/var/cache/apt/archives/*.deb; do
    dpkg-deb --field "$package" | sed "1a Status: install ok installed"
    echo
  done >"$1/var/lib/dpkg/status"'

make_postgres_layer() { # ARCHITECTURE MIRROR FOLDER
  local without=() path
  for path in dev etc/apt etc/hostname etc/resolv.conf var/cache var/lib/apt var/log \
    usr/share/doc usr/share/info usr/share/locale usr/share/man; do
    without+=(--without "$path")
  done
  quietly "mmdebstrap of PostgreSQL for $1" as_root mmdebstrap --architectures="$1" --variant=extract \
    --include="$base_packages perl postgresql-15 python3 python3-psycopg2 nodejs" \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --extract-hook="$note_packages" \
    --format=tar "$suite" "$3/rootfs.tar" "deb [signed-by=$debian_keys] $2 $suite main"
  pack layer "$3/layer.tar.gz" "$3/rootfs.tar" "${without[@]}"
  rm -f "$3/rootfs.tar"
}

build() {
  local architecture folder common=$work/common mirror key maker makers=() variants=()
  add_common_files "$common"
  printf 'postgres:x:101:102::/var/lib/postgresql:/bin/bash\n' >>"$common/etc/passwd"
  printf 'postgres:x:102:\n' >>"$common/etc/group"
  pack layer "$common.tar.gz" "$common"

  install_packages mmdebstrap debian-archive-keyring
  mirror=$(debian_mirror)
  key=$({
    cat "$here/pack.py"
    declare -f make_postgres_layer
    echo "$suite $base_packages $note_packages"
  } | key)
  # Side by side: while one waits for its packages, another is unpacked.
  for architecture in amd64 arm64 armhf ppc64el s390x; do
    folder=$state/debian/postgres-$architecture-$key
    once "$folder" make_postgres_layer "$architecture" "$mirror" &
    makers+=($!)
    variants+=(--variant "$(platform "$architecture")" "$folder/layer.tar.gz" "$common.tar.gz")
  done
  for maker in "${makers[@]}"; do wait "$maker"; done
  push test/postgres:all --config "$source/config.json" "${variants[@]}"
}
