-- lua-ljsyscall, as Debian packages it: files, pipes, sockets, memory, errors, flags. Prints the same on LuaJIT and by `ferry`.
local S = require "syscall"
io.stdout:setvbuf "no" -- the child of fork has nothing to write
local t, c = S.types.t, S.c
local function show(...)
  local out = { ... }
  for i = 1, select("#", ...) do out[i] = type(out[i]) == "number" and ("%.14g"):format(out[i]) or tostring(out[i]) end
  print(table.concat(out, " "))
end
local dir = assert(S.getcwd()) and os.tmpname()
os.remove(dir)
assert(S.mkdir(dir, "rwxu"))
local path = dir .. "/file"
local fd = assert(S.creat(path, "rwxu"))
show("write", fd:write("hello, world"))
show("size", tonumber(fd:stat().size), S.stat(path).isreg, S.stat(dir).isdir)
show("seek", tonumber(fd:lseek(7, "set")))
fd:close()
fd = assert(S.open(path, "rdonly"))
show("read", fd:read(nil, 5))
local buffer = t.buffer(5)
show("pread", fd:pread(buffer, 5, 7), require("ffi").string(buffer, 5))
show("readv", fd:readv { 3, 4 })
assert(fd:close())
local _, err = S.open(dir .. "/none", "rdonly")
show("error", err.NOENT, tostring(err))
local entries = {}
for name in S.util.ls(dir) do entries[#entries + 1] = name end
table.sort(entries)
show("entries", table.concat(entries, " "))
assert(S.symlink("file", dir .. "/link"))
show("readlink", S.readlink(dir .. "/link"))
assert(S.truncate(path, 3))
show("truncated", tonumber(S.stat(path).size))
local _, _, r, w = S.pipe()
show("pipe", w:write("through"), r:read(nil, 10))
local fds = t.pollfds { { fd = r, events = "in" } }
show("poll", S.poll(fds, 0))
w:write("x")
show("ready", S.poll(fds, 0), fds.pfd[0].revents == c.POLL.IN)
r:close() w:close()
local _, _, a, b = S.socketpair("unix", "stream")
a:write("socket")
show("socketpair", b:read(nil, 10))
a:close() b:close()
local addr = t.sockaddr_in(8080, "127.0.0.1")
show("address", tostring(addr.addr), addr.port)
local mem = assert(S.mmap(nil, 4096, "read, write", "private, anonymous", -1, 0))
show("munmap", S.munmap(mem, 4096))
show("uname", S.uname().sysname, S.getpid() > 0, S.getuid() == S.geteuid())
show("time", tonumber(S.clock_gettime("monotonic").time) > 0)
local pid = S.fork()
if pid == 0 then os.exit(7, true) end
local _, _, status = S.waitpid(pid)
show("child", status and status.WIFEXITED, status and status.EXITSTATUS)
assert(S.unlink(path) and S.unlink(dir .. "/link") and S.rmdir(dir))
show("flags", c.O.CREAT, c.O("creat, rdwr"), tonumber(c.MODE("rwxu")))
local signals = t.sigset("hup, int")
show("sigset", signals.hup, signals.int, signals.term)
