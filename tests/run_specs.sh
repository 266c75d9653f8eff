#!/usr/bin/env bash
# Runs tests/spec/*_spec.lua: run_specs.sh [MODE...], each a column or several of the table it prints:
#   plain      every Lua found, from build/: with the first back end, the oldest and the newest with one of the others as well
#   api        the oldest and the newest Lua, with the first back end, and arguments read by Lua's public functions only
#   c++        two Luas that are built as C++, whose errors are exceptions, each with one of the first two back ends
#   c++api     the newer of them, with the first back end, and arguments read by Lua's public functions only
#   slow       the oldest Lua, with the first back end: FERRY_CHAOS=slow, nothing takes its hot path
#   check      the newest Lua, with the stub: FERRY_CHECK=1, objects and pointers are checked
#   move       two Luas, one with the first back end, one with the next: FERRY_CHAOS=move, Lua's stack moves whenever it may
#   luajit     LuaJIT's own ffi: the oracle, for the specs that claim to say what LuaJIT does
#   jithost    LuaJIT as a host of Ferry, with the first back end, for what a Lua 5.1 can run
#   asan       the newest Lua of build-asan/ with the first back end, the oldest with one of the others
#   valgrind   one Lua from build/
# FULL=1, or LUAS or BACKENDS: every Lua of the mode with every back end of it.
# Settable: LUAS="5.1 5.4", BACKENDS="stub libffi", SPECS="tests/spec/one_spec.lua ...", JOBS, TREE=build.
# A spec file's tests run in one process per column; what each printed stays in build/specs/COLUMN/SPEC.log.
set -uo pipefail
cd "$(dirname "$0")/.."
. tests/lua_versions.sh
modes=("$@")
[ ${#modes[@]} -gt 0 ] || modes=(plain luajit)
export TREE=${TREE:-build}
full=${FULL:-}${LUAS:-}${BACKENDS:-}
backends=$(backends_of "$TREE")
specs=${SPECS:-$(ls tests/spec/*_spec.lua 2>/dev/null)}
if [ -z "$specs" ]; then
  echo "no specs"
  exit 1
fi

# The oracle runs a file whose name ends so, or that says so in its first lines.
claims_luajit() { case $1 in *_luajit_spec.lua) true ;; *) head -n 20 "$1" | grep -q '^-- oracle: LuaJIT' ;; esac }

# Those of LUAS that have an interpreter built by tests/host, and a module.
versions_cpp() {
  local v
  for v in ${LUAS:-5.1 5.4}; do
    [ -x "$TREE/tests/host/lua$v-c++" ] && [ -e "$TREE/lib/$v/ferry/core.so" ] && echo "$v"
  done
}
versions_moving() {
  local v
  for v in ${LUAS:-5.1 5.4}; do
    [ -x "$TREE/tests/host/lua$v-moving" ] && [ -e "$TREE/lib/$v/ferry/core.so" ] && echo "$v"
  done
}
versions() { # versions TREE [WANTED...]: those of LUAS that have an interpreter and a module
  local tree=$1 v
  shift
  for v in ${LUAS:-"$@"}; do
    [ -n "$(lua_command "$v")" ] && [ -e "$tree/lib/$v/ferry/core.so" ] && echo "$v"
  done
}
oldest_and_newest() { { versions "$1" 5.1 && versions "$1" 5.4 5.5 | tail -n 1; } | uniq; }

# Which of the versions on the input, one a line, and which back ends beside them. All of them with FULL.
first() { if [ -n "$full" ]; then cat; else head -n 1; fi; }
last() { if [ -n "$full" ]; then cat; else tail -n 1; fi; }
ends() { if [ -n "$full" ]; then cat; else sed -n '1p;1!{$p}'; fi; }
with() { # with VERSION BACKEND...
  local v=$1 b
  shift
  for b; do echo "$v $b"; done
}
with_first() { # with_first [all]: with FULL all of them
  local v
  while read -r v; do if [ -n "$full" ] && [ -n "${1:-}" ]; then with "$v" $backends; else with "$v" "${backends%% *}"; fi; done
}
with_all() {
  local v
  while read -r v; do with "$v" $backends; done
}
with_another() { # each with one that is not the first, in turn
  local v turn=0 all=($backends)
  while read -r v; do [ ${#all[@]} = 1 ] || with "$v" "${all[turn++ % (${#all[@]} - 1) + 1]}"; done
}
with_one() { # each with one of the first two, in turn
  local v turn=0 all=($backends)
  all=("${all[@]:0:2}")
  while read -r v; do if [ -n "$full" ]; then with "$v" "${all[@]}"; else with "$v" "${all[turn++ % ${#all[@]}]}"; fi; done
}
# some SELECTION PAIRS SELECTION PAIRS: of the versions on the input those of each selection, with the back ends that PAIRS says.
some() {
  local found
  found=$(cat)
  if [ -z "$found" ]; then
    return
  elif [ -n "$full" ]; then
    with_all <<<"$found"
  else
    { "$1" <<<"$found" | "$2" && "$3" <<<"$found" | "$4"; } | sort -s -k 1,1 -V
  fi
}

# What is not here is left out of the modes for every Lua, by name.
case " ${modes[*]} " in
  *" plain "*)
    for v in ${LUAS:-$lua_versions}; do
      [ -z "$(LUAS=$v versions "$TREE")" ] || continue
      echo "Lua $v: no interpreter or no module, skipped"
      [ -z "${FERRY_RESULTS:-}" ] || printf 'specs plain-%s\t0\t0\t1\n' "$v" >>"$FERRY_RESULTS"
    done
    ;;
esac

list=$(mktemp)
trap 'rm -f "$list"' EXIT
columns=()
for mode in "${modes[@]}"; do
  case $mode in
    plain) pairs=$(versions "$TREE" $lua_versions | some cat with_first ends with_another) ;;
    api) pairs=$(versions "$TREE" $lua_versions | ends | with_first) ;;
    c++) pairs=$(versions_cpp | with_one) ;;
    c++api) pairs=$(versions_cpp | last | with_first) ;;
    slow) pairs=$(oldest_and_newest "$TREE" | first | with_first) ;;
    check) pairs=$(oldest_and_newest "$TREE" | last | sed 's/$/ stub/') ;;
    move) pairs=$(versions_moving | with_one) ;;
    asan) pairs=$(oldest_and_newest build-asan | some last with_first first with_another) ;;
    valgrind) pairs=$(versions "$TREE" 5.3 | head -n 1 | with_first) ;;
    luajit) pairs=$(command -v luajit >/dev/null && echo "jit jit") ;;
    jithost) pairs=$(command -v luajit >/dev/null && [ -e "$TREE/lib/5.1/ferry/core.so" ] && echo 5.1 | with_first all) ;;
    *)
      echo "run_specs.sh: unknown mode '$mode'" >&2
      exit 2
      ;;
  esac
  if [ -z "$pairs" ]; then
    case $mode in
      c++*) echo "$mode: no library of a Lua built as C++ (Debian's liblua5.4-dev has one), skipped" ;;
      move) echo "$mode: no shared library of a Lua to put another API before, skipped" ;;
      *) echo "$mode: no Lua to run it with, skipped" ;;
    esac
    [ -z "${FERRY_RESULTS:-}" ] || printf 'specs (%s)\t0\t0\t1\n' "$mode" >>"$FERRY_RESULTS"
    continue
  fi
  while read -r version backend; do
    columns+=("$mode-$version-$backend")
    mkdir -p "$TREE/specs/$mode-$version-$backend"
    rm -f "$TREE/specs/$mode-$version-$backend"/*
    for spec in $specs; do
      if [ "$mode" = luajit ] && ! claims_luajit "$spec"; then continue; fi
      # What ferry.luajit gives to plain Lua.
      if [ "$mode" = jithost ] && [[ $spec == */luajit_layer_* ]]; then continue; fi
      # They say what hot paths do.
      if { [ "$mode" = slow ] || [ "$mode" = check ]; } && [[ $spec == */@(debug|trace)_spec.lua ]]; then continue; fi
      echo "$mode $version $backend $spec" >>"$list"
    done
  done <<<"$pairs"
done
[ -s "$list" ] || exit 1

# One more than there are processors: specs wait now and then, for threads, timers and files.
xargs -P "${JOBS:-$(($(nproc 2>/dev/null || echo 2) + 1))}" -L 1 tests/run_one_spec.sh <"$list"
"$(lua_command any)" tests/spec_table.lua "$TREE/specs" "${columns[@]}"
