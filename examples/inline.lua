-- Functions that only headers have. Jansson counts references in them, atomically; most of liburing is such functions: they fill
-- the queue that the kernel reads, and read the one that it fills. No compiler is asked.
local ffi = require "ferry"

local json = ffi.include("jansson.h", { library = "jansson" })
local object = json.json_object()
json.json_object_set_new(object, "answer", json.json_integer(42))
json.json_incref(object) -- static inline, by __atomic_add_fetch
local two = ffi.tonumber(object.refcount)
json.json_decref(object)
local text = json.json_dumps(object, 0)
print(("jansson: %d references, then %d: %s"):format(two, ffi.tonumber(object.refcount), ffi.string(text)))
ffi.C.free(text)
json.json_decref(object)

-- Four pieces of this file, all asked for at once.
local uring = ffi.include("liburing.h", { library = "uring" })
local ring = ffi.new "struct io_uring"
local failed = uring.io_uring_queue_init(8, ring, 0)
if failed < 0 then
  print("io_uring: not allowed here (" .. ffi.string(ffi.C.strerror(-failed)) .. ")")
  return
end
ring = ffi.gc(ring, uring.io_uring_queue_exit)
local PIECE = 100
local file = assert(io.open(arg[0], "rb"))
local whole = file:read(4 * PIECE)
file:close()
local fd = ffi.C.open(arg[0], 0)
local buffer = ffi.new("char[?]", 4 * PIECE)
for i = 0, 3 do
  local request = uring.io_uring_get_sqe(ring)
  uring.io_uring_prep_read(request, fd, buffer + i * PIECE, PIECE, i * PIECE)
  uring.io_uring_sqe_set_data64(request, i + 1)
end
uring.io_uring_submit(ring)
local answer, sum, bytes = ffi.new "struct io_uring_cqe *[1]", 0, 0
for _ = 1, 4 do
  uring.io_uring_wait_cqe(ring, answer)
  sum = sum + ffi.tonumber(uring.io_uring_cqe_get_data64(answer[0]))
  bytes = bytes + answer[0].res
  uring.io_uring_cqe_seen(ring, answer[0]) -- a store that the kernel sees in order
end
ffi.C.close(fd)
print(("io_uring: %d bytes by requests of sum %d, as the file has them: %s"):format(bytes, sum, tostring(ffi.string(buffer, bytes) == whole)))
