#!/usr/bin/env bash
# Runs packaged/*.lua, each a use of a library that was written for LuaJIT and that Debian packages: on LuaJIT, and by the
# command ferry on every Lua with every back end. Each has to print what it prints on LuaJIT.
# Exit status 1 if any differs. Settable as in run_specs.sh: LUAS, BACKENDS.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/lua_versions.sh
backends=$(backends_of build)
work=build/programs
mkdir -p "$work"
packaged="/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/?/init.lua"
passed=0 failed=0 skipped=0
for file in tests/programs/packaged/*.lua; do
  name=$(basename "$file" .lua)
  module=$(sed -n 's/^local [A-Za-z]* = require "\([^"]*\)".*/\1/p' "$file" | head -n 1)
  if ! command -v luajit >/dev/null || [ ! -e "/usr/share/lua/5.1/$module.lua" ]; then
    echo "packaged $name: LuaJIT or its package is not there"
    skipped=$((skipped + 1))
    continue
  fi
  if ! LUA_PATH="$packaged;;" timeout -k 5 60 luajit "$file" >"$work/$name-jit.txt" 2>&1; then
    echo "packaged $name: fails on LuaJIT:"
    tail -n 3 "$work/$name-jit.txt"
    failed=$((failed + 1))
    continue
  fi
  for v in ${LUAS:-$lua_versions}; do
    [ -n "$(lua_command "$v")" ] && [ -e "build/lib/$v/ferry/core.so" ] || continue
    for b in $backends; do
      out=$work/$name-$v-$b.txt
      FERRY_BACKEND=$b LUA_PATH="$PWD/build/lib/$v/?.lua;$packaged;;" LUA_CPATH="$PWD/build/lib/$v/?.so;;" \
        timeout -k 5 60 "$(lua_command "$v")" build/bin/ferry "$file" >"$out" 2>&1
      if diff "$work/$name-jit.txt" "$out" >"$out.diff"; then
        passed=$((passed + 1))
      else
        failed=$((failed + 1))
        echo "packaged $name, Lua $v, $b: prints otherwise than on LuaJIT"
        head -n 6 "$out.diff" | sed 's/^/  /'
      fi
    done
  done
done
echo "packaged programs: $passed passed, $failed failed, $skipped skipped"
[ -z "${FERRY_RESULTS:-}" ] || printf 'packaged programs\t%d\t%d\t%d\n' "$passed" "$failed" "$skipped" >>"$FERRY_RESULTS"
[ "$failed" = 0 ]
