-- Makes a program of every ```lua block of a document: doc_blocks.lua FOLDER FILE.md..., giving FOLDER/NAME-1.lua and
-- so on, and beside it NAME-1.txt with what its `--> text` comments say that it prints, in order.
local folder = arg[1]
for i = 2, #arg do
  local name = arg[i]:match "([^/]+)%.md$"
  local number, out, expected = 0, nil, nil
  for line in io.lines(arg[i]) do
    if out and line:match "^```" then
      out:close()
      expected:close()
      out = nil
    elseif out then
      out:write(line, "\n")
      local text = line:match "%-%-> (.*)$"
      if text then expected:write(text, "\n") end
    elseif line:match "^```lua$" then
      number = number + 1
      local path = ("%s/%s-%d"):format(folder, name, number)
      out = assert(io.open(path .. ".lua", "w"))
      expected = assert(io.open(path .. ".txt", "w"))
    end
  end
end
