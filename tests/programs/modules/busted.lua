-- What specs for busted need of it: describe, it, before_each and their like, and the assertions of luassert that
-- programs use. run(files) runs them and prints "N of M passed".
local tests = { passed = 0, failed = 0 }
local scope = { before = {}, after = {} } -- the describe() that runs; its parents by `outer`

local function each(list, ...) for _, f in ipairs(list) do f(...) end end
local function outermost_first(s, hook)
  if not s then return end
  outermost_first(s.outer, hook)
  each(s[hook])
end

local finalisers
local function run_test(name, f)
  finalisers = {}
  local ok, why = xpcall(function()
    outermost_first(scope, "before")
    f()
  end, function(e) return type(e) == "table" and e or debug.traceback(tostring(e), 2) end)
  each(finalisers)
  local s = scope
  while s do
    pcall(each, s.after)
    s = s.outer
  end
  if ok then
    tests.passed = tests.passed + 1
  else
    tests.failed = tests.failed + 1
    print("FAILED " .. name .. ": " .. tostring(why))
  end
end

local function describe(name, f)
  local outer = scope
  scope = { name = (outer.name and outer.name .. " " or "") .. name, outer = outer, before = {}, after = {}, teardown = {}, its = {} }
  local here = scope
  local ok, why = pcall(f)
  if not ok then
    tests.failed = tests.failed + 1
    print("FAILED " .. here.name .. ": " .. tostring(why))
  end
  each(here.its)
  for _, g in ipairs(here.teardown) do pcall(g) end
  scope = outer
end

-- Runs what setup() has been given so far, before the next test, that of the describe() around it first.
local function prepare(s)
  if not s then return end
  prepare(s.outer)
  local setup = s.setup or {}
  s.setup = {}
  for _, g in ipairs(setup) do g() end
end

local env = {}
env.describe, env.context, env.insulate, env.expose = describe, describe, describe, describe
function env.it(name, f)
  local here = scope
  local function run()
    local outer = scope
    scope = here
    prepare(here)
    run_test((here.name or "") .. " " .. name, f)
    scope = outer
  end
  if here.its then here.its[#here.its + 1] = run else run() end
end
function env.before_each(f) table.insert(scope.before, f) end
function env.after_each(f) table.insert(scope.after, f) end
function env.setup(f)
  scope.setup = scope.setup or {}
  table.insert(scope.setup, f)
end
function env.teardown(f) if scope.teardown then table.insert(scope.teardown, f) end end
function env.pending() end
function env.finally(f) table.insert(finalisers, f) end
env.lazy_setup, env.lazy_teardown, env.strict_setup = env.setup, env.teardown, env.setup

local function same(a, b, seen)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  seen = seen or {}
  if seen[a] == b then return true end
  seen[a] = b
  for k, v in pairs(a) do if not same(v, b[k], seen) then return false end end
  for k in pairs(b) do if a[k] == nil then return false end end
  return true
end
local function fails(f, expected)
  local ok, why = pcall(f)
  if ok then return false end
  return expected == nil or same(why, expected) or (type(why) == "string" and why:gsub("^[^:]*:%d+: ", "") == expected)
end
local function matches(f, pattern)
  local ok, why = pcall(f)
  return not ok and tostring(why):find(pattern) ~= nil
end
local checks = {
  same = same, equal = function(a, b) return a == b end, ["true"] = function(a) return a == true end,
  ["false"] = function(a) return a == false end, truthy = function(a) return not not a end, falsy = function(a) return not a end,
  ["nil"] = function(a) return a == nil end, error = fails, errors = fails, error_matches = matches, matches = function(p, s) return s:find(p) ~= nil end,
  almost_equal = function(a, b, by) return math.abs(a - b) <= (by or 0.001) end,
}
for _, t in ipairs { "string", "number", "table", "boolean", "userdata", "function" } do
  checks[t] = function(a) return type(a) == t end
end
checks.equals, checks.has_error, checks.near, checks.match = checks.equal, checks.error, checks.almost_equal, checks.matches

-- assert.are_not.equal, assert.is_nil, assert.has_no.errors: words between, in any order, and the check's name last.
local words = { is = true, are = true, has = true, be = true, was = true, no = "not", ["not"] = "not" }
local function assertion(negated, before)
  return setmetatable({}, {
    __index = function(_, key)
      local name, wanted = before, negated
      for word in key:gmatch "[^_]+" do
        local lower = word:lower()
        if words[lower] == "not" then wanted = not wanted elseif not words[lower] then name = name .. (name == "" and "" or "_") .. lower end
      end
      return assertion(wanted, name)
    end,
    __call = function(_, ...)
      local check = checks[before]
      if not check then error("no assertion '" .. before .. "'", 2) end
      if (not not check(...)) == negated then
        local shown = {}
        for i = 1, select("#", ...) do shown[i] = tostring((select(i, ...))) end
        error("assertion " .. (negated and "not " or "") .. before .. " failed: " .. table.concat(shown, ", "), 2)
      end
      return ...
    end,
  })
end
local lua_assert = assert
env.assert = setmetatable({}, {
  __index = function(t, key)
    if key == "add_assertion" or key == "register" then return nil end
    return assertion(false, "")[key]
  end,
  __call = function(_, ...) return lua_assert(...) end,
})

local M = {}
function M.run(files)
  for k, v in pairs(env) do rawset(_G, k, v) end
  package.loaded.busted = setmetatable({}, { __index = env, __call = function() end })
  for _, path in ipairs(files) do
    local f, why = loadfile(path)
    local ok = f ~= nil
    if f then ok, why = pcall(f) end
    if not ok then
      tests.failed = tests.failed + 1
      print("FAILED " .. path .. ": " .. tostring(why))
    end
  end
  print(tests.passed .. " of " .. tests.passed + tests.failed .. " passed")
end
return M
