#!/usr/bin/env bash
# Counts what one operation of the benchmark's rows takes in instructions, with valgrind's callgrind: the binding's, and
# Ferry's with direct access to the Lua stack and by the API. Unlike times they are the same on a busy machine.
#   bench/instructions.sh [LUA [ROW...]]      (after make bench; default: 5.4 and some rows)
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/lua_versions.sh
version=${1:-5.4}
shift || true
rows=("$@")
[ ${#rows[@]} -gt 0 ] || rows=("empty loop" "void(void)" "int(int,int), local f" "double(double,double)" 'strlen("hello")'
  "pointer-to-struct argument" "struct by value, 2 in 1 out" "T()" "ffi.constructor(T)()" "ffi.new(T)" "s.c" "s.c = x" "a[3]"
  "a[3] = i" "obj:method(i), opaque handle" "callback int(int) from a C loop" "Lua function as argument, called once")
command -v valgrind >/dev/null || { echo "instructions.sh: valgrind is needed (Debian: valgrind)" >&2; exit 1; }
lua=$(lua_command "$version")
export LUA_PATH="$PWD/build/lib/$version/?.lua;;"
export LUA_CPATH="$PWD/build/lib/$version/?.so;$PWD/build/bench/$version/?.so;;"

# count ITERATIONS: of the whole process.
count() {
  BENCH_N=$1 valgrind --tool=callgrind --callgrind-out-file=/dev/null "$lua" bench/run.lua build/bench/libbench_target.so 2>&1 |
    sed -n 's/.*Collected : *//p'
}
# per_operation: what more iterations take more.
per_operation() {
  local few many
  few=$(count 10000)
  many=$(count 50000)
  echo $(((many - few + 20000) / 40000))
}

printf '%-40s %8s %8s %8s\n' "Lua $version, instructions" "by hand" direct api
for row in "${rows[@]}"; do
  export BENCH_ROW=$row
  printf '%-40s %8d %8d %8d\n' "$row" "$(BENCH_SIDE=binding per_operation)" "$(BENCH_SIDE=ffi per_operation)" \
    "$(BENCH_SIDE=ffi FERRY_STACK=api per_operation)"
done
