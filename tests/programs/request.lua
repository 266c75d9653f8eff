-- luajit-request: its bindings to libcurl, with a file: address (no network).
package.path = "./?.lua;./?/init.lua;" .. package.path
local request = require "luajit-request"
local result, why, message = request.send("file:///etc/hostname")
print(result and #result.body > 0, why, message)
assert(result and #result.body > 0 or why)
