#!/usr/bin/env bash
# Counts what one operation of the benchmark's rows takes in instructions, with valgrind's callgrind: the binding's, and
# Ferry's with direct access to the Lua stack and by the API. Unlike times they are the same on a busy machine.
#   bench/instructions.sh [LUA [ROW...]]      (after make bench; default: 5.4 and some rows)
# BUILD=build-i386 counts what tests/cross/run.sh i386 has built, where the kernel runs it; BUILD=build-riscv64, or another one, in
# qemu, which writes a line for each instruction: that takes long, and is not done by the API. The build needs -DFERRY_BENCH=ON.
# FERRY_BACKEND=stub: that back end's.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/lua_versions.sh
version=${1:-5.4}
shift || true
rows=("$@")
[ ${#rows[@]} -gt 0 ] || rows=("empty loop" "void(void)" "int(int,int), local f" "double(double,double)" 'strlen("hello")'
  "pointer-to-struct argument" "struct by value, 2 in 1 out" "T()" "ffi.constructor(T)()" "ffi.new(T)" "s.c" "s.c = x" "a[3]"
  "a[3] = i" "obj:method(i), opaque handle" "callback int(int) from a C loop" "Lua function as argument, called once")
tree=$PWD/${BUILD:-build}
emulator=$(sed -n 's/^exec \(qemu-[^"]*\) ".*/\1/p' "$tree/bin/lua$version" 2>/dev/null || true)
[ -n "$emulator" ] || command -v valgrind >/dev/null || { echo "instructions.sh: valgrind is needed (Debian: valgrind)" >&2; exit 1; }
lua=("$(lua_command "$version")")
few=10000 many=50000
if [ -n "$emulator" ]; then
  few=50 many=250
  lua=($emulator -singlestep -d "nochain,exec" -D /dev/fd/3 "$tree/root/usr/bin/lua$version")
elif [ -d "$tree/root" ]; then  # another processor's, with the Luas of its own
  lua=("$tree/root/lib/ld-linux.so.2" --library-path "$tree/root/lib/i386-linux-gnu:$tree/root/usr/lib/i386-linux-gnu"
    "$tree/root/usr/bin/lua$version")
fi
export LUA_PATH="$tree/lib/$version/?.lua;;"
export LUA_CPATH="$tree/lib/$version/?.so;$tree/bench/$version/?.so;;"

[ -n "${lua[0]}" ] || { echo "instructions.sh: no Lua $version" >&2; exit 1; }
for file in "$tree/lib/$version/ferry/core.so" "$tree/bench/libbench_target.so"; do
  [ -e "$file" ] || { echo "instructions.sh: $file is not built (cmake build -DFERRY_BENCH=ON && cmake --build build)" >&2; exit 1; }
done

# count ITERATIONS: of the whole process. Fails where it printed none, with what it said instead.
count() {
  local said number
  if [ -n "$emulator" ]; then
    BENCH_N=$1 "${lua[@]}" bench/run.lua "$tree/bench/libbench_target.so" 3>&1 >/dev/null | wc -l
    return
  fi
  said=$(BENCH_N=$1 valgrind --tool=callgrind --callgrind-out-file=/dev/null "${lua[@]}" bench/run.lua \
    "$tree/bench/libbench_target.so" 2>&1) ||
    { echo "instructions.sh: '$BENCH_ROW': $said" >&2; return 1; }
  number=$(sed -n 's/.*Collected : *//p' <<<"$said")
  [[ $number =~ ^[0-9]+$ ]] || { echo "instructions.sh: '$BENCH_ROW': no count in: $said" >&2; return 1; }
  echo "$number"
}
# per_operation: what more iterations take more.
per_operation() {
  local less more times=$((many - few))
  less=$(count $few) || return 1
  more=$(count $many) || return 1
  # Nearly the same count: this side has no row of this name.
  if [ $((more - less)) -gt $times ]; then echo $(((more - less + times / 2) / times)); else echo -; fi
}

printf '%-40s %8s %8s %8s\n' "Lua $version, instructions" "by hand" direct api
for row in "${rows[@]}"; do
  export BENCH_ROW=$row
  binding=$(BENCH_SIDE=binding per_operation) || exit 1
  direct=$(BENCH_SIDE=ffi per_operation) || exit 1
  api=-
  [ -n "$emulator" ] || api=$(BENCH_SIDE=ffi FERRY_STACK=api per_operation) || exit 1
  [ "$direct" != - ] || { echo "instructions.sh: no row '$row'" >&2; exit 1; }
  printf '%-40s %8s %8s %8s\n' "$row" "$binding" "$direct" "$api"
done
