#!/usr/bin/env bash
# How work grows with what a program has done before: runs the cases of tests/growth.lua with 1, 2, 4 and 8 times as much
# to do under valgrind, which counts instructions, and fails where twice as much takes more than 2.3 times as many.
#   tests/growth.sh [LUA [CASE...]]        N=500: the smallest count
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/lua_versions.sh
version=${1:-5.4}
shift || true
command -v valgrind >/dev/null || { echo "growth.sh: valgrind is needed (Debian: valgrind)" >&2; exit 1; }
lua=$(lua_command "$version")
[ -n "$lua" ] || { echo "growth.sh: no Lua $version" >&2; exit 1; }
export LUA_PATH="$PWD/build/lib/$version/?.lua;;" LUA_CPATH="$PWD/build/lib/$version/?.so;;"
cases=("$@")
[ ${#cases[@]} -gt 0 ] || mapfile -t cases < <("$lua" tests/growth.lua)

# count CASE N: instructions of the whole process.
count() {
  local said number
  said=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$lua" tests/growth.lua "$1" "$2" 2>&1) ||
    { echo "growth.sh: '$1': $said" >&2; return 1; }
  number=$(sed -n 's/.*Collected : *//p' <<<"$said")
  [[ $number =~ ^[0-9]+$ ]] || { echo "growth.sh: '$1': no count in: $said" >&2; return 1; }
  echo "$number"
}

n=${N:-500}
status=0
printf '%-28s %12s %8s %8s %8s\n' "Lua $version, instructions" "for each" x2 x4 x8
for name in "${cases[@]}"; do
  nothing=$(count "$name" 0) || exit 1
  previous=0
  row=""
  for times in 1 2 4 8; do
    work=$(($(count "$name" $((n * times))) - nothing)) || exit 1
    [ "$work" -gt 0 ] || { echo "growth.sh: '$name' does nothing" >&2; exit 1; }
    if [ "$previous" -eq 0 ]; then
      row=$(printf '%-28s %12d' "$name" $((work / n)))
    else
      row+=$(printf ' %8s' "$((work * 100 / previous / 100)).$(printf %02d $((work * 100 / previous % 100)))")
      [ $((work * 10)) -le $((previous * 23)) ] || status=1
    fi
    previous=$work
  done
  echo "$row"
done
[ $status -eq 0 ] || echo "growth.sh: more than linear" >&2
exit $status
