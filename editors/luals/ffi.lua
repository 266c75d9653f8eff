---@meta ffi
-- Annotations for LuaLS, the language server: what `require "ffi"` returns. Nothing runs this file. docs/api.md has the
-- whole of it; tests/spec/annotations_spec.lua compares the two tables.

---A C value, type or function that Lua holds: a userdata.
---@class ffi.cdata : userdata
---@field [any] any
---@operator call(any): any
---@operator add(any): ffi.cdata
---@operator sub(any): ffi.cdata
---@operator mul(any): ffi.cdata
---@operator div(any): ffi.cdata
---@operator mod(any): ffi.cdata
---@operator pow(any): ffi.cdata
---@operator unm: ffi.cdata
---@operator len: integer

---A C type; calling it makes an object.
---@class ffi.ctype : ffi.cdata
---@operator call(any): ffi.cdata

---A call of a C function on another thread.
---@class ffi.future
local future = {}
---Waits until the call is over: its results, or nil and "timeout".
---@param seconds? number
---@return any
---@return string?
function future:wait(seconds) end
---Whether the call is over.
---@return boolean
function future:poll() end
---Whether the call had not begun, and will not.
---@return boolean
function future:cancel() end
---@return "queued"|"running"|"ended"|"cancelled"|"lost"
function future:status() end
---errno as the C function left it.
---@return integer?
function future:errno() end

---A C function pointer that leads to a Lua function.
---@class ffi.callback : ffi.cdata
local callback = {}
---Gives the callback back. C code that still calls it gets zero.
function callback:free() end
---Puts another Lua function behind the same C pointer.
---@param f function
function callback:set(f) end

---The functions, variables and constants of a shared library, by their names in C.
---@class ffi.namespace
---@field [string] any

---C text, a ctype, a cdata, or a function of a shared library.
---@alias ffi.ct string|ffi.cdata|function

---@class ffi.member
---@field name string?
---@field type ffi.ctype
---@field declaration string
---@field offset integer
---@field width integer?
---@field bit integer?

---@class ffi.typeinfo
---@field kind "void"|"bool"|"integer"|"float"|"decimal"|"complex"|"enum"|"pointer"|"reference"|"array"|"vector"|"struct"|"union"|"function"
---@field name string
---@field type ffi.ctype
---@field size integer?
---@field align integer?
---@field members ffi.member[]?
---@field [string] any

---@class ffilib
---The functions and variables of the program and of what it has loaded.
---@field C ffi.namespace
---A `void *` of value 0.
---@field NULL ffi.cdata
---@field nullptr ffi.cdata
---@field os "Linux"|"OSX"|"Windows"|"BSD"|"POSIX"|"Other"
---@field arch string
---What runs the calls.
---@field backend "thunk"|"stub"|"libffi"
---How Lua's stack is read.
---@field stack "direct"|"api"
---@field bit ffi.bit
---What translated chunks use.
---@field run_time table
---What ffi.include is made of.
---@field headers table
---@field VERSION string
---@field _VERSION string
---The Lua that the module was built for.
---@field LUA_VERSION string
---What 64-bit integers become when they are read.
---@field int64 "native"|"boxed"|"exact"
---Whose rules hold where LuaJIT and luaffifb exclude each other.
---@field rules "luaffifb"|"luajit"
local ffi = {}

---Declares what C text says. An error defines nothing.
---@param text string
---@param ... any  substitutes for `$`
function ffi.cdef(text, ...) end

---Opens a shared library.
---@param name string
---@param global? boolean  its symbols are visible to others
---@return ffi.namespace
function ffi.load(name, global) end

---A C header as a namespace of its own: functions, variables, types, constants, macros.
---@param name string
---@param options? { library?: string|ffi.namespace, path?: string|string[], define?: table<string, any>, undef?: string[], pkg?: string, only?: string|string[], cache?: boolean, target?: string, profile?: "gcc"|"clang"|"msvc" }
---@return ffi.namespace
function ffi.include(name, options) end

---The sorted names that an included header has.
---@param header ffi.namespace
---@return string[]
function ffi.include_names(header) end

---What an included header comes to, as C text that declares the same where the header is not installed.
---@param header ffi.namespace
---@return string
function ffi.dump(header) end

---What is known of a macro; nil if there is none.
---@param name string
---@param header? ffi.namespace
---@return { text: string, params: string[]?, variadic: boolean?, file: string?, line: integer?, value: any }?
function ffi.macro(name, header) end

---The folders that ffi.include looks into.
---@return string[]
function ffi.path() end

---A function that calls a variadic one with exactly these types behind its `...`.
---@param fn function|ffi.cdata
---@param ... ffi.ct
---@return function
function ffi.vararg(fn, ...) end

---Some elements of an array as an array of its own, in the same memory, with checked indexes.
---@param array ffi.cdata
---@param first? integer
---@param count? integer
---@return ffi.cdata
function ffi.slice(array, first, count) end

---Copies elements between arrays of numbers of different types.
---@param to ffi.cdata
---@param from ffi.cdata
---@param count? integer
---@return ffi.cdata
function ffi.convert(to, from, count) end

---A new array of wide characters from UTF-8, with a terminator.
---@param text string
---@param ct? ffi.ct  wchar_t, char16_t or char32_t
---@return ffi.cdata
function ffi.wide(text, ct) end

---Wide characters as UTF-8.
---@param pointer ffi.cdata
---@param count? integer
---@return string
function ffi.utf8(pointer, count) end

---A new object, zeroed and then initialised.
---@param ct ffi.ct
---@param ... any  the count of a variable-length type; initialisers
---@return ffi.cdata
function ffi.new(ct, ...) end

---A Lua function that does what calling the ctype does.
---@param ct ffi.ct
---@return fun(...: any): ffi.cdata
function ffi.constructor(ct) end

---The value converted as by a C cast.
---@param ct ffi.ct
---@param value any
---@return ffi.cdata
function ffi.cast(ct, value) end

---@param ct ffi.ct
---@param ... any  substitutes for `$`
---@return ffi.ctype
function ffi.typeof(ct, ...) end

---Gives a type methods and operators.
---@param ct ffi.ct
---@param metatable table?
---@return ffi.ctype
function ffi.metatype(ct, metatable) end

---Sets what is called with the cdata when it is collected.
---@generic T
---@param cdata T
---@param finaliser function|ffi.cdata|nil
---@param size? integer  bytes outside of Lua that go with it
---@return T
function ffi.gc(cdata, finaliser, size) end

---Ends what the cdata owns: runs its finaliser now; a later use of it is an error. False: it was released before, or its finaliser
---waits until what was made from the pointer is gone.
---@param cdata ffi.cdata
---@return boolean
function ffi.release(cdata) end

---Where the state is checked (FERRY_CHECK): looks at the memory of all objects, raises what it finds, and gives true. Else false.
---@return boolean
function ffi.check() end

---@class ffi.leak
---@field kind "finaliser"|"callback"|"library"
---@field name string  the type, or the library's name
---@field made_at string  "FILE:LINE"
---@field count integer

---Where the state is checked: objects with finalisers, callbacks and libraries that are alive after a collection.
---@return ffi.leak[]?
---@return string? why
function ffi.leaks() end

---@param ct ffi.ct
---@param count? integer
---@return integer?
function ffi.sizeof(ct, count) end

---@param ct ffi.ct
---@param member? string
---@return integer
function ffi.alignof(ct, member) end

---The place of a member in bytes; of a bit-field also its first bit and its width.
---@param ct ffi.ct
---@param member string
---@return integer?
---@return integer? bit
---@return integer? width
function ffi.offsetof(ct, member) end

---@param ct ffi.ct
---@param value any
---@return boolean
function ffi.istype(ct, value) end

---The value of a constant expression of C.
---@param text string
---@return any
function ffi.eval(text) end

---@param name "64bit"|"32bit"|"le"|"be"|"fpu"|"hardfp"|"softfp"|"eabi"|"win"|string
---@return boolean
function ffi.abi(name) end

---@param ct ffi.ct
---@return ffi.typeinfo
function ffi.typeinfo(ct) end

---An enum's constants both ways: by name and by value.
---@param ct ffi.ct
---@return table
function ffi.enum(ct) end

---The names that are declared, in their order.
---@param kind "typedef"|"function"|"variable"|"constant"|"struct"|"union"|"enum"
---@return string[]
function ffi.names(kind) end

---What a name, or a tag ("struct s"), is declared as, and where; nil if it is not.
---@param name string
---@return { kind: "typedef"|"function"|"variable"|"constant"|"struct"|"union"|"enum", file: string?, text: string?, line: integer? }?
function ffi.declared(name) end

---A text that shows a cdata as C would initialise it, and a ctype as C would declare it.
---@param x any
---@param depth? integer
---@return string
function ffi.inspect(x, depth) end

---What is known in all; or how `x` is called, with its plan and native code.
---@param x? ffi.ct
---@return table
function ffi.debug(x) end

---True for nil and for NULL pointers.
---@param value any
---@return boolean
function ffi.isnull(value) end

---A pointer to the object, or to what a library has by that name.
---@param cdata ffi.cdata|ffi.namespace
---@param name? string
---@return ffi.cdata
function ffi.addressof(cdata, name) end

---Lua's tonumber, which also knows cdata.
---@param value any
---@param ... any
---@return number?
function ffi.tonumber(value, ...) end

---The same as ffi.tonumber.
---@param value any
---@param ... any
---@return number?
function ffi.number(value, ...) end

---Lua's type, but "cdata" for cdata and ctypes.
---@param value any
---@return string
function ffi.type(value) end

---A boxed int64_t: of one argument its value, of two high * 2^32 + low.
---@param high any
---@param low? any
---@return ffi.cdata
function ffi.i64(high, low) end

---A boxed uint64_t.
---@param high any
---@param low? any
---@return ffi.cdata
function ffi.u64(high, low) end

---What a function call returning this cdata's value would give.
---@param cdata ffi.cdata
---@return any
function ffi.toretval(cdata) end

---C's errno as the last C call left it; with a number it also sets the next call's. Windows: second, the same of GetLastError.
---@param new? integer
---@param new_last? integer
---@return integer
---@return integer?
function ffi.errno(new, new_last) end

---A Lua string of `length` bytes, or up to the first NUL.
---@param pointer ffi.cdata|string
---@param length? integer
---@return string
function ffi.string(pointer, length) end

---Copies bytes, a string with its NUL, or the elements of a table.
---@param to ffi.cdata
---@param from ffi.cdata|string|table
---@param length? integer
function ffi.copy(to, from, length) end

---@param to ffi.cdata
---@param length integer
---@param byte? integer
function ffi.fill(to, length, byte) end

---@param array ffi.cdata
---@param count? integer
---@return table
function ffi.totable(array, count) end

---@param array ffi.cdata
---@param table table
---@param first? integer
---@param count? integer
---@return ffi.cdata array
function ffi.fromtable(array, table, first, count) end

---Whether indexes are checked against the lengths of arrays; with an argument also sets it.
---@param on? boolean
---@return boolean before
function ffi.checked(on) end

---Whether what a conversion would lose is an error; with an argument also sets it.
---@param on? boolean
---@return boolean before
function ffi.strict(on) end

---@class ffi.restrictions
---@field load? false|string[] libraries that ffi.load opens
---@field C? false|string[] symbols that namespaces look up
---@field cast? false
---@field pointers? "checked"
---@field callbacks? false
---@field cdef? false

---Takes from the Lua state for ever what the options name; without them, returns what it has taken. The first time it returns functions
---that are not restricted, for the host alone.
---@param options? ffi.restrictions
---@return ffi.restrictions|{ cast: fun(ct: ffi.ct, value: any): ffi.cdata, slice: fun(array: ffi.cdata, first: integer, count: integer): ffi.cdata }|nil
function ffi.restrict(options) end

---Lets the running thread in until ffi.leave, so that callbacks run on it without a C call in progress.
function ffi.enter() end

function ffi.leave() end

---The text of a chunk written for LuaJIT, as the running Lua understands it.
---@param text string
---@param name? string
---@param options? { dialect: string?, program: boolean?, notes: boolean? }
---@return string? text
---@return boolean|string needs_run_time  or the message
---@return table? notes
function ffi.translate(text, name, options) end

---A function like fn whose calls let other threads run their callbacks while C waits.
---@param fn function|ffi.cdata
---@return function
function ffi.blocking(fn) end

---Calls the C function on another thread.
---@param fn function|ffi.cdata
---@param ... any
---@return ffi.future
function ffi.async(fn, ...) end

---Sets how many threads and waiting calls there are for ffi.async, and tells.
---@param options? { threads: integer?, queue: integer?, full: "wait"|"error"|nil }
---@return { threads: integer, queue: integer, full: "wait"|"error", started: integer, running: integer, queued: integer }
function ffi.workers(options) end

---What waits for futures in coroutines: yields until the future is over. Returns the one before.
---@param fn? fun(future: ffi.future, seconds: number?): boolean?
---@return function?
function ffi.scheduler(fn) end

---A callback of the function type; with a queue its calls on other threads wait for ffi.poll.
---@param ct ffi.ct
---@param fn function
---@param options? { queue: integer?, full: "wait"|"drop"|nil, wait: boolean?, strings: boolean? }
---@return ffi.cdata
function ffi.callback(ct, fn, options) end

---Runs the queued calls that have come, or waits so many seconds for one.
---@param seconds? number
---@return integer ran
---@return integer dropped
function ffi.poll(seconds) end

---A file descriptor that can be read from as long as ffi.poll has something to do.
---@return integer
function ffi.pollfd() end

---Stands for a Lua function as an argument of one C call, with which its callback ends; or says that the argument of that
---number of a declared C function is one, and whether the pointers it is given are the same objects each time.
---@param fn function
---@return any
---@overload fun(name: string, number: integer, lends?: boolean)
function ffi.scoped(fn) end

---Calls the function after the signal has come, when a C call returns or, with the option, while Lua code runs.
---@param signal integer|string
---@param fn? fun(number: integer, times: integer)
---@param options? { hook: boolean? }
---@return function? before
function ffi.signal(signal, fn, options) end

---What a callback returns to C if its function fails: a value, or what the handler returns.
---@param callback ffi.cdata
---@param value any
function ffi.onerror(callback, value) end

return ffi
