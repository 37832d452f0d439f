# shellcheck shell=bash
# The ways in which Node packages bring their native code, each installed for its
# own platform, and the broken twin: its arm64 holds what npm installed for x64,
# as a COPY from a stage that runs on the build platform leaves it. bufferutil
# alone is healthy there: it carries the same files on every platform, none of
# them for arm64 on Linux, and falls back to JavaScript.
# shellcheck disable=SC2034,SC2154 # ci/images reads $references and sets the rest

references=(test/packages:healthy test/packages:broken)

build() {
  local tag architecture from modules layer layers variants folder
  for tag in healthy broken; do
    variants=()
    for architecture in amd64 arm64; do
      debian_layer "$architecture"
      layers=("$layer")
      node_layer "$architecture"
      layers+=("$layer")

      from=$architecture
      [ "$tag" = healthy ] || from=amd64
      node_modules "$from"
      folder=$work/modules-$from
      if [ ! -d "$folder" ]; then
        mkdir -p "$folder/app"
        cp "$source"/package*.json "$folder/app"
        cp -R "$modules/node_modules" "$folder/app"
        add_common_files "$folder"
        pack layer "$folder.tar.gz" "$folder"
      fi
      variants+=(--variant "linux/$architecture" "${layers[@]}" "$folder.tar.gz")
    done
    push "test/packages:$tag" --config "$source/config.json" "${variants[@]}"
  done
}
