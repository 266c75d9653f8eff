#!/usr/bin/env bash
# Measures everything and prints the tables of bench/report.lua; make bench builds first. Each column is a process in
# which Ferry and the binding take turns; rounds repeat all of it, and report.lua takes medians.
#   BENCH_LUAS="5.4 5.3"  BENCH_ROUNDS=3  BENCH_COLUMNS="thunk api stub libffi": back ends; api is the first one of the
#   machine with FERRY_STACK=api, that is, by Lua's public functions only
#   BENCH_MS, BENCH_TURNS, BENCH_ROW, BENCH_N: see bench/run.lua.  BENCH_SMOKE=1: a few iterations of each
# Nothing here passes or fails on time. Exit status 1: a row could not be run.
set -uo pipefail
cd "$(dirname "$0")/.."
. tests/lua_versions.sh
rounds=${BENCH_ROUNDS:-3}
backends=$(BACKENDS= backends_of build)
columns=${BENCH_COLUMNS:-${backends%% *} api $(echo "$backends" | cut -s -d ' ' -f 2-)}
starts=20
if [ -n "${BENCH_SMOKE:-}" ]; then
  rounds=1 starts=2
  export BENCH_N=${BENCH_N:-20}
fi
folder=$PWD/build/bench
target=$folder/libbench_target.so
data=$folder/data.tsv # kind, Lua, column, round, then what the measuring script printed
mkdir -p "$folder/headers"
: >"$data"

# measure PREFIX COMMAND...: its lines with the prefix before them; that it failed is a line too.
measure() {
  local p=$1
  shift
  {
    "$@" 2>"$folder/stderr.txt" ||
      printf 'whole column\terror\texit status %d: %s\n' $? "$(head -n 1 "$folder/stderr.txt")"
  } | awk -v p="$p" '{ print p "\t" $0 }' >>"$data"
}
# on VERSION COLUMN SCRIPT ARGS...: under that Lua with this module; the column "" is how it is without a choice.
on() {
  local v=$1 backend=$2 stack=
  shift 2
  if [ "$backend" = api ]; then backend=${backends%% *} stack=api; fi
  FERRY_BACKEND=$backend FERRY_STACK=$stack LUA_PATH="$PWD/build/lib/$v/?.lua;;" LUA_CPATH="$PWD/build/lib/$v/?.so;$folder/$v/?.so;;" \
    "$(lua_command "$v")" "$@"
}

luas=()
for v in ${BENCH_LUAS:-$lua_versions_newest_first}; do
  if [ -n "$(lua_command "$v")" ] && [ -e "build/lib/$v/ferry/core.so" ]; then luas+=("$v"); fi
done
[ ${#luas[@]} -gt 0 ] || { echo "run.sh: no Lua with a module in build/lib" >&2; exit 1; }
[ -e "$target" ] || { echo "run.sh: $target is not built (cmake build -DFERRY_BENCH=ON)" >&2; exit 1; }
jit=$(command -v luajit || true)

for ((round = 1; round <= rounds; round++)); do
  for v in "${luas[@]}"; do
    echo "round $round of $rounds, Lua $v" >&2
    for column in $columns; do
      measure "row	$v	$column	$round" on "$v" "$column" bench/run.lua "$target"
    done
  done
  if [ -n "$jit" ]; then
    echo "round $round of $rounds, LuaJIT" >&2
    measure "row	jit	LuaJIT -joff	$round" "$jit" -joff bench/run.lua "$target"
    measure "row	jit	LuaJIT	$round" "$jit" bench/run.lua "$target"
  fi
done

# Declarations as they really are: headers through the preprocessor, one cdef in a fresh state each.
preprocess() {
  local name=$1
  shift
  printf '#include <%s>\n' "$@" | ${CC:-cc} -E -P -DGL_GLEXT_PROTOTYPES - >"$folder/headers/$name" 2>/dev/null || rm -f "$folder/headers/$name"
}
preprocess zlib.h zlib.h
preprocess sqlite3.h sqlite3.h
# Without math.h, whose _Float128 LuaJIT does not know.
preprocess libc.h stdio.h stdlib.h string.h time.h errno.h fcntl.h unistd.h signal.h dirent.h pthread.h sys/stat.h \
  sys/socket.h netinet/in.h netdb.h poll.h sys/mman.h locale.h wchar.h termios.h sys/resource.h sys/utsname.h
preprocess gl.h GL/gl.h GL/glext.h
for ((round = 1; round <= starts; round++)); do
  for header in "$folder"/headers/*.h; do
    [ -e "$header" ] || continue
    bytes=$(wc -c <"$header")
    for v in "${luas[@]}"; do
      measure "cdef	$v	ferry	$round	${header##*/}	$bytes" on "$v" "" bench/cdef.lua "$header"
    done
    [ -z "$jit" ] || measure "cdef	jit	LuaJIT	$round	${header##*/}	$bytes" "$jit" bench/cdef.lua "$header"
  done
  # Cold start: the whole process, without and with the module.
  for v in "${luas[@]}"; do
    measure "load	$v	ferry	$round" on "$v" "" bench/load.lua
    t0=${EPOCHREALTIME/[.,]/}
    on "$v" "" -e ''
    t1=${EPOCHREALTIME/[.,]/}
    if on "$v" "" -e 'require "ffi"' 2>/dev/null; then
      t2=${EPOCHREALTIME/[.,]/}
      printf 'start\t%s\tferry\t%d\t%d\t%d\n' "$v" "$round" $((t1 - t0)) $((t2 - t1)) >>"$data"
    fi
  done
done

machine=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1)
"$(lua_command any)" bench/report.lua "$data" build/bench.json "${machine:-$(uname -m)}" || exit 1

# Programs for LuaJIT: what their translation costs.
for v in "${luas[@]}"; do
  echo
  on "$v" "" bench/layer.lua || { echo "run.sh: bench/layer.lua failed" >&2; exit 1; }
done
