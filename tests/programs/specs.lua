-- Spec files for busted, given as arguments, by modules/busted.lua.
package.path = (os.getenv "HERE") .. "/modules/?.lua;" .. package.path
local files = {}
for i = 1, #arg do files[i] = arg[i] end
require "busted".run(files)
