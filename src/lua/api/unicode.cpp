// Strings of wchar_t, char16_t and char32_t from and to Lua strings in UTF-8: ffi.wide, ffi.utf8.
#include "lua/api/elements.h"
#include "lua/api/functions.h"
#include "lua/objects/ctype_arg.h"
#include "lua/objects/new.h"
#include "lua/state/raise.h"
#include "lua/values/write.h"

namespace ferry::lua {

namespace {

constexpr uint32_t kReplacement = 0xfffd;  // what is written for what is no character (Unicode 3.9)
constexpr uint32_t kMaxCharacter = 0x10ffff;

bool is_surrogate(uint32_t c) {
  return c >= 0xd800 && c < 0xe000;
}

// The character at `at`, which moves behind it; UINT32_MAX for bytes that are no UTF-8 (Unicode 3.9, table 3-7).
uint32_t next_character(const unsigned char*& at, const unsigned char* end) {
  const unsigned char first = *at++;
  if (first < 0x80) return first;
  const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  if (first < 0xc2 || first > 0xf4 || end - at < more) return UINT32_MAX;
  uint32_t c = first & (0x3fu >> more);
  for (int i = 0; i < more; ++i) {
    if ((at[i] & 0xc0) != 0x80) return UINT32_MAX;
    c = c << 6 | (at[i] & 0x3fu);
  }
  constexpr uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
  if (c < kLeast[more] || c > kMaxCharacter || is_surrogate(c)) return UINT32_MAX;
  at += more;
  return c;
}

// How many units the text takes, or writes them to `out`. UINT64_MAX: it is no UTF-8.
uint64_t widen(const char* text, size_t length, uint64_t unit, char* out) {
  const auto* at = reinterpret_cast<const unsigned char*>(text);
  const unsigned char* end = at + length;
  uint64_t count = 0;
  const auto put = [&](uint32_t value) {
    if (out != nullptr && unit == 2) {
      const auto half = static_cast<uint16_t>(value);
      std::memcpy(out + count * 2, &half, 2);
    } else if (out != nullptr) {
      std::memcpy(out + count * 4, &value, 4);
    }
    ++count;
  };
  while (at != end) {
    const uint32_t c = next_character(at, end);
    if (c == UINT32_MAX) return UINT64_MAX;
    if (unit == 2 && c >= 0x10000) {
      put(0xd800 + ((c - 0x10000) >> 10));
      put(0xdc00 + ((c - 0x10000) & 0x3ff));
    } else {
      put(c);
    }
  }
  return count;
}

uint32_t unit_at(const char* from, uint64_t size, uint64_t i) {
  if (size == 4) {
    uint32_t value;
    std::memcpy(&value, from + i * 4, 4);
    return value;
  }
  uint16_t value;
  std::memcpy(&value, from + i * 2, 2);
  return value;
}

// The character at unit i, which moves behind it.
uint32_t character_at(const char* from, uint64_t size, uint64_t count, uint64_t& i) {
  const uint32_t c = unit_at(from, size, i++);
  if (size == 2 && c >= 0xd800 && c < 0xdc00 && i < count) {
    const uint32_t low = unit_at(from, size, i);
    if (low >= 0xdc00 && low < 0xe000) {
      ++i;
      return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
  }
  return c > kMaxCharacter || is_surrogate(c) ? kReplacement : c;
}

int encode(uint32_t c, char* out) {
  if (c < 0x80) {
    out[0] = static_cast<char>(c);
    return 1;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr uint32_t kLead[] = {0, 0xc0, 0xe0, 0xf0};
  out[0] = static_cast<char>(kLead[more] | c >> (6 * more));
  for (int i = 1; i <= more; ++i) out[i] = static_cast<char>(0x80 | (c >> (6 * (more - i)) & 0x3f));
  return more + 1;
}

bool is_unit(const TypeInfo* info) {
  return info->kind == Kind::integer && (info->size == 2 || info->size == 4);
}

}  // namespace

// wide(text [, ct]): a new array of ct (wchar_t) with the characters of the UTF-8 text and a terminator.
int l_wide(lua_State* L) {
  State* st = open_call(L);
  size_t length;
  const char* text = check_text(L, st, 1, &length);
  TypeInfo* element = info_of(st, st->types->target().wchar_size == 2 ? Scalar::uint16 : Scalar::int32);
  if (!lua_isnoneornil(L, 2)) element = info_of(st, check_ctype(L, st, 2));
  if (!is_unit(element))
    raise_argument(L, 2, "wchar_t, char16_t or char32_t expected, got %s", type_name(st, element->id));
  const uint64_t count = widen(text, length, element->size, nullptr);
  if (count == UINT64_MAX) raise_argument(L, 1, "not a text in UTF-8");
  CData* array = new_cdata(L, st, open_array(L, st, element), (count + 1) * element->size);
  widen(text, length, element->size, static_cast<char*>(array->data));
  return 1;
}

// utf8(pointer [, count]): the UTF-8 text of an array of 16 or 32-bit characters, up to its terminator or `count`.
int l_utf8(lua_State* L) {
  State* st = open_call(L);
  const Elements e = check_elements(L, st, 1, false);
  if (!is_unit(e.type)) raise_expected(L, st, 1, "array of wchar_t, char16_t or char32_t");
  uint64_t count = 0;
  if (!lua_isnoneornil(L, 2)) {
    count = check_count(L, st, 2);
    require_elements(L, 2, 0, count, e);
  } else {
    while (count < e.limit && unit_at(e.address, e.type->size, count) != 0) ++count;
  }
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  for (uint64_t i = 0; i < count;) {
    char bytes[4];
    const int n = encode(character_at(e.address, e.type->size, count, i), bytes);
    luaL_addlstring(&buffer, bytes, static_cast<size_t>(n));
  }
  luaL_pushresult(&buffer);
  return 1;
}

}  // namespace ferry::lua
