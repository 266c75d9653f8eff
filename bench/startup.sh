#!/usr/bin/env bash
# What `require "ffi"` costs a process: instructions (valgrind's callgrind), CPU time (median of RUNS processes, 200) and memory
# (resident; of that, private and written) of the bare interpreter, of one that loads a C++ module that does nothing but need libstdc++, and of one that requires ffi.
#   bench/startup.sh [LUA]      (after make lib; default: 5.4)
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/lua_versions.sh
version=${1:-5.4}
runs=${RUNS:-200}
lua=$(lua_command "$version")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/trivial.cpp" <<'CPP'
#include <string>
extern "C" int luaopen_trivial(void* L) { return static_cast<int>(std::to_string(reinterpret_cast<long>(L)).empty()); }
CPP
"${CXX:-c++}" -O2 -shared -fPIC -o "$folder/trivial.so" "$folder/trivial.cpp"
export LUA_PATH="$PWD/build/lib/$version/?.lua;;"
export LUA_CPATH="$PWD/build/lib/$version/?.so;$folder/?.so;;"

instructions() {
  command -v valgrind >/dev/null || { echo 0; return; }
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$lua" -e "$1" 2>&1 | sed -n 's/.*Collected : *//p'
}
# Microseconds of CPU time, user and system, as Lua's own clock says when the chunk has run.
cpu() {
  local i
  for ((i = 0; i < runs; i++)); do "$lua" -e "$1 io.write(string.format('%.0f\n', os.clock() * 1e6))"; done | sort -n |
    sed -n "$((runs / 2 + 1))p"
}
# Kilobytes: "resident written".
memory() {
  "$lua" -e "$1 collectgarbage() local kb = {}
    for line in io.lines '/proc/self/smaps_rollup' do
      local name, value = line:match '^([%w_]+): +(%d+) kB'
      if name then kb[name] = value end
    end
    print(kb.Rss, kb.Private_Dirty)"
}
row() {
  local resident written
  read -r resident written < <(memory "$2")
  printf '%-36s %12d %8d us %6d kB %6d kB\n' "$1" "$(instructions "$2")" "$(cpu "$2")" "$resident" "$written"
}
printf '%-36s %12s %11s %9s %9s\n' "Lua $version" instructions "CPU time" resident written
row "the interpreter" ''
row "a C++ module that does nothing" 'require "trivial"'
row 'require "ffi"' 'require "ffi"'
row 'both: what ffi adds to the module' 'require "trivial" require "ffi"'
