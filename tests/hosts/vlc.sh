# VLC, a player; a plug-in brings Lua as a library for itself, so that no module in C finds its functions until Ferry has it opened for
# all. It does not run as root.
packages="vlc-bin vlc-plugin-base"
command=cvlc
run() {
  mkdir -p "$work/vlc/lua/intf"
  { cat "$program" && echo 'vlc.misc.quit()'; } >"$work/vlc/lua/intf/ferry.lua"
  as_nobody env HOME="$work" XDG_DATA_HOME="$work" timeout 20 cvlc -v -I luaintf --lua-intf ferry
}
