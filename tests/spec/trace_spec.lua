-- FERRY_TRACE: what is told on standard error, and when.
local H = require "spec_helper"
local lu = H.lu

-- What a process with this FERRY_TRACE says for the script, standard output aside.
local function said(topics, script)
  local _, text = H.script('local ffi = require "ffi"\n' .. script, { FERRY_TRACE = topics }, "errors")
  local told = {}
  for line in text:gmatch "[^\n]+" do
    if line:find "^ferry: " then told[#told + 1] = line .. "\n" end -- an emulated loader has complaints of its own
  end
  return table.concat(told)
end

local function lines(text, pattern)
  local count = 0
  for line in text:gmatch "[^\n]+" do
    if line:find(pattern) then count = count + 1 end
  end
  return count
end

local native = H.ffi.backend == "thunk"
local script = [[
  ffi.cdef "int abs(int); size_t strlen(const char *); int open(const char *, int, ...) OPEN;"
  ffi.cdef "int printf(const char *, ...) __attribute__((format(printf, 1, 2))); typedef int (*tr_fn)(int);"
  ffi.C.abs(-1)
  pcall(ffi.C.abs, "x")
  ffi.C.strlen(ffi.new("char[4]"))
  ffi.C.strlen(ffi.new("char[4]"))
  ffi.C.open("/no/such", 0)
  local cb = ffi.cast("tr_fn", function(i) return i end)
  cb(1)
  cb:free()
  pcall(function() return ffi.C.printf end)
  pcall(ffi.load, "tr_no_such_library")
]]

-- Windows' C library has it by its own name.
script = script:gsub(" OPEN", H.per_system("", [[ __asm__(\"_open\")]]))

TestTrace = {}

function TestTrace:test_nothing_unasked()
  lu.assertEquals(said("", script), "")
end

function TestTrace:test_topics_are_separate()
  for _, topic in ipairs { "code", "learn", "callback", "load" } do
    local text = said(topic, script)
    lu.assertEquals(lines(text, "^ferry: " .. topic .. ": "), lines(text, "."), text)
  end
end

function TestTrace:test_code()
  local text = said("code", script)
  if not native then
    lu.assertEquals(text, "")
    return
  end
  lu.assertEquals(lines(text, "^ferry: code: abs: %d+ bytes at 0x%x+, a function$"), 1, text)
  lu.assertEquals(lines(text, "^ferry: code: open: .* one shape of a variadic call$"), 1, text)
  lu.assertEquals(lines(text, "^ferry: code: printf: none: its format has to be read at each call$"), 1, text)
  lu.assertEquals(lines(text, "^ferry: code: int %(int%): .* a function type$"), 1, text)
  lu.assertEquals(lines(text, "^ferry: code: int %(int%): .* callbacks$"), 1, text)
end

function TestTrace:test_learn()
  local text = said("learn", script)
  if not native then
    lu.assertEquals(text, "")
    return
  end
  lu.assertEquals(lines(text, "abs: argument 1 %('string' for 'int'%): only numbers are read by native code$"), 1, text)
  -- The second call does not leave the native code.
  lu.assertEquals(lines(text, "strlen: argument 1 %('char %[4%]' for 'const char %*'%): another type"), 1, text)
  lu.assertEquals(lines(text, "strlen: argument 1 takes 'char %[4%]' from now on$"), 1, text)
  lu.assertEquals(lines(text, "open: no native code for arguments of these kinds"), 1, text)
end

function TestTrace:test_callback()
  local text = said("callback", script)
  lu.assertEquals(lines(text, "int %(int%): made at 0x%x+, 1 live$"), 1, text)
  lu.assertEquals(lines(text, "int %(int%): freed at 0x%x+$"), 1, text)
end

function TestTrace:test_load()
  local text = said("load", script)
  lu.assertEquals(lines(text, "abs: found at 0x%x+$"), 1, text)
  lu.assertEquals(lines(text, "tr_no_such_library: "), 1, text)
end

function TestTrace:test_lists_and_all()
  local both = said("load,callback", script)
  lu.assertEquals(lines(both, "^ferry: load: ") + lines(both, "^ferry: callback: "), lines(both, "."))
  lu.assertTrue(lines(both, "^ferry: load: ") > 0 and lines(both, "^ferry: callback: ") > 0, both)
  local all = said("all", script)
  lu.assertTrue(lines(all, "^ferry: load: ") > 0 and lines(all, "^ferry: callback: ") > 0, all)
end

function TestTrace:test_a_misspelt_topic_is_told()
  local text = said("laod,callback", script)
  lu.assertEquals(lines(text, "'laod' is none of code, learn, callback, load, all$"), 1, text)
  lu.assertEquals(lines(text, "^ferry: callback: "), 2, text)
end

H.run()
