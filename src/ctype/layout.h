// Struct and union layout for every Target: offsets, bit-fields, size and alignment, exactly as gcc
// (and MSVC for the Windows targets) lays them out. Knows no Lua and no syntax.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "ctype/type_table.h"

namespace ferry {

struct RecordShape {
  uint64_t size = 0;   // bytes, padded to align; the fixed part if it ends in a flexible/variable array
  uint32_t align = 1;  // bytes
  bool has_bitfields = false;
  bool unaligned_fields = false;
  bool variable = false;  // ends in a VLA (or VLS member)
  bool has_flexible = false;
  bool has_const = false;
  uint32_t scalar_align = 1;    // see Record
  uint32_t required_align = 1;  // see Record
  RegisterKind held = RegisterKind::none;
  uint32_t own_align = 0;
  bool aligned_by_user = false;
};

// Fills offset, bit_offset of each field. The fields have been checked by TypeTable::complete_record.
// Error: the record is larger than kMaxObjectSize.
Result<RecordShape> layout_record(const TypeTable& types, std::vector<Field>& fields, bool is_union,
                                  const RecordAttributes& attributes);

// Bit-fields are read and written by these two only. They touch exactly the bytes that hold bits of the
// field, never the rest of its storage unit: packed records end before their units do, and neighbours
// may belong to another thread (C11 3.14). `offset`, `bit_offset` and `width` (1 to 64) are a Field's; of
// __int128 see read_wide_bits. `big_endian` is the target's.
inline uint64_t read_bits(const std::byte* record, uint64_t offset, unsigned bit_offset, unsigned width,
                          bool sign_extend, bool big_endian);
// Stores the low `width` bits of `value`.
inline void write_bits(std::byte* record, uint64_t offset, unsigned bit_offset, unsigned width, uint64_t value,
                       bool big_endian);

namespace bits_detail {

// What `n` bytes (1 to 8) say in the host's byte order, read by at most two overlapping loads within them.
// As if they were the first n of little-endian, the last n of big-endian machines' 8 bytes.
inline uint64_t load(const std::byte* p, unsigned n) {
  constexpr bool big = std::endian::native == std::endian::big;
  const auto join = [n](uint64_t first, uint64_t last, unsigned half) {
    const unsigned shift = 8 * (n - half);
    return big ? first << shift | last : first | last << shift;
  };
  if (n == 8) {
    uint64_t v;
    std::memcpy(&v, p, 8);
    return v;
  }
  if (n >= 4) {
    uint32_t first, last;
    std::memcpy(&first, p, 4);
    std::memcpy(&last, p + n - 4, 4);
    return join(first, last, 4);
  }
  if (n >= 2) {
    uint16_t first, last;
    std::memcpy(&first, p, 2);
    std::memcpy(&last, p + n - 2, 2);
    return join(first, last, 2);
  }
  return static_cast<uint64_t>(*p);
}

inline void store(std::byte* p, unsigned n, uint64_t v) {
  constexpr bool big = std::endian::native == std::endian::big;
  const auto half = [&](auto type, unsigned size) {
    const unsigned shift = 8 * (n - size);
    const auto first = static_cast<decltype(type)>(big ? v >> shift : v);
    const auto last = static_cast<decltype(type)>(big ? v : v >> shift);
    std::memcpy(p, &first, size);
    std::memcpy(p + n - size, &last, size);
  };
  if (n == 8) {
    std::memcpy(p, &v, 8);
  } else if (n >= 4) {
    half(uint32_t{}, 4);
  } else if (n >= 2) {
    half(uint16_t{}, 2);
  } else {
    *p = static_cast<std::byte>(v);
  }
}

// Between the host's order and the target's, for n bytes as load() gives them.
inline uint64_t reorder(uint64_t v, unsigned n, bool big_endian) {
  if (big_endian == (std::endian::native == std::endian::big)) return v;
  uint64_t r = 0;
  for (unsigned i = 0; i < n; ++i) r = r << 8 | ((v >> (8 * i)) & 0xff);
  return r;
}

}  // namespace bits_detail

inline uint64_t read_bits(const std::byte* record, uint64_t offset, unsigned bit_offset, unsigned width,
                          bool sign_extend, bool big_endian) {
  using namespace bits_detail;
  const std::byte* p = record + offset + bit_offset / 8;
  const unsigned shift = bit_offset % 8;
  const unsigned n = (shift + width + 7) / 8;  // 9 when a packed field of more than 56 bits straddles
  uint64_t v;
  if (n <= 8) {
    v = reorder(load(p, n), n, big_endian) >> (big_endian ? 8 * n - shift - width : shift);
  } else if (!big_endian) {
    v = reorder(load(p, 8), 8, false) >> shift | static_cast<uint64_t>(p[8]) << (64 - shift);
  } else {
    const unsigned rest = shift + width - 64;  // bits in the ninth byte
    v = reorder(load(p, 8), 8, true) << rest | static_cast<uint64_t>(p[8]) >> (8 - rest);
  }
  const unsigned unused = 64 - width;
  v <<= unused;
  return sign_extend ? static_cast<uint64_t>(static_cast<int64_t>(v) >> unused) : v >> unused;
}

inline void write_bits(std::byte* record, uint64_t offset, unsigned bit_offset, unsigned width, uint64_t value,
                       bool big_endian) {
  using namespace bits_detail;
  std::byte* p = record + offset + bit_offset / 8;
  const unsigned shift = bit_offset % 8;
  const unsigned n = (shift + width + 7) / 8;
  const uint64_t mask = ~uint64_t{0} >> (64 - width);
  value &= mask;
  if (n <= 8) {
    const unsigned up = big_endian ? 8 * n - shift - width : shift;
    const uint64_t old = reorder(load(p, n), n, big_endian);
    store(p, n, reorder((old & ~(mask << up)) | value << up, n, big_endian));
    return;
  }
  const unsigned rest = shift + width - 64;
  const uint64_t old = reorder(load(p, 8), 8, big_endian);
  const uint64_t last = static_cast<uint64_t>(p[8]);
  if (!big_endian) {
    store(p, 8, reorder((old & ~(mask << shift)) | value << shift, 8, false));
    p[8] = static_cast<std::byte>((last & ~(mask >> (64 - shift))) | value >> (64 - shift));
  } else {
    store(p, 8, reorder((old & ~(mask >> rest)) | value >> rest, 8, true));
    p[8] = static_cast<std::byte>((last & (0xffu >> rest)) | ((value << (8 - rest)) & 0xff));
  }
}

// Of the 128-bit integer types, any width up to 128. `value` is such an integer in memory, in the host's byte order,
// which has to be the target's.
inline void read_wide_bits(const std::byte* record, uint64_t offset, unsigned bit_offset, unsigned width,
                           bool sign_extend, bool big_endian, uint64_t (&value)[2]) {
  uint64_t& low = value[big_endian ? 1 : 0];
  uint64_t& high = value[big_endian ? 0 : 1];
  if (width <= 64) {
    low = read_bits(record, offset, bit_offset, width, sign_extend, big_endian);
    high = sign_extend && static_cast<int64_t>(low) < 0 ? ~uint64_t{0} : 0;
    return;
  }
  const unsigned rest = width - 64;  // in `high`, which comes first on big-endian machines
  low = read_bits(record, offset, bit_offset + (big_endian ? rest : 0), 64, false, big_endian);
  high = read_bits(record, offset, bit_offset + (big_endian ? 0 : 64), rest, sign_extend, big_endian);
}

inline void write_wide_bits(std::byte* record, uint64_t offset, unsigned bit_offset, unsigned width,
                            const uint64_t (&value)[2], bool big_endian) {
  const uint64_t low = value[big_endian ? 1 : 0];
  const uint64_t high = value[big_endian ? 0 : 1];
  if (width <= 64) {
    write_bits(record, offset, bit_offset, width, low, big_endian);
    return;
  }
  const unsigned rest = width - 64;
  write_bits(record, offset, bit_offset + (big_endian ? rest : 0), 64, low, big_endian);
  write_bits(record, offset, bit_offset + (big_endian ? 0 : 64), rest, high, big_endian);
}

}  // namespace ferry
