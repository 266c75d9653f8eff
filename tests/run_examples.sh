#!/usr/bin/env bash
# Runs examples/*.lua under every Lua and back end, and under LuaJIT where that is installed: exit code 0, and the
# lines of examples/expected/NAME.txt have to be among what is printed, in that order.
# So are the code blocks of README.md and docs/, whose output is what their `-->` comments say, and which may say
# where they run (doc_blocks.lua).
# run_examples.sh --show also shows what they print, once, under the newest Lua.
# Exit status 1 if any differs. Settable as in run_specs.sh: LUAS, BACKENDS.
set -uo pipefail
cd "$(dirname "$0")/.."
. tests/lua_versions.sh
show=${1:-}
backends=$(backends_of build)
mkdir -p build/examples
export FERRY_CACHE=$PWD/build/examples/cache # of ferry.cc
checker=$(lua_command any)
if [ -z "$checker" ]; then
  echo "no Lua interpreter found"
  exit 1
fi

# run VERSION BACKEND FILE. What is written for LuaJIT is run by the command ferry.
run() {
  local version=$1 backend=$2 file=$3 ferry=
  case $file in examples/luajit_*) ferry=build/bin/ferry ;; esac
  if [ "$version" = jit ]; then
    timeout -k 5 120 luajit "$file"
  else
    FERRY_BACKEND=$backend LUA_PATH="$PWD/build/lib/$version/?.lua;;" LUA_CPATH="$PWD/build/lib/$version/?.so;;" \
      timeout -k 5 120 "$(lua_command "$version")" $ferry "$file"
  fi
}

# runs_on VERSION FILE: whether the block is meant for that Lua.
runs_on() {
  local only word
  [ -e "${2%.lua}.only" ] || return 0
  only=$(<"${2%.lua}.only")
  for word in $only; do
    case $word in
      ferry) [ "$1" != jit ] || return 1 ;;
      5.[1-9]+) [ "$1" != jit ] && ! [[ $1 < ${word%+} ]] || return 1 ;;
      *) echo "$2: unknown word '$word' behind its \`\`\`lua" >&2 ;;
    esac
  done
}

targets=()
newest=
for v in ${LUAS:-$lua_versions_newest_first}; do
  [ -n "$(lua_command "$v")" ] && [ -e "build/lib/$v/ferry/core.so" ] || continue
  newest=${newest:-$v}
  for b in $backends; do targets+=("$v $b"); done
done
if [ ${#targets[@]} = 0 ]; then
  echo "no Lua with a module in build/lib: make lib"
  [ -z "${FERRY_RESULTS:-}" ] || printf 'examples\t0\t1\t0\n' >>"$FERRY_RESULTS"
  exit 1
fi
! command -v luajit >/dev/null || targets+=("jit -")

files=(examples/*.lua)
rm -rf build/examples/docs
if [ "$show" != --show ]; then
  mkdir -p build/examples/docs
  "$checker" tests/doc_blocks.lua build/examples/docs README.md docs/*.md
  files+=(build/examples/docs/*.lua)
fi

passed=0 failed=0 blocks=0 blocks_failed=0
for file in "${files[@]}"; do
  name=$(basename "$file" .lua)
  expected=examples/expected/$name.txt
  [ -e "$expected" ] || expected=${file%.lua}.txt
  if [ "$show" = --show ]; then
    printf '\n===== %s, Lua %s =====\n' "$file" "$newest"
    run "$newest" "" "$file" </dev/null || echo "(exit status $?)"
    echo "-----"
  fi
  good=()
  tried=0
  for target in "${targets[@]}"; do
    read -r version backend <<<"$target"
    runs_on "$version" "$file" || continue
    tried=$((tried + 1))
    label="Lua $version/$backend"
    [ "$version" != jit ] || label=LuaJIT
    output=build/examples/$name-$version-$backend.txt
    run "$version" "$backend" "$file" </dev/null >"$output" 2>&1
    status=$?
    if why=$("$checker" tests/check_output.lua "$output" "$expected" 2>&1) && [ $status = 0 ]; then
      passed=$((passed + 1))
      good+=("$label")
    else
      failed=$((failed + 1))
      echo "FAILED $file under $label: exit status $status${why:+, $why}; it printed:"
      tail -n 15 "$output" | sed 's/^/    /'
    fi
  done
  if [ "${file%%/*}" = examples ]; then
    echo "$name: as expected under ${#good[@]} of $tried: $(printf '%s, ' "${good[@]}" | sed 's/, $//')"
  else
    blocks=$((blocks + 1))
    [ ${#good[@]} = $tried ] || blocks_failed=$((blocks_failed + 1))
  fi
done
[ "$show" = --show ] || echo "code blocks of the documents: $blocks, $blocks_failed of them not as expected"
[ -z "${FERRY_RESULTS:-}" ] || printf 'examples\t%d\t%d\t0\n' $passed $failed >>"$FERRY_RESULTS"
[ $failed = 0 ]
