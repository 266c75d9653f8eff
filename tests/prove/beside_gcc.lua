-- What tests that ask gcc have in common: random choices that are the same on every Lua, files, and the compiler. A function of the seed.
return function(seed)
  local t = { base = os.tmpname() } -- names of files begin with it
  local state = seed * 69069 % 2147483646 + 1

  function t.random(n) -- 1 to n
    state = state * 16807 % 2147483647
    return math.floor(state / 2147483647 * n) + 1
  end
  function t.chance(percent) return t.random(100) <= percent end
  function t.pick(list) return list[t.random(#list)] end

  function t.write(path, text)
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
  end

  -- Has it compile a text to base .. ".so"; gives what it says.
  function t.gcc(options, text)
    t.write(t.base .. ".c", text)
    local pipe = assert(io.popen(("gcc -std=gnu11 %s -o %s.so %s.c -latomic 2>&1"):format(options, t.base, t.base)))
    local said = pipe:read "*a"
    pipe:close()
    return said
  end

  function t.remove()
    for _, ending in ipairs { "", ".c", ".h", ".so" } do os.remove(t.base .. ending) end
  end

  return t
end
