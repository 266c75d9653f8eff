# HAProxy, a proxy; its configuration may load Lua.
packages=haproxy
command=haproxy
run() {
  printf 'global\n  lua-load %s\n' "$program" >"$work/haproxy.cfg"
  haproxy -c -f "$work/haproxy.cfg"
}
