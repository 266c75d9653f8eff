#!/usr/bin/env bash
# Refuses memory to tests/oom/*.lua, at one request after the other: run_oom.sh; needs build/ and a shared library of Lua.
# STEP=1 takes every request, larger ones a part (default: so that all takes about a minute).
# Settable: TREE=build, LUAS, BACKENDS, SCRIPTS, WHATS="lua c map limit", MODES="one all". `limit`: the script runs in processes whose address space
# is limited (ulimit -v), from what lets no Lua start to what is enough, in steps of 32 KiB times STEP (default: 8).
set -uo pipefail
cd "$(dirname "$0")/.."
. tests/lua_versions.sh
failed=0 points=0

# limits LUA SCRIPT: a process for each limit. One that the loader does not start, or that ends in an error, is right.
limits() {
  local kib enough=0 status steps=0 wrong=0
  for ((kib = 2048; enough < 3 && kib < 1048576; kib += 32 * ${STEP:-8})); do
    (ulimit -c 0 && ulimit -v $kib && exec timeout 60 "$1" "$2") >"$log.one" 2>&1
    status=$?
    steps=$((steps + 1))
    case $status in
      0) enough=$((enough + 1)) ;;
      1 | 127) enough=0 ;; # of Lua; of the loader
      *)
        wrong=$((wrong + 1))
        { echo "ulimit -v $kib: status $status" && cat "$log.one"; } >>"$log"
        ;;
    esac
  done
  [ $enough -ge 3 ] || wrong=$((wrong + 1))
  echo "$steps - - 0 $wrong"
  [ $wrong = 0 ]
}
tree=$PWD/${TREE:-build}
mkdir -p "$tree/tests/oom"
for v in ${LUAS:-5.1 5.4}; do
  host=$tree/tests/oom/host-$v
  [ -e "$tree/lib/$v/ferry/core.so" ] || continue
  if ! pkg-config --exists "lua$v" ||
    ! ${CC:-cc} -O1 -w -o "$host" tests/oom/host.c $(pkg-config --cflags --libs "lua$v") -rdynamic -lm 2>"$tree/tests/oom/cc.log"; then
    echo "oom: no library of Lua $v, skipped"
    continue
  fi
  export LUA_PATH="$tree/lib/$v/?.lua;;" LUA_CPATH="$tree/lib/$v/?.so;;"
  for backend in ${BACKENDS:-thunk stub}; do
    export FERRY_BACKEND=$backend
    for script in ${SCRIPTS:-tests/oom/*.lua}; do
      for what in ${WHATS:-lua c map limit}; do
        case $what in lua) step=${STEP:-7} ;; c) step=${STEP:-3} ;; *) step=${STEP:-1} ;; esac
        for mode in ${MODES:-one all}; do
          log=$tree/tests/oom/$v-$backend-$(basename "$script" .lua)-$what-$mode.log
          if [ "$what" = limit ]; then
            [ "$mode" = all ] || continue
            : >"$log"
            result=$(limits "$(lua_command "$v")" "$script")
          else
            result=$(timeout "${LIMIT:-300}" "$host" "$what" "$mode" "$script" 1 "$step" 2>"$log")
          fi
          status=$?
          read -r n errors successes useless crashes <<<"${result:-0 0 0 0 1}"
          points=$((points + n))
          [ $status = 0 ] || {
            failed=$((failed + 1))
            echo "Lua $v $backend $script $what $mode: $useless states of no use, $crashes crashes"
            tail -n 3 "$log" | cut -c 1-200
          }
        done
      done
    done
  done
done
echo "oom: $points points, $failed of the rows failed"
[ -z "${FERRY_RESULTS:-}" ] || printf 'oom\t%d\t%d\t0\n' "$points" "$failed" >>"$FERRY_RESULTS"
[ $failed = 0 ]
