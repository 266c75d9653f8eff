// Error messages and the only calls of lua_error. See raise.h for the rule about live objects.
#include "lua/state/raise.h"

#include <charconv>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "ctype/spell.h"
#include "ctype/suggest.h"
#include "lua/state/foreign.h"
#include "lua/state/own.h"

namespace ferry::lua {

namespace {

// Longer messages are cut: they quote names and texts that somebody made up.
constexpr size_t kMaxMessage = 2048;

constexpr char kNoMemory[] = "not enough memory";  // Lua's own words

// Between keep_reason and raise_reason; null: want of memory. A pointer only: modules get little thread-local memory.
thread_local char* reason = nullptr;

// Whether the C function that raises was called by Lua code of ours, which others called.
bool is_called_for_others(lua_State* L) {
  lua_Debug frame;
  return lua_getstack(L, 1, &frame) != 0 && lua_getinfo(L, "S", &frame) != 0 &&
         std::strcmp(frame.source, kCallingChunk) == 0;
}

// Pushes position and message and raises. The message is copied first, for it may lie in st->errors.message: pushing
// can collect garbage, and a finaliser's own errors go through the same buffer.
[[noreturn]] void raise_text(lua_State* L, const char* borrowed) {
  char message[kMaxMessage];
  std::snprintf(message, sizeof message, "%s", borrowed);
  luaL_where(L, is_called_for_others(L) ? 2 : 1);
  lua_pushstring(L, message);
  lua_concat(L, 2);
  lua_error(L);
  __builtin_unreachable();
}

// A buffer that the next three calls leave alone.
std::string& next_buffer(State* st) {
  return st->errors.texts[st->errors.next_text++ % 4];
}

const char* fill_type_name(State* st, std::string& out, TypeId type) {
  if (!without_exceptions(st, [&] {
        out = shown_name(st, type);
        return true;
      })) {
    return "?";
  }
  return out.c_str();
}

// Composes "cannot convert ..." with its place into st->errors.message.
void compose_convert(State* st, const char* source, const char* target) {
  without_exceptions(st, [&] {
    std::string text = "cannot convert '";
    text += source;
    text += "' to '";
    text += target;
    text += "'";
    st->errors.message = std::move(text);
    return true;
  });
}

void compose_place(State* st, const Place& place) {
  if (st->errors.message.empty()) return;
  without_exceptions(st, [&] {
    std::string text;
    switch (place.kind) {
      case Place::Kind::argument:
        text = "bad argument #" + std::to_string(place.number) + " to ";
        text += place.name != nullptr                 ? "'" + std::string(place.name) + "'"
                : place.owner != kNoType && st->types ? "'" + shown_name(st, place.owner) + "'"
                                                      : "the function";
        text += " (" + st->errors.message + ")";
        break;
      case Place::Kind::member:
        text = st->errors.message + " in member '" + (place.name ? place.name : "?") + "'";
        if (place.owner != kNoType && st->types) text += " of '" + shown_name(st, place.owner) + "'";
        break;
      case Place::Kind::element:
        text = st->errors.message + " in element " + std::to_string(place.number);
        if (place.owner != kNoType && st->types) text += " of '" + shown_name(st, place.owner) + "'";
        break;
      case Place::Kind::result:
        text = st->errors.message + " in the result of a callback";
        if (place.owner != kNoType && st->types) text += " of type '" + shown_name(st, place.owner) + "'";
        if (place.name != nullptr) text += std::string(" made at ") + place.name;
        break;
      case Place::Kind::variable:
        text = st->errors.message + " in variable '" + (place.name ? place.name : "?") + "'";
        break;
      case Place::Kind::none:
        return true;
    }
    st->errors.message = std::move(text);
    return true;
  });
  if (place.around != nullptr) compose_place(st, *place.around);
}

}  // namespace

void raise(lua_State* L, const char* format, ...) {
  char message[512];
  va_list args;
  va_start(args, format);
  std::vsnprintf(message, sizeof message, format, args);
  va_end(args);
  raise_text(L, message);
}

void raise_in_lua(lua_State* L, const char* format, ...) {
  char message[512];
  va_list args;
  va_start(args, format);
  std::vsnprintf(message, sizeof message, format, args);
  va_end(args);
  push_where(L);
  lua_pushfstring(L, lua_tostring(L, -1)[0] != 0 ? "%s: %s" : "%s%s", lua_tostring(L, -1), message);
  lua_error(L);
  __builtin_unreachable();
}

void raise_error(lua_State* L, State* st) {
  raise_text(L, st->errors.message.empty() ? kNoMemory : st->errors.message.c_str());
}

void note_thrown(State* st, const std::exception& thrown) {
  st->errors.message.clear();
  if (dynamic_cast<const Waiting::Unreadable*>(&thrown) == nullptr) return;
  without_exceptions(st, [&] {
    st->errors.message = thrown.what();
    return true;
  });
}

void keep_reason(const std::exception& thrown) {
  if (dynamic_cast<const Waiting::Unreadable*>(&thrown) == nullptr) return;
  const size_t size = std::strlen(thrown.what()) + 1;
  reason = static_cast<char*>(std::malloc(size));
  if (reason != nullptr) std::memcpy(reason, thrown.what(), size);
}

void raise_reason(lua_State* L) {
  char text[512];
  std::snprintf(text, sizeof text, "%s", reason != nullptr ? reason : kNoMemory);
  std::free(std::exchange(reason, nullptr));
  raise_text(L, text);
}

void raise_memory(lua_State* L) {
  raise_text(L, kNoMemory);
}

void raise_argument(lua_State* L, int arg, const char* format, ...) {
  char message[512];
  va_list args;
  va_start(args, format);
  std::vsnprintf(message, sizeof message, format, args);
  va_end(args);
  if (is_called_for_others(L)) raise(L, "bad argument #%d to 'wait' (%s)", arg > 1 ? arg - 1 : arg, message);
  luaL_argerror(L, arg, message);
  __builtin_unreachable();
}

void raise_expected(lua_State* L, State* st, int arg, const char* what) {
  raise_argument(L, arg, "%s expected, got %s", what, describe_value(L, st, arg));
}

const char* check_text(lua_State* L, State* st, int arg, size_t* length) {
  if (!lua_isstring(L, arg)) raise_expected(L, st, arg, "string");
  return lua_tolstring(L, arg, length);
}

void raise_at(lua_State* L, State* st, const Place& place) {
  compose_place(st, place);
  raise_error(L, st);
}

void raise_convert(lua_State* L, State* st, int idx, TypeId target, const Place& place) {
  raise_convert(L, st, describe_value(L, st, idx), target, place);
}

void raise_convert(lua_State* L, State* st, const char* source, TypeId target, const Place& place) {
  compose_convert(st, source, type_name(st, target));
  raise_at(L, st, place);
}

void raise_no_member(lua_State* L, State* st, TypeId shown, TypeId record, const char* name) {
  without_exceptions(st, [&] {
    std::string text = "'" + shown_name(st, shown) + "' has no member named '" + name + "'";
    if (is_record((*st->types)[record])) text += suggest_member(*st->types, record, name);
    st->errors.message = std::move(text);
    return true;
  });
  raise_error(L, st);
}

void write_where(lua_State* L, char (&out)[kWhereSize]) {
  constexpr int kMaxLevels = 50;  // of C functions in a row; looking for more would not be a place any more
  lua_Debug frame;
  out[0] = 0;
  for (int level = 1; level < kMaxLevels && lua_getstack(L, level, &frame) != 0; ++level) {
    if (lua_getinfo(L, "Sl", &frame) == 0 || frame.currentline <= 0) continue;
    const size_t length = std::strlen(frame.short_src);
    std::memcpy(out, frame.short_src, length);
    out[length] = ':';
    *std::to_chars(out + length + 1, out + kWhereSize - 1, frame.currentline).ptr = 0;
    return;
  }
}

void push_where(lua_State* L) {
  char where[kWhereSize];
  write_where(L, where);
  lua_pushstring(L, where);
}

void raise_closed(lua_State* L) {
  raise(L, "the Lua state that this object belongs to is closing");
}

std::string shown_name(State* st, TypeId type, std::string_view declared) {
  return spell(*st->types, type, declared, &st->caches.names);
}

const char* type_name(State* st, TypeId type) {
  if (st->closed()) return "?";
  return fill_type_name(st, next_buffer(st), type);
}

const char* describe_value(lua_State* L, State* st, int idx) {
  if (CData* cd = to_cdata(L, st, idx)) return type_name(st, cd->type);
  if (CData* ct = to_ctype(L, st, idx)) {
    const char* name = type_name(st, ct->type);
    std::string& out = next_buffer(st);
    if (!without_exceptions(st, [&] {
          out = std::string("ctype<") + name + ">";
          return true;
        })) {
      return "ctype";
    }
    return out.c_str();
  }
  if (const ForeignType* foreign = to_foreign_type(L, st, idx)) {
    std::string& out = next_buffer(st);
    if (!without_exceptions(st, [&] {
          out = shown_name(*foreign);
          return true;
        })) {
      return "type of another target";
    }
    return out.c_str();
  }
  if (const char* own = own_name(L, idx)) return own;
  return lua_typename(L, lua_type(L, idx));  // "no value" for an index beyond the top
}

}  // namespace ferry::lua
