-- Runs commands in turn, and prints what they took: a line for each of the least and the median processor time and of the
-- least and the median time that passed, in milliseconds. In turn, so that what else the machine does is shared by all.
--   lua clock.lua RUNS [NAME=VALUE...] WORD... ::: [NAME=VALUE...] WORD...
-- What they print is thrown away. A command that fails has the line "failed".
local ffi = require "ferry"
ffi.cdef [[
  struct timeval { long tv_sec, tv_usec; };
  struct rusage { struct timeval ru_utime, ru_stime; long others[14]; };
  struct timespec { long tv_sec, tv_nsec; };
  typedef struct { char opaque[1024]; } posix_spawn_file_actions_t;
  extern char **environ;
  int posix_spawnp(int *pid, const char *file, const posix_spawn_file_actions_t *actions, const void *attributes,
    char *const words[], char *const environment[]);
  int posix_spawn_file_actions_init(posix_spawn_file_actions_t *);
  int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *, int fd, const char *path, int flags, unsigned mode);
  int wait4(int pid, int *status, int options, struct rusage *usage);
  int clock_gettime(int clock, struct timespec *);
  int setenv(const char *name, const char *value, int replace), unsetenv(const char *name);
]]
local C, tonumber = ffi.C, ffi.tonumber

local runs, commands, command = tonumber(arg[1]), {}, nil
for i = 2, #arg do
  local name, value = arg[i]:match "^([%u_]+)=(.*)$"
  if not command then
    command = { set = {}, words = {} }
    commands[#commands + 1] = command
  end
  if arg[i] == ":::" then command = nil
  elseif name and not command.words[1] then command.set[name] = value
  else command.words[#command.words + 1] = arg[i] end
end

local actions = ffi.new "posix_spawn_file_actions_t"
C.posix_spawn_file_actions_init(actions)
for fd = 1, 2 do C.posix_spawn_file_actions_addopen(actions, fd, "/dev/null", 1, 0) end
for _, each in ipairs(commands) do
  each.argv = ffi.new("const char *[?]", #each.words + 1)
  for i, word in ipairs(each.words) do each.argv[i - 1] = word end
  each.cpu, each.wall = {}, {}
end

local pid, status, usage, time = ffi.new "int[1]", ffi.new "int[1]", ffi.new "struct rusage", ffi.new "struct timespec"
local function now()
  C.clock_gettime(1, time)
  return tonumber(time.tv_sec) * 1e3 + tonumber(time.tv_nsec) / 1e6
end
local function milliseconds(t) return tonumber(t.tv_sec) * 1e3 + tonumber(t.tv_usec) / 1e3 end

local function run(each)
  for name, value in pairs(each.set) do C.setenv(name, value, 1) end
  local began = now()
  local words = ffi.cast("char *const *", each.argv)
  local failed = C.posix_spawnp(pid, each.words[1], actions, nil, words, ffi.cast("char *const *", C.environ)) ~= 0
    or C.wait4(pid[0], status, 0, usage) ~= pid[0] or status[0] ~= 0
  each.wall[#each.wall + 1] = now() - began
  each.cpu[#each.cpu + 1] = milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime)
  for name in pairs(each.set) do C.unsetenv(name) end
  each.failed = each.failed or failed
end
for _ = 1, runs do
  for _, each in ipairs(commands) do run(each) end
end
for _, each in ipairs(commands) do
  table.sort(each.cpu)
  table.sort(each.wall)
  local middle = math.floor((runs + 1) / 2)
  print(each.failed and "failed" or ("%.2f\t%.2f\t%.2f\t%.2f"):format(each.cpu[1], each.cpu[middle], each.wall[1], each.wall[middle]))
end
