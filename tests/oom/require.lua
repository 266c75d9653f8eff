-- A script in which every request for memory is refused once (tests/run_oom.sh).
local ffi = require "ferry"
