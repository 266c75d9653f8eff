# Sourced, in the project's folder: finds interpreters and back ends. lua_command 5.3 prints the command of that version
# (nothing if there is none), lua_command any that of the newest. LUA_5_3=/path/to/lua names one that is not on PATH as
# lua5.3, lua53 or lua; after those comes what tools/lua55.sh has built.
lua_versions="5.1 5.2 5.3 5.4 5.5"
lua_versions_newest_first="5.5 5.4 5.3 5.2 5.1"
# What a user's environment says about single versions would be asked before LUA_PATH and LUA_CPATH.
unset LUA_INIT
for lua_version in $lua_versions; do
  lua_version=${lua_version/./_}
  unset "LUA_PATH_$lua_version" "LUA_CPATH_$lua_version" "LUA_INIT_$lua_version"
done

lua_command() {
  local v=$1 variable command
  if [ "$v" = any ]; then
    for v in $lua_versions_newest_first; do
      [ -z "$(lua_command $v)" ] || { lua_command $v && return 0; }
    done
    return 1
  fi
  variable=LUA_${v/./_}
  for command in ${!variable:-} "lua$v" "lua${v/./}" "lua-$v" lua "$PWD/build/lua-$v/bin/lua$v"; do
    if command -v "$command" >/dev/null && [ "$("$command" -e 'io.write(_VERSION)' 2>/dev/null)" = "Lua $v" ]; then
      command -v "$command"
      return 0
    fi
  done
  return 0
}

# For what is done with one Lua: `version` is the first of $LUAS, or 5.4; `lua` is its command.
one_lua() {
  version=${LUAS:-5.4}
  version=${version%% *}
  lua=$(lua_command "$version")
}

# backends_of TREE: those that the modules in TREE/lib have on this machine, or what BACKENDS says.
backends_of() {
  local v b found=
  if [ -n "${BACKENDS:-}" ]; then
    echo "$BACKENDS"
    return
  fi
  for v in $lua_versions_newest_first; do
    [ -e "$1/lib/$v/ferry/core.so" ] && [ -n "$(lua_command $v)" ] || continue
    for b in thunk stub libffi; do
      if FERRY_BACKEND=$b LUA_CPATH="$1/lib/$v/?.so" "$(lua_command $v)" -e 'require "ferry.core"' >/dev/null 2>&1; then
        found="$found $b"
      fi
    done
    break
  done
  found=${found:-stub libffi}
  echo "${found# }"
}
