-- Asks compilers what they predefine and writes src/cpreproc/predefined.def:
--   lua5.4 tools/predefined.lua >src/cpreproc/predefined.def
-- Needs gcc and its cross compilers for all targets of `compilers`, and clang. What one lacks is named on standard error.
local compilers = {
  -- profile, target, command; the position here is the bit in the table, also used by predefined.cpp
  { "gcc", "x86_64_linux", "gcc" },
  { "gcc", "i386_linux", "i686-linux-gnu-gcc" },
  { "gcc", "x86_64_windows", "x86_64-w64-mingw32-gcc" },
  { "gcc", "i386_windows", "i686-w64-mingw32-gcc" },
  { "gcc", "aarch64_linux", "aarch64-linux-gnu-gcc" },
  { "gcc", "arm_linux", "arm-linux-gnueabihf-gcc" },
  { "gcc", "riscv64_linux", "riscv64-linux-gnu-gcc" },
  { "gcc", "ppc64le_linux", "powerpc64le-linux-gnu-gcc" },
  { "gcc", "s390x_linux", "s390x-linux-gnu-gcc" },
  { "clang", "x86_64_linux", "clang -target x86_64-linux-gnu" },
  { "clang", "i386_linux", "clang -target i686-linux-gnu" },
  { "clang", "x86_64_windows", "clang -target x86_64-w64-mingw32" },
  { "clang", "i386_windows", "clang -target i686-w64-mingw32" },
  { "clang", "aarch64_linux", "clang -target aarch64-linux-gnu" },
  { "clang", "arm_linux", "clang -target arm-linux-gnueabihf" },
  { "clang", "riscv64_linux", "clang -target riscv64-linux-gnu" },
  { "clang", "ppc64le_linux", "clang -target powerpc64le-linux-gnu" },
  { "clang", "s390x_linux", "clang -target s390x-linux-gnu" },
  { "clang", "x86_64_darwin", "clang -target x86_64-apple-macos11" },
  { "clang", "aarch64_darwin", "clang -target arm64-apple-macos11" },
  { "clang", "aarch64_windows", "clang -target aarch64-w64-mingw32" },
  { "msvc", "x86_64_windows", "clang -target x86_64-pc-windows-msvc" },
  { "msvc", "i386_windows", "clang -target i686-pc-windows-msvc" },
  { "msvc", "aarch64_windows", "clang -target aarch64-pc-windows-msvc" },
}

-- clang in its Microsoft mode says that it is clang, too; and what computes is built in.
local function wanted(profile, name)
  if name:find "^__has_" or name:find "^__is_" then return false end
  return profile ~= "msvc" or not (name:find "^__clang" or name:find "^__CLANG" or name == "__VERSION__" or name == "__llvm__")
end

local masks = {}
for bit, compiler in ipairs(compilers) do
  local profile, target, command = table.unpack(compiler)
  local pipe = io.popen(command .. " -E -dM -x c /dev/null 2>/dev/null")
  local count = 0
  for line in pipe:lines() do
    local definition = line:match "^#define (.*)$"
    if definition and wanted(profile, definition:match "^[%w_]+") then
      masks[definition] = (masks[definition] or 0) + 2 ^ (bit - 1)
      count = count + 1
    end
  end
  pipe:close()
  if count < 100 then error(profile .. " for " .. target .. " could not be asked: " .. command) end
end

local groups, order = {}, {}
for definition, mask in pairs(masks) do
  if not groups[mask] then
    groups[mask] = {}
    order[#order + 1] = mask
  end
  table.insert(groups[mask], definition)
end
table.sort(order, function(a, b)
  if #groups[a] ~= #groups[b] then return #groups[a] > #groups[b] end
  return a < b
end)

print "// Made by tools/predefined.lua: do not edit. GROUP(compilers, text): definitions, one a line; a bit per compiler."
for _, mask in ipairs(order) do
  table.sort(groups[mask])
  print(("GROUP(0x%06x,"):format(mask))
  local line = ""
  local function flush()
    if line ~= "" then print('  "' .. line .. '"') end
    line = ""
  end
  for _, definition in ipairs(groups[mask]) do
    local text = definition:gsub('[\\"]', "\\%0") .. "\\n"
    if #line + #text > 190 then flush() end
    line = line .. text
  end
  flush()
  print ")"
end
