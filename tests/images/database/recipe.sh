# shellcheck shell=bash
# PostgreSQL as Debian packages it, with an entrypoint that makes a database on the
# first start, as people know it: POSTGRES_DB, POSTGRES_USER, POSTGRES_PASSWORD.
# shellcheck disable=SC2034,SC2154 # ci/images reads $references and sets the rest

references=(demo/postgres:15)

# Without the compiler of queries, which is most of what the package brings along.
make_database_layer() { # ARCHITECTURE MIRROR FOLDER
  local without=() path
  for path in dev etc/apt etc/hostname etc/resolv.conf var/cache var/lib/apt var/lib/dpkg var/log \
    usr/lib/llvm-14 usr/lib/postgresql/15/lib/llvmjit.so usr/lib/postgresql/15/lib/bitcode \
    usr/lib/"$(triplet "$1")"/libLLVM-14.so.1 usr/lib/"$(triplet "$1")"/libz3.so.4 \
    usr/share/doc usr/share/info usr/share/locale usr/share/man; do
    without+=(--without "$path")
  done
  quietly "mmdebstrap of a database for $1" as_root mmdebstrap --architectures="$1" --variant=extract \
    --include="$base_packages postgresql-15" --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    --format=tar "$suite" "$3/rootfs.tar" "deb [signed-by=$debian_keys] $2 $suite main"
  pack layer "$3/layer.tar.gz" "$3/rootfs.tar" "${without[@]}"
  rm -f "$3/rootfs.tar"
}

triplet() { # ARCHITECTURE
  case $1 in
    amd64) echo x86_64-linux-gnu ;;
    arm64) echo aarch64-linux-gnu ;;
  esac
}

build() {
  local architecture folder common=$work/common mirror key variants=()
  add_common_files "$common"
  printf 'postgres:x:101:102::/var/lib/postgresql:/bin/bash\n' >>"$common/etc/passwd"
  printf 'postgres:x:102:\n' >>"$common/etc/group"
  mkdir -p "$common/usr/local/bin" "$common/run/postgresql" "$common/var/lib/postgresql/data"
  # All that is packed is root's; who runs here is not.
  chmod 1777 "$common/run/postgresql" "$common/var/lib/postgresql/data"
  ln -s /run "$common/var/run"
  install -m 755 "$source/docker-entrypoint.sh" "$common/usr/local/bin"
  pack layer "$common.tar.gz" "$common"

  install_packages mmdebstrap debian-archive-keyring
  mirror=$(debian_mirror)
  key=$({
    cat "$here/pack.py"
    declare -f make_database_layer
    echo "$suite $base_packages"
  } | key)
  for architecture in amd64 arm64; do
    folder=$state/debian/database-$architecture-$key
    once "$folder" make_database_layer "$architecture" "$mirror"
    variants+=(--variant "linux/$architecture" "$folder/layer.tar.gz" "$common.tar.gz")
  done
  push demo/postgres:15 --config "$source/config.json" "${variants[@]}"
}
