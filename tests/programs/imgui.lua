-- LuaJIT-ImGui: all of its declarations; layouts as any compiler has them for x86-64, and what its wrappers do by ffi alone.
local ffi = require "ffi"
ffi.cdef(require "imgui.cdefs")
local io = ffi.new "ImGuiIO"
io.DisplaySize.x, io.DisplaySize.y = 640, 480
assert(io.DisplaySize.x == 640 and io.Fonts == nil)
local v = ffi.new("ImVec4", 1, 2, 3, 4)
assert(v.w == 4 and ffi.sizeof "ImVec4" == 16 and ffi.sizeof "ImVec2" == 8)
local style = ffi.new "ImGuiStyle"
assert(style.Colors[ffi.C.ImGuiCol_COUNT - 1].x == 0)
local sizes = {}
for _, name in ipairs { "ImGuiContext", "ImGuiWindow", "ImGuiTable", "ImFont", "ImDrawList", "ImGuiStyle", "ImGuiIO" } do
  sizes[#sizes + 1] = name .. " " .. ffi.sizeof(name)
end
print(table.concat(sizes, ", "))
