#!/usr/bin/env bash
# Runs tests/spec/*_spec.lua: run_specs.sh [MODE...], each a column or several of the table it prints:
#   plain      every Lua found, with every back end, from build/
#   api        every Lua found, with the first back end, and arguments read by Lua's public functions only
#   c++        two Luas that are built as C++, whose errors are exceptions, with every back end
#   c++api     the same, with the first back end, and arguments read by Lua's public functions only
#   slow       the oldest and the newest Lua, with the first back end: FERRY_CHAOS=slow, nothing takes its hot path
#   check      the same with the stub: FERRY_CHECK=1, objects and pointers are checked
#   move       two Luas, with the first back end and with the next: FERRY_CHAOS=move, Lua's stack moves whenever it may
#   luajit     LuaJIT's own ffi: the oracle, for the specs that claim to say what LuaJIT does
#   jithost    LuaJIT as a host of Ferry, with every back end, for what a Lua 5.1 can run
#   asan       the oldest and the newest Lua of build-asan/, with every back end
#   valgrind   one Lua from build/
# Settable: LUAS="5.1 5.4", BACKENDS="stub libffi", SPECS="tests/spec/one_spec.lua ...", JOBS, TREE=build.
# A spec file's tests run in one process per column; what each printed stays in build/specs/COLUMN/SPEC.log.
set -uo pipefail
cd "$(dirname "$0")/.."
. tests/lua_versions.sh
modes=("$@")
[ ${#modes[@]} -gt 0 ] || modes=(plain luajit)
export TREE=${TREE:-build}
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
    api) pairs=$(for v in $(versions "$TREE" $lua_versions); do echo "$v ${backends%% *}"; done) ;;
    plain) pairs=$(for v in $(versions "$TREE" $lua_versions); do for b in $backends; do echo "$v $b"; done; done) ;;
    c++) pairs=$(for v in $(versions_cpp); do for b in $backends; do echo "$v $b"; done; done) ;;
    c++api) pairs=$(for v in $(versions_cpp); do echo "$v ${backends%% *}"; done) ;;
    slow) pairs=$(for v in $({ versions "$TREE" 5.1 && versions "$TREE" 5.4 5.5 | tail -n 1; }); do echo "$v ${backends%% *}"; done) ;;
    check) pairs=$(for v in $({ versions "$TREE" 5.1 && versions "$TREE" 5.4 5.5 | tail -n 1; }); do echo "$v stub"; done) ;;
    move) pairs=$(for v in $(versions_moving); do for b in $(tr ' ' '\n' <<<"$backends" | head -n 2); do echo "$v $b"; done; done) ;;
    asan) pairs=$(for v in $({ versions build-asan 5.1 && versions build-asan 5.4 5.5 | tail -n 1; }); do for b in $backends; do echo "$v $b"; done; done) ;;
    valgrind) pairs=$(for v in $(versions "$TREE" 5.3 | head -n 1); do echo "$v ${backends%% *}"; done) ;;
    luajit) pairs=$(command -v luajit >/dev/null && echo "jit jit") ;;
    jithost) pairs=$(command -v luajit >/dev/null && [ -e "$TREE/lib/5.1/ferry/core.so" ] && for b in $backends; do echo "5.1 $b"; done) ;;
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

xargs -P "${JOBS:-$(nproc 2>/dev/null || echo 2)}" -L 1 tests/run_one_spec.sh <"$list"
"$(lua_command any)" tests/spec_table.lua "$TREE/specs" "${columns[@]}"
