// Declaration specifiers: storage classes, qualifiers, type words, and the modes that attributes put on a type.
#include <algorithm>

#include "cparse/parser_state.h"
#include "cparse/predefined.h"
#include "ctype/suggest.h"

namespace ferry::cparse {
namespace {

enum Word : uint32_t {
  kVoid = 1,
  kBool = 2,
  kChar = 4,
  kShort = 8,
  kInt = 16,
  kLong = 32,
  kLongLong = 64,
  kFloat = 128,
  kDouble = 256,
  kSigned = 512,
  kUnsignedWord = 1024,
  kComplex = 2048,
  kSized = 4096,   // __int8 to __int128
  kFloatN = 8192,  // _FloatN, __float128
  kBitInt = 16384,
};

uint32_t word_of(const Token& token) {
  switch (token.kind) {
    case Tok::kw_void:
      return kVoid;
    case Tok::kw_bool:
      return kBool;
    case Tok::kw_char:
      return kChar;
    case Tok::kw_short:
      return kShort;
    case Tok::kw_int:
      return kInt;
    case Tok::kw_long:
      return kLong;
    case Tok::kw_float:
      return kFloat;
    case Tok::kw_double:
      return kDouble;
    case Tok::kw_signed:
      return kSigned;
    case Tok::kw_unsigned:
      return kUnsignedWord;
    case Tok::kw_complex:
      return kComplex;
    case Tok::kw_sized_int:
      return kSized;
    case Tok::kw_bit_int:
      return kBitInt;
    case Tok::kw_float_n:
    case Tok::kw_float64x:
      return kFloatN;
    default:
      return 0;
  }
}

}  // namespace

// Whether the current token begins specifiers.
bool Parser::type_start() {
  switch (token_.kind) {
    case Tok::identifier: {
      if (visible_parameter(token_name()) != nullptr) return false;
      if (const Local* local = find_local(token_name())) return local->what == Local::What::type;
      const Symbol* symbol = lookup(token_name());
      if (symbol != nullptr) return symbol->kind == Symbol::Kind::type_name;
      return token_.text == "complex";
    }
    case Tok::type_substitute:
    case Tok::kw_const:
    case Tok::kw_volatile:
    case Tok::kw_restrict:
    case Tok::kw_atomic:
    case Tok::kw_struct:
    case Tok::kw_union:
    case Tok::kw_enum:
    case Tok::kw_typeof:
    case Tok::kw_register:
    case Tok::kw_alignas:
      return true;
    default:
      return word_of(token_) != 0;
  }
}

// A word that is no type. One with a declaration behind it is probably a macro that nobody defined.
bool Parser::fail_unknown_type() {
  const uint32_t where = token_.at;
  const std::string_view word = token_.text;
  next();
  return fail_unknown_type(where, word, true);
}

bool Parser::fail_unknown_type(uint32_t where, std::string_view word, bool before_current) {
  if (failed_) return false;
  const std::string hint = suggest_type(types_, word);
  fail(where, "unknown type name " + shown(word) + hint);
  if (word == "class" || word == "namespace" || word == "template" || word == "using") {
    error_ += " (a word of C++)";
    return false;
  }
  if (hint.empty() && before_current && (type_start() || at(Tok::l_paren))) error_ += " (a macro that is not defined?)";
  return false;
}

// annotation := word ('(' anything ')')?        Microsoft's, about values; nobody has declared the word
bool Parser::annotation() {
  next();
  return !at(Tok::l_paren) || skip_parentheses();
}

// specifiers := (storage-class | qualifier | attribute | type-word | type-specifier)+
// type-specifier := record | enum | typeof | '_Atomic' '(' type-name ')' | type-name-identifier | '$'
// storages_allowed: a bit 1 << Storage for each.
bool Parser::specifiers(Specifiers& out, unsigned storages_allowed) {
  uint32_t start = token_.at;
  uint32_t words = 0;
  unsigned detail = 0;  // of a kSized or kFloatN word
  uint8_t quals = 0;
  bool any = false;
  bool is_auto = false;
  auto storage = [&](Storage s) {
    if ((storages_allowed & (1u << static_cast<unsigned>(s))) == 0) {
      return fail_here("storage class " + shown(token_.text) + " is not allowed here");
    }
    if (out.storage != Storage::none && out.storage != Storage::other && s != Storage::other && out.storage != s) {
      return fail_here("more than one storage class, got " + shown(token_.text));
    }
    if (s != Storage::other || out.storage == Storage::none) out.storage = s;
    next();
    return true;
  };
  for (;;) {
    bool ok = true;
    switch (token_.kind) {
      case Tok::kw_typedef:
        ok = storage(Storage::typedef_);
        break;
      case Tok::kw_extern:
        ok = storage(Storage::extern_);
        break;
      case Tok::kw_static:
        ok = storage(Storage::static_);
        break;
      case Tok::kw_register:
      case Tok::kw_auto:
        is_auto = at(Tok::kw_auto);
        ok = storage(Storage::other);
        break;
      case Tok::kw_thread:
      case Tok::kw_inline:
        out.is_of_thread |= at(Tok::kw_thread);
        next();
        break;
      case Tok::kw_const:
        quals |= kConst;
        next();
        break;
      case Tok::kw_volatile:
        quals |= kVolatile;
        next();
        break;
      case Tok::kw_restrict:
        quals |= kRestrict;
        next();
        break;
      case Tok::kw_atomic:
        next();
        if (!at(Tok::l_paren)) {
          quals |= kAtomic;
        } else if (words != 0 || out.type != kNoType) {
          ok = fail_expected("a declarator");
        } else {
          ok = atomic_specifier(out.type, quals);
        }
        break;
      case Tok::kw_alignas:
        ok = alignas_specifier(out.attributes);
        break;
      case Tok::kw_struct:
      case Tok::kw_union:
      case Tok::kw_enum:
      case Tok::kw_typeof:
      case Tok::type_substitute: {
        if (words != 0 || out.type != kNoType) return fail_expected("a declarator after the type");
        Tok kind = token_.kind;
        bool unqualified = token_.detail == 1;
        TypeId substitute = token_.type;
        if (kind == Tok::type_substitute && substitute == kNoType)
          return fail_here("the argument for this '$' is no type");
        next();
        if (kind == Tok::type_substitute)
          out.type = substitute;
        else if (kind == Tok::kw_typeof)
          ok = typeof_specifier(unqualified, out.type);
        else if (kind == Tok::kw_enum)
          ok = enum_specifier(out.type, out.colon_taken);
        else
          ok = record_specifier(kind == Tok::kw_union, out.type);
        if (ok && out.colon_taken) {
          out.type = types_.qualified(out.type, quals);
          return true;
        }
        break;
      }
      case Tok::identifier: {
        if ((out.type != kNoType || words != 0) && at_undeclared("alignas")) {
          ok = alignas_specifier(out.attributes);
          break;
        }
        // A second type name is the declared name, as in `typedef int size_t;`.
        if (out.type != kNoType) goto done;
        bool complex_word = !token_.raw_name() && token_.text == "complex" && lookup(token_name()) == nullptr;
        if (words != 0) {
          // <complex.h> makes `complex` a word; without it, it is one wherever a floating type can go on with it.
          if (!complex_word || (words & ~uint32_t{kFloat | kDouble | kLong | kFloatN}) != 0) goto done;
          words |= kComplex;
          next();
          break;
        }
        if (const Local* local = find_local(token_name()); local != nullptr && local->what == Local::What::type) {
          out.type = local->type;
          next();
          break;
        }
        const Symbol* symbol = lookup(token_name());
        if (symbol != nullptr && symbol->kind == Symbol::Kind::type_name) {
          out.type = symbol->type;
          next();
          break;
        }
        if (complex_word) {
          words |= kComplex;
          next();
          break;
        }
        if (symbol != nullptr || token_.raw_name()) {
          // no word of the language
        } else if (token_.text == "alignas") {
          ok = alignas_specifier(out.attributes);
          break;
        } else if (token_.text == "thread_local" || token_.text == "noreturn") {
          next();
          break;
        } else if (token_.text == "constexpr") {  // C23 6.7.2: of internal linkage in a file, and const
          if (out.storage != Storage::static_)
            ok = storage(Storage::static_);
          else
            next();
          quals |= kConst;
          break;
        } else if (annotation_word(token_.text)) {
          ok = annotation();
          break;
        }
        if (is_auto && out.storage != Storage::typedef_) {
          out.deduced = true;
          words = kInt;
          goto done;
        }
        return fail_unknown_type();
      }
      case Tok::l_bracket:  // behind a type an array may follow
        if (any) goto done;
        ok = c23_attributes(out.attributes);
        break;
      default: {
        uint32_t word = word_of(token_);
        if (word == 0) {
          if (!attribute_token()) goto done;
          ok = attributes(out.attributes, &quals);
          break;
        }
        // clang has no `_Float32`, Linux no `__int64`, and headers declare them.
        if ((word == kFloatN || word == kSized) && out.storage == Storage::typedef_) {
          const uint32_t to_go_on = word == kFloatN ? kComplex : kSigned | kUnsignedWord;
          if ((words & ~to_go_on) != 0 || (word == kSized && out.type != kNoType)) goto done;
        }
        if (word == kSized && words == 0 && out.type == kNoType) {
          const Symbol* declared = lookup(token_name());
          if (declared != nullptr && declared->kind == Symbol::Kind::type_name) {
            out.type = declared->type;
            next();
            break;
          }
        }
        if (out.type != kNoType) return fail_expected("a declarator after the type");
        if (word == kLong && (words & kLong) != 0) word = kLongLong;
        if ((words & word) != 0)
          return fail_here("two types, or one twice, in a declaration, got " + shown(token_.text));
        if (word == kSized) detail = token_.detail;
        if (word == kFloatN) {
          detail = at(Tok::kw_float64x) ? static_cast<unsigned>(float64x(types_.target())) : token_.detail;
        }
        words |= word;
        next();
        if (word == kBitInt) ok = bit_int_width(detail);
        break;
      }
    }
    if (!ok) return false;
    any = true;
  }
done:
  if (at(Tok::error)) return fail_expected("a type");
  if (out.type == kNoType) {
    if (words == 0) {
      return fail_expected("a type");
    }
    if (!words_type(words, detail, start, out.type)) return false;
  }
  if (quals != 0) out.type = types_.qualified(out.type, quals);
  return true;
}

// The type of a set of type words, C11 6.7.2p2 and its extensions.
bool Parser::words_type(uint32_t words, unsigned detail, uint32_t where, TypeId& type) {
  const bool is_unsigned = (words & kUnsignedWord) != 0;
  const bool sign = (words & (kSigned | kUnsignedWord)) != 0;
  const uint32_t base = words & ~uint32_t{kSigned | kUnsignedWord};
  auto bad = [&] { return fail(where, "these words do not make a type together"); };
  if (is_unsigned && (words & kSigned) != 0) return bad();
  auto integer = [&](unsigned size) {
    type = arithmetic_.integer_type(size, is_unsigned);
    if (type == kNoType) return fail(where, "the target has no integer of " + std::to_string(8 * size) + " bits");
    return true;
  };
  auto scalar = [&](Scalar s) {
    if (sign) return bad();
    type = scalar_type(s);
    if (types_[type].kind == Kind::decimal && !types_.target().has_decimal) return fail(where, kNoDecimal);
    return true;
  };
  auto complex_integer = [&](unsigned size) { return integer(size) && (type = types_.complex_of(type), true); };
  auto complex = [&](Scalar s) {
    if (sign) return bad();
    type = s == Scalar::float16 ? complex_float16_type(types_) : types_.complex_of(scalar_type(s));
    if (type == kNoType) return fail(where, "there is no complex type of this precision");
    return true;
  };
  switch (base) {
    case kVoid:
      return scalar(Scalar::void_);
    case kBool:
      return scalar(Scalar::bool_);
    case kBool | kInt:
      return integer(4);  // LuaJIT takes it: a flag as wide as int
    case kChar:
      type = scalar_type(!sign ? Scalar::char_ : is_unsigned ? Scalar::uchar : Scalar::schar);
      return true;
    case kShort:
    case kShort | kInt:
      return integer(2);
    case 0:
    case kInt:
      return integer(4);
    case kLong:
    case kLong | kInt:
      return integer(types_.target().long_size);
    case kLong | kLongLong:
    case kLong | kLongLong | kInt:
      return integer(8);
    case kSized:
    case kSized | kInt:
      return integer(detail);
    case kBitInt: {
      Result<TypeId> bits = types_.bit_int(detail, is_unsigned);
      if (!bits.ok()) return fail(where, bits.message());
      type = *bits;
      return true;
    }
    // gcc manual, "Complex Data Types"
    case kComplex | kChar:
      type = types_.complex_of(scalar_type(!sign ? Scalar::char_ : is_unsigned ? Scalar::uchar : Scalar::schar));
      return true;
    case kComplex | kShort:
    case kComplex | kShort | kInt:
      return complex_integer(2);
    case kComplex | kInt:
      return complex_integer(4);
    case kComplex | kLong | kInt:
      return complex_integer(types_.target().long_size);
    case kComplex | kLong | kLongLong:
    case kComplex | kLong | kLongLong | kInt:
      return complex_integer(8);
    case kComplex | kSized:
    case kComplex | kSized | kInt:
      return complex_integer(detail);
    case kFloat:
      return scalar(Scalar::float32);
    case kDouble:
      return scalar(Scalar::float64);
    case kLong | kDouble:
      return scalar(Scalar::ldouble);
    case kFloatN:
      return scalar(static_cast<Scalar>(detail));
    case kComplex:
      if (sign) return complex_integer(4);
      return complex(Scalar::float64);
    case kComplex | kDouble:
      return complex(Scalar::float64);
    case kComplex | kFloat:
      return complex(Scalar::float32);
    case kComplex | kLong | kDouble:
      return complex(Scalar::ldouble);
    case kComplex | kLong:
      return complex_integer(types_.target().long_size);
    case kComplex | kFloatN:
      return complex(static_cast<Scalar>(detail));
    default:
      return bad();
  }
}

// bit-int := '_BitInt' '(' constant ')'        the word is taken already
bool Parser::bit_int_width(unsigned& width) {
  Value v;
  if (!expect(Tok::l_paren, "'(' after _BitInt")) return false;
  const uint32_t where = token_.at;
  if (!constant_integer(v, "the width of a _BitInt")) return false;
  if (v.integer < 0) return fail(where, "the width of a _BitInt is negative");
  width = static_cast<unsigned>(std::min<uint64_t>(static_cast<uint64_t>(v.integer), UINT32_MAX));
  return expect(Tok::r_paren, "')' after the width");
}

// typeof := ('typeof' | '__typeof__') '(' (type-name | expression) ')'
bool Parser::typeof_specifier(bool unqualified, TypeId& type) {
  Nest nest(*this);
  if (nest.too_deep() || !expect(Tok::l_paren, "'(' after typeof")) return false;
  if (type_start() || attribute_token()) {
    if (!type_name(type)) return false;
  } else {
    Value v;
    if (!expression(v)) return false;
    type = v.type;
  }
  if (unqualified) type = types_[type].unqualified;
  return expect(Tok::r_paren, "')'");
}

// atomic := '_Atomic' '(' type-name ')'
bool Parser::atomic_specifier(TypeId& type, uint8_t& quals) {
  Nest nest(*this);
  if (nest.too_deep()) return false;
  next();
  if (!type_name(type)) return false;
  quals |= kAtomic;
  return expect(Tok::r_paren, "')'");
}

// mode() and vector_size() change the scalar at the bottom of the declared type, so they are applied to the
// specifiers' type before the declarator's derivations.
bool Parser::apply_modes(TypeId& type, const Attributes& a, uint32_t where) {
  if (a.mode_size == 0 && a.vector_bytes == 0) return true;
  const Type& t = types_[type];
  uint8_t quals = t.quals;
  TypeId element = t.unqualified;
  uint64_t count = a.mode_count;
  if (a.mode_size != 0) {
    if (a.mode_decimal) {
      if (t.kind != Kind::floating && t.kind != Kind::decimal)
        return fail(where, "this mode is for floating-point types");
      if (!types_.target().has_decimal) return fail(where, kNoDecimal);
      element = scalar_type(a.mode_size == 4   ? Scalar::decimal32
                            : a.mode_size == 8 ? Scalar::decimal64
                                               : Scalar::decimal128);
    } else if (a.mode_floating || a.mode_complex) {
      if (t.kind != Kind::floating && t.kind != Kind::complex)
        return fail(where, "this mode is for floating-point types");
      const Target& target = types_.target();
      Scalar s = a.mode_size == 2   ? Scalar::float16
                 : a.mode_size == 4 ? Scalar::float32
                 : a.mode_size == 8 ? Scalar::float64
                                    : Scalar::float128;
      if (a.mode_size == 12 || (a.mode_size == 16 && target.long_double == LongDouble::binary128)) s = Scalar::ldouble;
      element = scalar_type(s);
      if (a.mode_complex) element = types_.complex_of(element);
      if (element == kNoType) return fail(where, "there is no type of this mode");
    } else {
      if (!is_integer_like(t)) return fail(where, "this mode is for integer types");
      if (t.kind == Kind::boolean) return fail(where, "a mode does not apply to bool");
      bool is_unsigned = (t.flags & kUnsigned) != 0;
      if (a.mode_size == 32) {  // OI: gcc's own pair of TI; it has no arithmetic, only a size
        element = arithmetic_.integer_type(16, is_unsigned);
        count = 2;
      } else {
        element = arithmetic_.integer_type(a.mode_size, is_unsigned);
      }
      if (element == kNoType) return fail(where, "the target has no integer of this mode");
    }
  }
  if (a.vector_bytes != 0) {
    uint64_t size = types_[element].size;
    if (size == 0 || a.vector_bytes % size != 0) {
      return fail(where, "the vector size is not a multiple of the element's size");
    }
    count = a.vector_bytes / size;
  }
  if (count != 0) {
    Result<TypeId> vector = types_.vector_of(element, count);
    if (!vector.ok()) return fail(where, vector.message());
    element = *vector;
    if (a.mode_size == 32) element = types_.aligned(element, 16);
  }
  type = types_.qualified(element, quals);
  return true;
}

}  // namespace ferry::cparse
