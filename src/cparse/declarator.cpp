// Declarators: from the inside out as C reads them, from the specifier's type outwards as types are built.
#include <utility>

#include "cparse/parser_state.h"

namespace ferry::cparse {

// The derivations of a declarator form a list in the order in which they are applied to the specifier's type:
// pointers behind the current position as they are read, arrays and functions right behind the position, before what
// was inserted there earlier. `int *(*f[3])(char)`: pointer, function, pointer, array.
void Parser::begin(Declarator& d, Naming naming) {
  d.naming = naming;
  d.head = static_cast<uint32_t>(derivations_.size());
  d.params_mark = static_cast<uint32_t>(params_.size());
  derivations_.emplace_back();
}

uint32_t Parser::insert(const Declarator& d, uint32_t position, Derivation::Kind kind, uint32_t where) {
  if (derivations_.size() - d.head > kMaxDerivations) {
    fail(where, "more than " + std::to_string(kMaxDerivations) + " pointers, arrays and functions in one declarator");
    return 0;
  }
  Derivation step;
  step.kind = kind;
  step.at = where;
  step.next = derivations_[position].next;
  uint32_t index = static_cast<uint32_t>(derivations_.size());
  derivations_.push_back(step);
  derivations_[position].next = index;
  return index;
}

bool Parser::has_parameters(const Declarator& d) const {
  for (uint32_t at = derivations_[d.head].next; at != 0; at = derivations_[at].next) {
    if (derivations_[at].kind == Derivation::Kind::function) return true;
  }
  return false;
}

// declarator-with-attributes := declarator attributes
bool Parser::declarator(Declarator& d) {
  d.at = token_.at;
  Attributes conv;
  if (!declarator_level(d, d.head, conv)) return false;
  if (conv.has_conv && !d.attributes.has_conv) {
    d.attributes.has_conv = true;
    d.attributes.conv = conv.conv;
  }
  return attributes(d.attributes, nullptr);
}

// Takes c23-attributes, if there are some. bracket: what follows them is an array's, and its `[`, which stood there, is
// taken; only the next token tells the two apart. Only behind the name `packed` is the declared thing's (gcc).
bool Parser::open_bracket(Declarator& d, uint32_t& bracket, bool behind_name) {
  const bool packed = d.attributes.packed;
  while (bracket == 0 && at(Tok::l_bracket)) {
    const uint32_t where = token_.at;
    next();
    if (!at(Tok::l_bracket))
      bracket = where;
    else if (!c23_attribute_list(d.attributes))
      return false;
  }
  if (!behind_name) d.attributes.packed = packed;
  return true;
}

// declarator := c23-attribute* pointer* (name c23-attribute* | '(' attributes declarator ')')? suffix*
// pointer := ('*' | '&' | '&&' | '^') c23-attribute* attributes
// suffix := ('[' array-suffix | '(' function-suffix) c23-attribute*
//
// A calling convention after `(` and before `*` belongs to the function suffix behind the `)`; one after `*` to the
// next function suffix, on this level or, when there is none, on the level outside: `unused` hands it there.
bool Parser::declarator_level(Declarator& d, uint32_t position, Attributes& unused) {
  Nest nest(*this);
  if (nest.too_deep()) return false;
  Attributes conv;
  uint32_t bracket = 0;
  if (!open_bracket(d, bracket, false)) return false;
  while (bracket == 0 && (at(Tok::star) || at(Tok::amp) || at(Tok::and_and) || at(Tok::caret))) {
    uint32_t where = token_.at;
    position = insert(d, position,
                      at(Tok::star)    ? Derivation::Kind::pointer
                      : at(Tok::caret) ? Derivation::Kind::block
                                       : Derivation::Kind::reference,
                      where);
    if (position == 0) return false;
    next();
    if (!open_bracket(d, bracket, false)) return false;
    if (bracket != 0) break;
    Attributes here;
    uint8_t quals = 0;
    if (attribute_token() || at(Tok::kw_const) || at(Tok::kw_volatile) || at(Tok::kw_restrict) || at(Tok::kw_atomic)) {
      if (!attributes(here, &quals)) return false;
      derivations_[position].quals = quals;
      derivations_[position].ptr32 = here.ptr32;
      derivations_[position].nonnull = here.nonnull;
      d.attributes.marks.add(here.marks);  // gcc manual, "Attribute Syntax": of a result, they are the function's
      if (here.has_conv) {
        conv.has_conv = true;
        conv.conv = here.conv;
      }
      if (here.align != 0) d.attributes.align = here.align;
      if (here.link_name != kNoName) d.attributes.link_name = here.link_name;
    }
  }
  if (bracket == 0 && attribute_token()) {
    Attributes here;
    here.align = d.attributes.align;
    here.link_name = d.attributes.link_name;
    here.format = d.attributes.format;
    if (!attributes(here, nullptr)) return false;
    d.attributes.align = here.align;
    d.attributes.link_name = here.link_name;
    d.attributes.format = here.format;
    d.attributes.marks.add(here.marks);
    d.attributes.blocking |= here.blocking;
    d.attributes.packed |= here.packed;
    if (here.has_conv) {
      conv.has_conv = true;
      conv.conv = here.conv;
    }
  }

  Attributes outer;  // a convention for the suffixes of this level
  bool parameters_open = false;
  if (bracket != 0) {
    d.at = bracket;
    if (d.naming == Naming::named) return fail_expected("a name to declare");
  } else if (at(Tok::l_paren)) {
    uint32_t where = token_.at;
    next();
    if (!attributes(outer, nullptr)) return false;
    d.attributes.marks.add(outer.marks);
    if (d.naming != Naming::named && (at(Tok::r_paren) || at(Tok::ellipsis) || type_start())) {
      parameters_open = true;  // C11 6.7.6.3p11: not a declarator in parentheses but parameters
    } else {
      Attributes inner;
      if (!declarator_level(d, position, inner)) return false;
      if (at(Tok::error) || !at(Tok::r_paren)) return fail_expected("')'");
      if (inner.has_conv && !outer.has_conv) outer = inner;
      next();
    }
    if (parameters_open) {
      d.at = where;
      if (!function_suffix(d, position, outer.has_conv ? outer : conv)) return false;
    }
  } else if (at(Tok::identifier) || (d.may_be_keyword && at(Tok::kw_sized_int))) {
    if (d.naming == Naming::abstract) return fail_expected("a type without a name");
    if (d.name != kNoName) return fail_expected("one name only");
    const bool is_annotation = annotation_word(token_.text);
    d.at = token_.at;
    d.name = token_name();
    next();
    if (is_annotation && at(Tok::identifier)) {  // `void *_Out_ p`
      d.at = token_.at;
      d.name = token_name();
      next();
    }
  } else if (d.may_be_keyword && (at(Tok::kw_float_n) || at(Tok::kw_float64x))) {
    d.names_keyword = true;
    d.name = token_name();
    next();
  } else {
    d.at = token_.at;
    if (d.naming == Naming::named) return fail_expected("a name to declare");
    if (at(Tok::error)) return fail_expected("a declarator");
  }

  for (bool behind_name = true;; behind_name = false) {
    if (!open_bracket(d, bracket, behind_name)) return false;
    if (bracket != 0) {
      if (!array_suffix(d, position, std::exchange(bracket, 0))) return false;
    } else if (at(Tok::l_paren)) {
      next();
      if (!function_suffix(d, position, outer.has_conv ? outer : conv)) return false;
    } else {
      break;
    }
  }
  if (outer.has_conv)
    unused = outer;
  else if (conv.has_conv)
    unused = conv;
  return true;
}

// array-suffix := ('static' | qualifier)* ('?' | '*' | bound)? ']'
// The '[' at `where` is taken already.
bool Parser::array_suffix(Declarator& d, uint32_t position, uint32_t where) {
  Nest nest(*this);
  if (nest.too_deep()) return false;
  uint32_t index = insert(d, position, Derivation::Kind::array, where);
  if (index == 0) return false;
  uint8_t quals = 0;
  Attributes ignored;
  // C11 6.7.6.3p7: `[static n]` promises n elements, and so an array.
  for (;;) {
    if (!attributes(ignored, &quals)) return false;
    if (!accept(Tok::kw_static)) break;
    ignored.nonnull = true;
  }
  derivations_[index].nonnull = ignored.nonnull;
  // The outermost array of a parameter becomes a pointer, so its bound need not be known: `int n, int a[n]`.
  bool is_outermost_of_param = d.is_param && derivations_[index].next == 0;
  uint64_t count = kFlexible;
  if (accept(Tok::question))
    count = kVla;
  else if (!at(Tok::r_bracket) && !array_bound(count, is_outermost_of_param))
    return false;
  derivations_[index].count = count;
  return expect(Tok::r_bracket, "']'");
}

// bound := '*' | expression        of a parameter, where names of others may stand and the value need not be known
//        | constant
bool Parser::array_bound(uint64_t& count, bool is_outermost_of_param) {
  const uint32_t where = token_.at;
  Value v;
  if (variable_bounds_) {
    const bool outer_unknown = unknown_names_;
    unknown_names_ = is_outermost_of_param;
    bound_at_ = where;
    if (!expression(v)) return false;
    unknown_names_ = outer_unknown;
    if (v.lvalue || v.known == Value::Known::no) {
      count = is_outermost_of_param ? kFlexible : kUnknownBound;
      return true;
    }
    if (v.known != Value::Known::integer) return fail(where, "an array size must be an integer");
  } else if (!constant_integer(v, "an array size")) {
    return false;
  }
  if (v.integer < 0 && (types_[v.type].flags & kUnsigned) == 0) return fail(where, "the array size is negative");
  // Not one of the marks; what is that large is refused by array_of.
  count = static_cast<uint64_t>(v.integer) >= kUnknownBound ? kUnknownBound - 1 : static_cast<uint64_t>(v.integer);
  return true;
}

// function-suffix := '(' ( 'void' | '...' | parameter (',' parameter)* (',' '...')? )? ')'
// The '(' is taken already.
bool Parser::function_suffix(Declarator& d, uint32_t position, Attributes& conv) {
  Nest nest(*this);
  if (nest.too_deep()) return false;
  uint32_t index = insert(d, position, Derivation::Kind::function, token_.at);
  if (index == 0) return false;
  uint32_t mark = static_cast<uint32_t>(params_.size());
  bool variadic = false;
  const bool unprototyped = at(Tok::r_paren);
  const bool identifiers = d.may_define && at(Tok::identifier) && !type_start() && !annotation_word(token_.text);
  ++prototypes_;
  if (identifiers) {
    if (!identifier_list()) return false;
  } else if (!unprototyped) {
    do {
      if (accept(Tok::ellipsis)) {
        variadic = true;
        break;
      }
      uint32_t where = token_.at;
      bool is_void = false;
      if (params_.size() - mark >= kMaxParameters) {
        return fail_here("more than " + std::to_string(kMaxParameters) + " parameters");
      }
      if (!parameter(static_cast<uint32_t>(params_.size() - mark + 1), is_void)) return false;
      if (is_void) {
        if (params_.size() != mark + 1 || !at(Tok::r_paren)) return fail(where, "a parameter has type 'void'");
        params_.pop_back();
        break;
      }
    } while (accept(Tok::comma));
  }
  --prototypes_;
  Derivation& step = derivations_[index];
  step.identifier_list = identifiers;
  step.variadic = variadic;
  step.unprototyped = unprototyped;
  step.params_begin = mark;
  step.params_end = static_cast<uint32_t>(params_.size());
  if (conv.has_conv) {
    step.conv = conv.conv;
    conv.has_conv = false;
  }
  return expect(Tok::r_paren, "')' after the parameters");
}

// identifier-list := name (',' name)*        of a definition; their types follow. A name with something else behind it
// is taken for a type that nobody declared, as is all of the list where no definition follows.
bool Parser::identifier_list() {
  identifiers_.clear();
  const uint32_t first_at = token_.at;
  do {
    const uint32_t where = token_.at;
    const std::string_view word = token_.text;
    if (!at(Tok::identifier) || type_start()) return fail_unknown_type(first_at, types_.name(identifiers_.front()));
    identifiers_.push_back(token_name());
    params_.push_back({token_name(), arithmetic_.int_type()});
    next();
    if (!at(Tok::comma) && !at(Tok::r_paren)) return fail_unknown_type(where, word, true);
  } while (accept(Tok::comma));
  return true;
}

// C11 6.7.6.3p7, p8, p15: arrays and functions are passed as pointers; a parameter's own qualifiers do not matter.
TypeId Parser::as_parameter(TypeId type) {
  const Type& t = types_[type];
  if (t.kind == Kind::array) return types_.pointer_to(t.base);
  return t.kind == Kind::function ? types_.pointer_to(type) : t.unqualified;
}

// parameter := specifiers declarator?
bool Parser::parameter(uint32_t number, bool& is_void) {
  const bool outer_bounds = variable_bounds_;
  variable_bounds_ = true;
  Specifiers s;
  if (!specifiers(s, 1u << static_cast<unsigned>(Storage::other))) return false;
  Declarator d;
  begin(d, Naming::either);
  d.is_param = true;
  TypeId type = kNoType;
  if (!declarator(d)) return false;
  uint32_t where = d.at;
  const uint8_t marks = own_marks(d, s);
  if (!build(d, s, type)) return false;
  variable_bounds_ = outer_bounds;
  const Type& t = types_[type];
  is_void = t.kind == Kind::void_ && d.name == kNoName;
  if (t.kind == Kind::void_ && !is_void) {
    return fail(where, "parameter " + std::to_string(number) + " has type 'void'");
  }
  type = as_parameter(type);
  params_.push_back({d.name, type, possible_marks(type, marks)});
  return true;
}

// Those of the marks that can be said of a parameter of the type.
uint8_t Parser::possible_marks(TypeId type, uint8_t marks) const {
  const Type& t = types_[type];
  if (t.kind != Kind::pointer) return 0;
  return types_[t.base].kind == Kind::function ? marks : marks & kNonnull;
}

// What is said of the parameter itself, and no longer of what it points to: words behind its outermost `*` or, with a
// typedef, behind the type, and an attribute without numbers.
uint8_t Parser::own_marks(Declarator& d, const Specifiers& specifiers) {
  const Derivation* last = nullptr;
  for (uint32_t i = derivations_[d.head].next; i != 0; i = derivations_[i].next) last = &derivations_[i];
  bool nonnull = last != nullptr ? last->nonnull : specifiers.attributes.nonnull;
  ParamMarks said = specifiers.attributes.marks;
  said.add(d.attributes.marks.take_all());
  said.nonnull.all = said.nonnull.all || nonnull;
  return marks_of(said.nonnull.all, said.scoped.all, said.lends.all);
}

TypeId Parser::with_conv(TypeId type, CallConv conv) {
  const Type& t = types_[type];
  if (t.kind == Kind::function) return types_.with_conv(type, conv);
  if (t.kind != Kind::pointer) return type;
  // A convention on `int (*f)(int)` as a whole belongs to the function pointed to.
  if (types_[t.base].kind != Kind::function) return type;
  return types_.qualified(types_.pointer_to(types_.with_conv(t.base, conv)), t.quals);
}

// Of a function, or of the function that a pointer points to.
TypeId Parser::with_blocking(TypeId type) {
  const Type& t = types_[type];
  if (t.kind != Kind::pointer || types_[t.base].kind != Kind::function) return types_.with_blocking(type);
  return types_.qualified(types_.pointer_to(types_.with_blocking(t.base)), t.quals);
}

TypeId Parser::with_format(TypeId type, const FormatAttribute& format) {
  const Type& t = types_[type];
  if (t.kind == Kind::pointer && types_[t.base].kind == Kind::function) {
    TypeId pointee = with_format(t.base, format);
    return types_.qualified(types_.pointer_to(pointee), t.quals);
  }
  if (t.kind != Kind::function || format.string_index > types_.function(type).params.size()) return type;
  return types_.with_format(type, format);
}

// The bits of Param::marks.
uint8_t Parser::marks_of(bool nonnull, bool scoped, bool lends) {
  return static_cast<uint8_t>((nonnull ? kNonnull : 0) | (scoped ? kScoped : 0) | (lends ? kScoped | kLends : 0));
}

TypeId Parser::with_marks(TypeId type, const ParamMarks& marks) {
  const Type& t = types_[type];
  if (t.kind == Kind::pointer && types_[t.base].kind == Kind::function) {
    TypeId pointee = with_marks(t.base, marks);
    return types_.qualified(types_.pointer_to(pointee), t.quals);
  }
  if (t.kind != Kind::function) return type;
  std::vector<Param> params = types_.function(type).params;
  for (size_t i = 0; i < params.size(); ++i) {
    const auto says = [i](const ParamMarks::Which& which) {
      return which.all || (i < kMaxMarkedParameter && (which.numbers >> i & 1) != 0);
    };
    const uint8_t said = marks_of(says(marks.nonnull), says(marks.scoped), says(marks.lends));
    params[i].marks |= possible_marks(params[i].type, said);
  }
  return types_.with_params(type, params);
}

// An array of arrays whose bounds are known at run time only is one array of unknown bound, of the elements of all:
// they lie one behind the other. The outermost of a parameter is a pointer anyway.
bool Parser::build_array(const Derivation& step, bool is_param, bool& unknown_bound, TypeId& type) {
  if (unknown_bound) {
    if (is_param && step.next == 0) type = types_.pointer_to(type);
    return true;
  }
  unknown_bound = step.count == kUnknownBound;
  Result<TypeId> array = types_.array_of(type, unknown_bound ? kFlexible : step.count);
  if (!array.ok()) return fail(step.at, array.message());
  type = *array;
  return true;
}

// The declared type; takes the declarator's derivations and parameters off the shared stacks.
bool Parser::build(Declarator& d, const Specifiers& specifiers, TypeId& type) {
  type = specifiers.type;
  if (d.attributes.mode_size != 0 || d.attributes.vector_bytes != 0 || specifiers.attributes.mode_size != 0 ||
      specifiers.attributes.vector_bytes != 0) {
    Attributes modes = d.attributes.mode_size != 0 ? d.attributes : specifiers.attributes;
    modes.vector_bytes =
        d.attributes.vector_bytes != 0 ? d.attributes.vector_bytes : specifiers.attributes.vector_bytes;
    if (!apply_modes(type, modes, d.at)) return false;
  }
  bool unknown_bound = false;  // `type` is an array of unknown bound that stands for more than itself
  for (uint32_t i = derivations_[d.head].next; i != 0; i = derivations_[i].next) {
    const Derivation& step = derivations_[i];
    const Type& t = types_[type];
    if (step.kind != Derivation::Kind::array) unknown_bound = false;
    switch (step.kind) {
      case Derivation::Kind::start:
        break;
      case Derivation::Kind::pointer:
        if (t.kind == Kind::reference) return fail(step.at, "there are no pointers to references");
        type = types_.pointer_to(type);
        if (step.ptr32 && types_.target().pointer_size == 8) {
          type = scalar_type(Scalar::uint32);  // MSVC's __ptr32: a 32-bit address, of which only the number is known
        }
        if (step.quals != 0) type = types_.qualified(type, step.quals);
        break;
      case Derivation::Kind::reference:
        if (t.kind == Kind::reference) return fail(step.at, "there are no references to references");
        if (t.kind == Kind::void_) return fail(step.at, "there are no references to void");
        type = types_.reference_to(type);
        break;
      case Derivation::Kind::block:
        // clang: a block is a pointer to an object that it lays out, and no function. It can only be handed on.
        if (t.kind != Kind::function) return fail(step.at, "a block is declared as '(^name)(parameters)'");
        type = types_.qualified(types_.pointer_to(scalar_type(Scalar::void_)), step.quals);
        break;
      case Derivation::Kind::array:
        if (!build_array(step, d.is_param, unknown_bound, type)) return false;
        break;
      case Derivation::Kind::function: {
        // C11 6.7.6.3p5 and DR 423: a result has no qualifiers of its own.
        if (t.kind != Kind::void_ && t.quals != 0) type = t.unqualified;
        std::span<const Param> params(params_.data() + step.params_begin, step.params_end - step.params_begin);
        if (d.may_define && step.next == 0) {
          defined_.clear();
          for (const Param& param : params) defined_.push_back({param.name, kNoType});
        }
        Result<TypeId> function = types_.function_type(type, params, step.variadic, step.conv);
        if (!function.ok()) return fail(step.at, function.message());
        type = *function;
        d.unprototyped = step.unprototyped && step.next == 0;
        if (step.identifier_list) {
          if (step.next != 0) return fail_unknown_type(step.at, types_.name(params.front().name));
          d.identifiers_at = step.at;
        }
        break;
      }
    }
  }
  derivations_.resize(d.head);
  params_.resize(d.params_mark);
  if (d.attributes.has_conv)
    type = with_conv(type, d.attributes.conv);
  else if (specifiers.attributes.has_conv)
    type = with_conv(type, specifiers.attributes.conv);
  const FormatAttribute& format =
      d.attributes.format.style != FormatAttribute::none ? d.attributes.format : specifiers.attributes.format;
  if (format.style != FormatAttribute::none) type = with_format(type, format);
  ParamMarks marks = specifiers.attributes.marks;
  if (d.is_param) marks.take_all();  // own_marks()
  marks.add(d.attributes.marks);
  if (marks.any()) type = with_marks(type, marks);
  if (d.attributes.blocking || specifiers.attributes.blocking) type = with_blocking(type);
  return true;
}

// type-name := specifiers abstract-declarator?
// `colon_taken`, if not null: the ':' may stand behind the type, and says whether it was taken as if it were an enum's.
bool Parser::type_name(TypeId& type, bool* colon_taken) {
  Nest nest(*this);
  if (nest.too_deep()) return false;
  Specifiers s;
  Declarator d;
  if (!specifiers(s, 0)) return false;
  if (colon_taken != nullptr && s.colon_taken) {
    *colon_taken = true;
    type = s.type;
    return true;
  }
  begin(d, Naming::abstract);
  if (!declarator(d) || !build(d, s, type)) return false;
  type = aligned_as(d, s.attributes, type);
  return true;
}

// A type that attributes behind its declarator align, or else those among its specifiers.
TypeId Parser::aligned_as(const Declarator& d, const Attributes& from_specifiers, TypeId type) {
  const uint32_t align = d.attributes.align != 0 ? d.attributes.align : from_specifiers.align;
  return align != 0 ? types_.aligned(type, align) : type;
}

}  // namespace ferry::cparse
