#!/usr/bin/env bash
# What the tests on Windows need and no package has, built by MinGW: windows_root.sh ROOT. Lua 5.1 and 5.4 as lua51.dll and
# lua54.dll with their interpreters (lua5.x/), headers and import libraries, and GoogleTest.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$1 cc=x86_64-w64-mingw32-gcc-posix cxx=x86_64-w64-mingw32-g++-posix
mkdir -p "$root/lib/pkgconfig" "$root/include"
for version in 5.1 5.4; do
  short=${version/./} source=$root/source/$version
  for suite in bookworm testing sid; do
    rm -rf "$source"
    tools/debian-source.sh $suite lua$version "$source" && break
  done
  src=$source/src
  mkdir -p "$root/lua$version" "$root/include/lua$version"
  cp "$src"/{lua,luaconf,lualib,lauxlib}.h "$root/include/lua$version"
  (
    cd "$src"
    # The interpreter, the compiler, and a part of 5.1's compiler are programs' sources.
    # shellcheck disable=SC2010
    library=$(ls ./*.c | grep -vE '/(lua|luac|print)\.c$')
    # shellcheck disable=SC2086
    $cc -O2 -DLUA_BUILD_AS_DLL -DLUA_COMPAT_5_3 -shared -static-libgcc -o "$root/lua$version/lua$short.dll" $library \
      -Wl,--out-implib,"$root/lib/liblua$short.dll.a"
    $cc -O2 -DLUA_BUILD_AS_DLL -static-libgcc -o "$root/lua$version/lua.exe" lua.c "$root/lib/liblua$short.dll.a"
  )
  cat >"$root/lib/pkgconfig/lua$version.pc" <<PC
prefix=\${pcfiledir}/../..
Name: Lua
Description: Lua $version, built for the tests
Version: $version
Libs: -L\${prefix}/lib -llua$short
Cflags: -I\${prefix}/include/lua$version
PC
done
googletest=/usr/src/googletest/googletest
cp -r $googletest/include/gtest "$root/include/"
for part in gtest-all gtest_main; do
  $cxx -O1 -I$googletest -I"$root/include" -c -o "$root/$part.o" "$googletest/src/$part.cc"
done
x86_64-w64-mingw32-ar rc "$root/lib/libgtest.a" "$root/gtest-all.o"
x86_64-w64-mingw32-ar rc "$root/lib/libgtest_main.a" "$root/gtest_main.o"
