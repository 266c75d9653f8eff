-- Loaded before Ferry, it has the state checked, as FERRY_CHECK=1 in the environment has: docs/debugging.md.
if package.loaded["ferry.core"] then error("ferry.check comes before ffi and ferry: the state is open", 2) end
return true
