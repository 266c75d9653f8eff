# Apache's httpd, a server of pages; its module lua brings Lua as a library.
packages="apache2-bin curl"
command=apache2
run() {
  local modules=/usr/lib/apache2/modules port=18731 server
  { printf 'function handle(r)\n' && cat "$program" && printf '\nreturn apache2.OK\nend\n'; } >"$work/handler.lua"
  printf '%s\n' "ServerRoot $work" "ServerName localhost" "Listen 127.0.0.1:$port" "PidFile $work/apache.pid" "ErrorLog /dev/stderr" \
    "Mutex file:$work default" "LoadModule mpm_event_module $modules/mod_mpm_event.so" "LoadModule authz_core_module $modules/mod_authz_core.so" \
    "LoadModule lua_module $modules/mod_lua.so" "LuaMapHandler ^/ferry $work/handler.lua handle" >"$work/apache.conf"
  apache2 -X -f "$work/apache.conf" &
  server=$!
  for _ in 1 2 3 4 5 6 7 8 9 10; do curl -s "http://127.0.0.1:$port/ferry" && break; sleep 0.3; done
  kill "$server"
  wait "$server"
}
