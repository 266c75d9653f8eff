-- koreader-base's specs, given as arguments; its own libraries are not built, the system's are.
local here = os.getenv "HERE"
package.path = here .. "/modules/?.lua;./?.lua;spec/unit/?.lua;" .. package.path
local ffi = require "ffi"
ffi.log = function() end
require "ffi/loadlib"
local files = {}
for i = 1, #arg do files[i] = arg[i] end
require "busted".run(files)
