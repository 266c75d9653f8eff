-- The library itself; touches no global. `require "ffi"` is the drop-in that also replaces type and tonumber.
return require "ferry.core"
