#!/usr/bin/env bash
# Installs into a folder that is then moved, and builds the examples with what is there, as strangers
# would: through pkg-config and through CMake, shared and static.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."
build=${METACLIP_BUILD:-$PWD/build}
cc=${CC:-cc}

if grep -qE '^METACLIP_(SANITIZE:STRING=.+|COVERAGE:BOOL=ON)' "$build/CMakeCache.txt"; then
    echo "a build with sanitizers is not for installing"
    exit 77
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
wrong() {
    echo "install.sh: $*"
    exit 1
}

DESTDIR=$tmp/stage cmake --install "$build" --prefix /opt/metaclip >"$tmp/log" 2>&1 ||
    { cat "$tmp/log" && wrong "installing failed"; }
prefix=$tmp/moved
mv "$tmp/stage/opt/metaclip" "$prefix"
[[ -z $(find "$tmp/stage" ! -type d) ]] || wrong "files outside the prefix: $(find "$tmp/stage" ! -type d)"

lib=$(dirname "$(find "$prefix" -name libmetaclip.a)")
for file in bin/metaclip include/metaclip/metaclip.h share/man/man1/metaclip.1 \
    share/bash-completion/completions/metaclip share/zsh/site-functions/_metaclip \
    share/metaclip/prompts/general.txt share/metaclip/configs/b32_400m.json \
    share/metaclip/fetch-duckdb share/doc/metaclip/README.md share/doc/metaclip/docs/curation.md \
    share/doc/metaclip/examples/compare.c; do
    [[ -s $prefix/$file ]] || wrong "$file was not installed"
done
[[ $("$prefix/bin/metaclip" --version) == "metaclip "* ]] || wrong "the installed command does not run"

# ---- nothing remembers where it was built, and only mc_... is shown ----
! grep -rIlF -e "$PWD" -e "$build" "$prefix" | grep . || wrong "these name the build's folders"
for file in "$prefix/bin/metaclip" "$lib/libmetaclip.so"; do
    ! readelf -d "$file" | grep -E 'R(UN)?PATH' || wrong "$file has a fixed path of libraries"
done
others=$(nm -D --defined-only "$lib/libmetaclip.so" | awk '$3 !~ /^mc_/ { print $3 }')
[[ -z $others ]] || wrong "libmetaclip.so shows symbols that are not ours: $(head -n 5 <<<"$others")"

# ---- each header stands alone, in C and in C++ ----
for header in "$prefix"/include/metaclip/*.h; do
    "$cc" -std=c17 -pedantic -Wall -Wextra -Werror -fsyntax-only -x c -I"$prefix/include" "$header" ||
        wrong "$(basename "$header") is not whole by itself"
    "${CXX:-c++}" -std=c++17 -Wall -Wextra -Werror -fsyntax-only -x c++ -I"$prefix/include" "$header" ||
        wrong "$(basename "$header") is no C++"
done

# ---- the examples, four times ----
cat >"$tmp/metadata.json" <<'JSON'
["car", "red car", "zebra", "road", "a"]
JSON
echo '{"car": 4, "red car": 2, "zebra": 1, "road": 0, "a": 4}' >"$tmp/counts.json"
printf 'u1\ta red car\nu2\tnothing here\nu3\tzebra\n' >"$tmp/captions.tsv"
mkdir "$tmp/model"
cp tests/data/tiny_clip/{config.json,model.safetensors} "$tmp/model"
cp tests/data/vocab_small.txt "$tmp/model/bpe_simple_vocab_16e6.txt.gz"
cp tests/data/images/rgb.png "$tmp/model/photo.png"
run_examples() {
    local folder=$1 got
    got=$("$folder/match_caption" "$tmp/metadata.json" "a red car on the roads" | tr '\n' ';')
    [[ $got == "0 car;1 red car;4 a;" ]] || wrong "$folder/match_caption printed: $got"
    got=$("$folder/online_balancing" "$tmp/metadata.json" "$tmp/counts.json" 4 0 <"$tmp/captions.tsv")
    [[ $got == "captions 3  matched 2  kept 2 (100.0 % of the matched)" ]] ||
        wrong "$folder/online_balancing printed: $got"
    got=$("$folder/compare" "$tmp/model" "$tmp/model/photo.png" "a red car" "a dog" | sed 's/^[-0-9.]*  //' | tr '\n' ';')
    [[ $got == "a red car;a dog;" ]] || wrong "$folder/compare printed: $got"
}

with_pkg_config() {
    local folder=$1 name
    shift
    mkdir "$folder"
    for name in match_caption online_balancing compare; do
        # shellcheck disable=SC2046
        "$cc" -std=gnu17 "examples/$name.c" -pthread -o "$folder/$name" $(pkg-config "$@" --cflags --libs metaclip)
    done
}
with_cmake() {
    local folder=$1
    shift
    cmake -S examples -B "$folder" -DCMAKE_PREFIX_PATH="$prefix" "$@" >"$tmp/log" 2>&1 &&
        cmake --build "$folder" >>"$tmp/log" 2>&1 || { cat "$tmp/log" && wrong "examples with CMake $*"; }
}
uses_shared() { readelf -d "$1/match_caption" | grep -q 'NEEDED.*libmetaclip\.so'; }

export PKG_CONFIG_PATH=$lib/pkgconfig
with_pkg_config "$tmp/pc-shared"
with_cmake "$tmp/cmake-shared"
with_cmake "$tmp/cmake-static" -DMETACLIP_LINK=metaclip::static
for folder in "$tmp/pc-shared" "$tmp/cmake-shared"; do
    uses_shared "$folder" || wrong "$folder does not use the shared library"
    LD_LIBRARY_PATH=$lib run_examples "$folder"
done

# The linker takes a shared library before a static one of the same name, so it goes first.
rm "$lib"/libmetaclip.so*
with_pkg_config "$tmp/pc-static" --static
for folder in "$tmp/pc-static" "$tmp/cmake-static"; do
    ! uses_shared "$folder" || wrong "$folder uses the shared library"
    run_examples "$folder"
done
