-- Runs bodies of C functions that the parser has made trees of (ferry.headers.body): each statement becomes a function of the
-- frame, the table of the function's objects. It gives nothing, or how it was left ("break", "continue", "return") and the
-- value that is returned.
local ffi = require "ferry.core"
local expression = require "ferry.expression"
local headers, tonumber, type = ffi.headers, ffi.tonumber, ffi.type
local error, ipairs, pcall = error, ipairs, pcall
local value, truth, normal, convert, store = expression.value, expression.truth, expression.normal, expression.convert, expression.store

-- Rounds of all loops of one call: what needs more is C's own business, and a loop without end shall be an error.
local max_rounds = 1000000

local statement

local function statements(node, lib)
  local list = {}
  for i, each in ipairs(node) do list[i] = statement(each, lib) end
  return list
end

-- A list from its element `first` on.
local function run_from(list, first, frame)
  for i = first, #list do
    local left, result = list[i](frame)
    if left then return left, result end
  end
end

local function nothing() end

-- Functions by kind of statement: (node, lib) -> function(frame).
local compile = {}

function compile.block(node, lib)
  local list = statements(node, lib)
  if #list == 0 then return nothing end
  if #list == 1 then return list[1] end
  return function(frame) return run_from(list, 1, frame) end
end

function compile.evaluate(node, lib)
  local run = value(node[1], lib)
  return function(frame) run(frame) end
end

-- `T x = value;` makes a new object at each turn.
function compile.declare(node, lib)
  local number, t, initial = node.integer + 1, node.type, node[1]
  local make = store(node)
  if not initial then
    return function(frame) frame[number] = make(nil) end
  end
  local run = value(initial, lib)
  if t.class == "array" and initial.kind == "string" then
    local text = initial.text
    return function(frame) frame[number] = ffi.new(t.ct, text) end
  elseif initial.kind == "literal" and (t.class == "array" or t.class == "record") then
    return function(frame) frame[number] = run(frame) end
  elseif initial.kind == "literal" then -- `int x = {1};`
    local first = initial[1] and value(initial[1][1], lib)
    local from = initial[1] and initial[1][1].type
    return function(frame) frame[number] = make(first and convert(from, t, first(frame))) end
  end
  return function(frame) frame[number] = make(run(frame)) end
end

compile["if"] = function(node, lib)
  local condition, t = value(node[1], lib), node[1].type
  local yes, no = statement(node[2], lib), node[3] and statement(node[3], lib) or nothing
  return function(frame)
    if truth(t, condition(frame)) then return yes(frame) end
    return no(frame)
  end
end

local function count_round(frame)
  local rounds = (frame.rounds or 0) + 1
  if rounds > max_rounds then error(("its loops go round more than %d times"):format(max_rounds), 0) end
  frame.rounds = rounds
end

-- A loop: `test` before each round but perhaps the first, `behind` after it.
local function loop(test, t, body, behind, test_first)
  return function(frame)
    local tested = not test_first
    while tested or truth(t, test(frame)) do
      tested = false
      count_round(frame)
      local left, result = body(frame)
      if left == "break" then return end
      if left == "return" then return left, result end
      behind(frame)
    end
  end
end

compile["while"] = function(node, lib)
  return loop(value(node[1], lib), node[1].type, statement(node[2], lib), nothing, true)
end

compile["do"] = function(node, lib)
  return loop(value(node[2], lib), node[2].type, statement(node[1], lib), nothing, false)
end

compile["for"] = function(node, lib)
  local first = statement(node[1], lib)
  local run = loop(value(node[2], lib), node[2].type, statement(node[4], lib), statement(node[3], lib), true)
  return function(frame)
    first(frame)
    return run(frame)
  end
end

function compile.switch(node, lib)
  local control, t = value(node[1], lib), node[1].type
  local list, cases, default = {}, {}, nil
  for _, each in ipairs(node[2]) do
    if each.kind == "case" then
      cases[#cases + 1] = { from = normal(t, each.from), to = normal(t, each.to), at = #list + 1 }
    elseif each.kind == "default" then
      default = #list + 1
    else
      list[#list + 1] = statement(each, lib)
    end
  end
  return function(frame)
    local v, at = control(frame), default
    for _, case in ipairs(cases) do
      if case.from <= v and v <= case.to then
        at = case.at
        break
      end
    end
    if not at then return end
    local left, result = run_from(list, at, frame)
    if left == "break" then return end
    return left, result
  end
end

compile["break"] = function() return function() return "break" end end
compile["continue"] = function() return function() return "continue" end end

compile["return"] = function(node, lib)
  if not node[1] then return function() return "return" end end
  local run = value(node[1], lib)
  return function(frame) return "return", run(frame) end
end

function statement(node, lib) return compile[node.kind](node, lib) end

-- gcc's ({...}): its value is that of its last statement.
function expression.result(node, lib)
  local body, last = node[1], node[1][#node[1]]
  if not last or last.kind ~= "evaluate" then
    local run = statement(body, lib)
    return function(frame) run(frame) end
  end
  body[#body] = nil
  local before, run = statement(body, lib), value(last[1], lib)
  return function(frame)
    before(frame)
    return run(frame)
  end
end

-- What an error says without the place in our own files that Lua puts before it.
local function without_place(message)
  if type(message) ~= "string" then return message end
  return (message:gsub("^[^:\n]*%.lua:%d+: ", ""))
end

local module = {}

-- The function of the frame, a list of the arguments, that runs the body of a declared function: it gives true and the
-- result, or false and why there is none. Or nil, and why the body cannot be run. `lib`: where functions and variables are.
function module.compile(name, lib)
  local body, why = headers.body(name)
  local ok, run = body ~= nil, nil
  if body then
    expression.mark(body.block, body.params)
    ok, run = pcall(statement, body.block, lib)
    if not ok then why = without_place(run) end
  end
  if not ok then
    return nil, ("the body of inline function '%s' cannot be run: %s; a compiler can (require \"ferry.cc\")"):format(name, why)
  end
  local params, result, stores = body.params, body.result, {}
  for i, param in ipairs(params) do stores[i] = store(param) end
  local function call(frame)
    for i, param in ipairs(params) do frame[i] = stores[i](normal(param.type, frame[i])) end
    local left, v = run(frame)
    if result.class == "void" then return nil end
    if not left then error("it ends without returning a value", 0) end
    return expression.given(result, result.class == "record" and ffi.new(result.ct, v) or v)
  end
  return function(frame)
    local fine, v = pcall(call, frame)
    if not fine then v = without_place(v) end
    return fine, v
  end
end

return module
