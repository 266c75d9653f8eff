-- zlib and SQLite by their headers alone: nothing is declared here, no compiler is asked. Macros come along, those with
-- parameters as functions: inflateInit(stream) is inflateInit_(stream, ZLIB_VERSION, (int)sizeof(z_stream)).
local ffi = require "ffi"

local z = ffi.include("zlib.h", { library = "z" })
print("zlib " .. z.ZLIB_VERSION:match "^%d+" .. ", " .. (ffi.string(z.zlibVersion()) == z.ZLIB_VERSION and "the header's" or "another than the header's"))

local function whole(stream, run, to, size)
  stream.next_out, stream.avail_out = to, size
  assert(run(stream, z.Z_FINISH) == z.Z_STREAM_END)
  return tonumber(stream.total_out)
end

local text = ("What is said twice compresses well. "):rep(100)
local stream = z.z_stream()
assert(z.deflateInit(stream, z.Z_BEST_COMPRESSION) == z.Z_OK)
local packed = ffi.new("uint8_t[?]", z.deflateBound(stream, #text))
stream.next_in, stream.avail_in = ffi.cast("uint8_t *", text), #text
local length = whole(stream, z.deflate, packed, ffi.sizeof(packed))
assert(z.deflateEnd(stream) == z.Z_OK)
print(#text .. " bytes become " .. length)

local back = ffi.new("uint8_t[?]", #text)
stream = z.z_stream()
assert(z.inflateInit(stream) == z.Z_OK)
stream.next_in, stream.avail_in = packed, length
whole(stream, z.inflate, back, #text)
assert(z.inflateEnd(stream) == z.Z_OK)
print("and are the same again: " .. tostring(ffi.string(back, #text) == text))

-- SQLITE_TRANSIENT is ((sqlite3_destructor_type)-1): a function pointer that no function is at.
local sql = ffi.include("sqlite3.h", { library = "sqlite3" })
local out = ffi.new("sqlite3 *[1]")
assert(sql.sqlite3_open(":memory:", out) == sql.SQLITE_OK)
local db = out[0]
local statement = ffi.new("sqlite3_stmt *[1]")
assert(sql.sqlite3_prepare_v2(db, "select ?1 || ' by its header', sqlite_version() = ?2", -1, statement, nil) == sql.SQLITE_OK)
sql.sqlite3_bind_text(statement[0], 1, "SQLite", -1, sql.SQLITE_TRANSIENT)
sql.sqlite3_bind_text(statement[0], 2, ffi.string(sql.sqlite3_libversion()), -1, sql.SQLITE_TRANSIENT)
assert(sql.sqlite3_step(statement[0]) == sql.SQLITE_ROW)
print(ffi.string(sql.sqlite3_column_text(statement[0], 0)), tonumber(sql.sqlite3_column_int(statement[0], 1)))
sql.sqlite3_finalize(statement[0])
sql.sqlite3_close(db)

-- A macro with a type as its argument, and what is known of a macro.
local io_header = ffi.include "sys/ioctl.h"
print(("_IOR('T', 1, int) = 0x%x"):format(tonumber(io_header._IOR(("T"):byte(), 1, ffi.typeof "int"))))
local macro = ffi.macro("deflateInit", z)
print(macro.file:match "[^/]+$", "deflateInit(" .. table.concat(macro.params, ", ") .. ")")
