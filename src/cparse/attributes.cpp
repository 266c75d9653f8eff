// Attributes in all their spellings: __attribute__, __declspec, [[...]], keywords of calling conventions, asm labels.
#include "cparse/parser_state.h"

namespace ferry::cparse {
namespace {

enum class Attr : uint8_t {
  packed,
  aligned,
  mode,
  vector_size,
  transparent_union,
  format,
  nonnull,
  scoped,
  lends,
  blocking,
  ms_struct,
  convention,
  regparm,
  pcs,
  other,
};

struct AttrName {
  std::string_view text;
  Attr attr;
  CallConv conv = CallConv::c;
};
constexpr AttrName kAttributes[] = {
    {"packed", Attr::packed},
    {"aligned", Attr::aligned},
    {"align", Attr::aligned},
    {"mode", Attr::mode},
    {"vector_size", Attr::vector_size},
    {"transparent_union", Attr::transparent_union},
    {"format", Attr::format},
    {"ms_struct", Attr::ms_struct},
    {"nonnull", Attr::nonnull},
    {"blocking", Attr::blocking},
    {"ferry_scoped", Attr::scoped},
    {"ferry_lends", Attr::lends},
    {"cdecl", Attr::convention, CallConv::c},
    {"stdcall", Attr::convention, CallConv::stdcall},
    {"fastcall", Attr::convention, CallConv::fastcall},
    {"thiscall", Attr::convention, CallConv::thiscall},
    {"ms_abi", Attr::convention, CallConv::ms_abi},
    {"sysv_abi", Attr::convention, CallConv::sysv_abi},
    {"sseregparm", Attr::convention, CallConv::sseregparm},
    {"vectorcall", Attr::convention, CallConv::vectorcall},
    {"regcall", Attr::convention, CallConv::regcall},
    {"pascal", Attr::convention, CallConv::pascal},
    {"swiftcall", Attr::convention, CallConv::swiftcall},
    {"regparm", Attr::regparm},
    {"pcs", Attr::pcs},
};

AttrName find_attribute(std::string_view name) {
  for (const AttrName& a : kAttributes) {
    if (a.text == name) return a;
  }
  return {name, Attr::other};
}

struct ModeName {
  std::string_view text;
  uint8_t size;
  bool floating;
  bool complex;
  bool decimal = false;
};
constexpr ModeName kModes[] = {
    {"QI", 1, false, false},       {"HI", 2, false, false},       {"SI", 4, false, false},
    {"DI", 8, false, false},       {"TI", 16, false, false},      {"OI", 32, false, false},
    {"HF", 2, true, false},        {"SF", 4, true, false},        {"DF", 8, true, false},
    {"XF", 12, true, false},       {"TF", 16, true, false},       {"SC", 4, true, true},
    {"DC", 8, true, true},         {"XC", 12, true, true},        {"TC", 16, true, true},
    {"byte", 1, false, false},     {"KF", 16, true, false},       {"KC", 16, true, true},
    {"SD", 4, false, false, true}, {"DD", 8, false, false, true}, {"TD", 16, false, false, true},
};

}  // namespace

std::string_view plain_attribute_name(std::string_view name) {
  if (name.size() > 4 && name.substr(0, 2) == "__" && name.substr(name.size() - 2) == "__") {
    return name.substr(2, name.size() - 4);
  }
  return name;
}

// A convention the target does not tell from C's own is C's own: gcc ignores stdcall and its like outside of i386,
// ms_abi and sysv_abi outside of x86-64, regparm but on i386; pcs("aapcs") is C's own where a processor is not ARM.
CallConv Parser::effective(CallConv conv) const {
  const Target& target = types_.target();
  switch (conv) {
    case CallConv::c:
      return CallConv::c;
    case CallConv::stdcall:
    case CallConv::fastcall:
    case CallConv::thiscall:
      return target.arch == Arch::i386 ? conv : CallConv::c;
    case CallConv::ms_abi:
      return target.arch == Arch::x86_64 && target.os != Os::windows ? conv : CallConv::c;
    case CallConv::sysv_abi:
      return target.arch == Arch::x86_64 && target.os == Os::windows ? conv : CallConv::c;
    case CallConv::aapcs:
      return target.arch == Arch::arm ? conv : CallConv::c;
    case CallConv::regparm1:
    case CallConv::regparm2:
    case CallConv::regparm3:
    case CallConv::sseregparm:
    case CallConv::pascal:
      return target.arch == Arch::i386 ? conv : CallConv::c;
    case CallConv::vectorcall:
    case CallConv::regcall:
      return target.arch == Arch::i386 || target.arch == Arch::x86_64 ? conv : CallConv::c;
    case CallConv::swiftcall:
      return conv;
  }
  return CallConv::c;
}

// Whether the current token is one that attributes() takes.
bool Parser::attribute_token() {
  switch (token_.kind) {
    case Tok::kw_attribute:
    case Tok::kw_declspec:
    case Tok::kw_asm:
    case Tok::kw_call_conv:
    case Tok::kw_ignored:
    case Tok::kw_nonnull:
    case Tok::kw_pragma:
    case Tok::kw_ptr32:
      return true;
    default:
      return false;
  }
}

// attributes := (gnu-attribute | declspec | asm-label | calling-convention | ignored-word | qualifier)*
// Qualifiers only where `quals` is given.
bool Parser::attributes(Attributes& a, uint8_t* quals) {
  for (;;) {
    bool ok = true;
    switch (token_.kind) {
      case Tok::kw_attribute:
        ok = gnu_attribute(a);
        break;
      case Tok::kw_declspec:
        ok = declspec(a);
        break;
      case Tok::kw_asm:
        ok = asm_label(a);
        break;
      case Tok::kw_pragma:
        next();
        ok = at(Tok::l_paren) ? skip_parentheses() : fail_expected("'('");
        break;
      case Tok::kw_call_conv:
        set_convention(a, static_cast<CallConv>(token_.detail));
        next();
        break;
      case Tok::kw_ptr32:
        a.ptr32 = true;
        next();
        break;
      case Tok::kw_nonnull:
        a.nonnull = true;
        next();
        break;
      case Tok::kw_ignored:
        next();
        break;
      case Tok::kw_const:
      case Tok::kw_volatile:
      case Tok::kw_restrict:
      case Tok::kw_atomic:
        if (quals == nullptr) return true;
        *quals |= at(Tok::kw_const)      ? kConst
                  : at(Tok::kw_volatile) ? kVolatile
                  : at(Tok::kw_restrict) ? kRestrict
                                         : kAtomic;
        next();
        break;
      default:
        return true;
    }
    if (!ok) return false;
  }
}

// c23-attributes := ('[' c23-attribute-list)*        where nothing else begins with a '['
bool Parser::c23_attributes(Attributes& a) {
  while (accept(Tok::l_bracket)) {
    if (!at(Tok::l_bracket)) return fail_expected("'[[' of attributes");
    if (!c23_attribute_list(a)) return false;
  }
  return true;
}

// c23-attributes behind a type. gcc: of a record they are this one use's, of which nothing but an object knows;
// `packed` is for what is declared, not for a type.
bool Parser::attributes_of_type(Specifiers& s) {
  if (!at(Tok::l_bracket)) return true;
  Attributes a = s.attributes;
  if (!c23_attributes(a)) return false;
  a.packed = s.attributes.packed;
  if (!is_record(types_[s.type])) s.attributes = a;
  return true;
}

// c23-attribute-list := '[' c23-attribute? (',' c23-attribute?)* ']' ']'        its first '[' is taken already
// c23-attribute := ((word ':' ':')? word) ('(' anything ')')?
// Those of gcc and clang mean what they mean in __attribute__; none of the standard's matters to a caller.
bool Parser::c23_attribute_list(Attributes& a) {
  next();
  do {
    if (at(Tok::comma) || at(Tok::r_bracket)) continue;
    if (!at(Tok::identifier) && token_.kind < Tok::kw_typedef) return fail_expected("the name of an attribute");
    const std::string_view space = plain_attribute_name(token_.text);
    next();
    if (accept(Tok::colon)) {
      if (!expect(Tok::colon, "'::'")) return false;
      if (space == "gnu" || space == "clang") {
        if (!attribute_word(a)) return false;
        continue;
      }
      if (!at(Tok::identifier) && token_.kind < Tok::kw_typedef) return fail_expected("the name of an attribute");
      next();
    }
    if (at(Tok::l_paren) && !skip_parentheses()) return false;
  } while (accept(Tok::comma));
  return expect(Tok::r_bracket, "']]' after the attributes") && expect(Tok::r_bracket, "']]' after the attributes");
}

// gnu-attribute := '__attribute__' '(' ( '(' attribute-list ')' | attribute-list ) ')'
// attribute-list := attribute-word? (',' attribute-word?)*        (luaffifb takes single parentheses)
bool Parser::gnu_attribute(Attributes& a) {
  next();
  if (!expect(Tok::l_paren, "'(' after __attribute__")) return false;
  bool doubled = accept(Tok::l_paren);
  do {
    if (at(Tok::comma) || at(Tok::r_paren)) continue;
    if (!attribute_word(a)) return false;
  } while (accept(Tok::comma));
  if (doubled && !expect(Tok::r_paren, "')' after the attributes")) return false;
  return expect(Tok::r_paren, "')' after the attributes");
}

// declspec := '__declspec' '(' attribute-word* ')'
bool Parser::declspec(Attributes& a) {
  next();
  if (!expect(Tok::l_paren, "'(' after __declspec")) return false;
  while (!at(Tok::r_paren)) {
    if (!attribute_word(a)) return false;
    accept(Tok::comma);
  }
  next();
  return true;
}

// attribute-word := word ('(' anything ')')?
bool Parser::attribute_word(Attributes& a) {
  bool is_word = !token_.text.empty() && at(Tok::identifier);
  if (!is_word && token_.kind < Tok::kw_typedef) return fail_expected("the name of an attribute");
  // Keywords are attributes, too: __attribute__((const)).
  const AttrName attribute = is_word ? find_attribute(plain_attribute_name(token_.text)) : AttrName{{}, Attr::other};
  next();
  switch (attribute.attr) {
    case Attr::packed:
      a.packed = true;
      break;
    case Attr::ms_struct:
      a.ms_struct = true;
      break;
    case Attr::transparent_union:
      a.transparent_union = true;
      break;
    case Attr::aligned:
      return attribute_align(a);
    case Attr::mode:
      return attribute_mode(a);
    case Attr::format:
      return attribute_format(a);
    case Attr::nonnull:
      return attribute_params(a.marks.nonnull);
    case Attr::scoped:
      return attribute_params(a.marks.scoped);
    case Attr::lends:
      return attribute_params(a.marks.lends);
    case Attr::blocking:
      a.blocking = true;
      break;
    case Attr::vector_size: {
      Value v;
      uint32_t where = token_.at;
      if (!expect(Tok::l_paren, "'(' after vector_size") || !constant_integer(v, "a vector size")) return false;
      if (v.integer <= 0) return fail(where, "the vector size is not positive");
      a.vector_bytes = static_cast<uint64_t>(v.integer);
      return expect(Tok::r_paren, "')'");
    }
    case Attr::convention:
      set_convention(a, attribute.conv);
      break;
    case Attr::regparm:
      return attribute_regparm(a);
    case Attr::pcs:
      return attribute_pcs(a);
    case Attr::other:
      break;
  }
  return !at(Tok::l_paren) || skip_parentheses();
}

// What takes registers stays what it is beside another word: regparm(3) stdcall.
void Parser::set_convention(Attributes& a, CallConv conv) {
  conv = effective(conv);
  if (a.has_conv && a.conv >= CallConv::regparm1 && conv < CallConv::regparm1) return;
  a.has_conv = true;
  a.conv = conv;
}

// regparm := 'regparm' '(' constant ')'       registers for arguments; without any it is C's own convention, and gcc
// ignores what is more than 3
bool Parser::attribute_regparm(Attributes& a) {
  Value v;
  if (!expect(Tok::l_paren, "'(' after regparm") || !constant_integer(v, "a number of registers")) return false;
  if (v.integer == 1) set_convention(a, CallConv::regparm1);
  if (v.integer == 2) set_convention(a, CallConv::regparm2);
  if (v.integer == 3) set_convention(a, CallConv::regparm3);
  return expect(Tok::r_paren, "')'");
}

// pcs := 'pcs' '(' string ')'       gcc manual, "ARM Function Attributes"; aapcs-vfp is C's own
bool Parser::attribute_pcs(Attributes& a) {
  std::string name;
  if (!expect(Tok::l_paren, "'(' after pcs") || !string_literal(name)) return false;
  if (name == "aapcs") set_convention(a, CallConv::aapcs);
  return expect(Tok::r_paren, "')'");
}

bool Parser::set_align(Attributes& a, const Value& value, uint32_t where, bool zero_is_none) {
  uint64_t align = static_cast<uint64_t>(value.integer);
  if (align == 0 && zero_is_none) return true;  // C11 6.7.5p6
  if (align == 0 || (align & (align - 1)) != 0 || align > kMaxAlignment) {
    return fail(where, "the alignment " + std::to_string(value.integer) + " is not a power of two up to 2^28");
  }
  a.align = static_cast<uint32_t>(align);
  return true;
}

// aligned := 'aligned' ('(' constant ')')?       without a number: the target's largest useful alignment
bool Parser::attribute_align(Attributes& a) {
  if (!accept(Tok::l_paren)) {
    a.align = types_.target().max_align;
    return true;
  }
  uint32_t where = token_.at;
  Value v;
  if (!constant_integer(v, "an alignment") || !set_align(a, v, where, false)) return false;
  return expect(Tok::r_paren, "')'");
}

// alignas := ('_Alignas' | 'alignas') '(' (type-name | constant) ')'
bool Parser::alignas_specifier(Attributes& a) {
  next();
  if (!expect(Tok::l_paren, "'(' after _Alignas")) return false;
  uint32_t where = token_.at;
  Value v;
  if (type_start()) {
    TypeId type = kNoType;
    if (!type_name(type)) return false;
    v = arithmetic_.integer(types_[type].align, arithmetic_.int_type());
  } else if (!constant_integer(v, "an alignment")) {
    return false;
  }
  Attributes one;
  if (!set_align(one, v, where, true)) return false;
  if (one.align > a.align) a.align = one.align;  // C11 6.7.5p6: the strictest counts
  return expect(Tok::r_paren, "')'");
}

// mode := 'mode' '(' name ')'      QI HI SI DI TI, SF DF XF TF, V4SF, word, pointer, ...; gcc manual, "Machine modes"
bool Parser::attribute_mode(Attributes& a) {
  if (!expect(Tok::l_paren, "'(' after mode")) return false;
  std::string_view name = plain_attribute_name(token_.text);
  uint32_t count = 0;
  if (name.size() > 3 && name[0] == 'V' && name[1] >= '0' && name[1] <= '9') {
    name.remove_prefix(1);
    while (!name.empty() && name[0] >= '0' && name[0] <= '9' && count < 1000) {
      count = count * 10 + static_cast<uint32_t>(name[0] - '0');
      name.remove_prefix(1);
    }
  }
  const ModeName* found = nullptr;
  for (const ModeName& m : kModes) {
    if (m.text == name) found = &m;
  }
  ModeName register_wide{name, types_.target().pointer_size, false, false};
  if (name == "word" || name == "pointer" || name == "unwind_word" || name == "libgcc_cmp_return" ||
      name == "libgcc_shift_count") {
    found = &register_wide;
  }
  if (!at(Tok::identifier) || found == nullptr) return fail_expected("a machine mode");
  a.mode_size = found->size;
  a.mode_floating = found->floating;
  a.mode_complex = found->complex;
  a.mode_decimal = found->decimal;
  a.mode_count = count;
  next();
  return expect(Tok::r_paren, "')'");
}

// format := 'format' '(' style ',' constant ',' constant ')'
bool Parser::attribute_format(Attributes& a) {
  if (!expect(Tok::l_paren, "'(' after format")) return false;
  std::string_view style = plain_attribute_name(token_.text);
  FormatAttribute f;
  auto ends = [&](std::string_view word) {
    return style.size() >= word.size() && style.substr(style.size() - word.size()) == word;
  };
  if (ends("printf"))
    f.style = FormatAttribute::printf;  // also gnu_printf, ms_printf
  else if (ends("scanf"))
    f.style = FormatAttribute::scanf;
  else if (ends("strftime"))
    f.style = FormatAttribute::strftime;
  if (!at(Tok::identifier)) return fail_expected("a format style");
  next();
  Value string_index;
  Value first;
  if (!expect(Tok::comma, "','") || !constant_integer(string_index, "a parameter number")) return false;
  if (!expect(Tok::comma, "','") || !constant_integer(first, "a parameter number")) return false;
  bool in_range =
      string_index.integer >= 1 && string_index.integer <= 255 && first.integer >= 0 && first.integer <= 255;
  if (f.style != FormatAttribute::none && in_range) {
    f.string_index = static_cast<uint8_t>(string_index.integer);
    f.first_to_check = static_cast<uint8_t>(first.integer);
    a.format = f;
  }
  return expect(Tok::r_paren, "')'");
}

// parameter-numbers := ('(' constant (',' constant)* ')')?        without them: all that it can be said of
bool Parser::attribute_params(ParamMarks::Which& which) {
  if (!accept(Tok::l_paren) || accept(Tok::r_paren)) {
    which.all = true;
    return true;
  }
  do {
    Value v;
    if (!constant_integer(v, "a parameter number")) return false;
    if (v.integer >= 1 && static_cast<uint64_t>(v.integer) <= kMaxMarkedParameter) {
      which.numbers |= uint64_t{1} << (v.integer - 1);
    }
  } while (accept(Tok::comma));
  return expect(Tok::r_paren, "')'");
}

// string-literal := string+        adjacent literals are one, C11 5.1.1.2 phase 6
bool Parser::string_literal(std::string& out) {
  if (!at(Tok::string)) return fail_expected("a string");
  while (at(Tok::string)) {
    decode_string(token_.text, 1, &out);
    next();
  }
  return true;
}

// asm-label := '__asm__' '(' string+ ')'
bool Parser::asm_label(Attributes& a) {
  next();
  if (!expect(Tok::l_paren, "'(' after asm")) return false;
  uint32_t where = token_.at;
  std::string label;
  if (!string_literal(label)) return false;
  if (label.empty() || label.find('\0') != std::string::npos) return fail(where, "this asm label names no symbol");
  a.link_name = types_.intern(label);
  return expect(Tok::r_paren, "')'");
}

}  // namespace ferry::cparse
