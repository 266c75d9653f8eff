#!/usr/bin/env bash
# Builds with other C and C++ libraries than those of the usual build: other_libraries.sh [libc++] [musl], by hand.
#   libc++  the module for one Lua, by Clang with libc++; all specs but the fuzzer's with it, on the stub
#   musl    all sources are compiled against musl's headers, by Clang with libc++: nothing is linked, and nothing can be run here
# Uses the fixtures in build/. Adds a line to $FERRY_RESULTS as tests/run.sh's stages do. Exit status 1 if anything failed.
set -uo pipefail
cd "$(dirname "$0")/.."
. tests/lua_versions.sh
. tests/checks.sh
one_lua
tree=$PWD/build/libcxx
jobs=$(nproc 2>/dev/null || echo 2)
headers=$(clang++ -stdlib=libc++ -E -v -x c++ /dev/null 2>&1 | sed -n 's|^ \(/.*/c++/v1\)$|\1|p' | head -n 1)
[ $# -gt 0 ] || set -- libc++ musl
if [ -z "$headers" ]; then
  echo "other libraries: skipped, no Clang with libc++ (Debian: libc++-14-dev, libc++abi-14-dev)"
  record "other libraries" 0 0 $#
  exit 0
fi

libcxx() {
  local spec
  configure() {
    cmake -S . -B "$tree" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
      -DCMAKE_CXX_FLAGS=-stdlib=libc++ -DFERRY_TESTS=ON "-DFERRY_LUAS=$version"
  }
  check "libc++: configured" configure
  check "libc++: built" cmake --build "$tree" -j "$jobs" --target modules fixture_spec_exceptions
  # The C fixtures are gcc's: Clang 14 has no _Float128. What throws has to do so by the same C++ library.
  rm -rf "$tree/fixtures"
  mkdir -p "$tree/fixtures"
  cp -r build/tests/fixtures/lib*.so "build/tests/fixtures/$version" "$tree/fixtures"
  cp "$tree/tests/fixtures/libspec_exceptions.so" "$tree/fixtures"
  for spec in tests/spec/*_spec.lua; do
    [[ $spec != */fuzz_spec.lua ]] || continue
    check "libc++: ${spec##*/}" env FERRY_BACKEND=stub "FERRY_FIXTURES=$tree/fixtures" "FERRY_LUA=$lua" \
      "LUA_PATH=tests/spec/?.lua;$tree/lib/$version/?.lua;;" "LUA_CPATH=$tree/lib/$version/?.so;;" \
      timeout 300 "$lua" "$spec"
  done
}

musl() {
  local folder flags resources
  for folder in /usr/include/x86_64-linux-musl /usr/include/aarch64-linux-musl /usr/local/musl/include; do
    [ ! -e "$folder/dlfcn.h" ] || break
  done
  if [ ! -e "$folder/dlfcn.h" ]; then
    skip "musl: no headers of it (Debian: musl-dev)"
    return
  fi
  resources=$(clang -print-resource-dir)/include
  # Lua's headers and nothing else of the system's folders.
  rm -rf "$tree/lua"
  mkdir -p "$tree/lua"
  cp "$(sed -n "s/^LUA${version/./}_INCLUDE_DIRS:INTERNAL=//p" build/CMakeCache.txt)"/*.h "$tree/lua"
  cp /usr/include/*/lua"$version"-deb-multiarch.h "$tree/lua" 2>/dev/null
  flags=(--target="$(uname -m)-linux-musl" -std=c++20 -nostdinc -isystem "$headers" -isystem "$resources" -isystem "$folder"
    -D_LIBCPP_HAS_MUSL_LIBC -isystem "$tree/lua" -Isrc -Iinclude -Ibuild/src/lua/lua_files '-DFERRY_VERSION="musl"'
    -fPIC -Wall -Wextra -Wshadow -Werror -fsyntax-only)
  while read -r file; do
    check "musl: $file" clang++ "${flags[@]}" "$file"
  done < <(git ls-files 'src/*.cpp' | grep -vE '^src/os/generic/|^src/call/(native|libffi)/|^src/call/(code_pages|unwind|unwind_dwarf|processor)\.cpp$')
}

for library in "$@"; do
  case $library in
    libc++) libcxx ;;
    musl) musl ;;
    *)
      echo "other_libraries.sh: '$library' is none of libc++, musl" >&2
      exit 2
      ;;
  esac
done
record "other libraries" "$passed" "$failed" "$skipped"
echo "other libraries: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
