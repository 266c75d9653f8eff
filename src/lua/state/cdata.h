// The cdata object, a userdata with a small header: what it is, how it is recognised and made.
#pragma once

#include <cstdint>
#include <cstring>

#include "lua/host/compat.h"
#include "lua/state/type_info.h"

namespace ferry::lua {

// No object of this process is larger: sizes of types for 64 bits are bounded by kMaxObjectSize.
inline constexpr uint64_t kMaxHostObject = sizeof(void*) == 4 ? 0x7fffffff : kMaxObjectSize;

enum CDataFlag : uint16_t {
  kIsCType = 1,        // a ctype object: `type` is the type it stands for, `data` the State
  kOwned = 2,          // the bytes lie in this userdata
  kHasExtras = 4,      // has a table of anchors / a finaliser (anchor.h)
  kHasParent = 8,      // a reference or pointer whose user value (or environment) keeps what it refers into alive
  kHasLength = 16,     // a VLA/VLS made by new: its real byte size lies behind the header (variable_size); with
                       // kUnchecked: how many bytes there are, kUnknownBytes if nobody knows
  kInSlot = 32,        // the value lies in `data` itself: pointers and scalars up to 8 bytes
  kFinalised = 64,     // its finaliser has run or was taken away
  kIsCallback = 128,   // a function pointer made from a Lua function: can be set and freed
  kIsReference = 256,  // `type` is an aggregate's, but the object was reached by a reference: typeof says `T &`
  kUnchecked = 512,    // an array at the end of a struct declared [], [0] or [1]: may be longer than its type
  kIntoSlot = 1024,    // points to the slot of the cdata that it keeps (set_slot_parent), not to what that points to
  kReleased = 2048,    // ffi.release has ended it; its type is one of nothing, its address null
  kShared = 4096,      // of one with a finaliser: others point where it points
  kLent = 8192,        // a pointer argument of a callback, the same object in each call of it (calls/callback_scope.h)
};

// How userdata memory is aligned at least, on every version: as the L_Umaxalign of 5.1. On i386 that is 4.
union UserdataAlignment {
  double floating;
  void* pointer;
  long integer;
};
inline constexpr size_t kUserdataAlign = alignof(UserdataAlignment);
inline constexpr uint64_t kUnknownBytes = ~uint64_t{0};
inline constexpr uint16_t kGuard = 0xfe52;  // pre-filter only; the metatable decides (to_cdata)

struct CData {
  TypeId type;     // with qualifiers
  uint16_t flags;  // CDataFlag
  uint16_t guard;  // kGuard; changes when this layout does
  union {
    void* data;     // aggregates and other values > 8 bytes: the address of the object
    uint64_t bits;  // kInSlot: the value's memory form
    void* pointer;  // kInSlot: a pointer's or reference's value
  };

  // Where the value's bytes are.
  void* address() { return (flags & kInSlot) != 0 ? static_cast<void*>(&bits) : data; }
};
static_assert(sizeof(CData) == 16);

// The real byte size of a VLA/VLS (kHasLength); references to one have room for it.
inline uint64_t& variable_size(CData* cd) {
  return *reinterpret_cast<uint64_t*>(cd + 1);
}

// The cdata at idx, or null if the value is anything else, ctype objects included. Cannot be fooled by foreign
// userdata: its metatable must be one of this state's. Uses one stack slot, never raises.
CData* to_cdata(lua_State* L, State* st, int idx);
// Same for ctype objects only.
CData* to_ctype(lua_State* L, State* st, int idx);

// Zeroes memory. Constant sizes are stores, not calls, and most objects are this small.
inline void clear(char* to, size_t size) {
  if (size - 16 <= 48) {  // 16 ... 64, from both ends
    std::memset(to, 0, 16);
    std::memset(to + size - 16, 0, 16);
    if (size > 32) {
      std::memset(to + 16, 0, 16);
      std::memset(to + size - 32, 0, 16);
    }
  } else {
    std::memset(to, 0, size);
  }
}

// Pushes a zeroed object of a type with a `block`, still without its metatable. Raises on out-of-memory.
inline CData* start_object(lua_State* L, const TypeInfo* info) {
  auto* cd = static_cast<CData*>(new_userdata(L, info->block));
  *cd = CData{info->id, kOwned, kGuard, {cd + 1}};
  clear(reinterpret_cast<char*>(cd + 1), info->block - sizeof(CData));
  return cd;
}
// The same with its metatable.
CData* push_object(lua_State* L, State* st, TypeInfo* info);
// Pushes the metatable of new objects.
void push_metatable(lua_State* L, State* st, TypeInfo* info);
// Pushes a new zero-filled owned object of the type, `size` bytes (>= info.size for VLAs, else info.size). Raises on
// out-of-memory. The metatable is the plain one. Never for void/function/incomplete types.
CData* new_cdata(lua_State* L, State* st, TypeInfo* info, uint64_t size);
inline CData* new_cdata(lua_State* L, State* st, TypeInfo* info) {
  return new_cdata(L, st, info, info->size);
}
// Pushes a cdata that refers to memory it does not own: a record, array or function at `address`, or a reference type's
// value. When `parent` is not 0 the object there is kept alive.
CData* push_reference(lua_State* L, State* st, TypeInfo* info, void* address, int parent);
// Pushes a pointer (info: the pointer type) or the value of a reference type. parent as above.
CData* push_pointer(lua_State* L, State* st, TypeInfo* pointer, void* value, int parent = 0);
// The same, NULL, with room for a parent that is not known yet.
CData* push_open_pointer(lua_State* L, State* st, TypeInfo* pointer);
// Pushes a boxed scalar of up to 8 bytes whose memory form is `bits`.
CData* push_boxed(lua_State* L, State* st, TypeInfo* info, uint64_t bits);
// Pushes a 64-bit integer as State::int64 says.
void push_int64(lua_State* L, State* st, int64_t value);
void push_uint64(lua_State* L, State* st, uint64_t value);
// Pushes the ctype object of a type; the same object every time.
void push_ctype(lua_State* L, State* st, TypeId type);

// The type of the object that a cdata stands for: of a reference, what it refers to.
TypeInfo* resolved_type(State* st, const CData* cd);
// Raises for what ffi.release has ended.
void require_unreleased(lua_State* L, State* st, const CData* cd);
// Finds that object. Returns its address; *info becomes its type. Raises for a NULL reference.
void* resolve(lua_State* L, State* st, CData* cd, TypeInfo** info);
// The same; null for a NULL reference. For who only compares or shows the address, or looks at it first.
void* resolve_nullable(State* st, CData* cd, TypeInfo** info);

// Byte size of the object a cdata stands for, with a VLA's real length. References: of the referee.
uint64_t size_of_object(State* st, CData* cd);

}  // namespace ferry::lua
