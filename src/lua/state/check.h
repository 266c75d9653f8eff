// The checking mode (FERRY_CHECK): what C or Lua does wrong with memory is told, by the Lua lines that made and ended
// it. Chosen when a State opens, for as long as it is open; State::check is null where it is off. No hot path looks at
// it: in the mode none is taken (takes_slow_paths).
//
// - The bytes of an object lie between red zones in a userdata of their own, its *block*. They are looked at when the
//   object is released or collected, at each collection, after a C call that was given a pointer into the block, on
//   demand, and when the state closes (check.cpp).
// - Blocks of objects that have ended are kept for a time, so that pointers to them which Lua does not know of, those
//   that C kept or that went through an integer, point nowhere else, and whatever C writes there is seen (check.cpp).
// - What was made from an object ends with it: each reference and pointer is noted with what it keeps (ended.cpp).
// - So do pointers that a callback was given when it returns: they keep a token of the call (calls/callback_run.cpp).
// - Objects with finalisers and libraries are noted with the line that made them so (made.cpp).
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "lua/state/state.h"

namespace ferry::lua {

struct Block {
  enum class End : uint8_t { none, released, collected };
  uintptr_t begin = 0;  // of the userdata's memory, red zones included
  uintptr_t end = 0;
  uintptr_t data = 0;  // the object
  uint64_t size = 0;
  TypeId type = kNoType;
  const std::string* made_at = nullptr;  // "FILE:LINE"; in Check::places
  const std::string* ended_at = nullptr;
  End how = End::none;
  uint64_t seen = 0;  // the last turn that found its object
  uint64_t sum = 0;   // of the object's bytes, once it has ended
};

struct Check {
  std::map<uintptr_t, Block> blocks;  // by `begin`
  std::deque<uintptr_t> ended;        // of those, whose objects have; oldest first
  uint64_t ended_bytes = 0;
  std::set<std::string> places;            // "FILE:LINE", each once
  std::map<std::string, TypeInfo*> types;  // by name: those of what has ended
  std::deque<std::string> findings;        // to be told
  std::map<std::string, int> listed;       // api/check.cpp: what is alive, while it is counted
  uint64_t more_findings = 0;              // that had no room there
  uint64_t turn = 0;                       // collections seen
  bool waits_for_cycle = false;            // the userdata whose finaliser tells of a collection is there
  const void* witness = nullptr;           // made.cpp: the userdata whose finaliser tells of the state's end
  lua_CFunction at_end = nullptr;          // what that calls
  // References into the registry:
  int stores = 0;           // table: begin -> the block's userdata
  int owners = 0;           // table, weak keys: object -> begin
  int derived = 0;          // table, weak keys: object -> table with weak keys of what was made from it; once it has
                            // ended, a string that says how
  int weak = 0;             // a metatable for these
  int made = 0;             // table, weak keys: object with a finaliser, or library -> what it is and who made it
  int cycle_metatable = 0;  // of the userdata whose finaliser tells of a collection
  int witness_metatable = 0;
  int witness_reference = 0;
};

// Whether the mode was asked for: FERRY_CHECK in the environment, or the module "ferry.check" loaded before.
bool wants_checks(lua_State* L);
// Makes State::check. Before anything else is made. May throw std::bad_alloc.
void make_check(State* st);
// What it needs of Lua; `at_end` is called, with the State as light userdata, before the finalisers of a closing state
// are. Raises.
void open_check(lua_State* L, State* st, lua_CFunction at_end);
// The last look at all blocks: findings are left to tell_at_close. Raises nothing.
void close_check(State* st);
void free_check(State* st);

// new_cdata in the mode, for what is not in a slot.
CData* new_checked(lua_State* L, State* st, TypeInfo* info, uint64_t size);
// The object at idx, which owns its memory, is released: its block ends. Raises.
void end_block(lua_State* L, State* st, int idx);
// "FILE:LINE" of who made the object at idx, or gave it its finaliser, and of the code that is running. Raise.
const char* place_of(lua_State* L, State* st, int idx);
const char* current_place(lua_State* L, State* st);
// Looks at the red zones of the block that the address lies in. `by`: the C function that has had it, or null.
void check_block_at(State* st, const void* address, const char* by);
// Looks at all blocks.
void check_blocks(State* st);
// If the address lies in the block of an object that has ended, says so in st->errors.message; false.
bool points_to_life(State* st, const void* address, TypeId pointer);
// Raises for the cdata at idx if it is a pointer or reference to such a block. Where it points, or null.
const void* require_life(lua_State* L, State* st, int idx);
// Raises if the pointer, of that type, points into a block, and the element at the index, of `size` bytes, lies outside
// of its object.
void require_inside(lua_State* L, State* st, const void* pointer, TypeId type, int64_t index, uint64_t size);

// The finding that waits for longest, moved to st->errors.message; false: there is none.
bool take_finding(State* st);

// ended.cpp
// The type of what was of the type `info` and is released: "released NAME (made at ..., released at ...)". Raises.
TypeInfo* released_here(lua_State* L, State* st, const TypeInfo* info, const char* made_at, const char* ended_at);
// The cdata at `ref` keeps the one at `parent`: it ends when that does.
void note_derived(lua_State* L, State* st, int ref, int parent);
// What was made from the object at idx ends: its types are called "NAME HOW" from now on. Raises.
void end_derived(lua_State* L, State* st, int idx, const char* how);
// The same for a released object, which was of the type `info`.
void end_derived(lua_State* L, State* st, int idx, const TypeInfo* info, const char* made_at, const char* ended_at);

// made.cpp
// The value at idx, an object with a finaliser or a library, is noted by its kind and name, and the line that runs.
// Raises.
void note_made(lua_State* L, State* st, int idx, const char* kind, const char* name);
// Calls `each` with "KIND\tNAME\tFILE:LINE" of all that are alive. Neither raises. Needs five stack slots.
void for_each_made(lua_State* L, State* st, void (*each)(void* context, const char* text), void* context);
// The finaliser of the userdata that tells of the state's end.
int l_witness(lua_State* L);

}  // namespace ferry::lua
