-- luapower's fs, its own tests: they print their name and, if they fail, a traceback. Prints "N of M passed".
local raw_print, tests, failed = print, 0, 0
function print(text, ...)
  if select("#", ...) == 0 and type(text) == "string" then
    if text:find "^test " then tests = tests + 1 elseif text:find "stack traceback:" then failed = failed + 1 end
  end
  return raw_print(text, ...)
end
dofile "fs_test.lua"
raw_print(("%d of %d passed"):format(tests - failed, tests))
