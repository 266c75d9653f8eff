# ELinks, a browser for terminals; its hooks may be Lua.
packages=elinks
command=elinks
run() {
  mkdir -p "$work/elinks" && cp "$program" "$work/elinks/hooks.lua"
  elinks -config-dir "$work/elinks" -dump "file://$program"
}
