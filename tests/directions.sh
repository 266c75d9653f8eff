#!/usr/bin/env bash
# Tries the table of src/CMakeLists.txt: directions.sh BUILD-TREE. For each two folders A and B of it, a file with one
# include of B goes through the compiler as a file of A does. That must work if A sees B and else end with the header not
# being found, which is where compiling stops (so preprocessing is enough to tell). Then what the table must never say, whatever is written into it. The last line is "N passed, M failed".
set -uo pipefail
cd "$(dirname "$0")/.."
build=$1
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The folders in the table's order, and sees[A]: what A sees, itself included.
declare -A sees
folders=()
while read -r folder row; do
  folders+=("$folder")
  sees[$folder]=" $folder "
  for other in $row; do
    [ "$other" = - ] || sees[$folder]+="${sees[$other]:-unknown folder $other}"
  done
done < <(sed -n '/^set(ferry_folders/,/^)/s/^ *"\(.*\)"$/\1/p' src/CMakeLists.txt)
[ ${#folders[@]} -gt 0 ] || { echo "no table in src/CMakeLists.txt"; exit 1; }

# result OK TEXT
result() {
  if [ "$1" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "FAILED  $2"; fi
}

# try A B: whether the compiler finds a header of B from a file of A. $work/log has its messages.
try() {
  local flags=$build/directions/${1//\//-}.flags header
  header=$(git ls-files "src/$2/*.h" | head -n 1)
  printf '#include "%s"\n' "${header#src/}" >"$work/try.cpp"
  # shellcheck disable=SC2046
  ${CXX:-c++} -std=c++20 -E -o /dev/null $(cat "$flags") "$work/try.cpp" >"$work/log" 2>&1
}

for a in "${folders[@]}"; do
  [ -s "$build/directions/${a//\//-}.flags" ] || { result 1 "$a: not built, or its target has no include roots"; continue; }
  for b in "${folders[@]}"; do
    if [[ ${sees[$a]} == *" $b "* ]]; then
      try "$a" "$b"
      result $? "$a sees $b, but: $(head -n 3 "$work/log")"
    else
      ! try "$a" "$b" && grep -qE 'No such file|not found' "$work/log"
      result $? "$a must not find $b: $(head -n 3 "$work/log")"
    fi
  done
done

# Nobody sees a folder that sees it; these do not know each other; nothing below the module knows Lua.
for a in "${folders[@]}"; do
  for b in "${folders[@]}"; do
    [ "$a" = "$b" ] || [[ ${sees[$a]} != *" $b "* || ${sees[$b]} != *" $a "* ]]
    result $? "$a and $b see each other"
  done
  [[ $a == lua/* ]] || { ! grep -q 'lua5' "$build/directions/${a//\//-}.flags"; result $? "$a sees Lua's headers"; }
done
[[ ${sees[cparse]} != *" abi "* && ${sees[abi]} != *" cparse "* ]]
result $? "cparse and abi know each other"
[[ ${sees[lua/values]} != *" lua/calls "* && ${sees[lua/calls]} != *" lua/objects "* ]]
result $? "a room sees one after it"

echo "$passed passed, $failed failed"
[ $failed = 0 ]
