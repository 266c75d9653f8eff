// Random types, signatures and values for comparisons of calls with compilers, as C text, for any target.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "choices.h"
#include "ctype/type_table.h"

namespace ferry::calls_test {

using Bytes = std::vector<unsigned char>;

// What a comparison may ask its target for.
struct Features {
  bool vectors8 = true;
  bool vectors16 = true;
  bool packs = true;                     // records, by attributes and pragmas
  std::vector<std::string> conventions;  // attributes, by name, that some functions have
  int hollow = 0;                        // of 100 records: how many are one value, or two, among what has no bytes
};

struct Signature {
  std::string result;
  std::vector<std::string> params;
  size_t fixed = 0;  // < params.size() if variadic
  bool variadic = false;
  std::string convention;  // "ms_abi"; empty: C's own
};

class Generator {
 public:
  // `clang`: the compiler is one, and what it is known to do its own way is left out.
  Generator(const Choices& choices, bool clang, const Target& target, const Features& features);

  // Types that the others are made of.
  static std::string prelude(bool clang);
  // The next struct or union.
  std::string record();
  // A union whose members have one machine mode, so that gcc and clang let it be transparent.
  std::string transparent_union();
  Signature signature();

 private:
  std::string body(bool is_union, int depth);
  std::string hollow();
  std::string bitfield(const std::string& member);
  std::string any_type(bool prefer_records);
  std::string scalar();
  void without(std::string_view names);
  int pick(int low, int high) { return choices_.pick(low, high); }
  bool chance(int percent) { return !choices_.ended() && pick(0, 99) < percent; }

  Choices choices_;
  bool clang_;
  Features features_;
  int long_bits_;
  std::vector<std::string> scalars_;
  std::vector<std::string> records_;
  std::vector<std::string> transparent_;
  int members_ = 0;
};

// Of a declaration: "int a0, double a1, ...".
std::string parameter_list(const Signature& s, bool named);

// The bits of a value that are value, not padding.
Bytes mask_of(const TypeTable& types, TypeId id);

class Values {
 public:
  explicit Values(uint64_t seed) : random_(seed) {}
  // A random value: padding random too, bools 0 or 1.
  Bytes make(const TypeTable& types, TypeId id);

 private:
  std::mt19937_64 random_;
};

bool same_value(const Bytes& a, const unsigned char* b, const Bytes& mask);
std::string hex(const unsigned char* bytes, size_t size);

}  // namespace ferry::calls_test
