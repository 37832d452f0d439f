# shellcheck shell=bash
# One image in which every interpreter can be asked for its architecture: Python,
# Perl, Ruby with gems in C, PHP, Java, Node, Deno and Bun.
# shellcheck disable=SC2034,SC2154 # ci/images reads $references and sets the rest

references=(test/runtimes:all)

deno_version=2.9.5
bun_version=1.4.5

build() {
  local architecture layer layers folder variants=()
  for architecture in amd64 arm64; do
    debian_layer "$architecture" openjdk-17-jre-headless perl php-cli python3 ruby ruby-bcrypt ruby-msgpack
    layers=("$layer")
    node_layer "$architecture"
    layers+=("$layer")
    program_layer "@deno/linux-$(node_cpu "$architecture")-glibc" "$deno_version" deno
    layers+=("$layer")
    program_layer "@oven/bun-linux-$(if [ "$architecture" = amd64 ]; then echo x64; else echo aarch64; fi)" "$bun_version" bin/bun
    layers+=("$layer")
    # The links that the packages' own scripts would have made.
    folder=$work/$architecture
    mkdir -p "$folder/usr/bin"
    ln -s php8.2 "$folder/usr/bin/php"
    ln -s "../lib/jvm/java-17-openjdk-$architecture/bin/java" "$folder/usr/bin/java"
    add_common_files "$folder"
    pack layer "$folder.tar.gz" "$folder"
    variants+=(--variant "linux/$architecture" "${layers[@]}" "$folder.tar.gz")
  done
  push test/runtimes:all --config "$source/config.json" "${variants[@]}"
}
