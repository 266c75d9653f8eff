-- SQLite: prepared statements with 64-bit integers and blobs, rows through a Lua callback, and an SQL function
-- written in Lua. Runs under every Lua with Ferry, and under LuaJIT with its own ffi.
local ffi = require "ffi"

ffi.cdef [[
typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;
typedef struct sqlite3_context sqlite3_context;
typedef struct sqlite3_value sqlite3_value;
typedef void (*sqlite3_destructor_type)(void *);

int sqlite3_open(const char *name, sqlite3 **db);
int sqlite3_close(sqlite3 *db);
const char *sqlite3_errmsg(sqlite3 *db);
int sqlite3_exec(sqlite3 *db, const char *sql,
                 int (*row)(void *data, int columns, char **values, char **names), void *data, char **message);

int sqlite3_prepare_v2(sqlite3 *db, const char *sql, int bytes, sqlite3_stmt **statement, const char **rest);
int sqlite3_bind_int64(sqlite3_stmt *s, int index, int64_t value);
int sqlite3_bind_double(sqlite3_stmt *s, int index, double value);
int sqlite3_bind_text(sqlite3_stmt *s, int index, const char *text, int bytes, sqlite3_destructor_type);
int sqlite3_bind_blob(sqlite3_stmt *s, int index, const void *data, int bytes, sqlite3_destructor_type);
int sqlite3_step(sqlite3_stmt *s);
int sqlite3_reset(sqlite3_stmt *s);
int sqlite3_finalize(sqlite3_stmt *s);
int64_t sqlite3_column_int64(sqlite3_stmt *s, int column);
double sqlite3_column_double(sqlite3_stmt *s, int column);
const char *sqlite3_column_text(sqlite3_stmt *s, int column);
const void *sqlite3_column_blob(sqlite3_stmt *s, int column);
int sqlite3_column_bytes(sqlite3_stmt *s, int column);
int sqlite3_changes(sqlite3 *db);

int sqlite3_create_function(sqlite3 *db, const char *name, int arguments, int encoding, void *data,
    void (*call)(sqlite3_context *, int, sqlite3_value **),
    void (*step)(sqlite3_context *, int, sqlite3_value **), void (*final)(sqlite3_context *));
const char *sqlite3_value_text(sqlite3_value *v);
int sqlite3_value_bytes(sqlite3_value *v);
void sqlite3_result_text(sqlite3_context *c, const char *text, int bytes, sqlite3_destructor_type);

enum { SQLITE_OK = 0, SQLITE_ROW = 100, SQLITE_DONE = 101, SQLITE_UTF8 = 1 };

long long strtoll(const char *text, char **rest, int base);
]]
local sql = ffi.load "sqlite3"
local NULL = ffi.new "void *"
-- SQLITE_TRANSIENT, ((sqlite3_destructor_type)-1): SQLite makes a copy of what it is given.
local TRANSIENT = ffi.cast("sqlite3_destructor_type", ffi.cast("intptr_t", -1))

-- 64-bit integers are native from Lua 5.3 on; in 5.1, 5.2 and LuaJIT they are boxed, and print with a suffix.
local function digits(n) return (tostring(n):gsub("LL$", "")) end

-- Opens the database; the handle comes back through a pointer to a pointer.
local out = ffi.new "sqlite3 *[1]"
assert(sql.sqlite3_open(":memory:", out) == sql.SQLITE_OK)
local db = out[0]

local function check(code)
  if code ~= sql.SQLITE_OK then error("sqlite: " .. ffi.string(sql.sqlite3_errmsg(db)), 2) end
end
local function prepare(text)
  local statement = ffi.new "sqlite3_stmt *[1]"
  check(sql.sqlite3_prepare_v2(db, text, #text, statement, nil))
  return statement[0]
end

print "-- prepared statements"
check(sql.sqlite3_exec(db, "CREATE TABLE t (name TEXT, number INTEGER, real REAL, data BLOB)", nil, nil, nil))
local insert = prepare "INSERT INTO t VALUES (?, ?, ?, ?)"
local blob = ffi.new("uint8_t[4]", { 0, 1, 254, 255 })
local function add(name, number, real)
  check(sql.sqlite3_bind_text(insert, 1, name, #name, TRANSIENT))
  check(sql.sqlite3_bind_int64(insert, 2, number))
  check(sql.sqlite3_bind_double(insert, 3, real))
  check(sql.sqlite3_bind_blob(insert, 4, blob, ffi.sizeof(blob), TRANSIENT))
  assert(sql.sqlite3_step(insert) == sql.SQLITE_DONE)
  check(sql.sqlite3_reset(insert))
end
add("small", 42, 0.5)
-- Numbers that a double cannot hold. Lua 5.1 has no literal for them, so C reads them.
add("2^53 + 1", ffi.C.strtoll("9007199254740993", nil, 10), 1e300)
add("least", ffi.C.strtoll("-9223372036854775808", nil, 10), -0.25)
check(sql.sqlite3_finalize(insert))

local select_all = prepare "SELECT name, number, real, data FROM t ORDER BY rowid"
while sql.sqlite3_step(select_all) == sql.SQLITE_ROW do
  local bytes = ffi.string(sql.sqlite3_column_blob(select_all, 3), sql.sqlite3_column_bytes(select_all, 3))
  print(("%-9s %20s %g, blob %d %d %d %d"):format(ffi.string(sql.sqlite3_column_text(select_all, 0)),
    digits(sql.sqlite3_column_int64(select_all, 1)), sql.sqlite3_column_double(select_all, 2), bytes:byte(1, -1)))
end
check(sql.sqlite3_finalize(select_all))

print "-- sqlite3_exec with a Lua callback"
-- One C function pointer for as long as it is needed; free() gives it back.
local rows = 0
local on_row = ffi.cast("int (*)(void *, int, char **, char **)", function(_, columns, values, names)
  rows = rows + 1
  local line = {}
  for i = 0, columns - 1 do
    local value = values[i] == NULL and "NULL" or ffi.string(values[i])
    line[#line + 1] = ffi.string(names[i]) .. "=" .. value
  end
  print(table.concat(line, " "))
  return rows == 3 and 1 or 0 -- anything but 0 stops the query
end)
check(sql.sqlite3_exec(db, "SELECT name, length(data) AS size, NULL AS empty FROM t LIMIT 2", on_row, nil, nil))
local code = sql.sqlite3_exec(db, "SELECT name FROM t", on_row, nil, nil)
print(("stopped after %d rows: %s"):format(rows, ffi.string(sql.sqlite3_errmsg(db))), code ~= sql.SQLITE_OK)
on_row:free()

print "-- an SQL function in Lua"
local reverse = ffi.cast("void (*)(sqlite3_context *, int, sqlite3_value **)", function(context, _, arguments)
  local text = ffi.string(sql.sqlite3_value_text(arguments[0]), sql.sqlite3_value_bytes(arguments[0]))
  sql.sqlite3_result_text(context, text:reverse(), #text, TRANSIENT)
end)
check(sql.sqlite3_create_function(db, "lua_reverse", 1, sql.SQLITE_UTF8, nil, reverse, nil, nil))
check(sql.sqlite3_exec(db, "UPDATE t SET name = lua_reverse(name) WHERE number = 42", nil, nil, nil))
print(("%d row changed"):format(sql.sqlite3_changes(db)))
local select_one = prepare "SELECT name, lua_reverse(name || '!') FROM t WHERE number = 42"
assert(sql.sqlite3_step(select_one) == sql.SQLITE_ROW)
print(ffi.string(sql.sqlite3_column_text(select_one, 0)), ffi.string(sql.sqlite3_column_text(select_one, 1)))
check(sql.sqlite3_finalize(select_one))

print "-- an error, with SQLite's own message"
local ok, message = pcall(prepare, "SELECT * FROM nowhere")
print(ok, (tostring(message):gsub("^.-: ", "", 1)))

check(sql.sqlite3_close(db))
reverse:free()
