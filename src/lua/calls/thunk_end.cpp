// The end of a closed state's thunks (thunk_table.h). Finalisers that run after the state was closed may call a library
// function, so its code outlives the State's own finaliser. A Lua that closes frees its main thread last: then nothing
// can call the code any more. The allocator sees that; a function is put in front of it when the state is closed.
#include "lua/calls/thunks.h"

#if defined(FERRY_NATIVE)
#include "lua/calls/thunk_table.h"

namespace ferry::lua {

namespace {

template <typename Work>
void for_each_block(const Thunk& thunk, Work work) {
  work(thunk.code);
  for (const auto& [kinds, shape] : thunk.shapes) work(shape.code);
  for (const call::CodeBlock& code : thunk.former) work(code);
}

bool lies_in(const void* address, const void* block, size_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(block), at = reinterpret_cast<uintptr_t>(address);
  return at >= begin && at - begin < bytes;
}

// A lua_Alloc; `data` is the ThunkTable. Calls nothing of Lua's, which does not expect that of an allocator.
void* watch_the_end(void* data, void* block, size_t old_size, size_t size) {
  auto* table = static_cast<ThunkTable*>(data);
  const lua_Alloc allocate = table->allocate;
  void* const allocator_data = table->allocator_data;
  if (size == 0 && block != nullptr && lies_in(table->main_thread, block, old_size)) {
    for (auto& thunk : table->thunks) release_code(*thunk);
    delete table;
  }
  return allocate(allocator_data, block, old_size, size);
}

}  // namespace

void release_code(const Thunk& thunk) {
  for_each_block(thunk, [](const call::CodeBlock& code) { call::process_code().release(code); });
}

void end_table(lua_State* L, ThunkTable* table) {
  std::erase_if(table->thunks, [](const auto& thunk) {
    if (thunk->of_type) release_code(*thunk);
    return thunk->of_type;
  });
  // Lua closes on its main thread; on another one somebody has called the finaliser by hand. LuaJIT frees all at once
  // where the allocator is its own.
  const int top = lua_gettop(L);
  const bool closes = lua_checkstack(L, 1) != 0 && lua_pushthread(L) == 1 && !table->luajit;
  lua_settop(L, top);
  if (closes && !table->thunks.empty()) {
    table->main_thread = L;
    table->allocate = lua_getallocf(L, &table->allocator_data);
    lua_setallocf(L, watch_the_end, table);
    return;
  }
  for (auto& thunk : table->thunks) {
    for_each_block(*thunk, [](const call::CodeBlock& code) { call::process_code().retire(code); });
  }
  delete table;
}

}  // namespace ferry::lua
#endif
