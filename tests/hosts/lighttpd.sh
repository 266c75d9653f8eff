# lighttpd, a server of pages; its module magnet brings Lua as a library, which modules in C find.
packages="lighttpd lighttpd-modules-lua curl"
command=lighttpd
run() {
  local socket=$work/lighttpd.sock server
  { cat "$program" && echo 'return 204'; } >"$work/magnet.lua"
  printf 'server.document-root = "%s"\nserver.bind = "%s"\nserver.modules = ("mod_magnet")\nmagnet.attract-raw-url-to = ("%s")\n' \
    "$work" "$socket" "$work/magnet.lua" >"$work/lighttpd.conf"
  lighttpd -D -f "$work/lighttpd.conf" &
  server=$!
  for _ in 1 2 3 4 5 6 7 8 9 10; do [ -S "$socket" ] && break; sleep 0.2; done
  curl -s --unix-socket "$socket" http://localhost/
  kill "$server"
  wait "$server"
}
