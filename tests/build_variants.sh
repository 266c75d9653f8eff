#!/usr/bin/env bash
# Builds the module without its optional libraries (FERRY_ASMJIT=off, FERRY_LIBFFI=off) for one Lua: where LuaRocks is, as a user
# of it does, from an unpacked release and without root; else unoptimised by CMake. Runs some specs with it, and the README's
# program; asks for the back ends that it lacks; configures with values that are refused. Uses the fixtures in build/.
# ASMJIT_SOURCES="FOLDER ...": builds with each of these versions of asmjit, too, and runs the unit tests of native code, the
# listings and the specs with it.
# Adds a line to $FERRY_RESULTS as tests/run.sh's stages do. Exit status 1 if anything failed.
set -uo pipefail
cd "$(dirname "$0")/.."
. tests/lua_versions.sh
. tests/checks.sh
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

rock() {
  rm -rf "$tree/source" "$tree/rocks" && mkdir -p "$tree/source" && tools/dist.sh &&
    tar -xzf build/dist/ferry-*.tar.gz -C "$tree/source" --strip-components=1 &&
    (cd "$tree/source" && env FERRY_ASMJIT=off FERRY_LIBFFI=off CMAKE_BUILD_PARALLEL_LEVEL="$(nproc 2>/dev/null || echo 2)" \
      luarocks --lua-version "$version" --tree "$tree/rocks" make ferry-scm-1.rockspec)
}
mkdir -p "$tree"
if command -v luarocks >/dev/null && git rev-parse --verify -q HEAD >/dev/null 2>&1; then
  check "luarocks make, without asmjit and libffi" rock
  lua_folder=$tree/rocks/share/lua/$version c_folder=$tree/rocks/lib/lua/$version
  # By a path alone, as somebody calls it who has set nothing.
  check "the command of the rock" says "2 $version stub" env -u LUA_PATH -u LUA_CPATH "$tree/rocks/bin/ferry" -e \
    'local ffi = require "ffi" ffi.cdef "int abs(int);" print(ffi.C.abs(-2) .. " " .. _VERSION:match "%d%.%d" .. " " .. ffi.backend)'
else
  echo "variants: no luarocks, built by CMake"
  check "without asmjit and libffi: configured" configure "$tree" -DFERRY_ASMJIT=off -DFERRY_LIBFFI=off
  check "without asmjit and libffi: built" cmake --build "$tree" --target modules
fi
readme() {
  rm -rf "$tree/docs" && mkdir -p "$tree/docs" && "$lua" tests/doc_blocks.lua "$tree/docs" README.md &&
    with_module "$lua" "$(ls "$tree"/docs/*.lua | head -n 1)"
}
check "the README's program" readme
check "the stub is the back end" with_module "$lua" -e 'assert(require "ffi".backend == "stub")'
check "libffi is not there, and said so" demands libffi
check "thunk is not there, and said so" demands thunk
for name in call callback; do
  check "${name}_spec" spec "${name}_spec.lua"
done

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
