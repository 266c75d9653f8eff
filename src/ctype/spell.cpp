// Type -> C text. A declarator is written from its name outwards: what stands left of the name is collected
// backwards, what stands right of it forwards, so chains of any length need neither recursion nor copying;
// only parameters recur.
#include "ctype/spell.h"

#include <algorithm>

namespace ferry {

namespace {

// Function types whose parameters are functions with functions as parameters ... double in length per
// level; beyond these limits "..." stands for the rest, and the text is for reading only.
constexpr size_t kMaxLength = size_t{64} * 1024;
constexpr unsigned kMaxDepth = 32;

constexpr std::string_view kScalarNames[] = {
    "<no type>",
#define X(id, spelling, klass, is_unsigned, size, align) spelling,
#include "base/scalars.def"
#undef X
};

struct QualifierName {
  Qualifier bit;
  std::string_view text;
};
constexpr QualifierName kQualifiers[] = {
    {kConst, "const"}, {kVolatile, "volatile"}, {kRestrict, "restrict"}, {kAtomic, "_Atomic"}};

std::string conv_attribute(CallConv conv) {
  return "__attribute__((" + std::string(convention_name(conv)) + "))";
}

// "const volatile", without blanks around.
std::string quals_text(uint8_t quals) {
  std::string text;
  for (const QualifierName& q : kQualifiers) {
    if ((quals & q.bit) == 0) continue;
    if (!text.empty()) text += ' ';
    text += q.text;
  }
  return text;
}

// "struct point"; of one without a tag the typedef that named it, or a number.
std::string tagged(const TypeTable& types, std::string_view keyword, NameId tag, NameId alias, uint32_t serial) {
  if (tag == kNoName && alias != kNoName) return std::string(types.name(alias));
  std::string text(keyword);
  text += ' ';
  if (tag != kNoName) {
    text += types.name(tag);
  } else {
    text += std::to_string(serial);
  }
  return text;
}

// " {x, y}": what tells a record without any name from others.
std::string member_names(const TypeTable& types, const Record& r) {
  constexpr size_t kMaxNames = 4;
  std::string text;
  size_t named = 0;
  for (const Field& field : r.fields) {
    if (field.name == kNoName) continue;
    text += named == 0 ? " {" : ", ";
    if (++named > kMaxNames) return text + "...}";
    text += types.name(field.name);
  }
  return named == 0 ? text : text + "}";
}

// A type that is no declarator: scalar, record, enum, vector; with its qualifiers.
std::string specifier(const TypeTable& types, TypeId id, const TypeNames* names) {
  const Type& t = types[id];
  std::string text = quals_text(t.quals);
  if (!text.empty()) text += ' ';
  if (names != nullptr) {
    const auto found = names->find(t.canonical);
    if (found != names->end()) return text + found->second;
  }
  switch (t.kind) {
    case Kind::structure:
    case Kind::union_: {
      const Record& r = types.record(id);
      text += tagged(types, r.is_union ? "union" : "struct", r.tag, r.alias, r.serial);
      return r.tag == kNoName && r.alias == kNoName ? text + member_names(types, r) : text;
    }
    case Kind::enumeration: {
      const Enum& e = types.enumeration(id);
      return text + tagged(types, "enum", e.tag, e.alias, e.serial);
    }
    case Kind::vector:
      return text + specifier(types, types[t.base].unqualified, names) + " __attribute__((vector_size(" +
             std::to_string(t.size) + ")))";
    default:
      if (is_integer_complex(t)) {  // no typedef's name may follow: `complex int64_t` declares that name
        const Type& part = types[t.base];
        if (part.scalar == Scalar::int64 || part.scalar == Scalar::uint64)
          return text + (part.scalar == Scalar::int64 ? "complex long long" : "complex unsigned long long");
        return text + "complex " + specifier(types, t.base, names);
      }
      if (is_bit_int(t)) {
        if ((t.flags & kUnsigned) != 0) text += "unsigned ";
        return text + "_BitInt(" + std::to_string(t.count) + ")";
      }
      text += kScalarNames[static_cast<size_t>(t.scalar)];
      return text;
  }
}

// An alignment attribute on the outermost level, which a declaration has at its end. Within a type it
// cannot be written without a typedef.
bool explicitly_aligned(const TypeTable& types, const Type& t) {
  if (t.kind == Kind::function || t.kind == Kind::none) return false;
  if (t.kind == Kind::array) return t.align != types[t.base].align;
  return t.align != types[t.canonical].align;
}

std::string spell_declaration(const TypeTable& types, TypeId id, std::string_view declared, size_t& budget,
                              unsigned depth, const TypeNames* names) {
  std::string left;  // reversed
  std::string right;
  const auto prepend = [&](std::string_view text) { left.append(text.rbegin(), text.rend()); };

  std::string base;
  TypeId level = id;
  while (base.empty()) {
    if (left.size() + right.size() > budget) {
      base = "...";
      break;
    }
    const Type& t = types[level];
    switch (t.kind) {
      case Kind::pointer:
      case Kind::reference: {
        const std::string quals = quals_text(t.quals);
        if (!quals.empty()) {
          if (!left.empty() || !declared.empty()) left += ' ';
          prepend(quals);
        }
        left += t.kind == Kind::pointer ? '*' : '&';
        const Kind next = types[t.base].kind;
        if (next == Kind::array || next == Kind::function) {
          if (next == Kind::function && types.function(t.base).conv != CallConv::c) {
            left += ' ';
            prepend(conv_attribute(types.function(t.base).conv));
          }
          left += '(';
          right += ')';
        }
        level = t.base;
        break;
      }
      case Kind::array:
        right += '[';
        if (t.count == kVla) {
          right += '?';
        } else if (t.count != kFlexible) {
          right += std::to_string(t.count);
        }
        right += ']';
        level = t.base;
        break;
      case Kind::function: {
        const Function& f = types.function(level);
        right += '(';
        bool first = true;
        for (const Param& p : f.params) {
          if (!first) right += ", ";
          first = false;
          if (depth >= kMaxDepth || right.size() + left.size() > budget) {
            right += "...";
            break;
          }
          size_t rest = budget - (right.size() + left.size());
          right += spell_declaration(types, p.type, {}, rest, depth + 1, names);
        }
        if (f.variadic) right += first ? "..." : ", ...";
        right += ')';
        if (level == id && f.conv != CallConv::c) right += " " + conv_attribute(f.conv);
        level = f.result;
        break;
      }
      default:
        base = specifier(types, level, names);
        break;
    }
  }

  std::string text = std::move(base);
  if (!left.empty() || !declared.empty() || !right.empty()) text += ' ';
  text.append(left.rbegin(), left.rend());
  text += declared;
  text += right;
  if (explicitly_aligned(types, types[id])) {
    text += " __attribute__((aligned(" + std::to_string(types[id].align) + ")))";
  }
  return text;
}

}  // namespace

std::string spell(const TypeTable& types, TypeId type, std::string_view declared, const TypeNames* names) {
  size_t budget = kMaxLength;
  return spell_declaration(types, type, declared, budget, 0, names);
}

std::string_view convention_name(CallConv conv) {
  switch (conv) {
    case CallConv::c:
      return "cdecl";
    case CallConv::stdcall:
      return "stdcall";
    case CallConv::fastcall:
      return "fastcall";
    case CallConv::thiscall:
      return "thiscall";
    case CallConv::ms_abi:
      return "ms_abi";
    case CallConv::sysv_abi:
      return "sysv_abi";
    case CallConv::aapcs:
      return "pcs(\"aapcs\")";
    case CallConv::regparm1:
      return "regparm(1)";
    case CallConv::regparm2:
      return "regparm(2)";
    case CallConv::regparm3:
      return "regparm(3)";
    case CallConv::sseregparm:
      return "sseregparm";
    case CallConv::vectorcall:
      return "vectorcall";
    case CallConv::regcall:
      return "regcall";
    case CallConv::pascal:
      return "pascal";
    case CallConv::swiftcall:
      return "swiftcall";
  }
  return "cdecl";
}

}  // namespace ferry
