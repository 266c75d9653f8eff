-- Makes a program of every ```lua block of a document: doc_blocks.lua FOLDER FILE.md..., giving FOLDER/NAME-1.lua and
-- so on, and beside it NAME-1.txt with what its `--> text` comments say that it prints, in order. Lines keep their
-- numbers, so that an error names the document's line.
-- Words behind ```lua say where the block runs (NAME-1.only): `ferry` not on LuaJIT's own ffi, `5.3+` from that Lua on.
local folder = arg[1]
local function write(path, text)
  local out = assert(io.open(path, "w"))
  out:write(text)
  out:close()
end
for i = 2, #arg do
  local name = arg[i]:match "([^/]+)%.md$"
  local number, line_number = 0, 0
  local program, expected, path
  for line in io.lines(arg[i]) do
    line_number = line_number + 1
    local only = line:match "^```lua(.*)$"
    if program and line:match "^```" then
      write(path .. ".lua", table.concat(program, "\n") .. "\n")
      write(path .. ".txt", table.concat(expected))
      program = nil
    elseif program then
      program[#program + 1] = line
      local text = line:match "%-%-> (.*)$"
      if text then expected[#expected + 1] = text .. "\n" end
    elseif only and not only:match "^%a" then
      number = number + 1
      path = ("%s/%s-%d"):format(folder, name, number)
      program, expected = {}, {}
      for l = 1, line_number do program[l] = "" end
      if only:match "%S" then write(path .. ".only", only:match "^%s*(.-)%s*$" .. "\n") end
    end
  end
  assert(not program, arg[i] .. ": unfinished code block")
end
