#!/usr/bin/env bash
# Installs build/ into an empty folder and uses nothing but what is there: builds and runs examples/embed by pkg-config and by
# CMake, then uninstalls. Then how the build finds Luas, or says that it finds none, and that a release is the same bytes
# whenever it is made. Adds a line to $FERRY_RESULTS as tests/run.sh's stages do. Exit status 1 if anything failed.
set -uo pipefail
cd "$(dirname "$0")/.."
. tests/lua_versions.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tests/checks.sh

prefix=$work/root/usr
install_tree() { DESTDIR=$work/root cmake --install build --prefix /usr --strip; }
check "make install" install_tree
files_left() { find "$work/root" -type f | grep . && return 1 || return 0; }
installed() { find "$work/root" -type f | sed "s|^$work/root||" | sort | grep .; }
listed() { [ "$(installed)" = "$(sort -u build/install_manifest.txt)" ]; }
check "the manifest lists what is installed" listed

export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
expected=$'average 20.0\nalarm\tboiler\t93.5'
prints_expected() { [ "$("$@")" = "$expected" ] || { "$@" && return 1; }; }
by_pkg_config() {
  # shellcheck disable=SC2046
  ${CC:-cc} -Wall -Wextra -Werror examples/embed/host.c -o "$work/host-$1" $(pkg-config --cflags --libs "ferry-$1" "lua$1") -rdynamic &&
    prints_expected "$work/host-$1"
}
by_cmake() {
  rm -rf "$work/cmake-$1"
  cmake -S examples/embed -B "$work/cmake-$1" "-DCMAKE_PREFIX_PATH=$prefix" "-DHOST_LUA=$1" && cmake --build "$work/cmake-$1" &&
    prints_expected "$work/cmake-$1/host"
}
hosts=0
for v in $lua_versions; do
  [ -e "$prefix/lib/libferry-$v.a" ] || continue
  [ ! -d "build/lua-$v/lib/pkgconfig" ] || export PKG_CONFIG_PATH=$PWD/build/lua-$v/lib/pkgconfig:$PKG_CONFIG_PATH
  if ! pkg-config --exists "lua$v"; then
    skip "a program with Lua $v and Ferry: no library of that Lua"
    continue
  fi
  check "a program with Lua $v and Ferry, by pkg-config" by_pkg_config "$v"
  if [ $hosts = 0 ]; then check "a program with Lua $v and Ferry, by CMake" by_cmake "$v"; fi
  hosts=$((hosts + 1))
done
[ $hosts -gt 0 ] || check "a Lua that a program can contain" false
uninstall() { DESTDIR=$work/root tools/uninstall.sh && files_left; }
check "make uninstall" uninstall

# How Luas are found: configured only, on the release that a user unpacks.
export -n PKG_CONFIG_PATH
unset PKG_CONFIG_PATH
if git rev-parse --verify -q HEAD >/dev/null 2>&1; then
  check "make dist" tools/dist.sh
  version=$(sed -n 's/^project(ferry VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
  tarball=build/dist/ferry-$version.tar.gz
  first=$(md5sum <"$tarball")
  same_again() { sleep 1 && tools/dist.sh && [ "$(md5sum <"$tarball")" = "$first" ]; }
  check "the same release twice is the same bytes" same_again
  tar -xzf "$tarball" -C "$work"
  mv "$work/ferry-$version" "$work/source"
else
  skip "make dist: no git here"
  mkdir "$work/source"
  tar --exclude=./build --exclude='./build-*' -cf - . | tar -xf - -C "$work/source"
fi
configure() { rm -rf "$work/tree" && cmake -S "$work/source" -B "$work/tree" -DFERRY_TESTS=OFF "$@"; }
without_packages() { PKG_CONFIG_LIBDIR=/nowhere PKG_CONFIG_PATH='' "$@"; }
finds_only() { # finds_only VERSION CMAKE-ARGS...
  local v=$1 output
  shift
  output=$(without_packages configure "$@") || { echo "$output" && return 1; }
  echo "$output"
  [ "$(grep -cE '^-- Lua 5\.[0-9]: /' <<<"$output")" = 1 ] && grep -q "^-- Lua $v: /" <<<"$output"
}
folder=$(for v in $lua_versions_newest_first; do sed -n "s/^LUA${v/./}_INCLUDE_DIRS:INTERNAL=//p" build/CMakeCache.txt; done | grep . | head -n 1)
version=$(sed -nE 's/^#define[ \t]+LUA_VERSION_NUM[ \t]+([0-9])0([0-9]).*/\1.\2/p; s/^#define[ \t]+LUA_VERSION_MINOR_N[ \t]+([0-9]).*/5.\1/p' "$folder/lua.h")
mkdir -p "$work/lua/include" "$work/pc" "$work/empty"
cp "$folder"/*.h "$work/lua/include"
printf 'Name: Lua\nDescription: Lua\nVersion: %s.1\nCflags: -I%s\n' "$version" "$folder" >"$work/pc/lua.pc"
check "Lua $version by LUA_INCDIR" finds_only "$version" "-DLUA_INCDIR=$folder"
check "Lua $version by LUA_DIR" finds_only "$version" "-DLUA_DIR=$work/lua"
by_environment() { LUA_DIR=$work/lua finds_only "$version"; }
check "Lua $version by LUA_DIR of the environment" by_environment
by_lua_pc() { without_packages env PKG_CONFIG_LIBDIR="$work/pc" cmake -S "$work/source" -B "$work/tree" -DFERRY_TESTS=OFF; }
rm -rf "$work/tree"
check "Lua $version by lua.pc" says "-- Lua $version: /" by_lua_pc
check "no Lua is an error" says "no headers of Lua 5.1 to 5.5 found" without_packages configure
check "nor is LUA_DIR without one passed over" says "no lua.h of Lua 5.1 to 5.5" configure "-DLUA_DIR=$work/empty"
check "FERRY_LUAS of another Lua is an error" says "'5.9' is none of" configure -DFERRY_LUAS=5.9
check "FERRY_LUAS that is not here is an error" says "names Lua 5.1, and its headers are not found" without_packages configure -DFERRY_LUAS=5.1

# Lacking tools are named, and nothing is installed.
for tool in bash cat id env sed; do ln -s "$(command -v $tool)" "$work/empty/$tool"; done
lacks() { FERRY_DEPS=tell PATH=$work/empty /bin/bash tools/deps.sh build; }
check "make lib names what it lacks" says "missing for 'make build'" lacks

record install "$passed" "$failed" "$skipped"
echo "install: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
