-- libuv's thread pool calls Lua. First with a blocking call: while uv_run waits, the pool's threads run their Lua functions
-- in turn; those that begin earlier wait for it. Then the threads leave their calls in a queue and go on, and the loop
-- itself watches the descriptor that says so.
local ffi = require "ferry"

ffi.cdef [[
typedef struct uv_loop_s uv_loop_t;
typedef struct uv_work_s uv_work_t;
typedef struct uv_poll_s uv_poll_t;
typedef void (*uv_work_cb)(uv_work_t *work);
typedef void (*uv_after_work_cb)(uv_work_t *work, int status);
typedef void (*uv_poll_cb)(uv_poll_t *watch, int status, int events);
uv_loop_t *uv_default_loop(void);
int uv_run(uv_loop_t *loop, int mode);
size_t uv_req_size(int type);
size_t uv_handle_size(int type);
int uv_queue_work(uv_loop_t *loop, uv_work_t *work, uv_work_cb call, uv_after_work_cb after);
int uv_poll_init(uv_loop_t *loop, uv_poll_t *watch, int fd);
int uv_poll_start(uv_poll_t *watch, int events, uv_poll_cb call);
int uv_poll_stop(uv_poll_t *watch);
unsigned long uv_thread_self(void);
enum { UV_WORK = 7, UV_POLL = 8, UV_READABLE = 1 };
]]
local uv = ffi.load "uv"
local loop = uv.uv_default_loop()
local COUNT = 20

local function new_requests()
  local requests = {}
  for i = 1, COUNT do requests[i] = ffi.new("char[?]", uv.uv_req_size(uv.UV_WORK)) end
  return requests
end

-- 1. uv_run is a call that waits: it lets the pool's threads in.
local main = tostring(uv.uv_thread_self())
local ran, elsewhere, ended = 0, 0, 0
local work = ffi.callback("uv_work_cb", function()
  ran = ran + 1
  if tostring(uv.uv_thread_self()) ~= main then elsewhere = elsewhere + 1 end
end, { queue = COUNT, wait = true })
local after = ffi.callback("uv_after_work_cb", function() ended = ended + 1 end)
local requests = new_requests()
for _, request in ipairs(requests) do
  assert(uv.uv_queue_work(loop, ffi.cast("uv_work_t *", request), work, after) == 0)
end
assert(ffi.blocking(uv.uv_run)(loop, 0) == 0)
print("blocking: ran " .. ran .. ", on other threads " .. elsewhere .. ", ended " .. ended)
work:free()

-- 2. The calls wait in a queue; the loop calls ffi.poll when there is something in it. The pool's threads go on at once.
ran, elsewhere, ended = 0, 0, 0
local watch = ffi.cast("uv_poll_t *", ffi.new("char[?]", uv.uv_handle_size(uv.UV_POLL)))
work = ffi.callback("uv_work_cb", function()
  ran = ran + 1
  if ran == COUNT then uv.uv_poll_stop(watch) end
end, { queue = 4 })
assert(uv.uv_poll_init(loop, watch, ffi.pollfd()) == 0)
assert(uv.uv_poll_start(watch, uv.UV_READABLE, function() ffi.poll() end) == 0)
requests = new_requests()
for _, request in ipairs(requests) do
  assert(uv.uv_queue_work(loop, ffi.cast("uv_work_t *", request), work, after) == 0)
end
assert(uv.uv_run(loop, 0) == 0)
print("queued: ran " .. ran .. ", ended " .. ended)
work:free()
after:free()
