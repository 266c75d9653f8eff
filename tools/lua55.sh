#!/usr/bin/env bash
# Lua 5.5 for systems that have no package of it: lua55.sh builds interpreter, headers and library in build/lua-5.5, where
# CMakeLists.txt and tests/lua_versions.sh look after the system's own. Nothing to do if that folder is there, or the
# system has 5.5. Where the source cannot be had it says so and succeeds: 5.5 is then left out. FERRY_DEPS=skip, as with
# deps.sh: nothing is fetched.
set -euo pipefail
cd "$(dirname "$0")/.."
release=5.5.1
sha256=1c4b4068d67061f2a2231ad2b5422e77acea1487ea9890f6320af614f4373dce
folder=$PWD/build/lua-5.5

[ ! -x "$folder/bin/lua5.5" ] || exit 0
if command -v lua5.5 >/dev/null && pkg-config --exists lua5.5; then exit 0; fi
left_out() {
  echo "Lua 5.5: not installed, and $1; left out"
  exit 0
}
[ "${FERRY_DEPS:-}" != skip ] || left_out "FERRY_DEPS=skip says to fetch nothing"

mkdir -p build
work=$(mktemp -d "$PWD/build/lua-5.5.XXXXXX") # beside where it goes, so that a folder that is there is complete
trap 'rm -rf "$work"' EXIT
# A suite has one release at a time: which of them has this one changes.
got=
for suite in sid testing; do
  if tools/debian-source.sh $suite lua5.5 "$work/source" $sha256 2>>"$work/why"; then
    got=1
    break
  fi
done
[ -n "$got" ] || left_out "its source cannot be had ($(head -n 1 "$work/why" | sed 's/^debian-source.sh: //'))"

# As its own makefile builds it for Linux: the interpreter exports the API to modules (-Wl,-E), -O2.
env -u MAKEFLAGS -u MAKELEVEL make -C "$work/source/src" -j "$(nproc 2>/dev/null || echo 2)" CC="${CC:-cc} -std=gnu99" linux \
  >"$work/log" 2>&1 || {
  tail -n 20 "$work/log" >&2
  echo "lua55.sh: Lua $release does not build" >&2
  exit 1
}
prefix=$work/lua-5.5
mkdir -p "$prefix/bin" "$prefix/include" "$prefix/lib/pkgconfig"
cp "$work/source/src/lua" "$prefix/bin/lua5.5"
cp "$work/source/src/liblua.a" "$prefix/lib/liblua5.5.a"
for header in lua.h luaconf.h lualib.h lauxlib.h lua.hpp; do cp "$work/source/src/$header" "$prefix/include/"; done
cat >"$prefix/lib/pkgconfig/lua5.5.pc" <<PC
prefix=\${pcfiledir}/../..
Name: Lua
Description: Lua $release, built for the tests
Version: $release
Libs: -L\${prefix}/lib -llua5.5 -lm -ldl
Cflags: -I\${prefix}/include
PC
rm -rf "$folder"
mv "$prefix" "$folder"
echo "Lua 5.5: $release built in ${folder#"$PWD"/}"
