-- A short run of tests/fuzz/api_fuzz.lua, and of tests/prove's luajit.lua, translate.lua and bodies.lua, with fixed seeds, each in a process of
-- its own.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

local tests = (debug.getinfo(1, "S").source:sub(2):match "^(.*[/\\])" or "") .. "../"

TestFuzz = {}

function TestFuzz:test_fixed_seeds()
  H.not_on_luajit "throws what it is not made for"
  local script = tests .. "fuzz/api_fuzz.lua"
  for seed = 1, 3 do
    local _, output = H.interpreter { script, seed, H.slow and 60 or 20, H.slow and 3000 or 20000 }
    lu.assertNotNil(output:match "api_fuzz: seed %d+, %d+ tries", "seed " .. seed .. ": " .. output:sub(-1500))
  end
end

-- Random programs whose outcomes LuaJIT's own ffi judges.
function TestFuzz:test_programs_as_luajit_has_them()
  H.not_on_luajit "is the judge"
  lu.skipIf(H.hosted_by_luajit or H.slow or ffi.os ~= "Linux", "needs LuaJIT beside, and time")
  for seed, mode in ipairs { "native", "plain", "layer" } do
    local _, output = H.interpreter { tests .. "prove/luajit.lua", "compare", seed, 60, mode }
    lu.skipIf(output:find "luajit: skipped", "no LuaJIT 2.1.0-beta3 for this processor")
    lu.assertStrContains(output, "steps, 0 differences", false, false, output:sub(1, 1500))
  end
end

-- Random functions that gcc compiles, and whose bodies are run.
function TestFuzz:test_bodies_as_gcc_has_them()
  H.not_on_luajit "has no bodies"
  lu.skipIf(H.slow or ffi.os ~= "Linux" or os.execute "command -v gcc >/dev/null" ~= (_VERSION == "Lua 5.1" and 0 or true), "needs gcc, and time")
  local _, output = H.interpreter { tests .. "prove/bodies.lua", 1, 20 }
  lu.skipIf(output:find("wrong ELF class", 1, true) or output:find("cannot open shared object", 1, true), "gcc compiles for another processor")
  lu.assertStrContains(output, "20 bodies, 80 calls, 0 that gcc dies of, 0 differences", false, false, output:sub(1, 1500))
end

-- Random programs of the whole grammar, translated, whose traces LuaJIT judges.
function TestFuzz:test_translated_programs_as_luajit_has_them()
  H.not_on_luajit "is the judge"
  lu.skipIf(H.hosted_by_luajit or H.slow or ffi.os ~= "Linux", "needs LuaJIT beside, and time")
  local _, output = H.interpreter { tests .. "prove/translate.lua", "compare", 1, 200 }
  lu.skipIf(output:find "translate: skipped", "no LuaJIT 2.1.0-beta3 for this processor")
  lu.assertStrContains(output, ", 0 differences", false, false, output:sub(1, 1500))
end

H.run()
