-- Runs bodies of C functions that the parser has made trees of (ferry.headers.body): each statement becomes a function of the
-- frame, the table of the function's objects. It gives nothing, or how it was left ("break", "continue", "return") and the
-- value that is returned.
local ffi = require "ferry.core"
local expression = require "ferry.expression"
local macros = require "ferry.macros"
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

local function count_round(frame)
  local rounds = (frame.rounds or 0) + 1
  if rounds > max_rounds then error(("its loops go round more than %d times"):format(max_rounds), 0) end
  frame.rounds = rounds
end

-- --- labels -------------------------------------------------------------------------------------------------------------
-- Those of a switch may be anywhere in its statement, also within loops (Duff's device), and those of jumps anywhere in the
-- function. A switch runs its statement with frame.label, the node of the label to begin at. What contains it goes there
-- without a look at what lies before: no condition is asked. A jump sets frame.label and leaves ("goto") what it is in, up to
-- the block that has the label in it, which goes on there.

local statement_kinds = {
  block = true, ["if"] = true, ["while"] = true, ["do"] = true, ["for"] = true, switch = true, case = true, default = true,
  label = true, ["goto"] = true,
}

-- Calls visit(label) for each in a statement, the cases of a switch in it left out.
local function each_label(node, visit, in_switch)
  if not statement_kinds[node.kind] then return end
  local is_case = node.kind == "case" or node.kind == "default"
  if node.kind == "label" or is_case and not in_switch then visit(node) end
  in_switch = in_switch or node.kind == "switch"
  for _, each in ipairs(node) do each_label(each, visit, in_switch) end
end

-- Gives each jump of a function, or of a block in an expression, its label.
local function connect(root)
  local labels = {}
  each_label(root, function(label)
    if label.kind ~= "label" then return end
    if labels[label.text] then error(("it has two labels '%s'"):format(label.text), 0) end
    labels[label.text] = label
  end)
  local function look(node)
    if not statement_kinds[node.kind] then return end
    if node.kind == "goto" then
      node.label = labels[node.text]
      if not node.label then error(("its 'goto %s' has no label in the same function or block of an expression"):format(node.text), 0) end
    end
    for _, each in ipairs(node) do look(each) end
  end
  look(root)
end

-- The set of the labels in a statement, nil: there are none.
local function labels_in(node)
  local set
  each_label(node, function(label)
    set = set or {}
    set[label] = true
  end)
  return set
end

-- Functions by kind of statement: (node, lib) -> function(frame).
local compile = {}
-- The same of what is declared but jumped over: an object without a value.
local skip

local function label(node)
  return function(frame)
    if frame.label == node then frame.label = nil end
  end
end
compile.case, compile.default, compile.label = label, label, label

compile["goto"] = function(node)
  local target = node.label
  return function(frame)
    count_round(frame)
    frame.label = target
    return "goto"
  end
end

-- Where in the list of a block to begin for a label; objects that are declared before are there all the same (C11 6.2.4p6).
-- `again`: the block is not entered but goes on, with those that it has.
local function enter(skipped, places, frame, again)
  local place = places[frame.label]
  for i = 1, place - 1 do
    if skipped[i] then skipped[i](frame, again) end
  end
  return place
end

function compile.block(node, lib)
  local list = statements(node, lib)
  if #list == 0 then return nothing end
  local places, skipped, jumps = nil, {}, false
  for i, each in ipairs(node) do
    for inner in pairs(labels_in(each) or {}) do
      places = places or {}
      places[inner] = i
      jumps = jumps or inner.kind == "label"
    end
    if each.kind == "declare" then skipped[i] = each.text == "static" and list[i] or skip(each) end
  end
  if jumps then
    return function(frame)
      local left, result = run_from(list, frame.label and enter(skipped, places, frame) or 1, frame)
      while left == "goto" and places[frame.label] do
        left, result = run_from(list, enter(skipped, places, frame, true), frame)
      end
      return left, result
    end
  elseif places then
    return function(frame) return run_from(list, frame.label and enter(skipped, places, frame) or 1, frame) end
  end
  if #list == 1 then return list[1] end
  return function(frame) return run_from(list, 1, frame) end
end

function compile.evaluate(node, lib)
  local run = value(node[1], lib)
  return function(frame) run(frame) end
end

function skip(node)
  local number, make = node.integer + 1, store(node)
  return function(frame, again)
    if not again or frame[number] == nil then frame[number] = make(nil) end
  end
end

-- What makes the object that a declaration with an initialiser declares.
local function maker(node, lib)
  local t, initial, make = node.type, node[1], store(node)
  if not initial then return function() return make(nil) end end
  local run = value(initial, lib)
  if t.class == "array" and initial.kind == "string" then
    local text = expression.characters(initial, t.count or ffi.typeinfo(t.ct).count)
    return function() return ffi.new(t.ct, text) end
  elseif initial.kind == "literal" and (t.class == "array" or t.class == "record") then
    return run
  end
  return function(frame) return make(run(frame)) end
end

-- `T x = value;` makes a new object at each turn, `static T x = value;` one at the first.
function compile.declare(node, lib)
  local number, make = node.integer + 1, maker(node, lib)
  if node.text ~= "static" then return function(frame) frame[number] = make(frame) end end
  local made, is_made = nil, false
  return function(frame)
    if not is_made then made, is_made = make(frame), true end
    frame[number] = made
  end
end

compile["if"] = function(node, lib)
  local condition, t = value(node[1], lib), node[1].type
  local yes, no = statement(node[2], lib), node[3] and statement(node[3], lib) or nothing
  local in_yes, in_no = labels_in(node[2]), node[3] and labels_in(node[3])
  if in_yes or in_no then
    in_yes = in_yes or {}
    return function(frame)
      if frame.label then
        if in_yes[frame.label] then return yes(frame) end
        return no(frame)
      end
      if truth(t, condition(frame)) then return yes(frame) end
      return no(frame)
    end
  end
  return function(frame)
    if truth(t, condition(frame)) then return yes(frame) end
    return no(frame)
  end
end

-- A loop: `test` before each round but perhaps the first, `behind` after it.
local function loop(test, t, body, behind, test_first)
  return function(frame)
    local tested = not test_first or frame.label
    while tested or truth(t, test(frame)) do
      tested = false
      count_round(frame)
      local left, result = body(frame)
      if left == "break" then return end
      if left == "return" or left == "goto" then return left, result end
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
  local skipped = {} -- what the first part declares
  for _, each in ipairs(node[1]) do
    if each.kind == "declare" then skipped[#skipped + 1] = skip(each) end
  end
  return function(frame)
    if frame.label then run_from(skipped, 1, frame) else first(frame) end
    return run(frame)
  end
end

-- Two labels of a switch have no value in common (C11 6.8.4.2p3).
local function refuse_repeated(cases)
  local sorted = {}
  for i, case in ipairs(cases) do sorted[i] = case end
  table.sort(sorted, function(a, b) return a.from < b.from end)
  for i = 2, #sorted do
    if sorted[i].from <= sorted[i - 1].to then
      error(("its 'switch' has two labels 'case %s'"):format(tostring(sorted[i].from)), 0)
    end
  end
end

function compile.switch(node, lib)
  local control, t = value(node[1], lib), node[1].type
  local run, cases, default = statement(node[2], lib), {}, nil
  each_label(node[2], function(each)
    if each.kind == "case" then
      cases[#cases + 1] = { from = normal(t, each.from), to = normal(t, each.to), label = each }
    elseif each.kind == "label" then
      return
    elseif default then
      error("its 'switch' has two labels 'default'", 0)
    else
      default = each
    end
  end)
  refuse_repeated(cases)
  return function(frame)
    local found = frame.label -- a jump into it
    local v = not found and control(frame)
    found = found or default
    for _, case in ipairs(v and cases or {}) do
      if case.from <= v and v <= case.to then
        found = case.label
        break
      end
    end
    if not found then return end
    frame.label = found
    local left, result = run(frame)
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
  connect(body)
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

local module = {}

-- The function of the frame, a list of the arguments, that runs the body of a declared function: it gives true and the
-- result, or false and why there is none. Or nil, and why the body cannot be run. `lib`: where functions and variables are.
function module.compile(name, lib)
  local body, why = headers.body(name)
  local ok, run = body ~= nil, nil
  if body then
    expression.mark(body.block, body.params)
    ok, run = pcall(function()
      connect(body.block)
      return statement(body.block, lib)
    end)
    if not ok then why = macros.without_place(run) end
  end
  if not ok then
    return nil, ("the body of inline function '%s' cannot be run: %s; a compiler can (require \"ferry.cc\")"):format(name, why)
  end
  local params, result, stores = body.params, body.result, {}
  for i, param in ipairs(params) do
    local put, given, own = store(param), param.given, param.type
    -- Of a definition of old style they arrive promoted.
    stores[i] = given.ct == own.ct and function(v) return put(normal(own, v)) end
      or function(v) return put(convert(given, own, normal(given, v))) end
  end
  local function call(frame)
    for i, param in ipairs(params) do frame[i] = stores[i](frame[i]) end
    local left, v = run(frame)
    if result.class == "void" then return nil end
    if not left then error("it ends without returning a value", 0) end
    return expression.given(result, result.class == "record" and ffi.new(result.ct, v) or v)
  end
  return function(frame)
    local fine, v = pcall(call, frame)
    if not fine then v = macros.without_place(v) end
    return fine, v
  end
end

return module
