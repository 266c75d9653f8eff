-- A short run of tests/fuzz/api_fuzz.lua with fixed seeds, each in a process of its own.
local H = require "spec_helper"
local lu = H.lu

TestFuzz = {}

function TestFuzz:test_fixed_seeds()
  H.not_on_luajit "throws what it is not made for"
  local script = (debug.getinfo(1, "S").source:sub(2):match "^(.*[/\\])" or "") .. "../fuzz/api_fuzz.lua"
  for seed = 1, 3 do
    local _, output = H.interpreter { script, seed, H.slow and 60 or 20, H.slow and 3000 or 20000 }
    lu.assertNotNil(output:match "api_fuzz: seed %d+, %d+ tries", "seed " .. seed .. ": " .. output:sub(-1500))
  end
end

H.run()
