-- What tests/growth.sh counts: lua growth.lua CASE N does the case N times; without arguments: the names.
local ffi = require "ferry"

local cases = {
  { "anchors in an array", function(n)
    local strings = {}
    for i = 1, n do strings[i] = "text " .. i end
    return ffi.new("const char *[?]", n + 1, strings)
  end },
  { "cdef of a function, use it", function(n)
    for i = 1, n do
      ffi.cdef(("int grown%d(int) __asm__(\"abs\");"):format(i))
      assert(ffi.C["grown" .. i](-i) == i)
    end
  end },
  { "cdef of a struct, use it", function(n)
    for i = 1, n do
      ffi.cdef(("struct grown%d { int a; };"):format(i))
      assert(ffi.new("struct grown" .. i, { i }).a == i)
    end
  end },
  { "cdef of an enum, use it", function(n)
    for i = 1, n do
      ffi.cdef(("enum grown%d { GROWN%d = %d };"):format(i, i, i))
      assert(ffi.number(ffi.new("enum grown" .. i, i)) == i)
    end
  end },
  { "the same cdef again", function(n)
    for _ = 1, n do ffi.cdef "struct same { int a; }; int abs(int); typedef struct same same_t; enum { SAME = 3 };" end
  end },
  { "metatype of a struct", function(n)
    for i = 1, n do
      local T = ffi.metatype(("struct grown%d { int a; }"):format(i), { __index = { get = function(s) return s.a end } })
      assert(T(i):get() == i)
    end
  end },
  { "states of 20 functions, closed", function(n)
    local path = ("%s/%s/state_host.so"):format(os.getenv "FERRY_FIXTURES" or "build/tests/fixtures", _VERSION:match "%d.%d")
    local host = assert(package.loadlib(path, "luaopen_state_host"))()
    local code = { 'local ffi = require "ferry"' }
    for i = 1, 20 do
      code[#code + 1] = ('ffi.cdef "int closed%d(int) __asm__(\\"abs\\");" assert(ffi.C.closed%d(-%d) == %d)'):format(i, i, i, i)
    end
    for _ = 1, n / 20 do
      local ok, message, _, left = host.run(table.concat(code, "\n"), package.path, package.cpath)
      assert(ok and left == 0, message)
    end
  end },
  { "callbacks, freed", function(n)
    for i = 1, n do
      local cb = ffi.cast("int (*)(int)", function(x) return x + i end)
      assert(cb(1) == i + 1)
      cb:free()
    end
  end },
}

if arg[1] == nil then
  for _, case in ipairs(cases) do print(case[1]) end
  return
end
for _, case in ipairs(cases) do
  if case[1] == arg[1] then return case[2](tonumber(arg[2])) end
end
error("no case " .. arg[1])
