# shellcheck shell=bash
# What the ci scripts know of the machine they run on: where state is kept, how
# to become root, install packages, start a daemon and wait with a deadline, and
# which Debian mirror this machine uses. Sourced, never run.

# Downloads, daemon logs and registry data live here, outside the work tree.
state=${EVERYARCH_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/everyarch-ci}
mkdir -p "$state"
state=$(cd "$state" && pwd -P)

# Where ci/registry listens and ci/images pushes.
registry=${EVERYARCH_REGISTRY:-127.0.0.1:5055}

# The Debian release the images are made of, and the keys it is signed with.
suite=bookworm
debian_keys=/usr/share/keyrings/debian-archive-keyring.gpg

# Ordinary users often lack these folders, where daemons and their tools live.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() { # MESSAGE…: one line each
  say "error: $1"
  shift
  for line; do printf '  %s\n' "$line" >&2; done
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo -- "$@"
  else die "'$*' needs root, and sudo is missing" \
    "run this script as root, or install sudo and allow this user to use it"
  fi
}

# Waits until COMMAND succeeds; non-zero once SECONDS have passed.
wait_until() { # SECONDS COMMAND…
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}

registry_answers() { curl -fsS --max-time 5 "http://$registry/v2/" >/dev/null 2>&1; }

# Starts a daemon that outlives this shell, and the folder it was started from; its
# pid goes to stdout.
daemon() { # LOG COMMAND…
  sh -c "$start_daemon" sh "$@" 9>&-
}
daemon_as_root() { # LOG COMMAND…
  as_root sh -c "$start_daemon" sh "$@" 9>&-
}
# shellcheck disable=SC2016
start_daemon='log=$1; shift; cd /; setsid nohup "$@" >>"$log" 2>&1 </dev/null & echo $!'

# runc needs a cgroup hierarchy; a bare chroot or container may lack one.
mount_cgroups() {
  install_packages mount
  mountpoint -q /proc || as_root mount -t proc proc /proc
  mountpoint -q /sys || as_root mount -t sysfs sysfs /sys
  if mountpoint -q /sys/fs/cgroup; then return; fi
  if grep -qv '^0::' /proc/self/cgroup; then
    install_packages cgroupfs-mount
    as_root cgroupfs-mount
  else
    as_root mount -t cgroup2 cgroup2 /sys/fs/cgroup
  fi
}

# What a container engine is started with, as root: it pivots its root to unpack a
# layer and joins its containers' namespaces, which a plain chroot gets wrong.
# shellcheck disable=SC2034
own_root=(python3 "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)/own_root.py")

gone() { # PID
  ! [ -d "/proc/$1" ]
}

# Keeps two runs of one script apart; held (as descriptor 9) until it ends.
take_turn() {
  exec 9>"$state/${0##*/}.lock"
  flock -w 1800 9 || die "another ${0##*/} has been running for half an hour" "end it, then run again"
}

# Succeeds if every package named is installed.
installed() { # PACKAGE…
  local package
  for package; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || return 1
  done
}

# Installs the Debian packages that are missing.
install_packages() { # PACKAGE…
  local missing=() package log=$state/apt.log
  for package; do
    installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "no apt-get here to install ${missing[*]} with" \
    "these scripts know Debian and Ubuntu; elsewhere install the same programs by hand"
  say "installing ${missing[*]}"
  (
    flock -w 600 8
    as_root apt-get update -o Acquire::Retries=3 &&
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "${missing[@]}"
  ) >"$log" 2>&1 </dev/null 8>"$state/apt.lock" || {
    tail -n 20 "$log" >&2
    die "apt-get could not install ${missing[*]}" "its whole output: $log" \
      "check this machine's apt sources, then run again"
  }
}

# The Debian mirror of this machine's own apt configuration.
debian_mirror() {
  local mirror=${EVERYARCH_DEBIAN_MIRROR:-}
  [ -n "$mirror" ] || mirror=$(configured_mirror)
  [ -n "$mirror" ] || {
    # Only fetched indexes say whose they are, and images come without them.
    as_root apt-get update >"$state/apt.log" 2>&1 || true
    mirror=$(configured_mirror)
  }
  [ -n "$mirror" ] || die "no Debian mirror in this machine's apt sources" \
    "name one: EVERYARCH_DEBIAN_MIRROR=http://…/debian"
  printf '%s\n' "$mirror"
}
configured_mirror() {
  # apt fills these in, not the shell.
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "Debian" && $2 == "Debian" && !found { print $3; found = 1 }'
}

# Downloads a package of any architecture and unpacks it into a folder, with an
# apt configuration of its own: the machine's architectures stay as they are.
unpack_foreign() { # ARCHITECTURE PACKAGE FOLDER
  local architecture=$1 package=$2 folder=$3 home log mirror
  home=$state/apt/$architecture
  log=$home/log
  mirror=$(debian_mirror) || exit
  install_packages debian-archive-keyring
  mkdir -p "$home/lists/partial" "$home/cache/archives/partial" "$home/debs" "$folder"
  : >"$home/status"
  printf 'deb [signed-by=%s] %s %s main\n' \
    "$debian_keys" "$mirror" "$suite" >"$home/sources.list"
  local apt=(apt-get -q
    -o APT::Architecture="$architecture" -o APT::Architectures="$architecture"
    -o Dir::Etc::SourceList="$home/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State="$home" -o Dir::State::Lists="$home/lists" -o Dir::State::status="$home/status"
    -o Dir::Cache="$home/cache" -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none)
  if ! ls "$home/debs/${package}_"*.deb >/dev/null 2>&1; then
    { "${apt[@]}" update && (cd "$home/cache" && "${apt[@]}" download "$package") &&
      mv "$home/cache/${package}_"*.deb "$home/debs"; } >"$log" 2>&1 || {
      tail -n 20 "$log" >&2
      die "could not download Debian's $package for $architecture from $mirror" "run again when the mirror answers"
    }
  fi
  dpkg-deb -x "$(ls "$home/debs/${package}_"*.deb)" "$folder"
}
