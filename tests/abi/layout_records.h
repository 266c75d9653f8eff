// Random records for comparing layouts: made once from a seed, then written as C for a compiler and built
// through the TypeTable for a target. Test code only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "choices.h"
#include "ctype/type_table.h"

namespace ferry::layout_test {

// What a compiler cannot do, or does otherwise than the compiler that is the reference for the target.
enum Omit : uint32_t {
  kOmitMsStruct = 1,  // the attribute exists on x86 only
  kOmitInt128 = 2,
  kOmitEmpty = 4,  // records without members have a size in Microsoft's C
  kOmitVectors = 8,
  kOmitInt128Bits = 16,
  kOmitAlignedBits = 32,  // `aligned` on bit-fields
  kOmitAlignedTypedefs = 64,
  kOmitUnionBits = 8192,  // Microsoft's compiler does not align unions by them, gcc does
  kOmitPragma = 16384,
  kOmitLowering = 2048,  // typedefs aligned to no more than their type
  kOmitPackWithAligned = 128,
  kOmitPacked = 256,
  kOmitPackedMember = 512,
  kOmitZeroArrays = 1024,
  kOmitFloat128 = 4096,
  kOmitPackedEnums = 32768,
  kOmitBfloat16 = 65536,
  kOmitDecimal = 131072,
  kOmitLoweredBits = 262144,  // bit-fields of typedefs that lower: gcc aligns some to their type, clang does not
};

enum class Base : uint8_t {
  char_,
  schar,
  uchar,
  short_,
  ushort,
  int_,
  uint,
  long_,
  ulong,
  llong,
  ullong,
  bool_,
  enum_,  // may be bit-fields
  float_,
  double_,
  ldouble,
  pointer,
  cfloat,
  cdouble,
  cldouble,
  int128,
  vector8,
  vector16,
  vector32,
  vector64,
  tiny,  // a packed enum
  float128,
  bfloat16,
  decimal32,
  decimal64,
  decimal128,
  cint,  // gcc's complex integers
  cllong,
  record,         // an earlier one
  inline_record,  // anonymous member
};
inline constexpr int kBitfieldBases = static_cast<int>(Base::enum_) + 1;
inline constexpr int kScalarBases = static_cast<int>(Base::cllong) + 1;

struct RecordPlan;

struct FieldPlan {
  Base base = Base::int_;
  int record = -1;                    // Base::record
  std::shared_ptr<RecordPlan> inner;  // Base::inline_record
  std::string name;                   // empty: unnamed
  int width = -1;                     // of a bit-field, before it is limited to its type's
  std::vector<uint64_t> dimensions;   // of an array; kFlexible as the first: flexible
  bool packed = false;
  uint32_t align = 0;
  uint32_t typedef_align = 0;  // the type is a typedef with this alignment
};

struct RecordPlan {
  bool is_union = false;
  bool packed = false;
  bool ms_struct = false;
  uint32_t align = 0;
  uint32_t pack = 0;
  std::vector<FieldPlan> fields;
};

std::vector<RecordPlan> make_records(const Choices& choices, int count);

// One record after another, for one target and one compiler's abilities. Both views of a record are made
// together, so that they agree on what is left out.
class Realiser {
 public:
  Realiser(const Target& target, uint32_t omit);

  struct Realised {
    TypeId type;
    std::string text;                    // declarations, the record itself as `struct rN` or `union rN`
    std::string tag;                     // "struct r12"
    std::vector<std::string> members;    // named ones that have an address, also through anonymous members
    std::vector<std::string> bitfields;  // named
  };
  // Error text in `failure` when the table refuses what C accepts.
  Realised realise(const RecordPlan& plan, std::string& failure);
  TypeTable& types() { return types_; }

 private:
  struct Surroundings {
    uint32_t pack;
    bool packed;
  };
  struct Built {
    TypeId type;
    std::string body;  // "struct tag { ... } attributes"
  };
  Built build(const RecordPlan& plan, const std::string& tag, const Surroundings& around, Realised& out,
              std::string& failure);
  TypeId base_type(const FieldPlan& field, std::string& text);

  TypeTable types_;
  uint32_t omit_;
  std::vector<TypeId> records_;
  std::vector<std::string> tags_;
  TypeId enum_, tiny_;
  int typedefs_ = 0;
  int fillers_ = 0;  // members of records that would have no named one
};

}  // namespace ferry::layout_test
