# shellcheck shell=bash
# A Node service on a database, its migrations in the same image, and its broken
# twin: a step that makes images smaller took away all of bcrypt's builds but the
# build host's own, so that in arm64 no password can be hashed. All comes up there.
# shellcheck disable=SC2034,SC2154 # ci/images reads $references and sets the rest

references=(demo/users:healthy demo/users:broken)

build() {
  local tag architecture modules layer layers variants folder builds=app/node_modules/bcrypt/prebuilds
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
      cp -R "$source"/*.js "$source"/package*.json "$source/migrations" "$folder/app"
      cp -R "$modules/node_modules" "$folder/app"
      if [ "$tag" = broken ]; then
        find "$folder/$builds" -mindepth 1 -maxdepth 1 ! -name linux-x64 -exec rm -r {} +
      fi
      add_common_files "$folder"
      pack layer "$folder.tar.gz" "$folder"
      variants+=(--variant "linux/$architecture" "${layers[@]}" "$folder.tar.gz")
    done
    push "demo/users:$tag" --config "$source/config.json" "${variants[@]}"
  done
}
