// Namespaces (namespace.h). Shared libraries are opened and searched by os/libraries.h.
#include "lua/objects/namespace.h"

#include <cstring>
#include <string>
#include <utility>

#include "cparse/macros.h"
#include "ctype/suggest.h"
#include "lua/host/trace.h"
#include "lua/state/guarded.h"

#include "lua/calls/c_function.h"
#include "lua/objects/inline_function.h"
#include "lua/objects/lua_part.h"
#include "lua/state/anchor.h"
#include "lua/state/check.h"
#include "lua/state/own.h"
#include "lua/state/restrict.h"
#include "lua/values/read.h"
#include "lua/values/write.h"
#include "os/libraries.h"

namespace ferry::lua {

namespace {

// The userdata that keeps a library loaded: reachable from its namespace and from every function taken from it. The
// name that it was opened by lies behind it.
struct Library {
  void* handle;   // null: the program itself
  State* st;      // open as long as the Lua state does not close
  uint64_t turn;  // counts what the state has opened
};

// Objects that die together with a library may call it in their finalisers, and older ones do so after the library's
// own finaliser. So that one unloads nothing. It leaves an Unloader, which nobody holds and Lua finalises in the next
// cycle; if a finaliser can reach the library in that cycle, too, there is another Unloader for the one after it.
struct Unloader {
  Library library;  // a copy: the userdata may be gone
  int sentinel;     // registry reference
  bool closing;     // the Lua state closes: older objects may still call in, so the library stays loaded
};

// The argument is the Library. Without memory for an Unloader it stays loaded.
int add_unloader(lua_State* L) {
  const auto& library = *static_cast<const Library*>(lua_touserdata(L, 1));
  auto* unloader = static_cast<Unloader*>(new_userdata(L, sizeof(Unloader)));
  // The sentinel is held by the registry. So its finaliser finds the Unloader only when the whole state closes, and
  // then before that one's, because it is younger.
  auto* sentinel = static_cast<Unloader**>(new_userdata(L, sizeof(Unloader*)));
  *sentinel = nullptr;
  lua_rawgeti(L, LUA_REGISTRYINDEX, library.st->libraries.sentinel_metatable);
  lua_setmetatable(L, -2);
  const int reference = add_reference(L);
  *unloader = Unloader{library, reference, false};
  *sentinel = unloader;
  lua_rawgeti(L, LUA_REGISTRYINDEX, library.st->libraries.unloader_metatable);
  lua_setmetatable(L, -2);
  return 0;
}

// Whether the library's userdata is still there: keys of a weak table go when nothing reaches them, finalisers
// included.
bool is_reachable(lua_State* L, const Library& library) {
  bool found = false;
  lua_rawgeti(L, LUA_REGISTRYINDEX, library.st->libraries.all);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    lua_pop(L, 1);
    if (static_cast<const Library*>(lua_touserdata(L, -1))->turn == library.turn) found = true;
  }
  lua_pop(L, 1);
  return found;
}

int library_gc(lua_State* L) {
  auto* library = static_cast<Library*>(lua_touserdata(L, 1));
  if (library->handle != nullptr && !library->st->closed()) protected_call(L, add_unloader, library);
  return 0;
}

int unloader_gc(lua_State* L) {
  auto* unloader = static_cast<Unloader*>(lua_touserdata(L, 1));
  if (unloader->closing) return 0;
  lua_rawgeti(L, LUA_REGISTRYINDEX, unloader->sentinel);
  if (auto* sentinel = static_cast<Unloader**>(lua_touserdata(L, -1))) *sentinel = nullptr;
  lua_pop(L, 1);
  drop_reference(L, unloader->sentinel);
  if (is_reachable(L, unloader->library)) {
    protected_call(L, add_unloader, &unloader->library);
  } else {
    os::close_library(unloader->library.handle);
  }
  return 0;
}

int sentinel_gc(lua_State* L) {
  Unloader* unloader = *static_cast<Unloader**>(lua_touserdata(L, 1));
  if (unloader != nullptr) unloader->closing = true;
  return 0;
}

// Where the events of a namespace have their library.
constexpr int kLibrary = lua_upvalueindex(2);

// The name at idx as a NUL-terminated symbol name, or null.
const Symbol* symbol_at(lua_State* L, State* st, int idx) {
  if (lua_type(L, idx) != LUA_TSTRING) return nullptr;
  size_t length;
  const char* text = lua_tolstring(L, idx, &length);
  const NameId name = st->types->find_name({text, length});
  return name != kNoName ? st->types->find_symbol(name) : nullptr;
}

// Last resort of ffi.C: what this state has loaded. Replaces the value on top, if it finds the symbol, by the library
// that has it.
void* find_in_loaded(lua_State* L, State* st, const char* name) {
  const int top = lua_gettop(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->libraries.opened);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    const auto* library = static_cast<Library*>(lua_touserdata(L, -1));
    void* address = library->handle != nullptr ? os::library_symbol(library->handle, name, nullptr) : nullptr;
    if (address != nullptr) {
      lua_replace(L, top);
      lua_settop(L, top);
      return address;
    }
    lua_pop(L, 1);
  }
  lua_settop(L, top);
  return nullptr;
}

// Libraries that ffi.load has opened and somebody holds, those that were opened first: as many as a message names.
struct Opened {
  const Library* first[6] = {};
  size_t count = 0;  // of all
};

Opened opened_libraries(lua_State* L, State* st) {
  Opened opened;
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->libraries.opened);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    const auto* library = static_cast<const Library*>(lua_touserdata(L, -1));
    lua_pop(L, 1);
    if (library->handle == nullptr) continue;
    ++opened.count;
    for (const Library*& at : opened.first) {
      if (at == nullptr || library->turn < at->turn) std::swap(at, library);
      if (library == nullptr) break;
    }
  }
  lua_pop(L, 1);
  return opened;
}

// " ('z', 'm')", or nothing.
std::string names_of(const Opened& opened) {
  std::string text;
  size_t named = 0;
  for (const Library* library : opened.first) {
    if (library == nullptr) break;
    text += std::string(named == 0 ? " ('" : ", '") + reinterpret_cast<const char*>(library + 1) + "'";
    ++named;
  }
  if (opened.count > named) text += " and " + std::to_string(opened.count - named) + " more";
  return named > 0 ? text + ")" : text;
}

// The address of a declared symbol, null: there is none, and st->errors.message is the loader's. Pushes the library
// that has to stay loaded for it. `idx`: the one that is asked.
void* find_symbol(lua_State* L, State* st, int idx, const Symbol* symbol) {
  luaL_checkstack(L, 6, nullptr);
  const auto* library = static_cast<const Library*>(lua_touserdata(L, idx));
  lua_pushvalue(L, idx);
  const NameId link = symbol->link_name != kNoName ? symbol->link_name : symbol->name;
  const char* name = st->types->name(link).data();
  require_symbol(L, st, name);
  void* address = nullptr;
  without_exceptions(st, [&] {
    address = library->handle == nullptr ? os::program_symbol(name, &st->errors.message)
                                         : os::library_symbol(library->handle, name, &st->errors.message);
    return true;
  });
  if (address == nullptr && library->handle == nullptr) address = find_in_loaded(L, st, name);
  if (traced(Topic::load) && address != nullptr)
    trace(Topic::load, "%s: found at " FERRY_ADDRESS, name, address_number(address));
  if (traced(Topic::load) && address == nullptr) trace(Topic::load, "%s: not found", name);
  return address;
}

// The same; raises where there is none.
void* resolve_symbol(lua_State* L, State* st, int idx, const Symbol* symbol) {
  const auto* library = static_cast<const Library*>(lua_touserdata(L, idx));
  if (symbol->internal && symbol->kind == Symbol::Kind::variable) {
    raise(L,
          "'%s' is a static variable: each C file that includes its header has one, and no library has a symbol for it",
          st->types->name(symbol->name).data());
  }
  void* address = find_symbol(L, st, idx, symbol);
  const NameId link = symbol->link_name != kNoName ? symbol->link_name : symbol->name;
  const char* name = st->types->name(link).data();
  if (address == nullptr && symbol->inline_body) {
    raise(L, "'%s' is an inline function: it has a body and no address, as %s a symbol of that name", name,
          library->handle == nullptr ? "no library has" : "the library does not have");
  }
  if (address == nullptr && library->handle == nullptr) {
    const Opened opened = opened_libraries(L, st);
    without_exceptions(st, [&] {
      st->errors.message =
          std::string("symbol '") + name +
          "' is not in the program, in the libraries it was linked with nor in those opened by ffi.load" +
          names_of(opened);
      return true;
    });
    raise_error(L, st);
  }
  if (address == nullptr) raise_error(L, st);
  return address;
}

// luaffifb: char arrays and char pointers that are globals read as strings.
bool push_global_string(lua_State* L, State* st, TypeInfo* info, const void* address) {
  if (st->rules == Rules::luajit) return false;
  if (info->rep != Rep::array && info->rep != Rep::pointer) return false;
  const TypeInfo* element = base_of(st, info);
  if (element->kind != Kind::integer || element->size != 1) return false;
  if (info->rep == Rep::pointer) {
    const char* text;
    std::memcpy(&text, address, sizeof text);
    if (text == nullptr) {
      lua_pushnil(L);
    } else {
      lua_pushstring(L, text);
    }
    return true;
  }
  const auto* text = static_cast<const char*>(address);
  if (info->count == kFlexible) {
    lua_pushstring(L, text);
  } else {
    const void* end = std::memchr(text, 0, static_cast<size_t>(info->size));
    lua_pushlstring(
        L, text,
        end != nullptr ? static_cast<size_t>(static_cast<const char*>(end) - text) : static_cast<size_t>(info->size));
  }
  return true;
}

[[noreturn]] void raise_undeclared(lua_State* L, State* st, int idx) {
  if (lua_type(L, idx) == LUA_TSTRING) {
    const char* name = lua_tostring(L, idx);
    without_exceptions(st, [&] {
      st->errors.message =
          std::string("missing declaration for symbol '") + name + "'" + suggest_symbol(*st->types, name);
      return true;
    });
    raise_error(L, st);
  }
  raise(L, "a library is indexed by symbol names, not by a %s", luaL_typename(L, idx));
}

// The macro that the value at idx names, and what it stands for if that is a constant. Raises for want of memory.
cparse::MacroValue find_macro(lua_State* L, State* st, int idx) {
  cparse::MacroValue value;
  if (lua_type(L, idx) != LUA_TSTRING) return value;
  size_t length;
  const char* text = lua_tolstring(L, idx, &length);
  if (!without_exceptions(st, [&] {
        value = st->macros->value(*st->types, {text, length});
        return true;
      })) {
    raise_error(L, st);
  }
  return value;
}

// Pushes what the macro at idx stands for in the namespace. False: there is no such macro. What is no constant
// lua/ferry/include.lua evaluates, or makes a function of.
bool push_macro(lua_State* L, State* st, int idx, int space) {
  const cparse::MacroValue value = find_macro(L, st, idx);
  switch (value.kind) {
    case cparse::MacroValue::Kind::none:
      return false;
    case cparse::MacroValue::Kind::constant:
      push_constant(L, st, value.constant);
      return true;
    case cparse::MacroValue::Kind::other:
      break;
  }
  push_lua_part(L, "ferry.include", "macros that are no constants are evaluated");
  lua_getfield(L, -1, "value");
  lua_pushvalue(L, idx);
  lua_pushvalue(L, space);
  lua_pushnumber(L, static_cast<lua_Number>(st->macros->state().macros().generation()));
  lua_call(L, 3, 2);  // whether it has one; the value, or why not
  if (!lua_toboolean(L, -2)) {
    if (lua_type(L, -1) == LUA_TSTRING) raise(L, "%s", lua_tostring(L, -1));
    lua_error(L);
  }
  return true;
}

// __index of a namespace: upvalues State, Library.
int l_namespace_index(lua_State* L) {
  State* st = state_of(L);
  if (st->closed()) raise_closed(L);
  const Symbol* symbol = symbol_at(L, st, 2);
  if (symbol == nullptr || symbol->kind == Symbol::Kind::type_name || symbol->kind == Symbol::Kind::none) {
    // luaffifb's two constants of every namespace.
    if (lua_type(L, 2) == LUA_TSTRING) {
      const std::string_view name = lua_tostring(L, 2);
      if (name == "NULL" || name == "i") {
        lua_rawgeti(L, LUA_REGISTRYINDEX, name == "i" ? st->libraries.imaginary_unit : st->libraries.null_pointer);
        return 1;
      }
    }
    if (push_macro(L, st, 2, 1)) return 1;
    raise_undeclared(L, st, 2);
  }
  switch (symbol->kind) {
    case Symbol::Kind::constant:
      push_constant(L, st, symbol->constant);
      return 1;
    case Symbol::Kind::function: {
      void* address = nullptr;
      if (!symbol->inline_body)
        address = resolve_symbol(L, st, kLibrary, symbol);
      else if (!symbol->internal)
        address = find_symbol(L, st, kLibrary, symbol);
      if (address == nullptr)
        push_inline_function(L, st, *symbol, 1);
      else
        push_c_function(L, st, info_of(st, symbol->type), address, symbol->name, -1);
      lua_pushvalue(L, 2);
      lua_pushvalue(L, -2);
      lua_rawset(L, 1);
      return 1;
    }
    default: {
      void* address = resolve_symbol(L, st, kLibrary, symbol);
      TypeInfo* info = info_of(st, symbol->type);
      if (push_global_string(L, st, info, address)) return 1;
      // What lies in a library keeps it loaded, and so does what its pointers may point to.
      if (info->rep == Rep::record || info->rep == Rep::array || is_opaque(*info)) {
        push_reference(L, st, info, address, -1);
      } else if (info->rep == Rep::pointer) {
        push_global_pointer(L, st, info, address, -1);
      } else {
        push_value(L, st, info, address, 0);
      }
      return 1;
    }
  }
}

int l_namespace_newindex(lua_State* L) {
  State* st = state_of(L);
  if (st->closed()) raise_closed(L);
  const Symbol* symbol = symbol_at(L, st, 2);
  if (symbol == nullptr) {
    if (find_macro(L, st, 2).kind != cparse::MacroValue::Kind::none)
      raise(L, "attempt to write to constant '%s'", lua_tostring(L, 2));
    raise_undeclared(L, st, 2);
  }
  switch (symbol->kind) {
    case Symbol::Kind::function:
      lua_rawset(L, 1);
      return 0;
    case Symbol::Kind::variable: {
      TypeInfo* info = info_of(st, symbol->type);
      const char* name = st->types->name(symbol->name).data();
      if ((info->quals & kConst) != 0 || (info->type_flags & kHasConst) != 0) {
        raise(L, "attempt to write to constant variable '%s'", name);
      }
      void* address = resolve_symbol(L, st, kLibrary, symbol);
      // What holds pointers is assigned as the library's, which keeps what they point into.
      const bool holds_pointers = info->rep == Rep::record || info->rep == Rep::array;
      if (holds_pointers) push_reference(L, st, info, address, -1);
      write_value(L, st, info, address, 3, Place{Place::Kind::variable, 0, name, kNoType},
                  holds_pointers ? lua_gettop(L) : 0);
      if (info->rep == Rep::pointer) {  // what a global was given stays alive as long as the state
        mark_shared(L, st, 3);
        lua_rawgeti(L, LUA_REGISTRYINDEX, st->anchors.globals);
        lua_pushvalue(L, 3);
        rawset_p(L, -2, address);
      }
      return 0;
    }
    default:
      raise(L, "attempt to write to constant '%s'", st->types->name(symbol->name).data());
  }
}

// __tostring of a namespace: its upvalue.
int l_namespace_text(lua_State* L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  return 1;
}

// Pushes the namespace table of a library. handle null: the program.
void push_namespace(lua_State* L, State* st, void* handle, const char* name) {
  luaL_checkstack(L, 8, nullptr);
  const size_t length = std::strlen(name);
  auto* library = static_cast<Library*>(new_userdata(L, sizeof(Library) + length + 1));
  *library = Library{handle, st, st->libraries.turn++};
  std::memcpy(library + 1, name, length + 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->libraries.metatable);
  lua_setmetatable(L, -2);
  const int anchor = lua_gettop(L);
  if (handle != nullptr) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, st->libraries.all);
    lua_pushvalue(L, anchor);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    if (st->check != nullptr) note_made(L, st, anchor, "library", name);
  }
  lua_newtable(L);
  lua_createtable(L, 0, 4);
  for (const luaL_Reg& event :
       {luaL_Reg{"__index", guarded<l_namespace_index>}, luaL_Reg{"__newindex", guarded<l_namespace_newindex>}}) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
    lua_pushvalue(L, anchor);
    lua_pushcclosure(L, event.func, 2);
    lua_setfield(L, -2, event.name);
  }
  lua_pushfstring(L, "namespace<%s>", name);
  lua_pushcclosure(L, l_namespace_text, 1);
  lua_setfield(L, -2, "__tostring");
  lua_pushliteral(L, "ffi");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->libraries.opened);
  lua_pushvalue(L, -2);
  lua_pushvalue(L, anchor);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  lua_remove(L, anchor);
}

}  // namespace

int l_load(lua_State* L) {
  State* st = state_of(L);
  if (st->closed()) raise_closed(L);
  size_t length;
  const char* name = luaL_checklstring(L, 1, &length);
  require_library(L, st, {name, length});
  const bool global = lua_toboolean(L, 2) != 0;
  void* handle = nullptr;
  if (!without_exceptions(st, [&] {
        auto opened = os::open_library(std::string(name, length), global);
        if (!opened) {
          st->errors.message = opened.message();
          return false;
        }
        handle = *opened;
        return true;
      })) {
    if (traced(Topic::load)) trace(Topic::load, "%s: %s", name, st->errors.message.c_str());
    raise_error(L, st);
  }
  if (traced(Topic::load)) trace(Topic::load, "%s: opened%s", name, global ? ", its symbols are everybody's" : "");
  push_namespace(L, st, handle, name);
  return 1;
}

void push_program_namespace(lua_State* L, State* st) {
  push_namespace(L, st, nullptr, "C");
}

bool push_symbol_address(lua_State* L, State* st, int idx, int name) {
  idx = abs_index(L, idx);
  name = abs_index(L, name);
  luaL_checkstack(L, 6, nullptr);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->libraries.opened);
  lua_pushvalue(L, idx);
  lua_rawget(L, -2);
  lua_remove(L, -2);
  auto* library = static_cast<Library*>(lua_touserdata(L, -1));
  if (library == nullptr) {
    lua_pop(L, 1);
    return false;
  }
  const Symbol* symbol = symbol_at(L, st, name);
  if (symbol == nullptr || (symbol->kind != Symbol::Kind::variable && symbol->kind != Symbol::Kind::function)) {
    raise_undeclared(L, st, name);
  }
  void* address = resolve_symbol(L, st, lua_gettop(L), symbol);
  lua_remove(L, -2);
  TypeInfo* pointer = nullptr;
  if (!without_exceptions(st, [&] {
        pointer = info_of(st, st->types->pointer_to(symbol->type));
        return true;
      })) {
    raise_error(L, st);
  }
  push_pointer(L, st, pointer, address, lua_gettop(L));
  lua_remove(L, -2);
  return true;
}

namespace {

// Takes from all namespaces the functions that `goes(record, symbol)` names, by their declarations now; the symbol may
// be null.
template <typename Goes>
void drop_functions(lua_State* L, State* st, Goes goes) {
  luaL_checkstack(L, 8, nullptr);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->libraries.opened);
  const int libraries = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, libraries) != 0) {
    lua_pop(L, 1);
    const int space = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, space) != 0) {
      const FunctionRecord* record = function_record(L, -1);
      lua_pop(L, 1);
      if (record == nullptr || !goes(*record, st->types->find_symbol(record->name))) continue;
      lua_pushvalue(L, -1);
      lua_pushnil(L);
      lua_rawset(L, space);
    }
  }
  lua_settop(L, libraries - 1);
}

}  // namespace

void drop_redeclared(lua_State* L, State* st) {
  drop_functions(L, st, [](const FunctionRecord& record, const Symbol* symbol) {
    return symbol == nullptr || symbol->type != record.type->id;
  });
}

void drop_restricted(lua_State* L, State* st) {
  drop_functions(L, st, [st](const FunctionRecord& record, const Symbol* symbol) {
    NameId link = record.name;
    if (symbol != nullptr && symbol->link_name != kNoName) link = symbol->link_name;
    return link == kNoName || !is_symbol_left(st, st->types->name(link));
  });
}

void make_namespace_metatables(lua_State* L, State* st) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, library_gc);
  lua_setfield(L, -2, "__gc");
  mark_own(L, "library");
  st->libraries.metatable = add_reference(L);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, sentinel_gc);
  lua_setfield(L, -2, "__gc");
  st->libraries.sentinel_metatable = add_reference(L);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, unloader_gc);
  lua_setfield(L, -2, "__gc");
  st->libraries.unloader_metatable = add_reference(L);
}

}  // namespace ferry::lua
