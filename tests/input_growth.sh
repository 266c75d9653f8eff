#!/usr/bin/env bash
# What hostile text costs: the families of tests/input_growth.lua, each two, four and eight times as long. Instructions are
# counted by valgrind; fails where twice as much text takes more than 2.3 times as many, or where a byte takes too much memory.
#   tests/input_growth.sh [LUA [FAMILY...]]        N=200: the smallest size; V=1: also what is linear
set -uo pipefail
cd "$(dirname "$0")/.."
. tests/lua_versions.sh
. tests/checks.sh
version=${1:-5.4}
shift || true
host=$PWD/build/tests/fixtures/$version/callgrind_host.so
lua=$(lua_command "$version")
if ! command -v valgrind >/dev/null || [ ! -e "$host" ] || [ -z "$lua" ]; then
  skip "growth: valgrind, its headers or Lua $version are not installed"
  record growth 0 0 1
  exit 0
fi
export LUA_PATH="$PWD/build/lib/$version/?.lua;;" LUA_CPATH="$PWD/build/lib/$version/?.so;;"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
n=${N:-200}

# Instructions, from the files that callgrind writes: name, times, bytes, mark, count.
CALLGRIND_HOST=$host valgrind --tool=callgrind --callgrind-out-file="$folder/out" --compress-strings=no \
  "$lua" tests/input_growth.lua count "$n" "$@" >"$folder/log" 2>&1
if [ $? -ne 0 ]; then
  echo "failed: growth"
  grep -v '^==' "$folder/log" | head -n 20
  record growth 0 1 0
  exit 1
fi
awk -F '\t' -v verbose="${V:-}" '
  FNR == 1 { name = "" }
  /^desc: Trigger: Client Request: / { sub(/^desc: Trigger: Client Request: /, ""); name = $1; times = $2; bytes = $3; bounded = $4 != "" }
  /^totals: / || /^summary: / {
    if (name == "") next
    split($0, part, " ")
    count[name, times] = part[2]; length_of[name, times] = bytes; is_bounded[name] = bounded
    if (!(name in seen)) { seen[name] = 1; order[++families] = name }
    name = ""
  }
  END {
    for (i = 1; i <= families; ++i) {
      name = order[i]
      line = sprintf("%-34s %8.0f", name, count[name, 1] / length_of[name, 1])
      wrong = 0
      for (times = 2; times <= 8; times *= 2) {
        now = count[name, times]; before = count[name, times / 2]
        line = line sprintf(" %6.2f", now / before)
        # What a table doubles, or a limit ends, is no growth of the text.
        if (now > before * 2.3 + 200000 && !is_bounded[name]) wrong = 1
        if (is_bounded[name] && now > 2e9) wrong = 1
      }
      if (verbose != "" || wrong) print line (wrong ? "  more than linear" : "")
      if (wrong) ++failed
    }
    printf "%d %d\n", families - failed, failed + 0
  }' $(ls -v "$folder"/out.*) >"$folder/table"
[ -z "${V:-}" ] || printf '%-34s %8s %6s %6s %6s\n' "instructions for a byte of" "" x2 x4 x8
sed '$d' "$folder/table"
read -r passed failed < <(tail -n 1 "$folder/table")
if ! "$lua" tests/input_growth.lua memory "$n" "$@"; then failed=$((failed + 1)); else passed=$((passed + 1)); fi
record growth "$passed" "$failed" 0
[ "$failed" = 0 ] && [ "$passed" -gt 1 ]
