// What C++ exceptions of callees say (exceptions.h).
#include "lua/calls/exceptions.h"

#include <cxxabi.h>

#include <atomic>
#include <cstring>
#include <exception>
#include <string>
#include <typeinfo>

#include "call/exception_text.h"

#if defined(FERRY_NATIVE)
#include "call/unwind.h"
#endif

namespace ferry::lua {

namespace {

// Of the Lua that this module is built for; a process has one type for all its states.
std::atomic<const std::type_info*> g_lua_error{nullptr};

int l_raise_probe(lua_State* L) {
  try {
    lua_pushnil(L);
    lua_error(L);
  } catch (...) {
    const std::type_info* type = __cxxabiv1::__cxa_current_exception_type();
    // LuaJIT's error is an exception of another language: it ends here. Thrown on, it would count as uncaught for ever
    // (libstdc++'s __cxa_rethrow).
    if (type == nullptr) return 0;
    g_lua_error.store(type, std::memory_order_relaxed);
#if defined(FERRY_NATIVE)
    call::add_passthrough_type(*type);
#endif
    throw;
  }
  return 0;
}

}  // namespace

void learn_exceptions(lua_State* L) {
  const int top = lua_gettop(L);
  lua_pushcfunction(L, l_raise_probe);
  lua_pcall(L, 0, 0, 0);
  lua_settop(L, top);
}

bool describe_exception(State* st, const char* function) {
  const std::type_info* type = __cxxabiv1::__cxa_current_exception_type();
  if (type == nullptr) return false;  // of another language
  const std::type_info* lua_error = g_lua_error.load(std::memory_order_relaxed);
  if (lua_error != nullptr && std::strcmp(type->name(), lua_error->name()) == 0) return false;
  call::ExceptionText text;
  call::describe_exception(&text);
  set_exception_error(st, function, text.type, text.what);
  return true;
}

void set_exception_error(State* st, const char* function, const char* type, const char* what) {
  without_exceptions(st, [&] {
    st->errors.message.clear();
    if (function != nullptr) st->errors.message.append("'").append(function).append("': ");
    st->errors.message.append("C++ exception ").append(type);
    if (what[0] != 0) st->errors.message.append(": ").append(what);
    return true;
  });
}

}  // namespace ferry::lua
