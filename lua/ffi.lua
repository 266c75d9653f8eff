-- Drop-in for luaffifb and LuaJIT's ffi: the library, and global type and tonumber that know cdata.
-- On LuaJIT the built-in ffi comes first in package.preload, so this file is for the other Luas only.
local ferry = require "ferry"
type = ferry.type
tonumber = ferry.tonumber
return ferry
