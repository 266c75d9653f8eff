#!/usr/bin/env bash
# Builds the module without its optional libraries (FERRY_ASMJIT=off, FERRY_LIBFFI=off) for one Lua, with each commit the next: where
# LuaRocks is, as a user without root does who has a release's rockspec, into that user's own tree; else unoptimised by CMake. Runs some
# specs with it, and the README's program; asks for the back ends that it lacks; configures with values that are refused. Uses the
# fixtures in build/. LUAS=5.2: for this one.
# ASMJIT_SOURCES="FOLDER ...": builds with each of these versions of asmjit, too, and runs the unit tests of native code, the
# listings and the specs with it.
# Adds a line to $FERRY_RESULTS as tests/run.sh's stages do. Exit status 1 if anything failed.
set -uo pipefail
cd "$(dirname "$0")/.."
. tests/lua_versions.sh
. tests/checks.sh
# The Luas that can be tried: LuaRocks of 2022 does not know 5.5.
can_be_tried() {
  [ -n "$(lua_command "$1")" ] && [ -d "build/lib/$1" ] &&
    { ! command -v luarocks || luarocks --lua-version "$1" config variables.LUA_INCDIR; } >/dev/null 2>&1
}
if [ -z "${LUAS:-}" ] && commits=$(git rev-list --count HEAD 2>/dev/null); then
  here=()
  for v in $lua_versions; do if can_be_tried "$v"; then here+=("$v"); fi; done
  [ ${#here[@]} = 0 ] || LUAS=${here[commits % ${#here[@]}]}
fi
one_lua
tree=$PWD/build/variants
if [ -z "$lua" ] || [ ! -d build/tests/fixtures ]; then
  echo "variants: skipped, no Lua $version or no fixtures in build/"
  record variants 0 0 1
  exit 0
fi
configure() { cmake -S . -B "$@" -G Ninja -DFERRY_TESTS=OFF "-DFERRY_LUAS=$version" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0; }
lua_folder=$tree/lib/$version c_folder=$tree/lib/$version
with_module() { LUA_PATH="tests/spec/?.lua;$lua_folder/?.lua;;" LUA_CPATH="$c_folder/?.so;;" "$@"; }
spec() { FERRY_BACKEND=stub FERRY_FIXTURES=$PWD/build/tests/fixtures FERRY_LUA=$lua with_module timeout 300 "$lua" "tests/spec/$1"; }
demands() { FERRY_BACKEND=$1 says "this build of ferry has no back end '$1' (it has: stub)" with_module "$lua" -e 'require "ffi"'; }

# A user's home, in a folder that every user may reach; where root runs this, the user is nobody.
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
as_user() {
  local user=()
  [ "$(id -u)" != 0 ] || user=(runuser -u nobody --)
  (cd "$home" && ${user[@]+"${user[@]}"} env -u LUA_PATH -u LUA_CPATH -u CCACHE_DIR -u XDG_CACHE_HOME "HOME=$home" "$@")
}
rocks() { as_user luarocks --lua-version "$version" --local "$@"; }
rock() {
  local name
  name=ferry-$(sed -n 's/^project(ferry VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
  tools/dist.sh "file://$home/$name.tar.gz" && cp "build/dist/$name.tar.gz" "build/dist/$name-1.rockspec" "$home" &&
    { [ "$(id -u)" != 0 ] || chown -R nobody "$home"; } &&
    FERRY_ASMJIT=off FERRY_LIBFFI=off CMAKE_BUILD_PARALLEL_LEVEL="$(nproc 2>/dev/null || echo 2)" rocks build "$name-1.rockspec"
}
# The README's first program, with nothing but what `luarocks path` says.
readme_of_rock() {
  rm -rf "$tree/docs" && mkdir -p "$tree/docs" && "$lua" tests/doc_blocks.lua "$tree/docs" README.md &&
    as_user mkdir -p fresh && cat "$(ls "$tree"/docs/*.lua | head -n 1)" >"$home/fresh/program.lua" &&
    as_user sh -c 'eval "$(luarocks --lua-version "$1" --local path)" && cd fresh && "$2" program.lua' sh "$version" "$lua"
}
doctor() {
  local text
  text=$(as_user "$home/.luarocks/bin/ferry" doctor)
  echo "$text"
  grep -qE '^back end +stub$' <<<"$text" && grep -qE '^a call +works$' <<<"$text" && grep -qE '^a callback +works$' <<<"$text" &&
    grep -qF "Ferry           $c_folder/ferry/core.so" <<<"$text" && grep -qE '^off +thunk: .' <<<"$text" && grep -qE '^off +libffi: .' <<<"$text"
}
removed() { rocks remove ferry && ! find "$home/.luarocks" -path '*ferry*' -type f | grep .; }
mkdir -p "$tree"
if command -v luarocks >/dev/null && git rev-parse --verify -q HEAD >/dev/null 2>&1; then
  check "Lua $version: luarocks build of a release, without root, asmjit and libffi" rock
  lua_folder=$home/.luarocks/share/lua/$version c_folder=$home/.luarocks/lib/lua/$version
  # By a path alone, as somebody calls it who has set nothing.
  check "Lua $version: the command of the rock" says "2 $version stub" as_user "$home/.luarocks/bin/ferry" -e \
    'local ffi = require "ffi" ffi.cdef "int abs(int);" print(ffi.C.abs(-2) .. " " .. _VERSION:match "%d%.%d" .. " " .. ffi.backend)'
  check "Lua $version: ferry doctor" doctor
  check "Lua $version: the README's program, in a fresh folder" readme_of_rock
else
  echo "variants: no luarocks, built by CMake"
  check "without asmjit and libffi: configured" configure "$tree" -DFERRY_ASMJIT=off -DFERRY_LIBFFI=off
  check "without asmjit and libffi: built" cmake --build "$tree" --target modules
fi
readme() {
  rm -rf "$tree/docs" && mkdir -p "$tree/docs" && "$lua" tests/doc_blocks.lua "$tree/docs" README.md &&
    with_module "$lua" "$(ls "$tree"/docs/*.lua | head -n 1)"
}
[ "$c_folder" != "$tree/lib/$version" ] || check "the README's program" readme
check "the stub is the back end" with_module "$lua" -e 'assert(require "ffi".backend == "stub")'
check "libffi is not there, and said so" demands libffi
check "thunk is not there, and said so" demands thunk
for name in call callback; do
  check "${name}_spec" spec "${name}_spec.lua"
done

[ "$c_folder" = "$tree/lib/$version" ] || check "Lua $version: luarocks remove leaves nothing" removed

# Versions of asmjit that nobody has tried are left alone.
mkdir -p "$tree/newer/src/asmjit/core"
echo '#define ASMJIT_LIBRARY_VERSION ASMJIT_LIBRARY_MAKE_VERSION(9, 8, 7)' >"$tree/newer/src/asmjit/core/api-config.h"
: >"$tree/newer/src/asmjit/core.h"
check "an unknown version of asmjit is not used" says "asmjit: version 9.8.7 is not used" configure "$tree/refused" "-DFERRY_ASMJIT=$tree/newer"
check "a folder without asmjit is an error" says "is none of system, fetch and off" configure "$tree/refused" -DFERRY_ASMJIT=nowhere

for source in ${ASMJIT_SOURCES:-}; do
  other=$tree/${source##*/}
  check "$source: configured" cmake -S . -B "$other" -G Ninja -DFERRY_TESTS=ON "-DFERRY_LUAS=$version" "-DFERRY_ASMJIT=$source"
  check "$source: built" cmake --build "$other" --target modules unit_call unit_golden
  check "$source: unit_call" "$other/tests/unit/unit_call" --gtest_brief=1
  check "$source: listings" "$other/tests/unit/unit_golden" --gtest_brief=1
  for spec in tests/spec/*_spec.lua; do
    check "$source: ${spec##*/}" env FERRY_BACKEND=thunk "FERRY_FIXTURES=$PWD/build/tests/fixtures" "FERRY_LUA=$lua" \
      "LUA_PATH=tests/spec/?.lua;$other/lib/$version/?.lua;;" "LUA_CPATH=$other/lib/$version/?.so;;" \
      timeout 300 "$lua" "$spec"
  done
done

record variants "$passed" "$failed" 0
echo "variants: $passed passed, $failed failed"
[ "$failed" = 0 ]
