# conky, a monitor; what it shows may be computed by Lua.
packages=conky-cli
command=conky
run() {
  printf 'conky.config = { out_to_x = false, out_to_console = true, update_interval = 0.1, lua_load = "%s" }\nconky.text = "shown"\n' "$program" \
    >"$work/conky.conf"
  conky -i 1 -c "$work/conky.conf"
}
