# shellcheck shell=bash
# A Node service with native modules, each chosen by npm for its own platform, and
# its broken twin: in arm64, bcrypt's file is there under its name and is amd64's
# build, which glibc calls "No such file or directory".
# shellcheck disable=SC2034,SC2154 # ci/images reads $references and sets the rest

references=(demo/service:healthy demo/service:broken)

build() {
  local tag architecture modules layer layers variants folder addons=app/node_modules/bcrypt/prebuilds
  for tag in healthy broken; do
    variants=()
    for architecture in amd64 arm64; do
      debian_layer "$architecture"
      layers=("$layer")
      node_layer "$architecture"
      layers+=("$layer")

      node_modules "$architecture"
      folder=$work/$tag-$architecture
      mkdir -p "$folder/app"
      cp "$source"/*.js "$source"/package*.json "$folder/app"
      cp -R "$modules/node_modules" "$folder/app"
      if [ "$tag $architecture" = 'broken arm64' ]; then
        cp "$folder/$addons/linux-x64/bcrypt.glibc.node" "$folder/$addons/linux-arm64/bcrypt.glibc.node"
      fi
      add_common_files "$folder"
      pack layer "$folder.tar.gz" "$folder"
      variants+=(--variant "linux/$architecture" "${layers[@]}" "$folder.tar.gz")
    done
    push "demo/service:$tag" --config "$source/config.json" "${variants[@]}"
  done
}
