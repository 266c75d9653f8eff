#!/usr/bin/env bash
# Runs the tests: run.sh [STAGE...]; without arguments all of them:
#   unit       GoogleTest programs of the release build
#   oracles    programs that compare with compilers (CTest's other tests)
#   specs      tests/spec under every Lua with every back end, also where Lua is built as C++, and on LuaJIT's own ffi
#   variants   a build without asmjit and libffi (by LuaRocks, where that is), and some specs with it
#   install    an installation: programs that contain Ferry are built from it alone; how Luas are found; a release
#   headers    headers of installed libraries by ffi.include, compared with gcc and clang
#   examples   examples/ under every Lua, their exit codes and key lines; programs for LuaJIT that Debian packages
#   fuzz       what reads C, layouts, plans and formats, for some seconds each with libFuzzer
#   sanitize   unit tests and specs built with ASan and UBSan
#   valgrind   specs under valgrind on one Lua
#   oom        a part of tests/run_oom.sh: memory that cannot be had
#   growth     tests/input_growth.sh: what hostile text costs, by its length
#   cross      a part of tests/cross/run.sh: i386, and AArch64 in an emulator, where cross compilers are installed
# FULL=1: specs under every Lua with every back end; else each of either, but not each pair (tests/run_specs.sh).
# Stages that use one processor run beside others like them; what each prints comes out when it ends.
# Each stage adds lines "stage<TAB>passed<TAB>failed<TAB>skipped" to build/test-results.tsv; the last line printed is the total over
# them. What failed stands in build/test-failures.txt. Exit status 1 if anything failed.
set -uo pipefail
cd "$(dirname "$0")/.."
jobs=$(nproc 2>/dev/null || echo 2)
stages=("$@")
# Of those that run beside others the longest come first.
[ ${#stages[@]} -gt 0 ] || stages=(oracles examples fuzz headers variants install oom growth unit specs sanitize valgrind cross)
mkdir -p build
results=$PWD/build/test-results.tsv
: >"$results"
export FERRY_RESULTS=$results

record() { printf '%s\t%d\t%d\t%d\n' "$@" >>"$results"; }
title() { printf '\n== %s (after %d s)\n' "$1" $SECONDS; }

# configure_and_build PRESET TREE CMAKE-ARGS...: what does not compile is one failure, with its messages; where CI is set (.ci/run),
# so is a warning about src/. With precompiled headers unless there is a cache, which cannot share them between checkouts; the
# trees of the stages variants and cross have none, and see includes that are missing.
precompile=ON
! command -v ccache >/dev/null || precompile=OFF
configure_and_build() {
  local preset=$1 tree=$2 log
  shift 2
  log=$(mktemp)
  if cmake --preset "$preset" -DFERRY_TESTS=ON -DFERRY_PCH=$precompile -DFERRY_WERROR="${CI:-OFF}" "$@" >"$log" 2>&1 &&
    cmake --build "$tree" -j "$jobs" >"$log" 2>&1; then
    grep -E 'warning:|no headers' "$log" | sort -u | head -n 20
    rm -f "$log"
    return 0
  fi
  grep -E 'error|FAILED|Error' "$log" | head -n 40 || tail -n 40 "$log"
  rm -f "$log"
  record "build ($preset)" 0 1 0
  return 1
}

# unit_tests TREE: every unit_* program of that tree.
unit_tests() {
  local tree=$1 program log passed failed skipped
  for program in "$tree"/tests/unit/unit_*; do
    [ -x "$program" ] && [ ! -d "$program" ] || continue
    log=$program.log
    (ulimit -c 0 && timeout -k 5 900 "$program" --gtest_brief=1 </dev/null) >"$log" 2>&1
    local status=$?
    passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | tail -n 1)
    failed=$(sed -n 's/^ *\([0-9]*\) FAILED TEST.*/\1/p' "$log" | tail -n 1)
    skipped=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test.*/\1/p' "$log" | tail -n 1)
    [ $status = 0 ] || [ "${failed:-0}" -gt 0 ] || failed=1
    record "${program##*/} ($tree)" "${passed:-0}" "${failed:-0}" "${skipped:-0}"
    printf '%-14s %5d passed, %d failed, %d skipped\n' "${program##*/}" "${passed:-0}" "${failed:-0}" "${skipped:-0}"
    if [ $status != 0 ]; then
      echo "  exit status $status; from $log:"
      grep -vE '^\[ +OK \]|^\[ RUN' "$log" | tail -n 60 | sed 's/^/  /'
    fi
  done
}

# other_tests TREE: what CTest has besides the unit tests; each says itself what it compared.
other_tests() {
  local tree=$1 log passed failed skipped
  log=$tree/oracles.log
  ctest --test-dir "$tree" -E '^unit_' -V --timeout 900 </dev/null >"$log" 2>&1
  passed=$(grep -cE '^ *[0-9]+/[0-9]+ Test .* Passed ' "$log")
  skipped=$(grep -cE '^ *[0-9]+/[0-9]+ Test .*(Skipped|Disabled|Not Run)' "$log")
  failed=$(grep -E '^ *[0-9]+/[0-9]+ Test ' "$log" | grep -cvE 'Passed |Skipped|Disabled|Not Run')
  [ $((passed + failed + skipped)) = 0 ] || record "oracles" "$passed" "$failed" "$skipped"
  sed -nE 's/^[0-9]+: //p' "$log" | grep -v '^Test ' | tail -n 60
  grep -E '^ *[0-9]+/[0-9]+ Test ' "$log"
}

# scripted SCRIPT ARGS...: one that records its results itself. If it breaks before it can, that is a failure.
scripted() {
  local before
  before=$(wc -l <"$results")
  "$@" || [ "$(wc -l <"$results")" -gt "$before" ] || record "$*" 0 1 0
}

build_release() {
  [ -z "${built_release:-}" ] || return "$built_release"
  title "building (release)"
  local TIMEFORMAT='-- the build took %R s, and %U + %S s of processor time'
  time configure_and_build release build
  built_release=$?
  return $built_release
}

run_stage() {
  case $1 in
    unit)
      title "unit tests"
      unit_tests build
      ;;
    oracles)
      title "comparisons with compilers"
      other_tests build
      ;;
    specs)
      title "specs, under each Lua and back end"
      scripted tests/run_specs.sh plain api c++ c++api slow check move jithost luajit
      ;;
    variants)
      title "without the optional libraries"
      scripted tests/build_variants.sh
      ;;
    install)
      title "installation"
      scripted tests/run_install.sh
      ;;
    headers)
      title "headers of libraries"
      scripted tests/headers/run
      ;;
    examples)
      title "examples"
      scripted tests/run_examples.sh
      scripted tests/programs/run_packaged.sh
      ;;
    oom)
      title "memory that cannot be had"
      scripted tests/run_oom.sh
      ;;
    growth)
      title "what hostile text costs"
      scripted tests/input_growth.sh
      ;;
    sanitize)
      title "building with AddressSanitizer and UndefinedBehaviorSanitizer"
      # The oldest and the newest Lua: the others differ less from one of them than these from each other.
      newest=5.4
      [ ! -e build/lib/5.5/ferry/core.so ] || newest=5.5
      configure_and_build asan-ubsan build-asan "-DFERRY_LUAS=5.1;$newest" || return
      title "unit tests and specs under the sanitisers"
      UBSAN_OPTIONS=print_stacktrace=1 unit_tests build-asan
      scripted tests/run_specs.sh asan
      ;;
    fuzz)
      title "what reads C, fuzzed"
      # The same inputs each time, so that what fails is the change's; `make fuzz` looks for more.
      SEED=${SEED:-1} TIME=${TIME:-10} scripted tests/fuzz/run
      ;;
    valgrind)
      if ! command -v valgrind >/dev/null; then
        echo "valgrind: not installed, skipped"
        record valgrind 0 0 1
        return
      fi
      title "specs under valgrind"
      scripted tests/run_specs.sh valgrind
      ;;
    cross)
      title "i386"
      QUICK=1 scripted tests/cross/run.sh i386
      title "AArch64, emulated"
      QUICK=1 scripted tests/cross/run.sh aarch64
      ;;
    *)
      echo "run.sh: unknown stage '$1'" >&2
      exit 2
      ;;
  esac
}

# timed STAGE: runs it, and says what it took. Processor time is what a busy machine does not change.
timed() {
  local TIMEFORMAT="-- $1 took %R s, and %U + %S s of processor time"
  time run_stage "$1"
}

# beside "STAGE..."...: these lists of stages at once, as many as there are processors, each with results of its own.
beside() {
  local list stage folder
  folder=$(mktemp -d)
  for list; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
    (
      for stage in $list; do
        results=$folder/$stage.tsv
        : >"$results"
        export FERRY_RESULTS=$results
        timed "$stage" >"$folder/$stage.log" 2>&1
        [ -s "$results" ] || record "$stage" 0 1 0 # it ended before it could say anything
        flock "$folder" cat "$folder/$stage.log"
      done
    ) &
  done
  wait
  cat "$folder"/*.tsv >>"$results"
  rm -rf "$folder"
}

alone=() lists=()
for stage in "${stages[@]}"; do
  case $stage in
    unit | oracles | specs | variants | install | headers | examples | oom | growth | valgrind) build_release || continue ;;
  esac
  case $stage in
    specs | sanitize | valgrind | cross) alone+=("$stage") ;;
    install) # after variants, which makes a release as well
      if [[ " ${lists[*]} " == *" variants "* ]]; then
        lists=("${lists[@]/#variants/variants install}")
      else
        lists+=(install)
      fi
      ;;
    *) lists+=("$stage") ;;
  esac
done
output=$(mktemp)
{
  [ ${#lists[@]} = 0 ] || beside "${lists[@]}"
  for stage in ${alone[@]+"${alone[@]}"}; do timed "$stage" 2>&1; done
} | tee "$output"

# What failed, each with what is indented below it, at the end again: of a long log, only that may be kept.
awk '
  /^ *(failed:|FAILED)/ { told = 0; shown = 1 }
  !/^ *(failed:|FAILED)/ && !/^ / { shown = 0 }
  shown && ++told <= 15 { print substr($0, 1, 8200) }' "$output" | tail -n 200 >build/test-failures.txt
rm -f "$output"
if [ -s build/test-failures.txt ]; then
  title "what failed"
  cat build/test-failures.txt
fi

awk -F'\t' '
  $3 > 0 { print "failed: " $1 " (" $3 ")" }
  { passed += $2; failed += $3; skipped += $4 }
  END {
    printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit failed > 0 || passed == 0
  }' "$results"
