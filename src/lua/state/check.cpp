// The memory of objects in the checking mode (check.h): red zones, and what is kept of objects that have ended.
#include "lua/state/check.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "ctype/spell.h"
#include "lua/host/compat.h"
#include "lua/state/anchor.h"
#include "lua/state/raise.h"
#include "lua/state/type_info.h"

namespace ferry::lua {

namespace {

// Before and behind each object at least; a larger one before it where its alignment asks for it.
constexpr size_t kZone = 64;
// No byte of UTF-8, no small number, neither 0 nor 255.
constexpr unsigned char kZoneByte = 0xf5;
// What is kept of objects that have ended: this much of them all, and so many.
constexpr uint64_t kMaxEndedBytes = 16 * 1024 * 1024;
constexpr size_t kMaxEnded = 10000;
// More findings than this are counted only.
constexpr size_t kMaxFindings = 20;

// FNV-1a.
uint64_t sum_of(const Block& block) {
  uint64_t sum = 14695981039346656037U;
  const auto* at = reinterpret_cast<const unsigned char*>(block.data);
  for (uint64_t i = 0; i < block.size; ++i) sum = (sum ^ at[i]) * 1099511628211U;
  return sum;
}

// "'int [4]' made at FILE:LINE"
std::string description(State* st, const Block& block) {
  std::string text = "'" + spell(*st->types, block.type) + "'";
  if (!block.made_at->empty()) text += " made at " + *block.made_at;
  if (block.how == Block::End::none) return text;
  text += block.how == Block::End::released ? ", released" : ", collected";
  if (!block.ended_at->empty()) text += " at " + *block.ended_at;
  return text;
}

void add_finding(State* st, std::string text) {
  if (st->check->findings.size() >= kMaxFindings) {
    ++st->check->more_findings;
  } else {
    st->check->findings.push_back(std::move(text));
  }
  add_notice(st->gate, kFound);
}

// The first byte of [begin, end) that is none of a red zone's; null: there is none. They all are again.
const unsigned char* mend(uintptr_t begin, uintptr_t end, unsigned char* found) {
  const unsigned char* first = nullptr;
  for (auto* at = reinterpret_cast<unsigned char*>(begin); at != reinterpret_cast<unsigned char*>(end); ++at) {
    if (*at == kZoneByte) continue;
    if (first == nullptr) first = at, *found = *at;
    *at = kZoneByte;
  }
  return first;
}

void tell_changed(State* st, const Block& block, const unsigned char* at, unsigned char value, const char* side,
                  const char* by) {
  const auto offset = static_cast<intptr_t>(reinterpret_cast<uintptr_t>(at) - block.data);
  std::string text = by != nullptr ? "'" + std::string(by) + "' wrote " : "written ";
  text += std::string(side) + " " + description(st, block) + ": of " + std::to_string(block.size) +
          " bytes the one at offset " + std::to_string(offset) + " is " + std::to_string(value);
  add_finding(st, std::move(text));
}

void check_zones(State* st, const Block& block, const char* by) {
  unsigned char value = 0;
  if (const unsigned char* at = mend(block.begin, block.data, &value)) tell_changed(st, block, at, value, "before", by);
  if (const unsigned char* at = mend(block.data + block.size, block.end, &value))
    tell_changed(st, block, at, value, "behind", by);
}

void check_ended(State* st, Block& block) {
  check_zones(st, block, nullptr);
  const uint64_t sum = sum_of(block);
  if (sum == block.sum) return;
  block.sum = sum;
  add_finding(st, "written to after its end: " + description(st, block));
}

const std::string* intern_place(State* st, const char* place) {
  return &*st->check->places.insert(place).first;
}

Block* block_at(State* st, uintptr_t address) {
  auto found = st->check->blocks.upper_bound(address);
  if (found == st->check->blocks.begin()) return nullptr;
  --found;
  return address < found->second.end ? &found->second : nullptr;
}

// The block is the object's no longer; it is kept for a time.
void end(State* st, Block& block, Block::End how, const char* place) {
  Check* check = st->check;
  block.ended_at = intern_place(st, place);
  check_zones(st, block, nullptr);
  check->ended.push_back(block.begin);  // the last that can fail: a block is there once, or not
  check->ended_bytes += block.end - block.begin;
  block.how = how;
  block.sum = sum_of(block);
}

// Gives those back that have been kept for longest. Uses two stack slots, raises nothing.
void give_back(lua_State* L, State* st) {
  Check* check = st->check;
  while (check->ended.size() > kMaxEnded || (check->ended_bytes > kMaxEndedBytes && check->ended.size() > 1)) {
    auto found = check->blocks.find(check->ended.front());
    check_ended(st, found->second);
    check->ended.pop_front();
    check->ended_bytes -= found->second.end - found->second.begin;
    lua_rawgeti(L, LUA_REGISTRYINDEX, check->stores);
    lua_pushnil(L);
    rawset_p(L, -2, reinterpret_cast<const void*>(found->first));
    lua_pop(L, 1);
    check->blocks.erase(found);
  }
}

// After a collection: objects that are not in Check::owners any more have been collected.
void sweep(lua_State* L, State* st) {
  Check* check = st->check;
  ++check->turn;
  lua_rawgeti(L, LUA_REGISTRYINDEX, check->owners);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    auto found = check->blocks.find(reinterpret_cast<uintptr_t>(lua_touserdata(L, -1)));
    if (found != check->blocks.end()) found->second.seen = check->turn;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  without_exceptions(st, [&] {
    for (auto& [begin, block] : check->blocks) {
      if (block.how != Block::End::none) continue;
      if (block.seen == check->turn) {
        check_zones(st, block, nullptr);
      } else {
        end(st, block, Block::End::collected, "");
      }
    }
    give_back(L, st);
    return true;
  });
}

// Has a userdata collected with the next garbage. Raises.
void wait_for_cycle(lua_State* L, State* st) {
  new_userdata(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->check->cycle_metatable);
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
  st->check->waits_for_cycle = true;
}

int l_next_cycle(lua_State* L) {
  wait_for_cycle(L, static_cast<State*>(lua_touserdata(L, 1)));
  return 0;
}

// The finaliser of that userdata. Raises nothing: on some Luas an error would be that of whoever allocates.
int l_cycle(lua_State* L) {
  State* st = state_of(L);
  if (st->closed() || st->check == nullptr) return 0;
  const os::LastError kept_error = st->gate->saved_error;
  st->check->waits_for_cycle = false;
  if (lua_checkstack(L, 8) == 0) return 0;
  sweep(L, st);
  protected_call(L, l_next_cycle, st);  // fails for want of memory: then the next object does it
  st->gate->saved_error = kept_error;
  return 0;
}

int weak_table(lua_State* L, State* st) {
  lua_newtable(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->check->weak);
  lua_setmetatable(L, -2);
  return add_reference(L);
}

int finaliser_metatable(lua_State* L, State* st, lua_CFunction finaliser) {
  lua_createtable(L, 0, 1);
  push_function(L, st, finaliser);
  lua_setfield(L, -2, "__gc");
  return add_reference(L);
}

}  // namespace

bool wants_checks(lua_State* L) {
  const char* wanted = std::getenv("FERRY_CHECK");
  if (wanted != nullptr && *wanted != '\0' && std::strcmp(wanted, "0") != 0) return true;
  lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
  if (lua_istable(L, -1)) {
    lua_pushliteral(L, "ferry.check");
    lua_rawget(L, -2);
    lua_remove(L, -2);
  }
  const bool wants = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return wants;
}

void make_check(State* st) {
  st->check = new Check;
  st->careful = true;
  st->inline_limit = 0;
}

void open_check(lua_State* L, State* st, lua_CFunction at_end) {
  Check* check = st->check;
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  check->weak = add_reference(L);
  lua_newtable(L);
  check->stores = add_reference(L);
  check->owners = weak_table(L, st);
  check->derived = weak_table(L, st);
  check->made = weak_table(L, st);
  check->cycle_metatable = finaliser_metatable(L, st, l_cycle);
  check->at_end = at_end;
  check->witness_metatable = finaliser_metatable(L, st, l_witness);
  wait_for_cycle(L, st);
}

void close_check(State* st) {
  without_exceptions(st, [&] {
    check_blocks(st);
    return true;
  });
}

void free_check(State* st) {
  delete st->check;
  st->check = nullptr;
}

CData* new_checked(lua_State* L, State* st, TypeInfo* info, uint64_t size) {
  luaL_checkstack(L, 8, nullptr);
  Check* check = st->check;
  if (!check->waits_for_cycle) wait_for_cycle(L, st);
  const bool variable = (info->type_flags & kVariable) != 0;
  const size_t align = std::max<size_t>(info->align, 16);
  auto* cd = static_cast<CData*>(new_userdata(L, sizeof(CData) + (variable ? sizeof(uint64_t) : 0)));
  *cd = CData{info->id, static_cast<uint16_t>(variable ? kOwned | kHasLength : kOwned), kGuard, {nullptr}};
  if (variable) variable_size(cd) = size;
  const int object = lua_gettop(L);
  push_where(L);
  const size_t bytes = align + 2 * kZone + static_cast<size_t>(size);
  auto* store = static_cast<unsigned char*>(new_userdata(L, bytes));
  Block block;
  block.begin = reinterpret_cast<uintptr_t>(store);
  block.end = block.begin + bytes;
  block.data = (block.begin + kZone + align - 1) & ~uintptr_t{align - 1};
  block.size = size;
  block.type = info->id;
  block.seen = check->turn;
  cd->data = reinterpret_cast<void*>(block.data);
  std::memset(store, kZoneByte, bytes);
  std::memset(cd->data, 0, static_cast<size_t>(size));
  lua_rawgeti(L, LUA_REGISTRYINDEX, check->stores);
  lua_insert(L, -2);
  rawset_p(L, -2, store);
  lua_pop(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, check->owners);
  lua_pushvalue(L, object);
  lua_pushlightuserdata(L, store);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  if (!without_exceptions(st, [&] {
        block.made_at = intern_place(st, lua_tostring(L, -1));
        check->blocks[block.begin] = block;
        return true;
      })) {
    raise_error(L, st);
  }
  lua_settop(L, object);
  push_metatable(L, st, info);
  lua_setmetatable(L, -2);
  return cd;
}

void end_block(lua_State* L, State* st, int idx) {
  luaL_checkstack(L, 6, nullptr);
  idx = abs_index(L, idx);
  push_where(L);  // a collection may come here, and nowhere below: what is found stays as it is
  const auto* cd = static_cast<const CData*>(lua_touserdata(L, idx));
  Block* block = block_at(st, reinterpret_cast<uintptr_t>(cd->data));
  if (block == nullptr || block->how != Block::End::none) {
    lua_pop(L, 1);
    return;
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->check->owners);
  lua_pushvalue(L, idx);
  lua_pushnil(L);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  if (!without_exceptions(st, [&] {
        end(st, *block, Block::End::released, lua_tostring(L, -1));
        give_back(L, st);
        return true;
      })) {
    raise_error(L, st);
  }
  lua_pop(L, 1);
}

const char* current_place(lua_State* L, State* st) {
  push_where(L);
  const std::string* place = nullptr;
  if (!without_exceptions(st, [&] {
        place = intern_place(st, lua_tostring(L, -1));
        return true;
      })) {
    raise_error(L, st);
  }
  lua_pop(L, 1);
  return place->c_str();
}

const char* place_of(lua_State* L, State* st, int idx) {
  luaL_checkstack(L, 6, nullptr);
  idx = abs_index(L, idx);
  auto* cd = static_cast<CData*>(lua_touserdata(L, idx));
  if ((cd->flags & kInSlot) == 0) {
    const Block* block = block_at(st, reinterpret_cast<uintptr_t>(cd->data));
    if (block != nullptr) return block->made_at->c_str();
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->check->made);
  lua_pushvalue(L, idx);
  lua_rawget(L, -2);
  const char* text = lua_type(L, -1) == LUA_TSTRING ? std::strrchr(lua_tostring(L, -1), '\t') : nullptr;
  const std::string* place = nullptr;
  if (!without_exceptions(st, [&] {
        place = intern_place(st, text != nullptr ? text + 1 : "");
        return true;
      })) {
    raise_error(L, st);
  }
  lua_pop(L, 2);
  return place->c_str();
}

void check_block_at(State* st, const void* address, const char* by) {
  Block* block = block_at(st, reinterpret_cast<uintptr_t>(address));
  if (block == nullptr) return;
  without_exceptions(st, [&] {
    check_zones(st, *block, by);
    return true;
  });
}

void check_blocks(State* st) {
  for (auto& [begin, block] : st->check->blocks) {
    if (block.how == Block::End::none) {
      check_zones(st, block, nullptr);
    } else {
      check_ended(st, block);
    }
  }
}

bool points_to_life(State* st, const void* address, TypeId pointer) {
  const Block* block = block_at(st, reinterpret_cast<uintptr_t>(address));
  if (block == nullptr || block->how == Block::End::none) return true;
  without_exceptions(st, [&] {
    st->errors.message = "'" + shown_name(st, pointer) + "' points into " + description(st, *block);
    return true;
  });
  return false;
}

void require_inside(lua_State* L, State* st, const void* pointer, TypeId type, int64_t index, uint64_t size) {
  const auto base = reinterpret_cast<uintptr_t>(pointer);
  const Block* block = block_at(st, base);
  if (block == nullptr) return;
  const uintptr_t at = base + static_cast<uintptr_t>(index) * static_cast<uintptr_t>(size);
  if (at - block->data <= block->size && block->size - (at - block->data) >= size) return;
  without_exceptions(st, [&] {
    st->errors.message = "index " + std::to_string(index) + " of '" + shown_name(st, type) + "' is outside of " +
                         description(st, *block);
    return true;
  });
  raise_error(L, st);
}

const void* require_life(lua_State* L, State* st, int idx) {
  CData* cd = to_cdata(L, st, idx);
  if (cd == nullptr || (cd->flags & kReleased) != 0) return nullptr;
  TypeInfo* info;
  void* address = resolve_nullable(st, cd, &info);
  if (info->rep == Rep::pointer && address != nullptr) std::memcpy(&address, address, sizeof address);
  if (address != nullptr && !points_to_life(st, address, cd->type)) raise_error(L, st);
  return address;
}

bool take_finding(State* st) {
  Check* check = st->check;
  if (check->findings.empty()) return false;
  st->errors.message.swap(check->findings.front());
  check->findings.pop_front();
  if (check->findings.empty() && check->more_findings != 0) {
    without_exceptions(st, [&] {
      st->errors.message += " (and " + std::to_string(check->more_findings) + " more such findings)";
      return true;
    });
    check->more_findings = 0;
  }
  return true;
}

}  // namespace ferry::lua
