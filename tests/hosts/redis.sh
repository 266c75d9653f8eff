# Redis, a store; its scripts are Lua without `require`, `package` and `io`, so that nothing can be loaded, and Lua itself says so.
packages=redis-server
command=redis-server
refuses="nonexistent global variable 'package'"
run() {
  redis-server --port 0 --unixsocket "$work/redis.sock" --save '' --daemonize yes --pidfile "$work/redis.pid" --dir "$work" >/dev/null
  for _ in 1 2 3 4 5 6 7 8 9 10; do [ -S "$work/redis.sock" ] && break; sleep 0.2; done
  redis-cli -s "$work/redis.sock" eval "$(cat "$program")" 0
  redis-cli -s "$work/redis.sock" shutdown nosave
}
