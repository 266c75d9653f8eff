// The check of the Lua stack's layout, in every Lua version this file is built for: it accepts what is true, and
// refuses every layout that differs from it in one byte.
#include "lua/host/stack_probe.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

namespace ferry::lua {
namespace {

using call::StackLayout;

struct Closer {
  void operator()(lua_State* L) const { lua_close(L); }
};
using Lua = std::unique_ptr<lua_State, Closer>;

struct Field {
  const char* name;
  uint8_t StackLayout::*member;
};
constexpr Field kFields[] = {
    {"base", &StackLayout::base},
    {"call_info", &StackLayout::call_info},
    {"function", &StackLayout::function},
    {"top", &StackLayout::top},
    {"slot", &StackLayout::slot},
    {"tag", &StackLayout::tag},
    {"tag_bytes", &StackLayout::tag_bytes},
    {"tag_nil", &StackLayout::tag_nil},
    {"tag_false", &StackLayout::tag_false},
    {"tag_true", &StackLayout::tag_true},
    {"tag_light", &StackLayout::tag_light},
    {"tag_float", &StackLayout::tag_float},
    {"tag_integer", &StackLayout::tag_integer},
    {"tag_string", &StackLayout::tag_string},
    {"tag_userdata", &StackLayout::tag_userdata},
    {"tag_table", &StackLayout::tag_table},
    {"string_bytes", &StackLayout::string_bytes},
    {"userdata_block", &StackLayout::userdata_block},
    {"userdata_block_1", &StackLayout::userdata_block_1},
    {"userdata_metatable", &StackLayout::userdata_metatable},
    {"userdata_values", &StackLayout::userdata_values},
    {"table_items", &StackLayout::table_items},
    {"table_count", &StackLayout::table_count},
    {"closure_upvalues", &StackLayout::closure_upvalues},
};
// valid, base_is_field and items_apart are the only others.
static_assert(sizeof(StackLayout) == std::size(kFields) + 3);

TEST(StackProbe, AcceptsWhatIsTrue) {
  const Lua L(luaL_newstate());
  const StackLayout layout = stack_layout_of(kLuaVersion);
  EXPECT_TRUE(stack_layout_agrees(L.get(), layout));
  EXPECT_EQ(lua_gettop(L.get()), 0);
  lua_State* thread = lua_newthread(L.get());
  EXPECT_TRUE(stack_layout_agrees(thread, layout));
  EXPECT_EQ(lua_gettop(thread), 0);
}

TEST(StackProbe, RefusesEveryOtherByte) {
  const Lua L(luaL_newstate());
  for (const Field& field : kFields) {
    for (int value = 0; value < 256; ++value) {
      StackLayout wrong = stack_layout_of(kLuaVersion);
      if (wrong.*field.member == value) continue;
      wrong.*field.member = static_cast<uint8_t>(value);
      EXPECT_FALSE(stack_layout_agrees(L.get(), wrong)) << field.name << " = " << value;
    }
  }
  StackLayout wrong = stack_layout_of(kLuaVersion);
  wrong.base_is_field = !wrong.base_is_field;
  EXPECT_FALSE(stack_layout_agrees(L.get(), wrong));
  wrong = stack_layout_of(kLuaVersion);
  wrong.items_apart = !wrong.items_apart;
  EXPECT_FALSE(stack_layout_agrees(L.get(), wrong));
  EXPECT_EQ(lua_gettop(L.get()), 0);
}

TEST(StackProbe, RefusesOtherVersions) {
  const Lua L(luaL_newstate());
  for (int version : {501, 502, 503, 504}) {
    EXPECT_EQ(stack_layout_agrees(L.get(), stack_layout_of(version)), version == kLuaVersion) << version;
  }
}

TEST(StackProbe, CanBeForbidden) {
  const Lua L(luaL_newstate());
  unsetenv("FERRY_STACK");
  EXPECT_TRUE(probe_stack(L.get()).valid);
  setenv("FERRY_STACK", "api", 1);
  EXPECT_FALSE(probe_stack(L.get()).valid);
  unsetenv("FERRY_STACK");
}

// What the probe asks for memory may be refused.
void* limited(void* left, void* block, size_t old_size, size_t size) {
  auto& bytes = *static_cast<size_t*>(left);
  if (size == 0) {
    std::free(block);
    return nullptr;
  }
  if (block == nullptr || size > old_size) {
    if (bytes < size) return nullptr;
    bytes -= size;
  }
  return std::realloc(block, size);
}

// lua_newstate takes a seed from 5.5 on.
[[maybe_unused]] lua_State* new_state(lua_State* (*f)(lua_Alloc, void*), void* memory) {
  return f(limited, memory);
}
[[maybe_unused]] lua_State* new_state(lua_State* (*f)(lua_Alloc, void*, unsigned), void* memory) {
  return f(limited, memory, 1);
}

TEST(StackProbe, DoesNotRaiseWithoutMemory) {
  size_t left = 1 << 20;
  const Lua L(new_state(lua_newstate, &left));
  ASSERT_NE(L, nullptr);
  lua_checkstack(L.get(), 20);
  for (size_t more = 256; more < 40000; more += 256) {
    left = more;
    stack_layout_agrees(L.get(), stack_layout_of(kLuaVersion));
    EXPECT_EQ(lua_gettop(L.get()), 0);
    left = 1 << 20;  // 5.1 allocates when it collects
    lua_gc(L.get(), LUA_GCCOLLECT, 0);
  }
  left = 1 << 20;
  EXPECT_TRUE(stack_layout_agrees(L.get(), stack_layout_of(kLuaVersion)));
}

}  // namespace
}  // namespace ferry::lua
