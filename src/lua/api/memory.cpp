// Library functions on bytes: string copy fill, and the atomic operations of trees. Lengths are checked against what
// the type knows.
#include "lua/api/functions.h"
#include "lua/objects/new.h"
#include "lua/state/anchor.h"
#include "lua/state/own.h"
#include "lua/values/from_c.h"
#include "lua/values/numbers.h"
#include "lua/values/reach.h"
#include "lua/values/strict.h"

namespace ferry::lua {

namespace {

struct Bytes {
  void* address = nullptr;
  uint64_t known = kUnknown;  // bytes that are certainly there
  bool is_const = false;
  static constexpr uint64_t kUnknown = kUnknownBytes;
};

// How many bytes lie behind the address of the cdata at arg as far as its type, or the object it lies in, says.
uint64_t known_bytes(lua_State* L, State* st, int arg, CData* cd, TypeInfo* info, const void* address) {
  if (info->rep == Rep::pointer || info->rep == Rep::function) return Bytes::kUnknown;
  if ((cd->flags & kHasLength) != 0) return variable_size(cd);
  if ((info->type_flags & (kIncomplete | kVariable | kHasFlexible)) != 0) return bytes_left(L, st, arg, address);
  return info->size;
}

bool is_const_object(State* st, TypeInfo* info) {
  if ((info->quals & kConst) != 0) return true;
  return info->rep == Rep::array && is_const_object(st, base_of(st, info));
}

// Lua's own files: a write would replace the FILE * that Lua closes later.
bool is_file(lua_State* L, int arg) {
  if (lua_getmetatable(L, arg) == 0) return false;
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_FILEHANDLE);
  const bool same = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  return same;
}

// Where pointers are checked: no memory but that of C objects and strings.
void refuse_foreign(lua_State* L, State* st, int arg) {
  if (!pointers_are_checked(st)) return;
  raise_argument(L, arg, "pointers are checked: '%s' is no C object", describe_value(L, st, arg));
}

// The same for a C object: what is not known to be there is not touched, and no bytes are written over pointers.
// `b.known`, of a pointer, becomes what it reaches, or stays unknown where the memory is C's.
void check_reach(lua_State* L, State* st, int arg, TypeInfo* info, bool writing, Bytes* b) {
  bool pointers = false;
  if (info->rep == Rep::pointer) {
    if (b->address == nullptr) return;
    b->known = reach(L, st, arg, b->address, nullptr, writing);
    pointers = b->known == kPointerBytes || (writing && holds_pointers(st, base_of(st, info)));
  } else {
    if (b->known == Bytes::kUnknown) b->known = info->size;
    pointers = writing && holds_pointers(st, info);
  }
  if (pointers) raise_argument(L, arg, "pointers are checked: '%s' holds pointers", describe_value(L, st, arg));
}

// For functions that need to know where the bytes end.
void require_known(lua_State* L, State* st, int arg, const Bytes& b) {
  if (b.known != Bytes::kUnknown || !pointers_are_checked(st)) return;
  raise_argument(L, arg, "pointers are checked: how much '%s' points to is not known", describe_value(L, st, arg));
}

// A pointer, array, record, light userdata, userdata or (reading) string. Raises for anything else and for NULL.
Bytes check_bytes(lua_State* L, State* st, int arg, bool writing) {
  Bytes b;
  switch (lua_type(L, arg)) {
    case LUA_TSTRING: {
      if (writing) break;
      size_t length;
      b.address = const_cast<char*>(lua_tolstring(L, arg, &length));
      b.known = length + 1;
      return b;
    }
    case LUA_TLIGHTUSERDATA:
      refuse_foreign(L, st, arg);
      b.address = lua_touserdata(L, arg);
      break;
    case LUA_TUSERDATA:
      if (CData* cd = to_cdata(L, st, arg)) {
        require_unreleased(L, st, cd);
        TypeInfo* info;
        void* at = resolve_nullable(st, cd, &info);
        if (info->rep == Rep::pointer) {
          if (at != nullptr) std::memcpy(&b.address, at, sizeof b.address);
          b.is_const = (base_of(st, info)->quals & kConst) != 0;
        } else if (info->rep == Rep::array || info->rep == Rep::record || info->rep == Rep::vector ||
                   info->rep == Rep::complex || is_opaque(*info)) {
          b.address = at;
          b.is_const = is_const_object(st, info);
        } else {
          raise_argument(L, arg, "cannot convert '%s' to '%s'", describe_value(L, st, arg),
                         writing ? "void *" : "const void *");
        }
        b.known = known_bytes(L, st, arg, cd, info, at);
        if (pointers_are_checked(st)) check_reach(L, st, arg, info, writing, &b);
        if (writing && b.is_const) raise_argument(L, arg, "cannot write to '%s'", type_name(st, cd->type));
        break;
      }
      refuse_foreign(L, st, arg);
      if (to_ctype(L, st, arg) == nullptr && own_name(L, arg) == nullptr && !(writing && is_file(L, arg))) {
        b.address = lua_touserdata(L, arg);
        b.known = raw_length(L, arg);
      }
      break;
    default:
      break;
  }
  if (b.address == nullptr && b.known != 0) {
    const int type = lua_type(L, arg);
    if (type == LUA_TNIL || type == LUA_TLIGHTUSERDATA || to_cdata(L, st, arg) != nullptr) {
      raise_argument(L, arg, "NULL pointer");
    }
    raise_argument(L, arg, "cannot convert '%s' to '%s'", describe_value(L, st, arg),
                   writing ? "void *" : "const void *");
  }
  return b;
}

void check_length(lua_State* L, int arg, const Bytes& b, uint64_t length) {
  if (b.known != Bytes::kUnknown && length > b.known) {
    raise_argument(L, arg, "length %llu is beyond the object's %llu bytes", static_cast<unsigned long long>(length),
                   static_cast<unsigned long long>(b.known));
  }
  if (length > kMaxHostObject)
    raise_argument(L, arg, "length %llu is too large", static_cast<unsigned long long>(length));
}

// ffi.string without a length wants characters.
bool holds_chars(State* st, CData* cd) {
  TypeInfo* info = resolved_type(st, cd);
  if (info->rep != Rep::pointer && info->rep != Rep::array) return false;
  const TypeInfo* element = base_of(st, info);
  return element->kind == Kind::void_ || (element->kind == Kind::integer && element->size == 1);
}

constexpr const char* kAtomics[] = {"load",      "store",    "exchange",  "compare_exchange", "fetch_add", "fetch_sub",
                                    "fetch_and", "fetch_or", "fetch_xor", "fetch_nand",       "add_fetch", "sub_fetch",
                                    "and_fetch", "or_fetch", "xor_fetch", "nand_fetch",       "fence",     nullptr};
enum class Atomic : uint8_t { load, store, exchange, compare_exchange, add, sub, and_, or_, xor_, nand };
constexpr int kFirstOperation = static_cast<int>(Atomic::add);
constexpr int kOperations = 6;  // first those that give what was there, then those that give what is there now
constexpr int kFence = kFirstOperation + 2 * kOperations;

// On the object at `at`. `value` is an operand and receives the result; of compare_exchange it is what is expected, and
// false is returned where that is not there.
template <typename T>
bool run_atomic(Atomic operation, bool gives_new, void* at, void* value, const void* desired) {
  auto* object = static_cast<T*>(at);
  T operand;
  T other;
  std::memcpy(&operand, value, sizeof operand);
  T result = operand;
  bool done = true;
  switch (operation) {
    case Atomic::load:
      result = __atomic_load_n(object, __ATOMIC_SEQ_CST);
      break;
    case Atomic::store:
      __atomic_store_n(object, operand, __ATOMIC_SEQ_CST);
      break;
    case Atomic::exchange:
      result = __atomic_exchange_n(object, operand, __ATOMIC_SEQ_CST);
      break;
    case Atomic::compare_exchange:
      std::memcpy(&other, desired, sizeof other);
      done = __atomic_compare_exchange_n(object, &result, other, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
      break;
    default:
      result = __atomic_load_n(object, __ATOMIC_RELAXED);
      do {
        other = operation == Atomic::add    ? static_cast<T>(result + operand)
                : operation == Atomic::sub  ? static_cast<T>(result - operand)
                : operation == Atomic::and_ ? static_cast<T>(result & operand)
                : operation == Atomic::or_  ? static_cast<T>(result | operand)
                : operation == Atomic::xor_ ? static_cast<T>(result ^ operand)
                                            : static_cast<T>(~(result & operand));
      } while (!__atomic_compare_exchange_n(object, &result, other, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
      if (gives_new) result = other;
  }
  std::memcpy(value, &result, sizeof result);
  return done;
}

}  // namespace

int l_string(lua_State* L) {
  State* st = open_call(L);
  luaL_checkany(L, 1);
  if (!lua_isnoneornil(L, 2)) {
    const uint64_t length = check_count(L, st, 2);
    if (length == 0 && (lua_isnil(L, 1) || to_cdata(L, st, 1) != nullptr)) {
      // Nothing is read; still only what could be read from is taken.
      CData* cd = to_cdata(L, st, 1);
      if (cd != nullptr) require_unreleased(L, st, cd);
      void* address;
      TypeId pointee;
      if (cd != nullptr && pointer_value(st, cd, &address, &pointee)) {
        lua_pushliteral(L, "");
        return 1;
      }
    }
    const Bytes b = check_bytes(L, st, 1, false);
    require_known(L, st, 1, b);
    check_length(L, 2, b, length);
    lua_pushlstring(L, static_cast<const char*>(b.address), static_cast<size_t>(length));
    return 1;
  }
  if (lua_type(L, 1) == LUA_TSTRING) {
    lua_settop(L, 1);
    lua_pushstring(L, lua_tostring(L, 1));
    return 1;
  }
  CData* cd = to_cdata(L, st, 1);
  if (cd != nullptr
          ? !holds_chars(st, cd)
          : lua_type(L, 1) != LUA_TNIL && (lua_touserdata(L, 1) == nullptr || to_ctype(L, st, 1) != nullptr)) {
    raise_argument(L, 1, "cannot convert '%s' to 'const char *'", describe_value(L, st, 1));
  }
  const Bytes b = check_bytes(L, st, 1, false);
  // Of C's memory a string of C's ends where C says.
  if (cd == nullptr || base_of(st, resolved_type(st, cd))->kind == Kind::void_) require_known(L, st, 1, b);
  const auto* text = static_cast<const char*>(b.address);
  if (b.known == Bytes::kUnknown) {
    lua_pushstring(L, text);
  } else {
    const void* end = b.known != 0 ? std::memchr(text, 0, static_cast<size_t>(b.known)) : nullptr;
    const size_t length =
        end != nullptr ? static_cast<size_t>(static_cast<const char*>(end) - text) : static_cast<size_t>(b.known);
    lua_pushlstring(L, text, length);
  }
  return 1;
}

int l_copy(lua_State* L) {
  State* st = open_call(L);
  luaL_checkany(L, 1);
  luaL_checkany(L, 2);
  if (lua_type(L, 2) == LUA_TTABLE) return copy_from_table(L, st);
  const Bytes to = check_bytes(L, st, 1, true);
  require_known(L, st, 1, to);
  uint64_t length;
  if (lua_isnoneornil(L, 3)) {
    if (lua_type(L, 2) != LUA_TSTRING) {
      if (to_cdata(L, st, 2) == nullptr)
        raise_argument(L, 2, "cannot convert '%s' to 'const void *'", describe_value(L, st, 2));
      raise_argument(L, 3, "length expected: only a string's is known");
    }
    length = raw_length(L, 2) + 1;
    check_length(L, 1, to, length);
  } else {
    length = check_count(L, st, 3);
    if (length == 0) {
      if (const CData* cd = to_cdata(L, st, 2)) require_unreleased(L, st, cd);
      return 0;
    }
    check_length(L, 3, to, length);
  }
  const Bytes from = check_bytes(L, st, 2, false);
  require_known(L, st, 2, from);
  check_length(L, 3, from, length);
  std::memmove(to.address, from.address, static_cast<size_t>(length));
  return 0;
}

int l_fill(lua_State* L) {
  State* st = open_call(L);
  luaL_checkany(L, 1);
  luaL_checkany(L, 2);
  const uint64_t length = check_count(L, st, 2);
  int value = 0;
  if (!lua_isnoneornil(L, 3)) {
    if (lua_type(L, 3) != LUA_TNUMBER) raise_expected(L, st, 3, "number");
    if (st->strict) {
      const Place place{Place::Kind::argument, 3, "fill", kNoType};
      require_lossless(L, st, info_of(st, Scalar::char_), classify(L, st, 3), place);
    }
    value = static_cast<int>(integer_at(L, 3, 4));
  }
  if (CData* cd = length == 0 ? to_cdata(L, st, 1) : nullptr) {
    require_unreleased(L, st, cd);
    return 0;
  }
  const Bytes to = check_bytes(L, st, 1, true);
  require_known(L, st, 1, to);
  check_length(L, 2, to, length);
  std::memset(to.address, value, static_cast<size_t>(length));
  return 0;
}

// (operation, size, at, value [, desired]): the object at `at`, and operands in memory, each of 1, 2, 4 or 8 bytes.
// Gives whether what compare_exchange expects was there.
int l_atomic(lua_State* L) {
  State* st = open_call(L);
  const int which = luaL_checkoption(L, 1, nullptr, kAtomics);
  if (which == kFence) {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return 0;
  }
  const bool gives_new = which >= kFirstOperation + kOperations;
  const auto operation = static_cast<Atomic>(gives_new ? which - kOperations : which);
  const uint64_t size = check_count(L, st, 2);
  void* places[3] = {};
  for (int i = 0; i < (operation == Atomic::compare_exchange ? 3 : 2); ++i) {
    // What is expected, and what a result goes to, is written to; the object is but for `load`.
    const bool is_written = i == 1 || (i == 0 && operation != Atomic::load);
    const Bytes b = check_bytes(L, st, 3 + i, is_written);
    require_known(L, st, 3 + i, b);
    check_length(L, 2, b, size);
    places[i] = b.address;
  }
  bool (*run)(Atomic, bool, void*, void*, const void*) = nullptr;
  if (size == 1) run = run_atomic<uint8_t>;
  if (size == 2) run = run_atomic<uint16_t>;
  if (size == 4) run = run_atomic<uint32_t>;
  if constexpr (__atomic_always_lock_free(8, nullptr)) {
    if (size == 8) run = run_atomic<uint64_t>;
  }
  if (run == nullptr)
    raise_argument(L, 2, "no atomic operation on %d bytes here", static_cast<int>(std::min<uint64_t>(size, 999)));
  // Within records i386 aligns 8 bytes to 4.
  struct Eight {
    uint64_t value;
  };
  if (reinterpret_cast<uintptr_t>(places[0]) % std::min<uint64_t>(size, alignof(Eight)) != 0)
    raise(L, "an atomic operation on %d bytes that are not aligned", static_cast<int>(size));
  lua_pushboolean(L, run(operation, gives_new, places[0], places[1], places[2]));
  return 1;
}

}  // namespace ferry::lua
