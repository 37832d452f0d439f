# shellcheck shell=bash
# Python with C extensions from wheels, and its broken twin. In its arm64 cffi's
# file has amd64's name, so it is never found; bcrypt's has the right name and is
# amd64's build; markupsafe is right.
# shellcheck disable=SC2034,SC2154 # ci/images reads $references and sets the rest

references=(test/python:healthy test/python:broken)

download_wheels() { # ARCHITECTURE FOLDER
  local machine=aarch64 pip
  prepare_pip
  [ "$1" != amd64 ] || machine=x86_64
  quietly "downloading wheels" "${pip[@]}" download --no-deps --only-binary=:all: -d "$2" \
    --implementation cp --python-version 3.11 --abi cp311 --abi abi3 --abi none \
    --platform "manylinux2014_$machine" --platform "manylinux_2_28_$machine" --platform any \
    -r "$source/requirements.txt"
  unpack_wheels "$2"
}

build() {
  local tag architecture wheels layer variants folder site=usr/local/lib/python3.11/dist-packages amd64
  for tag in healthy broken; do
    variants=()
    for architecture in amd64 arm64; do
      debian_layer "$architecture" python3

      wheels=$state/wheels/$architecture-$(key <"$source/requirements.txt")
      once "$wheels" download_wheels "$architecture"
      folder=$work/$tag-$architecture
      mkdir -p "$folder/app" "$folder/$(dirname $site)"
      cp "$source/main.py" "$folder/app"
      cp -R "$wheels" "$folder/$site"
      if [ "$tag $architecture" = 'broken arm64' ]; then
        amd64=$work/broken-amd64/$site
        rm "$folder/$site"/_cffi_backend.*.so
        cp "$amd64"/_cffi_backend.*.so "$folder/$site"
        cp "$amd64/bcrypt/_bcrypt.abi3.so" "$folder/$site/bcrypt/_bcrypt.abi3.so"
      fi
      add_common_files "$folder"
      pack layer "$folder.tar.gz" "$folder"
      variants+=(--variant "linux/$architecture" "$layer" "$folder.tar.gz")
    done
    push "test/python:$tag" --config "$source/config.json" "${variants[@]}"
  done
}
