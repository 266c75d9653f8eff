// What keeps what alive: references and pointers keep the object that they were made from, objects keep what their
// pointer members were assigned, and finalisers wait with the object they belong to.
//
// An object's "extras" is a table, made on first need:
//   [lightuserdata address] = value stored there      anchors
//   [1] = finaliser                                    ffi.gc
//   [2] = the object itself (5.1, 5.2 only)            so that references can share the table as their parent
// It is attached to the object where any userdata can have a table (5.1 environment, 5.2/5.3 user value), and kept
// in an ephemeron table of the state from 5.4 on, where owning objects are made without user values.
// A reference's or pointer's parent is its user value itself (5.3+) or its parent's extras table (5.1, 5.2). The parent
// is what owns the memory, not the chain of pointers to it, but for those that have extras of their own: a finaliser
// waits for what was made from its pointer. Where a reference has extras in place of its parent, key 2 has the parent.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// Whether the value at idx, a string, userdata, function or cdata, could go and take with it what a pointer made from
// it points to. A pointer that C gave is nobody's to keep. Uses one stack slot.
bool worth_keeping(lua_State* L, State* st, int idx);

// Makes the userdata `ref` (fresh, made with a slot) keep the object at `parent` alive. If that object is itself a
// reference or pointer without extras, what it refers into is kept instead. Stack-neutral; may raise out-of-memory.
void set_parent(lua_State* L, State* st, int ref, int parent);
// The same for a pointer to the value of the cdata at `parent` itself, which is kInSlot: that very cdata is kept.
void set_slot_parent(lua_State* L, State* st, int ref, int parent);

// The cdata at idx, if it is one, has been given to others: they may point where it points as long as they live.
void mark_shared(lua_State* L, State* st, int idx);
// The cdata at idx keeps the value at `value` as long as it lives.
void keep_in_extras(lua_State* L, State* st, int idx, int value);

// Pushes the object that owns the memory the cdata at idx refers into: the cdata itself or its parent.
void push_owner(lua_State* L, State* st, int idx);

// Pushes the pointer (of type `pointer`) that is stored at `address` in the memory that the cdata at `holder` (0:
// nobody) refers into. It keeps what was assigned there.
CData* push_stored_pointer(lua_State* L, State* st, TypeInfo* pointer, const void* address, int holder);

// The same for what is stored in a variable of the library at that index, which it keeps if nothing was assigned there.
CData* push_global_pointer(lua_State* L, State* st, TypeInfo* pointer, const void* address, int library);

// Bytes from `address` to the end of the object made by Ferry that the cdata at idx is or lies in; kUnknownBytes if
// there is none, or idx is 0.
uint64_t bytes_left(lua_State* L, State* st, int idx, const void* address);

// Anchors the value at `value` in the owner of the cdata at `owner` for the pointer stored at `address`; nil removes.
void anchor(lua_State* L, State* st, int owner, const void* address, int value);

// Before `size` bytes are copied between objects by assignment: copies the anchors that lie in them.
void copy_anchors(lua_State* L, State* st, int to, const void* to_address, int from, const void* from_address,
                  uint64_t size);

// Sets (nil: removes) the finaliser of the cdata at idx to the value at `finaliser`.
void set_finaliser(lua_State* L, State* st, int idx, int finaliser);
bool is_finalised(lua_State* L, State* st, int idx);  // whether it has one
// Takes the finaliser out and pushes it (nil if there is none).
void take_finaliser(lua_State* L, State* st, int idx);

}  // namespace ferry::lua
