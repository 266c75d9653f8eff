// Lowering to libffi. Where the host has a call plan, a value is described by the pieces it travels in:
// so unions, bit-fields, packed records and vectors become equivalent structs. Elsewhere records are
// described by their members.
#include "call/libffi/types.h"

#include <algorithm>

#include "abi/builder.h"
#include "abi/plan.h"
#include "abi/registry.h"
#include "call/libffi/library.h"
#include "ctype/spell.h"

namespace ferry::call {
namespace {

// Arrays in records are lowered element by element; records longer than this are passed in memory by
// every ABI, whatever they are made of.
constexpr uint64_t kMaxElements = 1024;
constexpr int kMaxDepth = 200;  // nesting of records, for the C stack's sake
// An address on the stack, and what aligns the copy that it leads to.
constexpr unsigned kAddressAndGap = 16;
// libffi: arguments of a size that does not fit its 32-bit byte count.
constexpr uint64_t kMaxLoweredSize = uint64_t{1} << 20;

Error refuse(const TypeTable& types, TypeId id, std::string_view why) {
  return Error{"libffi cannot pass '" + spell(types, id) + "' by value: " + std::string(why)};
}

ffi_type* integer_type(uint64_t size, bool is_unsigned) {
  switch (size) {
    case 1:
      return is_unsigned ? libffi().uint8 : libffi().sint8;
    case 2:
      return is_unsigned ? libffi().uint16 : libffi().sint16;
    case 4:
      return is_unsigned ? libffi().uint32 : libffi().sint32;
    case 8:
      return is_unsigned ? libffi().uint64 : libffi().sint64;
    default:
      return nullptr;
  }
}

// A type that libffi knows itself, or null.
ffi_type* scalar_ffi_type(const TypeTable& types, const Type& t) {
  switch (t.kind) {
    case Kind::void_:
      return libffi().void_;
    case Kind::boolean:
    case Kind::integer:
    case Kind::enumeration:
      return integer_type(t.size, (t.flags & kUnsigned) != 0);
    case Kind::pointer:
    case Kind::reference:
      return libffi().pointer;
    case Kind::floating:
      if (t.size == 4) return libffi().float_;
      if (t.size == 8) return libffi().double_;
      if (t.scalar == Scalar::ldouble) return libffi().longdouble;
      // The same format where long double is binary128.
      if (t.scalar == Scalar::float128 && types.target().long_double == LongDouble::binary128) {
        return libffi().longdouble;
      }
      return nullptr;
    default:
      return nullptr;
  }
}

// Of a union without a plan: the floating scalar that all its members are made of, or no type.
struct Leaves {
  TypeId floating = kNoType;
  bool mixed = false;  // different floating types, or floating and others
  bool other = false;
  bool vector = false;
};

void collect(const TypeTable& types, TypeId id, Leaves& leaves, int depth, int& steps) {
  const Type& t = types[id];
  if (depth > kMaxDepth || ++steps > abi::kMaxClassifySteps) {
    leaves.mixed = true;
    return;
  }
  if (is_record(t)) {
    for (const Field& field : types.record(id).fields) {
      if (field.is_bitfield() && field.bit_width == 0) continue;
      collect(types, field.type, leaves, depth + 1, steps);
    }
  } else if (t.kind == Kind::array) {
    collect(types, t.base, leaves, depth + 1, steps);
  } else if (t.kind == Kind::floating) {
    if (leaves.floating != kNoType && types[leaves.floating].scalar != t.scalar) leaves.mixed = true;
    leaves.floating = id;
  } else if (t.kind == Kind::complex || t.kind == Kind::vector) {
    leaves.mixed = true;
    leaves.vector = leaves.vector || t.kind == Kind::vector;
  } else {
    leaves.other = true;
  }
  if (leaves.other && leaves.floating != kNoType) leaves.mixed = true;
}

}  // namespace

namespace {

// libffi 3.4.4, System V x86-64: the INTEGER eightbyte of a two-eightbyte struct is copied to its register
// with all 16 bytes, which from r9, the last one, runs over into xmm0.
Result<void> check_last_register(const TypeTable& types, TypeId function, std::span<const TypeId> extra) {
  if (abi::abi_of(types.target(), types.function(function).conv) != abi::Abi::sysv_x64) return {};
  Result<abi::CallPlan> plan = abi::plan_call(types, function, extra);
  if (!plan) return plan.error();
  for (const abi::ArgPlan& arg : plan->args) {
    std::span<const abi::Piece> pieces = plan->pieces_of(arg);
    if (pieces.size() != 2 || pieces[0].where != abi::Where::gpr || pieces[0].reg != 5) continue;
    if (pieces[1].where == abi::Where::fpr && pieces[1].reg > 0) {
      return refuse(types, arg.type, "libffi would overwrite xmm0 here");
    }
  }
  return {};
}

// Microsoft's x64 convention: what compilers pass differently on the stack, which a value by itself does not say.
Result<void> check_agreed(const TypeTable& types, TypeId function, std::span<const TypeId> extra) {
  if (abi::abi_of(types.target(), types.function(function).conv) != abi::Abi::win_x64) return {};
  Result<abi::CallPlan> plan = abi::plan_call(types, function, extra);
  if (!plan) return plan.error();
  return {};
}

// System V's conventions on i386, where the number of bytes says all, and where they lie.
bool is_i386(abi::Abi abi) {
  return abi >= abi::Abi::i386_cdecl && abi <= abi::Abi::i386_thiscall;
}

// libffi on i386 puts each argument directly behind the one before it, and aligns the first to 16 bytes.
Result<void> check_no_gaps(const TypeTable& types, TypeId function, std::span<const TypeId> extra) {
  if (!is_i386(abi::abi_of(types.target(), types.function(function).conv))) return {};
  Result<abi::CallPlan> plan = abi::plan_call(types, function, extra);
  if (!plan) return plan.error();
  uint64_t end = plan->memory_on_stack ? plan->word : 0;
  for (const abi::ArgPlan& arg : plan->args) {
    if (!arg.on_stack) continue;
    const bool more_aligned = plan->stack_align > 16 && arg.align > 16;
    if (arg.stack_offset != end || more_aligned) return refuse(types, arg.type, "libffi does not align it");
    end += (arg.size + plan->word - 1) / plan->word * plan->word;
  }
  return {};
}

// The conventions whose pieces this file knows how to describe to libffi.
bool lowers_by_plan(abi::Abi abi) {
  switch (abi) {
    case abi::Abi::sysv_x64:
    case abi::Abi::win_x64:
    case abi::Abi::aapcs64:
    case abi::Abi::aapcs64_darwin:
    case abi::Abi::aapcs64_windows:
      return true;
    default:
      return false;
  }
}

// RISC-V, POWER, s390x: a record that travels as integers do. Its members may say otherwise to libffi, which flattens
// unions, knows no bit-fields, no members without bytes, and takes floats for homogeneous that padding follows.
Result<bool> travels_as_integers(const TypeTable& types, TypeId id, CallConv conv, bool is_result) {
  const abi::Abi abi = abi::abi_of(types.target(), conv);
  const bool asked = abi == abi::Abi::riscv64_lp64d || abi == abi::Abi::elfv2 || abi == abi::Abi::s390x;
  if (!asked || !is_record(types[id])) return false;
  Result<abi::CallPlan> plan = abi::plan_value(types, id, conv, is_result);
  if (!plan) return plan.error();
  return std::all_of(plan->pieces.begin(), plan->pieces.end(), [](const abi::Piece& piece) {
    return piece.where == abi::Where::gpr || piece.where == abi::Where::stack;
  });
}

// ARM, by what a value is: general registers or memory whatever is in it, or VFP registers.
bool is_arm(abi::Abi abi) {
  return abi == abi::Abi::aapcs32 || abi == abi::Abi::aapcs32_vfp;
}

// gcc aligns what has no bytes (abi/aapcs32.cpp, riscv64.cpp, elfv2.cpp), but libffi is not told of it.
Result<void> check_nothing_aligned(const TypeTable& types, TypeId function, std::span<const TypeId> extra) {
  const Arch arch = types.target().arch;
  if (arch != Arch::arm && arch != Arch::riscv64 && arch != Arch::ppc64le) return {};
  const uint32_t aligned = arch == Arch::arm ? 8 : 16;
  Result<abi::CallPlan> plan = abi::plan_call(types, function, extra);
  if (!plan) return plan.error();
  for (const abi::ArgPlan& arg : plan->args) {
    if (arg.size == 0 && arg.align >= aligned) return refuse(types, arg.type, "libffi does not align it");
  }
  return {};
}

// gcc, clang: an empty C struct is not passed, but by Microsoft's convention its address is.
bool passes_empty(const TypeTable& types, TypeId id, CallConv conv) {
  Result<abi::CallPlan> plan = abi::plan_value(types, id, conv, false);
  return plan.ok() && plan->args[0].by_reference;
}

}  // namespace

ffi_type* FfiSignature::structure(uint64_t size, uint32_t align, std::vector<ffi_type*> elements) {
  elements.push_back(nullptr);
  Node& node = nodes_.emplace_back();
  node.elements = std::move(elements);
  node.type.size = size;  // preset: libffi computes only what is 0
  node.type.alignment = static_cast<unsigned short>(align);
  node.type.type = FFI_TYPE_STRUCT;
  node.type.elements = node.elements.data();
  return &node.type;
}

// A record of integers without a say in how it is passed beyond its size and alignment.
ffi_type* FfiSignature::bytes(uint64_t size, uint32_t align) {
  uint64_t unit = std::min<uint64_t>({align, 8, size & -size});
  std::vector<ffi_type*> elements;
  for (uint64_t at = 0; at < size && elements.size() < kMaxElements; at += unit) {
    elements.push_back(integer_type(unit, true));
  }
  return structure(size, align, std::move(elements));
}

Result<ffi_type*> FfiSignature::lower_by_plan(const TypeTable& types, TypeId id, CallConv conv, bool is_result) {
  Result<abi::CallPlan> plan = abi::plan_value(types, id, conv, is_result);
  if (!plan) return plan.error();
  const Type& t = types[id];
  bool x64 = plan->abi == abi::Abi::sysv_x64;
  uint32_t align = types[t.canonical].align;

  // psABI class MEMORY: libffi classifies by members, and gives up on one that claims more than 32 bytes.
  if (is_result ? plan->result.in_memory : plan->args[0].on_stack || plan->args[0].by_reference) {
    if (align > 16) return refuse(types, id, "its alignment is above 16 bytes");
    if (plan->abi == abi::Abi::win_x64 && (t.size == 4 || t.size == 8)) {
      return refuse(types, id, "libffi has no vectors");
    }
    if (t.size <= 32 && x64) {
      ffi_type* claims = structure(40, 1, {libffi().uint8});
      return structure(t.size, align, {claims});
    }
    // By reference: libffi 3.4.4 aligns the pointer's stack slot as the record, so it claims a pointer's alignment.
    return structure(t.size, x64 ? align : std::min<uint32_t>(align, 8), {libffi().uint8});
  }

  std::span<const abi::Piece> pieces = is_result ? plan->result_pieces() : plan->pieces_of(plan->args[0]);
  if (pieces.empty() || pieces[0].value_offset != 0) return refuse(types, id, "its first eightbyte is padding");
  if (pieces[0].where == abi::Where::x87) {
    ffi_type* whole = pieces.size() == 2 ? libffi().complex_longdouble : libffi().longdouble;
    if (whole == nullptr) return refuse(types, id, "libffi has no such complex type here");
    return whole;
  }
  // AAPCS64 C.10: libffi does not start composites of alignment 16 at an even register.
  if (!x64 && !is_result && align >= 16 && pieces[0].where == abi::Where::gpr) {
    return refuse(types, id, "libffi takes the wrong registers for alignment 16");
  }
  const abi::Piece& last = pieces.back();
  if (x64 && !is_result && last.value_offset + 8 < t.size && last.size <= 8) {
    // libffi 3.4.4's closures take a general register for it.
    return refuse(types, id, "its second eightbyte is padding");
  }
  std::vector<ffi_type*> elements;
  for (const abi::Piece& piece : pieces) {
    if (piece.where == abi::Where::fpr) {
      if (piece.size > 8 && plan->abi != abi::Abi::aapcs64) return refuse(types, id, "libffi has no vectors");
      // Floats of 2 bytes alone are the low bytes of a float; in a row they are not.
      if (piece.size == 2 && plan->abi == abi::Abi::aapcs64 && t.kind != Kind::floating) {
        return refuse(types, id, "libffi has no aggregates of 2-byte floats");
      }
      // AAPCS64: short vectors travel as floating-point values of their size do.
      elements.push_back(piece.size <= 4 ? libffi().float_ : piece.size <= 8 ? libffi().double_ : libffi().longdouble);
      continue;
    }
    uint32_t left = piece.size;
    for (uint32_t unit = 8; unit > 0; unit /= 2) {
      while (left >= unit) {
        elements.push_back(integer_type(unit, true));
        left -= unit;
      }
    }
  }
  if (plan->abi == abi::Abi::win_x64 || (elements.size() == 1 && t.kind == Kind::floating)) {
    if (elements.size() == 1) return elements[0];
  }
  return structure(t.size, align, std::move(elements));
}

Result<ffi_type*> FfiSignature::lower_by_structure(const TypeTable& types, TypeId id, int depth) {
  const Type& t = types[id];
  if (depth > kMaxDepth) return refuse(types, id, "it is too deeply nested");
  if (ffi_type* scalar = scalar_ffi_type(types, t)) return scalar;
  if (t.kind == Kind::complex && !is_integer_complex(t)) {
    if (types.target().arch == Arch::riscv64) {  // libffi may have none, but passes a struct of two the same way
      ffi_type* part = t.scalar == Scalar::cfloat    ? libffi().float_
                       : t.scalar == Scalar::cdouble ? libffi().double_
                                                     : libffi().longdouble;
      return structure(t.size, t.align, {part, part});
    }
#ifdef FFI_TARGET_HAS_COMPLEX_TYPE
    if (t.scalar == Scalar::cfloat) return libffi().complex_float;
    if (t.scalar == Scalar::cdouble) return libffi().complex_double;
    if (t.scalar == Scalar::cldouble) return libffi().complex_longdouble;
#endif
    return refuse(types, id, "libffi has no such complex type here");
  }
  if (!is_record(t)) return refuse(types, id, "libffi has no such type");
  const Record& record = types.record(id);
  // gcc for i386 aligns records on the stack to 4 whatever they ask for, unless vectors are in them; on POWER those
  // that do not travel as integers to 8.
  const Arch processor = types.target().arch;
  const uint32_t most = processor == Arch::i386 ? 4 : processor == Arch::ppc64le ? 8 : t.align;
  const uint32_t align = std::min<uint32_t>(t.align, most);
  Leaves leaves;
  int steps = 0;
  collect(types, id, leaves, depth, steps);
  // i386 System V: records travel in memory, whatever is in them.
  if (types.target().arch == Arch::i386 && types.target().os == Os::linux_ && !leaves.vector) {
    return bytes(t.size, align);
  }
  if (record.is_union) {
    if (leaves.mixed) return refuse(types, id, "a union of floating-point and other members");
    // AAPCS and ELFv2 see a union of floats as a homogeneous aggregate; s390x and riscv64 as integers.
    Arch arch = types.target().arch;
    bool homogeneous = arch == Arch::arm || arch == Arch::aarch64 || arch == Arch::ppc64le;
    if (leaves.floating == kNoType || !homogeneous) return bytes(t.size, align);
    uint64_t unit = types[leaves.floating].size;
    ffi_type* element = scalar_ffi_type(types, types[leaves.floating]);
    if (element == nullptr || t.size % unit != 0 || t.size / unit > kMaxElements) {
      return refuse(types, id, "libffi has no such type");
    }
    return structure(t.size, align, std::vector<ffi_type*>(t.size / unit, element));
  }
  if (record.has_bitfields || record.unaligned_fields) {
    if (leaves.floating != kNoType || leaves.mixed) {
      return refuse(types, id, "bit-fields or packed members beside floating-point ones");
    }
    return bytes(t.size, align);
  }
  std::vector<ffi_type*> elements;
  for (const Field& field : record.fields) {
    if (field.is_bitfield()) continue;  // `:0`
    TypeId element = field.type;
    uint64_t count = 1;
    while (types[element].kind == Kind::array) {
      uint64_t inner = types[element].size;
      element = types[element].base;
      count = types[element].size == 0 ? 0 : count * (inner / types[element].size);
    }
    if (types[element].size == 0) count = 0;
    if (count == 0) continue;
    if (elements.size() + count > kMaxElements) return bytes(t.size, align);
    Result<ffi_type*> lowered = lower_by_structure(types, element, depth + 1);
    if (!lowered) return lowered;
    elements.insert(elements.end(), count, *lowered);
  }
  return structure(t.size, align, std::move(elements));
}

Result<ffi_type*> FfiSignature::lower_i386(const TypeTable& types, TypeId id, CallConv conv, bool is_result) {
  Result<abi::CallPlan> plan = abi::plan_value(types, id, conv, is_result);
  if (!plan) return plan.error();
  const uint64_t size = types[id].size;
  if (is_result && !plan->result.in_memory) return libffi().sint64;  // edx:eax, a complex number of two floats
  // libffi has no empty structs; a result of one byte is in memory, too.
  return structure(std::max<uint64_t>(size, 1), 4, {libffi().uint8});
}

Result<ffi_type*> FfiSignature::lower_arm(const TypeTable& types, TypeId id, CallConv conv, bool is_result) {
  Result<abi::CallPlan> plan = abi::plan_value(types, id, conv, is_result);
  if (!plan) return plan.error();
  const Type& t = types[id];
  // Variadic functions have them in general registers.
  if (is_result && t.kind == Kind::vector) return refuse(types, id, "libffi has no vectors");
  const std::span<const abi::Piece> pieces = is_result ? plan->result_pieces() : plan->pieces_of(plan->args[0]);
  // A composite begins at an even register, or not, by its members' alignment.
  const uint32_t align = abi::natural_align(types, id) >= 8 ? 8 : 4;
  if (pieces.empty() || pieces[0].where != abi::Where::fpr) return bytes(t.size, align);
  if (pieces[0].size > 8) return refuse(types, id, "libffi has no vectors");
  ffi_type* element = pieces[0].size == 4 ? libffi().float_ : libffi().double_;
  return structure(t.size, align, std::vector<ffi_type*>(pieces.size(), element));
}

Result<ffi_type*> FfiSignature::lower(const TypeTable& types, TypeId id, CallConv conv, bool is_result) {
  const Type& t = types[id];
  if (t.size > kMaxLoweredSize) return refuse(types, id, "it is larger than 1 MiB");
  bool known_half = t.kind == Kind::floating && t.size == 2;
  bool planned = lowers_by_plan(abi::abi_of(types.target(), conv));
  // gcc's ms_abi passes long double by reference, as it does a struct.
  bool ms_long_double =
      abi::abi_of(types.target(), conv) == abi::Abi::win_x64 && t.scalar == Scalar::ldouble && t.size > 8;
  if (!known_half && !ms_long_double) {
    if (ffi_type* scalar = scalar_ffi_type(types, t)) return scalar;
  }
  if (is_i386(abi::abi_of(types.target(), conv))) return lower_i386(types, id, conv, is_result);
  if (is_arm(abi::abi_of(types.target(), conv))) return lower_arm(types, id, conv, is_result);
  Result<bool> integers = travels_as_integers(types, id, conv, is_result);
  if (!integers) return integers.error();
  if (*integers) return bytes(t.size, t.align);
  return planned ? lower_by_plan(types, id, conv, is_result) : lower_by_structure(types, id, 0);
}

Result<void> FfiSignature::prepare(const TypeTable& types, TypeId function, std::span<const TypeId> extra) {
  if (types[function].kind != Kind::function) return Error{"'" + spell(types, function) + "' is not a function type"};
  const Function& f = types.function(function);
  abi::Abi convention = abi::abi_of(types.target(), f.conv);
  if (convention != abi::abi_of(host_target(), f.conv)) {
    return Error{"no calls by the convention " + std::string(abi::info(convention).name) + " in this build"};
  }
  if (types.target().name != host_target().name) {
    return Error{"types of " + std::string(types.target().name) + " cannot be called here"};
  }
  if (!extra.empty() && !f.variadic) return Error{"too many arguments for '" + spell(types, function) + "'"};
  Result<ffi_abi> abi = ffi_abi_of(f.conv);
  if (!abi) return abi.error();

  std::vector<TypeId> ids;
  for (const Param& param : f.params) ids.push_back(param.type);
  ids.insert(ids.end(), extra.begin(), extra.end());
  unsigned fixed = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    const Type& t = types[ids[i]];
    if ((t.flags & (kIncomplete | kVariable)) != 0 || t.kind == Kind::void_ || t.kind == Kind::array ||
        t.kind == Kind::function) {
      return Error{"cannot pass '" + spell(types, ids[i]) + "' by value: its size is not known"};
    }
    if (t.size == 0 && !passes_empty(types, ids[i], f.conv)) {
      positions_.push_back(kNotPassed);
      continue;
    }
    // libffi has no empty structs; of one of three bytes Microsoft's convention and s390x pass the address just so.
    Result<ffi_type*> lowered = t.size == 0 ? bytes(3, 1) : lower(types, ids[i], f.conv, false);
    if (!lowered) return lowered.error();
    positions_.push_back(static_cast<uint32_t>(args_.size()));
    args_.push_back(*lowered);
    if (i < f.params.size()) fixed = static_cast<unsigned>(args_.size());
  }
  const Type& r = types[f.result];
  if (r.kind != Kind::void_ && (r.flags & (kIncomplete | kVariable)) != 0) {
    return Error{"cannot return '" + spell(types, f.result) + "' by value: its size is not known"};
  }
  // gcc, clang: on i386 and s390x an empty record comes back in memory, as all records do.
  const bool any_in_memory = is_i386(convention) || convention == abi::Abi::s390x;
  if (r.size == 0 && !(is_record(r) && any_in_memory)) {
    result_ = libffi().void_;
  } else {
    const bool empty = r.size == 0 && !is_i386(convention);
    Result<ffi_type*> lowered = empty ? bytes(3, 1) : lower(types, f.result, f.conv, true);
    if (!lowered) return lowered.error();
    result_ = *lowered;
  }
  if (Result<abi::CallPlan> plan = abi::plan_call(types, function, extra)) {
    for (const abi::ArgPlan& arg : plan->args) {
      if (arg.is_not_passed() && arg.size != 0) return refuse(types, arg.type, "it has no members");
    }
  }
  if (Result<void> ok = check_agreed(types, function, extra); !ok) return ok;
  if (Result<void> ok = check_last_register(types, function, extra); !ok) return ok;
  if (Result<void> ok = check_no_gaps(types, function, extra); !ok) return ok;
  if (Result<void> aligned = check_nothing_aligned(types, function, extra); !aligned) return aligned;
  auto count = static_cast<unsigned>(args_.size());
  ffi_status status = f.variadic ? libffi().prep_cif_var(&cif_, *abi, fixed, count, result_, args_.data())
                                 : libffi().prep_cif(&cif_, *abi, count, result_, args_.data());
  if (status != FFI_OK) return Error{"libffi cannot express '" + spell(types, function) + "'"};
  argument_bytes_ = cif_.bytes;
  // libffi 3.4 on AArch64 copies structs into the area for arguments, where their addresses want room as well.
  if (types.target().arch == Arch::aarch64) cif_.bytes += count * kAddressAndGap;
  return {};
}

namespace {

void append_key(std::string& text, const ffi_type& type, int depth) {
  text += std::to_string(type.type) + ':' + std::to_string(type.size) + ':' + std::to_string(type.alignment);
  if (type.type != FFI_TYPE_STRUCT || depth > kMaxDepth) return;
  text += '{';
  for (ffi_type** element = type.elements; *element != nullptr; ++element) {
    append_key(text, **element, depth + 1);
    text += ' ';
  }
  text += '}';
}

}  // namespace

std::string FfiSignature::key() const {
  std::string text = std::to_string(static_cast<int>(cif_.abi)) + '(';
  for (const ffi_type* arg : args_) {
    append_key(text, *arg, 0);
    text += ' ';
  }
  text += ")";
  for (uint32_t position : positions_) text += position == kNotPassed ? '-' : '+';
  append_key(text, *result_, 0);
  return text;
}

}  // namespace ferry::call
