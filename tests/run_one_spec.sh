#!/usr/bin/env bash
# Runs one spec file: run_one_spec.sh MODE VERSION BACKEND SPEC (see run_specs.sh). Leaves the log in
# $TREE/specs/MODE-VERSION-BACKEND/NAME.log, its last line "SPEC-EXIT<TAB>status<TAB>seconds". Always succeeds.
set -u
cd "$(dirname "$0")/.."
. tests/lua_versions.sh
mode=$1 version=$2 backend=$3 spec=$4 TREE=${TREE:-build}
name=${spec##*/}
log=$TREE/specs/$mode-$version-$backend/${name%.lua}.log
tree=$PWD/$TREE limit=${LIMIT:-300} run=()
[ "$mode" != asan ] || tree=$PWD/build-asan
export FERRY_FIXTURES=$tree/tests/fixtures FERRY_BACKEND=$backend FERRY_SLOW=${FERRY_SLOW:-0}
# LuaUnit is one file for all versions; packages of it may be older than 5.5.
luaunit=
[ "$version" != 5.5 ] || luaunit="/usr/local/share/lua/5.4/?.lua;/usr/share/lua/5.4/?.lua"
export LUA_PATH="$PWD/tests/spec/?.lua;$tree/lib/$version/?.lua;;$luaunit" LUA_CPATH="$tree/lib/$version/?.so;;"
case $mode in *api) export FERRY_STACK=api ;; esac
[ "$mode" != check ] || export FERRY_CHECK=1
[ "$mode" != slow ] || export FERRY_CHAOS=slow

case $mode in
  luajit)
    unset FERRY_BACKEND
    export LUA_PATH="$PWD/tests/spec/?.lua;;" LUA_CPATH=";;"
    lua=$(command -v luajit)
    ;;
  jithost)
    # What requires "ffi" gets Ferry here, in this process and in those that specs start; LuaJIT's own is "luajit.ffi".
    export LUA_INIT='package.preload["luajit.ffi"] = package.preload.ffi; package.preload.ffi = nil'
    lua=$(command -v luajit)
    ;;
  c++*) lua=$tree/tests/host/lua$version-c++ ;;
  move)
    lua=$tree/tests/host/lua$version-moving
    export FERRY_CHAOS=move FERRY_SLOW=1
    limit=300
    ;;
  *) lua=$(lua_command "$version") ;;
esac
export FERRY_LUA=$lua # for specs that start another interpreter

case $mode in
  asan)
    # The interpreter is not instrumented: ASan's runtime has to be there first.
    # What Lua or a loaded library leaks is not ours: tests/lsan.supp.
    # The runtime guesses a module's thread-local block from a header that glibc writes only for some: a wrong guess ends
    # the leak check in a segmentation fault of its own.
    export FERRY_SLOW=1
    limit=600
    export ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=${FERRY_LEAKS:-1}:exitcode=99:intercept_tls_get_addr=0:abort_on_error=0:allocator_may_return_null=1:detect_stack_use_after_return=0"
    export LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp:print_suppressions=0"
    export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
    run=(env "LD_PRELOAD=$(${CC:-gcc} -print-file-name=libasan.so) $(${CC:-gcc} -print-file-name=libubsan.so)")
    ;;
  valgrind)
    export FERRY_SLOW=1 FERRY_VALGRIND=1
    limit=900
    # glibc's freeing at the end unloads libgcc, and with it the list of unwind data that it was told of: what it had would
    # be found lost.
    run=(valgrind -q --run-libc-freeres=no --error-exitcode=99 --leak-check=full --show-leak-kinds=definite
      --errors-for-leak-kinds=definite
      --child-silent-after-fork=yes --max-stackframe=8388608 "--suppressions=$PWD/tests/valgrind.supp")
    ;;
esac

start=$SECONDS
(
  ulimit -c 0
  exec timeout -k 5 "$limit" ${run[@]+"${run[@]}"} "$lua" "$spec"
) </dev/null >"$log" 2>&1
printf '\nSPEC-EXIT\t%d\t%d\n' $? $((SECONDS - start)) >>"$log"
exit 0
