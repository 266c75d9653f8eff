-- zlib: a file compressed and restored in one piece, checksums, and the streaming interface with small buffers,
-- which writes a .gz file. Runs under every Lua with Ferry, and under LuaJIT with its own ffi.
local ffi = require "ffi"

ffi.cdef [[
const char *zlibVersion(void);
unsigned long compressBound(unsigned long length);
int compress2(uint8_t *to, unsigned long *to_length, const uint8_t *from, unsigned long length, int level);
int uncompress(uint8_t *to, unsigned long *to_length, const uint8_t *from, unsigned long length);
unsigned long crc32(unsigned long crc, const uint8_t *data, unsigned int length);
unsigned long adler32(unsigned long adler, const uint8_t *data, unsigned int length);

typedef struct z_stream {
  const uint8_t *next_in;   /* what is read next */
  unsigned int avail_in;    /* and how much of it there is */
  unsigned long total_in;
  uint8_t *next_out;        /* where to write next */
  unsigned int avail_out;   /* and how much room there is */
  unsigned long total_out;
  const char *msg;
  struct internal_state *state;
  void *(*zalloc)(void *opaque, unsigned int items, unsigned int size);
  void (*zfree)(void *opaque, void *address);
  void *opaque;
  int data_type;
  unsigned long adler, reserved;
} z_stream;
int deflateInit2_(z_stream *s, int level, int method, int window_bits, int memory_level, int strategy,
                  const char *version, int stream_size);
int deflate(z_stream *s, int flush);
int deflateEnd(z_stream *s);
int inflateInit2_(z_stream *s, int window_bits, const char *version, int stream_size);
int inflate(z_stream *s, int flush);
int inflateEnd(z_stream *s);

enum { Z_OK = 0, Z_STREAM_END = 1, Z_NO_FLUSH = 0, Z_FINISH = 4, Z_DEFLATED = 8, Z_DATA_ERROR = -3, Z_BUF_ERROR = -5 };
]]
local z = ffi.load "z"

-- The text of this program is what gets compressed.
local file = assert(io.open(arg[0], "rb"))
local text = file:read "*a"
file:close()
-- The first digit says whether the library fits these declarations.
print("zlib 1: " .. tostring(ffi.string(z.zlibVersion()):sub(1, 1) == "1"))

print "-- compress and uncompress"
-- C writes the length through a pointer: an array of one element is such an out parameter.
local length = ffi.new("unsigned long[1]", z.compressBound(#text))
local packed = ffi.new("uint8_t[?]", tonumber(length[0]))
assert(z.compress2(packed, length, text, #text, 9) == z.Z_OK)
local packed_length = tonumber(length[0])
print(("less than half as long: %s"):format(tostring(packed_length * 2 < #text)))

local restored = ffi.new("uint8_t[?]", #text)
length[0] = #text
assert(z.uncompress(restored, length, packed, packed_length) == z.Z_OK)
print(("restored as it was: %s"):format(tostring(ffi.string(restored, tonumber(length[0])) == text)))

print "-- checksums"
print(("crc32 %08x"):format(tonumber(z.crc32(0, "123456789", 9))))
print(("adler32 %08x"):format(tonumber(z.adler32(1, "123456789", 9))))

print "-- damaged data is noticed"
packed[packed_length - 1] = (packed[packed_length - 1] + 1) % 256
length[0] = #text
print(("uncompress gives %d"):format(z.uncompress(restored, length, packed, packed_length)))

-- Streaming: the input comes in pieces, the output goes into a small buffer that is emptied again and again.
-- `source` returns the next piece or nil, `sink` takes pieces, `step` is z.deflate or z.inflate.
local room = 512
local buffer = ffi.new("uint8_t[?]", room)
local function pump(stream, step, source, sink)
  local code, flush
  repeat
    local piece = source()
    flush = piece and z.Z_NO_FLUSH or z.Z_FINISH
    piece = piece or ""
    -- The stream keeps the address only: `piece` has to stay alive until zlib has read all of it.
    stream.next_in = ffi.cast("const uint8_t *", piece)
    stream.avail_in = #piece
    repeat
      stream.next_out = buffer
      stream.avail_out = room
      code = step(stream, flush)
      if code < 0 and code ~= z.Z_BUF_ERROR then
        error("zlib: " .. code)
      end
      sink(ffi.string(buffer, room - stream.avail_out))
    until stream.avail_out > 0 or code == z.Z_STREAM_END
  until code == z.Z_STREAM_END or flush == z.Z_FINISH
  return code == z.Z_STREAM_END
end

local function pieces(whole, size)
  local at = 1
  return function()
    if at > #whole then return nil end
    local piece = whole:sub(at, at + size - 1)
    at = at + size
    return piece
  end
end

print "-- z_stream: deflate into a .gz file"
local stream = ffi.new "z_stream"
-- 15 is the largest window, 16 more asks for gzip's header and trailer.
assert(z.deflateInit2_(stream, 6, z.Z_DEFLATED, 15 + 16, 8, 0, z.zlibVersion(), ffi.sizeof(stream)) == z.Z_OK)
local path = os.tmpname()
local out = assert(io.open(path, "wb"))
local big = text:rep(20)
print("finished: " .. tostring(pump(stream, z.deflate, pieces(big, 1000), function(s) out:write(s) end)))
out:close()
print("took in all bytes: " .. tostring(tonumber(stream.total_in) == #big))
z.deflateEnd(stream)

print "-- z_stream: inflate it"
file = assert(io.open(path, "rb"))
local gz = file:read "*a"
file:close()
os.remove(path)
print(("gzip's signature: %02x %02x"):format(gz:byte(1, 2)))
stream = ffi.new "z_stream"
assert(z.inflateInit2_(stream, 15 + 16, z.zlibVersion(), ffi.sizeof(stream)) == z.Z_OK)
local parts = {}
print("finished: " .. tostring(pump(stream, z.inflate, pieces(gz, 100), function(s) parts[#parts + 1] = s end)))
z.inflateEnd(stream)
print("restored as it was: " .. tostring(table.concat(parts) == big))
