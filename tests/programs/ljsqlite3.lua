-- lua-ljsqlite3 on a database in memory. It is a module of the ULua distribution, whose helper `xsys` is not needed for this.
package.preload.xsys = function()
  return { string = { split = function(s, sep) local t = {} for w in (s .. sep):gmatch("(.-)" .. sep:gsub("%p", "%%%0")) do t[#t + 1] = w end return t end,
    trim = function(s) return (s:gsub("^%s+", ""):gsub("%s+$", "")) end } }
end
local ok, sql = pcall(dofile, "init.lua")
if not ok then error(sql) end
local db = sql.open ""
db:exec "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, value REAL, big INTEGER, data BLOB);"
local insert = db:prepare "INSERT INTO t(name, value, big, data) VALUES(?, ?, ?, ?)"
for i = 1, 3 do insert:reset():bind("name" .. i, i / 2, 2LL ^ 40 + i, sql.blob "\0\1"):step() end
local t, n = db:exec "SELECT * FROM t ORDER BY id"
print(n, t.name[1], t.value[3], t.big[2], #t.data[1])
assert(n == 3 and t.name[3] == "name3" and t.value[1] == 0.5 and t.big[1] == 2LL ^ 40 + 1 and t.big[1] ~= 2LL ^ 40)
print(db:rowexec "SELECT count(*) FROM t WHERE value > 0.5")
db:close()
