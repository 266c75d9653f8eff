#!/usr/bin/env bash
# Installs what the named purposes lack: deps.sh PURPOSE... (build demo test lint bench).
# On Debian and its kin with root or passwordless sudo by apt; elsewhere it says exactly what is missing.
# Nothing lacking: no package manager is called. FERRY_DEPS=skip leaves everything to you; FERRY_DEPS=tell installs nothing and
# names what cannot be done without.
set -euo pipefail
[ "${FERRY_DEPS:-}" != skip ] || exit 0

# purpose | Debian package | what it is elsewhere | shell test that it is there
# A purpose with ? is one that it can do without: what needs it is left out or skipped, by name.
table() {
  cat <<'ROWS'
build|cmake|CMake 3.16 (3.25 for make test)|command -v cmake
build?|ninja-build|Ninja|command -v ninja
build|g++|a C and C++20 compiler (GCC 12 or Clang 14 up)|command -v g++ || command -v clang++
build?|pkg-config|pkg-config|command -v pkg-config
build?|liblua5.1-0-dev|Lua 5.1 headers|pkg-config --exists lua5.1
build?|liblua5.2-dev|Lua 5.2 headers|pkg-config --exists lua5.2
build?|liblua5.3-dev|Lua 5.3 headers|pkg-config --exists lua5.3
build?|liblua5.4-dev|Lua 5.4 headers|pkg-config --exists lua5.4
build?|libffi-dev|libffi headers|pkg-config --exists libffi
build?|libasmjit-dev|asmjit (native code for calls)|test -e /usr/include/asmjit/asmjit.h -o -e /usr/local/include/asmjit/asmjit.h
demo|lua5.1|Lua 5.1|command -v lua5.1
demo|lua5.2|Lua 5.2|command -v lua5.2
demo|lua5.3|Lua 5.3|command -v lua5.3
demo|lua5.4|Lua 5.4|command -v lua5.4
demo|zlib1g-dev|zlib|pkg-config --exists zlib
demo|libsqlite3-dev|SQLite 3|pkg-config --exists sqlite3
demo|libjansson-dev|Jansson|pkg-config --exists jansson
demo|liburing-dev|liburing|pkg-config --exists liburing
demo|libuv1-dev|libuv|pkg-config --exists libuv
demo|libsdl2-dev|SDL 2|pkg-config --exists sdl2
test|libgtest-dev|GoogleTest|pkg-config --exists gtest
test|lua-unit|LuaUnit for each Lua|test -e /usr/share/lua/5.1/luaunit.lua -o -e /usr/local/share/lua/5.1/luaunit.lua
test?|luarocks|LuaRocks|command -v luarocks
test?|luajit|LuaJIT 2.1 (the oracle)|command -v luajit
test?|lua-ljsyscall|ljsyscall, a library for LuaJIT|test -e /usr/share/lua/5.1/syscall.lua
test?|valgrind|valgrind|command -v valgrind
test?|clang|Clang (layouts are compared with it)|command -v clang
test?|libclang-rt-14-dev|libFuzzer|test -e "$(clang -print-resource-dir)/lib/linux/libclang_rt.fuzzer-$(uname -m).a"
test?|g++-i686-linux-gnu|G++ for i386|command -v i686-linux-gnu-g++
test?|g++-aarch64-linux-gnu|G++ for AArch64|command -v aarch64-linux-gnu-g++
test?|qemu-user-static|QEMU's emulator of AArch64 programs|command -v qemu-aarch64-static
test?|libcurl4-openssl-dev|curl.h (headers that are compared with gcc)|test -e /usr/include/x86_64-linux-gnu/curl/curl.h -o -e /usr/include/curl/curl.h
test?|libglib2.0-dev|GLib's headers|pkg-config --exists glib-2.0
test?|libsdl2-dev|SDL 2's headers|pkg-config --exists sdl2
test?|libxml2-dev|libxml2's headers|pkg-config --exists libxml-2.0
test?|libpng-dev|libpng's headers|pkg-config --exists libpng
test?|libgl-dev|OpenGL's headers|test -e /usr/include/GL/gl.h
test?|libgit2-dev|libgit2's headers|pkg-config --exists libgit2
test?|libexpat1-dev|expat.h|test -e /usr/include/expat.h
test?|clang-format|clang-format 14|command -v clang-format
lint|cppcheck|cppcheck|command -v cppcheck
lint|clang-tidy|clang-tidy|command -v clang-tidy
lint|clang|Clang|command -v clang
bench|lua5.1|Lua 5.1|command -v lua5.1
bench|lua5.2|Lua 5.2|command -v lua5.2
bench|lua5.3|Lua 5.3|command -v lua5.3
bench|lua5.4|Lua 5.4|command -v lua5.4
bench?|luajit|LuaJIT 2.1|command -v luajit
bench?|zlib1g-dev|zlib.h|test -e /usr/include/zlib.h
bench?|libsqlite3-dev|sqlite3.h|test -e /usr/include/sqlite3.h
bench?|libgl-dev|GL/gl.h|test -e /usr/include/GL/gl.h
ROWS
}

missing=() needed=0 names=""
for purpose in "$@"; do
  known=0
  while IFS='|' read -r who package name probe; do
    [ "${who%\?}" = "$purpose" ] || continue
    known=1
    case " ${missing[*]-} " in *" $package "*) continue ;; esac
    if ! eval "$probe" >/dev/null 2>&1; then
      missing+=("$package")
      names+="  $name (Debian: $package)$([ "$who" = "$purpose" ] || echo ', can be done without')"$'\n'
      [ "$who" != "$purpose" ] || needed=1
    fi
  done < <(table)
  [ $known = 1 ] || { echo "deps.sh: unknown purpose '$purpose' (build, demo, test, lint, bench)" >&2; exit 2; }
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
if [ "${FERRY_DEPS:-}" = tell ]; then
  [ $needed = 1 ] || exit 0
elif command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
  echo "deps.sh: installing ${missing[*]}"
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  apt() {
    ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends "$@" \
      </dev/null >>"$log" 2>&1
  }
  # The package lists are fetched only if installing fails with those that are there.
  if apt install "${missing[@]}" || { apt update && apt install "${missing[@]}"; }; then exit 0; fi
  tail -n 20 "$log" >&2
  echo "deps.sh: apt could not install all of it" >&2
fi

{
  echo "deps.sh: missing for 'make $*':"
  printf '%s' "$names"
  echo "On Debian or Ubuntu: sudo apt-get install --no-install-recommends ${missing[*]}"
} >&2
exit $needed
