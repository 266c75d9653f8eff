#!/usr/bin/env bash
# Builds Ferry for another processor or system and runs its tests, in an emulator where this one cannot: run.sh [ARCH] [STEP...]
# ARCH: aarch64 (else), armhf, i386 (this one runs it, if its kernel does), ppc64le, riscv64, s390x, windows (x86-64, in wine).
#   unit     unit_abi, unit_call, unit_pages: plans, back ends, unwinding, executable memory; without QUICK the last two
#            also on a processor that guards no pages (aarch64)
#   calls    generated functions, compiled by the cross compiler and by clang, through every back end
#   specs    tests/spec under each Lua with every back end (LUAS="5.4", BACKENDS="stub", SPECS="tests/spec/x_spec.lua ...")
# Without steps: all of them. QUICK=1: one Lua, the first back end, the second one where it matters, one seed, no clang. SEEDS="1 2 3" for calls; 0 is a new one each time.
# HOLLOW=60: of 100 records in calls that many are a value or two among members without bytes; else with every other seed.
# Nothing of the native system changes: the foreign packages are unpacked into build-ARCH/root, the build is build-ARCH.
# Exit status 77: cannot run here (says why). Adds its lines to $FERRY_RESULTS as tests/run.sh's stages do.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/lua_versions.sh
arch=aarch64
case ${1:-} in aarch64 | armhf | i386 | ppc64le | riscv64 | s390x | windows) arch=$1 && shift ;; esac
steps=("$@")
[ ${#steps[@]} -gt 0 ] || steps=(unit calls specs)
tree=$PWD/build-$arch root=$PWD/build-$arch/root
dll=so exe='' versions="5.1 5.2 5.3 5.4"
packages="lua5.1 lua5.2 lua5.3 lua5.4 liblua5.1-0-dev liblua5.2-dev liblua5.3-dev liblua5.4-dev libffi-dev libgtest-dev zlib1g"
# For each processor: its triplet, Debian's name for it, what is needed to run its programs. Only processors with a plan of ours
# are worth it; the others have libffi's tests.
case $arch in
  aarch64)
    triplet=aarch64-linux-gnu debian=arm64 emulator=qemu-aarch64-static packages="$packages libasmjit-dev"
    run=("$emulator" -cpu max -L "$root") # faults where a branch leads to no landing pad
    run_old=("$emulator" -cpu cortex-a57 -L "$root")
    ;;
  armhf)
    triplet=arm-linux-gnueabihf debian=armhf emulator=qemu-arm-static
    run=("$emulator" -L "$root")
    run_old=()
    ;;
  i386)
    triplet=i686-linux-gnu debian=i386 emulator=true packages="$packages libasmjit-dev"
    run=("$root/lib/ld-linux.so.2" --library-path "$root/lib/i386-linux-gnu:$root/usr/lib/i386-linux-gnu")
    run_old=()
    ;;
  ppc64le)
    triplet=powerpc64le-linux-gnu debian=ppc64el emulator=qemu-ppc64le-static
    run=("$emulator" -L "$root")
    run_old=()
    ;;
  riscv64)
    triplet=riscv64-linux-gnu debian=riscv64 emulator=qemu-riscv64-static packages="$packages libatomic1"
    run=("$emulator" -L "$root")
    run_old=()
    ;;
  s390x)
    triplet=s390x-linux-gnu debian=s390x emulator=qemu-s390x-static
    run=("$emulator" -L "$root")
    run_old=()
    ;;
  windows) # nothing of it is Debian's but the compiler: windows_root.sh builds the rest
    triplet=x86_64-w64-mingw32 emulator=wine dll=dll exe=.exe versions="5.1 5.4" packages="lua5.1 lua5.4 googletest"
    run=(env WINEDEBUG=-all "WINEPREFIX=$tree/prefix" wine)
    run_old=()
    ;;
esac
quick=${QUICK:-}
jobs=${JOBS:-$(nproc 2>/dev/null || echo 2)}
ulimit -c 0

skip() {
  echo "$arch: skipped, $1"
  record "$arch" 0 0 1
  exit 77
}
record() { [ -z "${FERRY_RESULTS:-}" ] || printf '%s\t%d\t%d\t%d\n' "$@" >>"$FERRY_RESULTS"; }
failed=0

for tool in "$triplet-g++" "$emulator" cmake ninja; do
  command -v "$tool" >/dev/null || skip "no $tool (Debian: g++-$triplet, qemu-user-static)"
done
[ "$arch" != i386 ] || [ "$(uname -m)" = x86_64 ] || skip "this processor does not run its programs"

# --- the foreign root: made anew if the list of packages is another one ---------------------------------------------
mkdir -p "$tree"
if [ "$(cat "$tree/packages" 2>/dev/null)" != "$packages" ]; then
  echo "$arch: fetching foreign packages"
  rm -rf "$root"
  # shellcheck disable=SC2086
  if [ $arch = windows ]; then
    tests/cross/windows_root.sh "$root"
  else
    tools/foreign-root.sh $debian "$root" $packages
  fi >"$tree/root.log" 2>&1 || {
    tail -n 5 "$tree/root.log"
    skip "the foreign packages could not be fetched"
  }
  # Archives of Debian 13 have relocations that the linker of Debian 12 does not know, and dies of.
  if [ $arch = riscv64 ]; then
    echo "$arch: building GoogleTest"
    for part in gtest-all gtest_main; do
      "$triplet-g++" --sysroot="$root" -O1 -I"$root/usr/src/googletest/googletest" -c -o "$tree/$part.o" \
        "$root/usr/src/googletest/googletest/src/$part.cc" || skip "GoogleTest could not be built"
    done
    "$triplet-gcc-ar" rc "$tree/libgtest.a" "$tree/gtest-all.o" && "$triplet-gcc-ar" rc "$tree/libgtest_main.a" "$tree/gtest_main.o" &&
      mv "$tree/libgtest.a" "$tree/libgtest_main.a" "$root/usr/lib/$triplet/" || skip "GoogleTest could not be built"
  fi
  echo "$packages" >"$tree/packages"
fi

# Not every kernel of this processor runs programs of 32 bits. In the emulator specs with threads and signals crash or fail (qemu 7.2)
# that pass where the processor itself runs them, so they are left to such kernels; and all specs, where it has to be quick.
left_out=
if [ "$arch" = i386 ] && ! "${run[@]}" "$root/usr/bin/lua5.4" -v >/dev/null 2>&1; then
  emulator=qemu-i386-static
  command -v "$emulator" >/dev/null || skip "the kernel runs no programs of 32 bits, and there is no $emulator"
  run=("$emulator" -L "$root")
  left_out=" async_spec queue_spec signals_spec scoped_spec "
  echo "i386: specs of threads and signals skipped, the kernel runs no programs of 32 bits, and the emulator fails with them"
  record "specs of threads (i386)" 0 0 1
  wanted=("${steps[@]}") steps=()
  for step in "${wanted[@]}"; do
    [ "$step" = specs ] && [ -n "$quick" ] && [ -z "${SPECS:-}" ] || steps+=("$step")
  done
  [ ${#steps[@]} -gt 0 ] || exit 77
fi

# Programs of that root, for scripts and for specs that start another interpreter.
mkdir -p "$tree/bin"
preload=
case $emulator in qemu-*)
  "$triplet-gcc" --sysroot="$root" -O1 -fPIC -shared -o "$tree/process_vm_readv.so" tests/cross/process_vm_readv.c || exit 1
  preload="-E LD_PRELOAD=$tree/process_vm_readv.so"
  ;;
esac
luas=()
for v in $versions; do
  [ -z "$quick" ] || [ "$v" = 5.4 ] || continue
  case " ${LUAS:-$versions} " in *" $v "*) ;; *) continue ;; esac
  program=$root/usr/bin/lua$v
  [ $arch != windows ] || program=$root/lua$v/lua.exe
  printf '#!/bin/sh\nexec %s %s "%s" "$@"\n' "${run[*]}" "$preload" "$program" >"$tree/bin/lua$v"
  chmod +x "$tree/bin/lua$v"
  luas+=("$v")
done

# A compiler for programs in wine, whose shell starts programs of this system by names that end in .exe, but neither waits for them nor
# has their standard error. It is given paths of wine's, and what it says that a file is made of (-MF) has them again.
if [ $arch = windows ]; then
  cat >"$tree/bin/cc.exe" <<'SCRIPT'
#!/bin/sh
unix() { printf '%s' "$1" | sed 's,[Zz]:,,' | tr '\\' /; }
done=$(unix "$1") source= given= rule= before=
shift
for word; do
  shift
  case $before in
    -MF) rule=$(unix "$word") ;;
    -xc) # as it stands in a makefile, for sed
      source=$(unix "$word" | sed 's, ,\\\\ ,g') given=$(printf '%s' "$word" | sed 's,\\,\\\\,g; s, ,\\\\ ,g')
      ;;
  esac
  case $before$word in -xc) before=-xc ;; *) before=$word ;; esac
  case $word in -[A-Z][Zz]:* | [Zz]:* | \\*) word=$(unix "$word") ;; esac
  set -- "$@" "$word"
done
x86_64-w64-mingw32-gcc-posix "$@" >"$done.part" 2>&1 && [ -n "$rule" ] && sed -i "s,$source,$given," "$rule"
mv "$done.part" "$done"
SCRIPT
  chmod +x "$tree/bin/cc.exe"
  wine_bin=$(printf 'Z:%s' "$tree/bin" | tr / '\\')
  printf '%s\r\n' '@echo off' "set done=$wine_bin\\done%RANDOM%" "\"$wine_bin\\cc.exe\" \"%done%\" %*" ':wait' \
    'if not exist "%done%" goto wait' 'type "%done%"' 'del "%done%"' >"$tree/bin/cc.bat"
fi

# --- build ----------------------------------------------------------------------------------------------------------------
targets=()
for step in "${steps[@]}"; do
  case $step in
    unit) targets+=(unit_abi unit_call unit_pages) ;;
    calls) targets+=(abi_calls) ;;
    specs)
      targets+=(fixtures)
      for v in "${luas[@]}"; do targets+=("ferry_lua${v/./}"); done
      ;;
    *)
      echo "run.sh: unknown step '$step'" >&2
      exit 2
      ;;
  esac
done
if ! { cmake -S . -B "$tree" -G Ninja --toolchain tests/cross/toolchain.cmake -DFERRY_CROSS_TRIPLET=$triplet \
  -DFERRY_CROSS_ROOT="$root" -DCMAKE_BUILD_TYPE=Release -DFERRY_WERROR="${CI:-OFF}" && cmake --build "$tree" -j "$jobs" --target "${targets[@]}"; } \
  >"$tree/build.log" 2>&1; then
  grep -E 'error|FAILED|Error' "$tree/build.log" | head -n 40
  record "build ($arch)" 0 1 0
  exit 1
fi

# --- steps ----------------------------------------------------------------------------------------------------------------
unit() {
  local program
  for program in unit_abi unit_call unit_pages; do run_unit "$program"; done
  [ -z "$quick" ] && [ ${#run_old[@]} -gt 0 ] || return 0
  for program in unit_call unit_pages; do run_unit "$program" old; done
}

# run_unit PROGRAM [old]: on an old processor of the kind
run_unit() {
  local program=$1 name=$1${2:+-$2} log passed bad skipped status
  local with=("${run[@]}")
  [ -z "${2:-}" ] || with=("${run_old[@]}")
  log=$tree/$name.log
  timeout -k 5 900 "${with[@]}" "$tree/tests/unit/$program$exe" --gtest_brief=1 </dev/null >"$log" 2>&1
  status=$?
  passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | tail -n 1)
  bad=$(sed -n 's/^ *\([0-9]*\) FAILED TEST.*/\1/p' "$log" | tail -n 1)
  [ -n "$bad" ] || bad=$(grep -c '^\[  FAILED  \]' "$log")
  skipped=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test.*/\1/p' "$log" | tail -n 1)
  [ $status = 0 ] || [ "$bad" -gt 0 ] || bad=1
  record "$name ($arch)" "${passed:-0}" "$bad" "${skipped:-0}"
  printf '%-22s %5d passed, %d failed, %d skipped\n' "$name" "${passed:-0}" "$bad" "${skipped:-0}"
  [ "$bad" = 0 ] || { grep -vE '^\[ +OK \]|^\[ RUN' "$log" | tail -n 40 | sed 's/^/  /' && failed=1; }
}

# What runs in wine cannot start a compiler of this system.
generated_calls() {
  local program=("${run[@]}" "$tree/tests/abi/abi_calls$exe" --cc "$1" --seed "$2" --hollow "${HOLLOW:-$(($2 % 2 ? 0 : 60))}")
  if [ $arch != windows ]; then
    timeout -k 5 900 "${program[@]}"
    return
  fi
  mkdir -p "$tree/calls"
  # shellcheck disable=SC2086
  timeout -k 5 300 "${program[@]}" --write "$tree/calls" &&
    $1 -std=gnu11 -w -Wno-psabi -O1 -fPIC -shared -o "$tree/calls/calls.dll" "$tree/calls/calls.c" &&
    timeout -k 5 900 "${program[@]}" --library "$tree/calls/calls.dll"
}

calls() {
  local cc seed log compilers=("$triplet-gcc --sysroot=$root")
  [ $arch != windows ] || compilers=("$triplet-gcc-posix")
  # clang on i386: over-aligned arguments and empty results go other ways than gcc's. On ARM: packed aggregates on the stack, and
  # without NEON vectors. On POWER: a float in the last register, which gcc has in memory again. On s390x it aligns __int128 to 16
  # bytes. plan_probe asks it about the rest.
  case $arch in
    armhf | i386 | ppc64le | s390x | windows) ;;
    *) [ -n "$quick" ] || ! command -v clang >/dev/null || compilers+=("clang --target=$triplet --sysroot=$root") ;;
  esac
  for cc in "${compilers[@]}"; do
    for seed in ${SEEDS:-$([ -n "$quick" ] && echo 1 || echo 1 2 3 4)}; do
      log=$tree/calls.log
      if generated_calls "$cc" "$seed" </dev/null >"$log" 2>&1; then
        record "calls ($arch, ${cc%% *}, $seed)" 1 0 0
      else
        record "calls ($arch, ${cc%% *}, $seed)" 0 1 0
        grep -A5 '^FAIL' "$log" | head -n 30
        failed=1
      fi
      printf '%s: ' "${cc%% *}, seed $seed"
      tail -n 1 "$log"
    done
  done
}

# run_spec MODE VERSION BACKEND SPEC: leaves the log, as tests/run_one_spec.sh does. MODE api: by Lua's public functions.
run_spec() {
  local mode=$1 version=$2 backend=$3 spec=$4 name=${4##*/} start=$SECONDS
  local log=$tree/specs/$mode-$version-$backend/${name%.lua}.log
  [ "$mode" != api ] || export FERRY_STACK=api
  # Where a spec starts another interpreter, that is a program of this system. The compiler's headers are those of its programs.
  local lua=$tree/bin/lua$version
  if [ $dll = dll ]; then
    lua="$(printf 'Z:%s' "$root/lua$version/lua.exe" | tr / '\\')"
    C_INCLUDE_PATH="$(printf 'Z:%s' "/usr/$triplet/include" | tr / '\\')"
    export C_INCLUDE_PATH
    compiler="$(printf 'Z:%s' "$tree/bin/cc.bat" | tr / '\\')"
  elif [ $arch = i386 ]; then  # they are where the processor's own compiler looks
    export C_INCLUDE_PATH=/usr/$triplet/include
  fi
  CC=$compiler FERRY_FIXTURES=$tree/tests/fixtures FERRY_BACKEND=$backend FERRY_SLOW=1 FERRY_LUA=$lua \
    LUA_PATH="$PWD/tests/spec/?.lua;$tree/lib/$version/?.lua;;/usr/share/lua/$version/?.lua" LUA_CPATH="$tree/lib/$version/?.$dll;;" \
    timeout -k 5 600 "$tree/bin/lua$version" "$spec" </dev/null >"$log" 2>&1
  printf '\nSPEC-EXIT\t%d\t%d\n' $? $((SECONDS - start)) >>"$log"
}

# Where it matters which back end calls.
calling="async bfloat16 call callback complex decimal errno exceptions generated queue scoped signals stack threads values"

specs() {
  local v b mode spec name native list=() columns=() chosen
  native=$(lua_command any)
  rm -rf "$tree/specs"
  for v in "${luas[@]}"; do
    for b in ${BACKENDS:-thunk stub $([ -n "$quick" ] || echo libffi)}; do
      FERRY_BACKEND=$b LUA_CPATH="$tree/lib/$v/?.$dll" "$tree/bin/lua$v" -e 'require "ferry.core"' >/dev/null 2>&1 || continue
      for mode in qemu api; do
        [ $mode != api ] || { [ "$b" = thunk ] && [ -z "$quick" ]; } || continue
        columns+=("$mode-$v-$b")
        mkdir -p "$tree/specs/$mode-$v-$b"
        chosen=${SPECS:-tests/spec/*_spec.lua}
        [ -z "$quick" ] || [ ${#columns[@]} = 1 ] || chosen=${SPECS:-$(printf 'tests/spec/%s_spec.lua ' $calling)}
        for spec in $chosen; do
          name=${spec##*/}
          [[ ${left_out:-} != *" ${name%.lua} "* ]] || continue
          list+=("$mode $v $b $spec")
        done
      done
    done
  done
  if [ ${#columns[@]} = 0 ]; then
    echo "no back end runs"
    record "specs ($arch)" 0 1 0
    failed=1
    return
  fi
  export -f run_spec
  export arch tree root dll triplet compiler=$triplet-gcc
  printf '%s\n' "${list[@]}" | xargs -P "$jobs" -L 1 bash -c 'run_spec "$@"' _
  "$native" tests/spec_table.lua "$tree/specs" "${columns[@]}" || failed=1
}

for step in "${steps[@]}"; do $step; done
exit $failed
