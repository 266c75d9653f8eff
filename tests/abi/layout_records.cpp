// Random records: generation, C text, and construction through the TypeTable.
#include "layout_records.h"

namespace ferry::layout_test {

namespace {

class Generator {
 public:
  explicit Generator(const Choices& choices) : choices_(choices) {}

  std::vector<RecordPlan> records(int count) {
    std::vector<RecordPlan> all;
    for (int i = 0; i < count; ++i) {
      names_ = 0;
      all.push_back(record(i, 0));
    }
    return all;
  }

 private:
  uint32_t below(uint32_t n) { return choices_.below(n); }
  bool chance(uint32_t percent) { return !choices_.ended() && below(100) < percent; }
  uint32_t power(uint32_t max_log2) { return uint32_t{1} << below(max_log2 + 1); }

  RecordPlan record(int earlier, int depth) {
    RecordPlan r;
    r.is_union = chance(20);
    r.packed = chance(18);
    r.ms_struct = chance(10);
    if (chance(12)) r.align = power(chance(80) ? 5 : 7);
    if (depth == 0 && chance(15)) r.pack = power(4);
    if (chance(6)) {
      whole(r);
      return r;
    }
    const uint32_t mode = below(3);  // mostly bit-fields, mixed, mostly others
    const uint32_t bit_percent = mode == 0 ? 85 : mode == 1 ? 45 : 10;
    const int n = static_cast<int>(below(depth == 0 ? 9 : 4)) + (chance(95) ? 1 : 0);
    for (int i = 0; i < n; ++i) r.fields.push_back(field(earlier, depth, bit_percent));
    if (depth == 0 && !r.is_union && chance(5) && !r.fields.empty() && !r.fields[0].name.empty()) {
      FieldPlan f;
      f.base = static_cast<Base>(below(kScalarBases));
      f.name = new_name();
      f.dimensions = {kFlexible};
      r.fields.push_back(f);
    }
    return r;
  }

  // A member that is all of the record behind one that has no bytes, which may align it to more.
  void whole(RecordPlan& r) {
    constexpr Base kAligned[] = {Base::llong,    Base::double_,   Base::vector8,
                                 Base::vector16, Base::decimal64, Base::decimal128};
    for (int i = 0; i < 2; ++i) {
      FieldPlan f;
      f.base = i == 0 ? kAligned[below(std::size(kAligned))] : static_cast<Base>(below(kScalarBases));
      f.name = new_name();
      if (i == 0) f.dimensions = {0};
      r.fields.push_back(f);
    }
  }

  FieldPlan field(int earlier, int depth, uint32_t bit_percent) {
    FieldPlan f;
    f.packed = chance(6);
    if (chance(7)) f.align = power(chance(80) ? 5 : 7);
    if (chance(bit_percent)) {
      f.base = chance(4) ? Base::int128 : static_cast<Base>(below(kBitfieldBases));
      if (chance(8)) {
        f.width = 0;
        f.align = 0;  // compilers disagree on attributes of `:0`, and nobody writes them
        f.packed = false;
      } else {
        f.width = static_cast<int>(chance(60) ? 1 + below(12) : 1 + below(128));
        if (!chance(12)) f.name = new_name();
      }
      if (f.width != 0 && chance(6)) f.typedef_align = power(5);
      return f;
    }
    if (depth < 2 && chance(12)) {
      f.base = Base::inline_record;
      f.inner = std::make_shared<RecordPlan>(record(earlier, depth + 1));
      return f;
    }
    f.name = new_name();
    if (earlier > 0 && chance(18)) {
      f.base = Base::record;
      f.record = static_cast<int>(below(static_cast<uint32_t>(earlier)));
    } else {
      f.base = static_cast<Base>(below(kScalarBases));
    }
    // gcc limits these by the instruction set (-mavx) when there is also an attribute.
    if (f.base == Base::vector32 || f.base == Base::vector64) f.align = 0;
    if (chance(20)) {
      for (uint32_t i = 1 + below(2); i-- > 0;) f.dimensions.push_back(chance(8) ? 0 : 1 + below(5));
    } else if (chance(10)) {
      f.typedef_align = power(5);
    }
    return f;
  }

  std::string new_name() { return "f" + std::to_string(names_++); }

  Choices choices_;
  int names_ = 0;
};

struct BaseRow {
  Base base;
  const char* text;
  Scalar scalar;  // none: needs the target
};
constexpr BaseRow kBases[] = {
    {Base::char_, "char", Scalar::char_},
    {Base::schar, "signed char", Scalar::schar},
    {Base::uchar, "unsigned char", Scalar::uchar},
    {Base::short_, "short", Scalar::int16},
    {Base::ushort, "unsigned short", Scalar::uint16},
    {Base::int_, "int", Scalar::int32},
    {Base::uint, "unsigned", Scalar::uint32},
    {Base::long_, "long", Scalar::none},
    {Base::ulong, "unsigned long", Scalar::none},
    {Base::llong, "long long", Scalar::int64},
    {Base::ullong, "unsigned long long", Scalar::uint64},
    {Base::bool_, "_Bool", Scalar::bool_},
    {Base::enum_, "enum e", Scalar::none},
    {Base::float_, "float", Scalar::float32},
    {Base::double_, "double", Scalar::float64},
    {Base::ldouble, "long double", Scalar::ldouble},
    {Base::pointer, "void *", Scalar::none},
    {Base::cfloat, "float _Complex", Scalar::cfloat},
    {Base::cdouble, "double _Complex", Scalar::cdouble},
    {Base::cldouble, "long double _Complex", Scalar::cldouble},
    {Base::int128, "__int128", Scalar::int128},
    {Base::vector8, "v8", Scalar::none},
    {Base::vector16, "v16", Scalar::none},
    {Base::vector32, "v32", Scalar::none},
    {Base::vector64, "v64", Scalar::none},
    {Base::tiny, "enum tiny", Scalar::none},
    {Base::float128, "_Float128", Scalar::float128},
    {Base::bfloat16, "__bf16", Scalar::bfloat16},
    {Base::decimal32, "_Decimal32", Scalar::decimal32},
    {Base::decimal64, "_Decimal64", Scalar::decimal64},
    {Base::decimal128, "_Decimal128", Scalar::decimal128},
    {Base::cint, "int _Complex", Scalar::none},
    {Base::cllong, "long long _Complex", Scalar::none},
};

}  // namespace

std::vector<RecordPlan> make_records(const Choices& choices, int count) {
  return Generator(choices).records(count);
}

Realiser::Realiser(const Target& target, uint32_t omit) : types_(target), omit_(omit) {
  enum_ = types_.new_enum(types_.intern("e"));
  types_.complete_enum(enum_, scalar_type(Scalar::uint32), {});
  tiny_ = types_.new_enum(types_.intern("tiny"));
  types_.complete_enum(tiny_, scalar_type(Scalar::schar), {});
  if (!target.has_int128) omit_ |= kOmitInt128;
  if (!target.has_decimal) omit_ |= kOmitDecimal;
}

TypeId Realiser::base_type(const FieldPlan& field, std::string& text) {
  Base base = field.base;
  if (base == Base::record) {
    text = tags_[static_cast<size_t>(field.record)];
    return records_[static_cast<size_t>(field.record)];
  }
  if (base == Base::int128 && ((omit_ & kOmitInt128) != 0 || (field.width >= 0 && (omit_ & kOmitInt128Bits) != 0))) {
    base = Base::llong;
  }
  if (base == Base::tiny && (omit_ & kOmitPackedEnums) != 0) base = Base::enum_;
  if (base == Base::float128 && (omit_ & kOmitFloat128) != 0) base = Base::double_;
  if (base == Base::bfloat16 && (omit_ & kOmitBfloat16) != 0) base = Base::short_;
  if (base >= Base::decimal32 && base <= Base::decimal128 && (omit_ & kOmitDecimal) != 0) base = Base::llong;
  if (base >= Base::vector8 && base <= Base::vector64 && (omit_ & kOmitVectors) != 0) base = Base::double_;
  const BaseRow& row = kBases[static_cast<size_t>(base)];
  text = row.text;
  if (row.scalar != Scalar::none) return scalar_type(row.scalar);
  const bool long8 = types_.target().long_size == 8;
  switch (base) {
    case Base::long_:
      return scalar_type(long8 ? Scalar::int64 : Scalar::int32);
    case Base::ulong:
      return scalar_type(long8 ? Scalar::uint64 : Scalar::uint32);
    case Base::enum_:
      return enum_;
    case Base::tiny:
      return tiny_;
    case Base::cint:
      return types_.complex_of(scalar_type(Scalar::int32));
    case Base::cllong:
      return types_.complex_of(scalar_type(Scalar::int64));
    case Base::pointer:
      return types_.pointer_to(scalar_type(Scalar::void_));
    case Base::vector8:
      return *types_.vector_of(scalar_type(Scalar::int32), 2);
    case Base::vector16:
      return *types_.vector_of(scalar_type(Scalar::float32), 4);
    case Base::vector32:
      return *types_.vector_of(scalar_type(Scalar::float64), 4);
    default:
      return *types_.vector_of(scalar_type(Scalar::float64), 8);
  }
}

Realiser::Built Realiser::build(const RecordPlan& plan, const std::string& tag, const Surroundings& around,
                                Realised& out, std::string& failure) {
  const auto omitted = [this](uint32_t what) { return (omit_ & what) != 0; };
  RecordAttributes attributes;
  attributes.packed = plan.packed && !omitted(kOmitPacked);
  attributes.pack = omitted(kOmitPragma) ? 0 : around.pack;  // the pragma reaches nested records
  attributes.align = plan.align;
  attributes.ms_struct = plan.ms_struct && !omitted(kOmitMsStruct);
  if (omitted(kOmitPackWithAligned) && (attributes.pack != 0 || attributes.packed)) attributes.align = 0;
  const bool packing = around.packed || attributes.pack != 0 || attributes.packed;

  const std::string keyword = plan.is_union ? "union" : "struct";
  std::string body = keyword + " " + tag + " {\n";
  std::vector<Field> fields;
  const auto plain_int = [&] {
    Field f;
    // Names of its own: members of anonymous records are also those of the records around.
    const std::string name = "only" + std::to_string(fillers_++);
    f.name = types_.intern(name);
    f.type = scalar_type(Scalar::int32);
    fields.push_back(f);
    body += "  int " + name + ";\n";
  };
  for (const FieldPlan& p : plan.fields) {
    if (p.width >= 0 && p.name.empty() && plan.is_union && omitted(kOmitUnionBits)) continue;
    Field f;
    std::string text, before, after;
    if (p.base == Base::inline_record) {
      Built inner = build(*p.inner, "", {plan.pack != 0 ? plan.pack : around.pack, packing}, out, failure);
      f.type = inner.type;
      text = inner.body;
    } else {
      f.type = base_type(p, text);
      if (p.typedef_align != 0 && !omitted(kOmitAlignedTypedefs) && !(p.width >= 0 && omitted(kOmitAlignedBits)) &&
          // Of bit-fields those that lower: what others do depends on the width, and compilers disagree.
          !(p.width >= 0 && (omitted(kOmitLoweredBits) || p.typedef_align > types_[f.type].align)) &&
          !(omitted(kOmitLowering) && p.typedef_align <= types_[f.type].align) &&
          !(omitted(kOmitPackWithAligned) && packing)) {
        const std::string name = "t" + std::to_string(typedefs_++);
        out.text +=
            "typedef " + text + " " + name + " __attribute__((aligned(" + std::to_string(p.typedef_align) + ")));\n";
        f.type = types_.aligned(f.type, p.typedef_align);
        text = name;
      }
    }
    // An array of records without size would have elements aligned to more than their size.
    if (types_[f.type].size != 0 || p.base != Base::record) {
      for (size_t i = p.dimensions.size(); i-- > 0;) {
        uint64_t n = p.dimensions[i];
        if (n == 0 && omitted(kOmitZeroArrays)) n = 1;
        Result<TypeId> array = types_.array_of(f.type, n);
        if (!array.ok()) {
          failure = array.message();
          return {kNoType, body};
        }
        f.type = *array;
        after = (n == kFlexible ? "[]" : "[" + std::to_string(n) + "]") + after;
      }
    }
    f.name = types_.intern(p.name);
    if (p.width >= 0 && !(plan.is_union && omitted(kOmitUnionBits))) {
      const Type& t = types_[f.type];
      const int limit = t.kind == Kind::boolean ? 1 : static_cast<int>(t.size * 8);
      const int width = p.width <= limit ? p.width : 1 + p.width % limit;
      f.bit_width = static_cast<uint8_t>(width);
      after = " : " + std::to_string(width);
      if (!p.name.empty()) out.bitfields.push_back(p.name);
    } else if (!p.name.empty()) {
      out.members.push_back(p.name);
    }
    if (p.packed && p.base != Base::inline_record && !omitted(kOmitPackedMember)) {
      f.packed = true;
      after += " __attribute__((packed))";
    }
    if (p.align != 0 && p.base != Base::inline_record && !(p.width >= 0 && omitted(kOmitAlignedBits)) &&
        !(omitted(kOmitPackWithAligned) && (packing || f.packed))) {
      f.align = p.align;
      after += " __attribute__((aligned(" + std::to_string(p.align) + ")))";
    }
    body += "  " + text + " " + p.name + after + ";\n";
    fields.push_back(f);
  }
  if (omitted(kOmitEmpty)) {
    bool sized = false;
    for (const Field& f : fields)
      sized |= f.is_bitfield() ? f.bit_width != 0 && f.name != kNoName : types_[f.type].size != 0;
    if (!sized && !(fields.size() > 0 && types_[fields.back().type].count == kFlexible)) plain_int();
  }
  body += "}";
  if (attributes.packed) body += " __attribute__((packed))";
  if (attributes.ms_struct) body += " __attribute__((ms_struct))";
  if (attributes.align != 0) body += " __attribute__((aligned(" + std::to_string(attributes.align) + ")))";

  const TypeId type = types_.new_record(tag.empty() ? kNoName : types_.intern(tag), plan.is_union);
  Result<void> done = types_.complete_record(type, std::move(fields), {}, attributes);
  if (!done.ok()) failure = done.message();
  return {type, body};
}

Realiser::Realised Realiser::realise(const RecordPlan& plan, std::string& failure) {
  Realised out;
  const std::string tag = "r" + std::to_string(records_.size());
  out.tag = (plan.is_union ? "union " : "struct ") + tag;
  Built built = build(plan, tag, {plan.pack, false}, out, failure);
  out.type = built.type;
  if (plan.pack != 0 && (omit_ & kOmitPragma) == 0)
    out.text += "#pragma pack(push, " + std::to_string(plan.pack) + ")\n";
  out.text += built.body + ";\n";
  if (plan.pack != 0 && (omit_ & kOmitPragma) == 0) out.text += "#pragma pack(pop)\n";
  records_.push_back(out.type);
  tags_.push_back(out.tag);
  return out;
}

}  // namespace ferry::layout_test
