-- luapower harfbuzz on the system's library: a word is shaped in a font of the system.
local hb, ffi = require "harfbuzz", require "ffi"
local file = assert(io.open(assert(os.getenv "FONT"), "rb"))
local data = file:read "*a"
file:close()
local blob = hb.blob(ffi.cast("const char *", data), #data, hb.C.HB_MEMORY_MODE_READONLY, nil, nil)
local face = blob:face(0)
assert(face:get_upem() == 2048 and face:get_glyph_count() > 1000)
local font = face:font()
local buffer = hb.buffer()
buffer:add_utf8 "hello"
buffer:guess_segment_properties()
buffer:shape(font)
local infos, positions = buffer:get_glyph_infos(), buffer:get_glyph_positions()
assert(buffer:get_length() == 5 and infos[2].codepoint == infos[3].codepoint and infos[0].codepoint ~= infos[1].codepoint)
for i = 0, 4 do assert(positions[i].x_advance > 0) end
print(hb.version_string())
