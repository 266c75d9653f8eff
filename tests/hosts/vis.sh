# vis, an editor; its configuration is Lua. It needs a terminal.
packages="vis bsdutils"
command=vis
run() {
  cp "$program" "$work/visrc.lua"
  VIS_PATH=$work TERM=xterm script -q -e -c "vis +q $work/none" "$work/typescript"
}
