// The parser: its state and all its productions, by the file that holds them. Private to this folder.
//
// Productions return false after fail(); the first failure is kept. None looks back at a token: each decides by
// the current token alone. Lists that grow while a production runs are stacks shared by all productions, each
// remembering where its part begins, so that nothing is allocated per declarator.
//
// Names are looked up when a production asks, not when their token is read: a `typedef` is known to the tokens
// behind its `;`, an enum constant to a #define that stands between it and the next one.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/stack.h"
#include "cparse/const_value.h"
#include "cparse/expression.h"
#include "cparse/keywords.h"
#include "cparse/parser.h"
#include "cpreproc/preprocessor.h"
#include "ctype/type_table.h"

namespace ferry::cparse {

// Pointers, arrays and functions in one declarator, those of its parameters not counted: C11 5.2.4.1 asks for 12.
inline constexpr size_t kMaxDerivations = 1000;
// #pragma pack(push) without pop.
inline constexpr size_t kMaxPackStack = 1000;
// What gcc accepts in __attribute__((aligned(n))).
inline constexpr uint64_t kMaxAlignment = uint64_t{1} << 28;
// C11 5.2.4.1 asks for 127; each costs a place in call plans and frames.
inline constexpr size_t kMaxParameters = 4096;

// What attributes of a declaration say of its parameters, by their numbers.
struct ParamMarks {
  struct Which {
    uint64_t numbers = 0;  // bit n: parameter n + 1
    bool all = false;      // said without numbers
    bool any() const { return numbers != 0 || all; }
    void add(const Which& more) {
      numbers |= more.numbers;
      all |= more.all;
    }
  };
  Which nonnull;
  Which scoped;
  Which lends;
  bool any() const { return nonnull.any() || scoped.any() || lends.any(); }
  void add(const ParamMarks& more) {
    nonnull.add(more.nonnull);
    scoped.add(more.scoped);
    lends.add(more.lends);
  }
  // What is said without numbers; no longer of all.
  ParamMarks take_all() {
    ParamMarks taken;
    for (Which ParamMarks::*which : {&ParamMarks::nonnull, &ParamMarks::scoped, &ParamMarks::lends}) {
      (taken.*which).all = (this->*which).all;
      (this->*which).all = false;
    }
    return taken;
  }
};
// Of the bits in ParamMarks::Which. C11 5.2.4.1 asks for 127 parameters; nobody numbers those beyond.
inline constexpr uint64_t kMaxMarkedParameter = 64;

// What attributes and their like said about a declaration or a record.
struct Attributes {
  bool packed = false;
  bool ms_struct = false;
  bool transparent_union = false;
  bool has_conv = false;
  bool ptr32 = false;
  bool nonnull = false;  // the word behind a `*`: of that pointer
  CallConv conv = CallConv::c;
  FormatAttribute format;
  ParamMarks marks;
  bool blocking = false;
  uint32_t align = 0;     // 0: none given
  uint8_t mode_size = 0;  // mode(): bytes per element; 0: none given
  bool mode_floating = false;
  bool mode_decimal = false;
  bool mode_complex = false;
  uint32_t mode_count = 0;    // mode(V4SF): 4
  uint64_t vector_bytes = 0;  // vector_size()
  NameId link_name = kNoName;
};

enum class Storage : uint8_t { none, typedef_, extern_, static_, other };

struct Specifiers {
  TypeId type = kNoType;
  Storage storage = Storage::none;
  bool colon_taken = false;  // `enum e :` was read, and no type followed: a bit-field's width does
  bool deduced = false;      // `auto x = 1`: the type is the initialiser's
  bool is_of_thread = false;
  Attributes attributes;
};

// The count of an array in a parameter whose bound is known at run time only. Such arrays are of unknown bound.
inline constexpr uint64_t kUnknownBound = kFlexible - 1;

// Which declarators a context allows.
enum class Naming : uint8_t { named, abstract, either };

// One step from a specifier's type to the declared one.
struct Derivation {
  enum class Kind : uint8_t { start, pointer, reference, block, array, function } kind = Kind::start;
  uint8_t quals = 0;
  bool variadic = false;
  bool unprototyped = false;     // `()`
  bool identifier_list = false;  // `(a, b)` of a definition, whose parameters are declared behind it
  bool ptr32 = false;
  bool nonnull = false;
  CallConv conv = CallConv::c;
  uint32_t next = 0;  // index in derivations_; 0: none
  uint32_t at = 0;
  uint32_t params_begin = 0;  // in params_
  uint32_t params_end = 0;
  uint64_t count = 0;  // arrays
};

struct Declarator {
  Naming naming = Naming::named;
  bool is_param = false;
  bool may_define = false;      // a body may follow, and before it the declarations of an identifier list
  bool may_be_keyword = false;  // `typedef float _Float32;`, `typedef long __int64;`
  bool names_keyword = false;   // and it is one
  bool unprototyped = false;    // what is declared is a function `f()`
  uint32_t identifiers_at = 0;  // what is declared is a function `f(a, b)`: where they are
  NameId name = kNoName;
  uint32_t at = 0;    // of the name, or of where it would be
  uint32_t head = 0;  // its first derivation in derivations_, a Kind::start
  uint32_t params_mark = 0;
  Attributes attributes;
};

// What a block declares. Each object has a number; that of a parameter is its own.
struct Local {
  // symbol: `extern`, or a function; the symbol says all of it. tag: in a name space of its own.
  enum class What : uint8_t { object, type, symbol, tag, constant };
  NameId name;
  TypeId type;
  uint32_t number;
  What what = What::object;
  int64_t value = 0;  // constant
};

struct OverflowBuiltin;  // expression.cpp

class Parser {
 public:
  Parser(TypeTable& types, const Input& input);

  // parser.cpp: the three entries. False: error() says why.
  bool translation_unit();
  bool whole_type(TypeId& type);
  bool whole_constant(Constant& constant);
  // expression.cpp
  bool whole_expression(Expression& tree, uint32_t arguments);  // locals are numbered behind these
  // statement.cpp
  bool whole_body(const Symbol& function, Expression& tree);
  Error error();
  const cpreproc::Preprocessor& source() const { return source_; }

 private:
  // Counts a level of nesting for its lifetime.
  class Nest {
   public:
    explicit Nest(Parser& parser) : parser_(parser) { ++parser.depth_; }
    ~Nest() { --parser_.depth_; }
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;
    bool too_deep() {
      return (parser_.depth_ > kMaxNesting || stack_is_short_of(kStackReserve)) && !parser_.fail_nesting();
    }

   private:
    Parser& parser_;
  };

  // parser.cpp: tokens and errors.
  void next();
  bool at(Tok kind) const { return token_.kind == kind; }
  bool accept(Tok kind);
  bool expect(Tok kind, std::string_view what);
  NameId token_name();
  bool fail(uint32_t where, std::string message);
  bool fail_unknown_type();
  bool fail_unknown_type(uint32_t where, std::string_view word, bool before_current = false);
  bool fail_here(std::string message) { return fail(token_.at, std::move(message)); }
  bool fail_expected(std::string_view what);
  bool fail_nesting();
  bool skip_parentheses();
  const Symbol* lookup(NameId name);
  bool at_undeclared(std::string_view word);
  const Param* visible_parameter(NameId name) const;

  // pieces.cpp: what is noted where Input::pieces is
  void begin_piece();
  void end_piece(size_t declared);
  void note_asked(NameId name);
  void note_tag(NameId tag, bool defined);

  // pragma.cpp
  bool pragma();
  bool pragma_pack();

  // declaration.cpp
  bool external_declaration(bool& ended);
  bool declaration(bool after_extern, bool& ended);
  bool declarator_list(Specifiers& specifiers, bool& ended);
  bool function_body(const Declarator& declarator, TypeId type, Storage storage);
  bool parameter_declarations(const Declarator& declarator, TypeId& type);
  bool deduced_constants(const Specifiers& specifiers, bool& ended);
  bool initialiser(TypeId type, const Declarator& declarator, Storage storage, bool& is_constant);
  bool skip_initialiser();
  bool static_assertion();
  bool constant_for(TypeId type, Constant& constant);
  bool static_assert_word();

  // symbols.cpp
  bool declare(const Declarator& declarator, TypeId type, Storage storage, const Attributes& from_specifiers);
  bool complete(Symbol& symbol, const Symbol& later);
  Origin origin_at(uint32_t at);  // fast for growing places
  std::string place_of(const Symbol& symbol) const;
  bool declare_constant(NameId name, const Constant& value, uint32_t where);
  TypeId with_format_by_name(TypeId type, NameId name);
  TypeId with_marks_by_name(TypeId type, NameId name);  // known_callers.cpp
  std::string describe(const Symbol& symbol) const;

  // specifiers.cpp
  bool specifiers(Specifiers& out, unsigned storages_allowed);
  bool type_start();
  bool annotation();
  bool typeof_specifier(bool unqualified, TypeId& type);
  bool atomic_specifier(TypeId& type, uint8_t& quals);
  bool bit_int_width(unsigned& width);
  bool words_type(uint32_t words, unsigned detail, uint32_t where, TypeId& type);
  bool apply_modes(TypeId& type, const Attributes& a, uint32_t where);

  // attributes.cpp
  bool attribute_token();
  bool attributes(Attributes& a, uint8_t* quals);
  bool c23_attributes(Attributes& a);
  bool attributes_of_type(Specifiers& specifiers);
  bool c23_attribute_list(Attributes& a);
  bool gnu_attribute(Attributes& a);
  bool declspec(Attributes& a);
  bool attribute_word(Attributes& a);
  bool attribute_align(Attributes& a);
  bool attribute_mode(Attributes& a);
  bool attribute_format(Attributes& a);
  bool attribute_params(ParamMarks::Which& which);
  bool attribute_regparm(Attributes& a);
  bool attribute_pcs(Attributes& a);
  void set_convention(Attributes& a, CallConv conv);
  bool asm_label(Attributes& a);
  bool alignas_specifier(Attributes& a);
  bool set_align(Attributes& a, const Value& value, uint32_t where, bool zero_is_none);
  bool string_literal(std::string& out);
  CallConv effective(CallConv conv) const;

  // declarator.cpp
  void begin(Declarator& d, Naming naming);
  bool has_parameters(const Declarator& d) const;
  bool declarator(Declarator& d);
  bool declarator_level(Declarator& d, uint32_t position, Attributes& unused);
  uint32_t insert(const Declarator& d, uint32_t position, Derivation::Kind kind, uint32_t where);
  bool open_bracket(Declarator& d, uint32_t& bracket, bool behind_name);
  bool array_suffix(Declarator& d, uint32_t position, uint32_t where);
  bool array_bound(uint64_t& count, bool is_outermost_of_param);
  bool function_suffix(Declarator& d, uint32_t position, Attributes& conv);
  bool identifier_list();
  bool parameter(uint32_t number, bool& is_void);
  bool build(Declarator& d, const Specifiers& specifiers, TypeId& type);
  bool build_array(const Derivation& step, bool is_param, bool& unknown_bound, TypeId& type);
  bool type_name(TypeId& type, bool* colon_taken = nullptr);
  TypeId aligned_as(const Declarator& d, const Attributes& from_specifiers, TypeId type);
  TypeId as_parameter(TypeId type);
  TypeId with_conv(TypeId type, CallConv conv);
  static uint8_t marks_of(bool nonnull, bool scoped, bool lends);
  uint8_t possible_marks(TypeId type, uint8_t marks) const;
  TypeId with_blocking(TypeId type);
  TypeId with_format(TypeId type, const FormatAttribute& format);
  TypeId with_marks(TypeId type, const ParamMarks& marks);
  uint8_t own_marks(Declarator& d, const Specifiers& specifiers);

  // record.cpp
  bool record_specifier(bool is_union, TypeId& type);
  bool record_body(TypeId record, const Attributes& before, uint32_t where);
  std::string record_difference(TypeId old_record, TypeId new_record) const;
  bool static_members(const Specifiers& specifiers);
  bool member_declaration();
  bool member_declarators(Specifiers& specifiers);
  bool bit_field_width(TypeId type, uint8_t& width);
  bool anonymous_member(const Specifiers& specifiers, uint32_t where);
  bool plain_member(const Declarator& d, TypeId type);

  // enum.cpp
  bool enum_specifier(TypeId& type, bool& colon_taken);
  bool enum_body(TypeId type, TypeId fixed, const Attributes& before, uint32_t where);
  bool enumerator(TypeId fixed, Value& next_value);
  bool underlying_type(size_t base, bool packed, uint32_t where, TypeId& type);
  bool same_enum(TypeId a, TypeId b) const;
  Value smallest(const Value& v) const;
  bool check_tag(NameId tag, TypeId known, Kind wanted, uint32_t where);

  // const_expr.cpp
  bool expression(Value& v);
  // expression.cpp: what is never constant, and trees
  bool assignment(Value& v);
  Value dereferenced(const Value& pointer);
  bool assignable(const Value& v) const;
  bool local_value(const Local& local, Value& v);
  bool step(Value& v, bool behind);
  bool call(Value& v, TypeId function);
  bool compound_literal(TypeId& type, Value& v);
  bool generic_selection(Value& v);
  bool builtin_call(Value& v, bool& is_one);
  const Symbol* library_builtin(std::string_view name);  // library_builtins.cpp
  bool atomic_call(Value& v, bool& is_one);              // atomics.cpp
  bool hint_call(std::string_view name, Value& v, bool& is_one);
  bool overflow_call(const OverflowBuiltin& builtin, Value& v);
  bool builtin_expression(Value& v);
  bool floating_builtin(Value& v, bool& is_one);
  Value converted(const Value& v, TypeId type);
  uint32_t operand_node(const Value& v);
  Node* note(Value& v, Node::Kind kind, std::string_view text, std::initializer_list<const Value*> operands);
  void add_operand(uint32_t& first, uint32_t& last, const Value& v);
  // initialiser.cpp
  struct Place;
  struct Items;
  struct Path;
  bool literal_items(TypeId& type, uint32_t& first);
  bool braces(Items& items, Place& place);
  bool list_of_elements(Items& items, const Place& place, uint64_t& count);
  bool list_of_members(Items& items, const Place& place);
  bool item(Items& items, const Place& place, const Value* given);
  bool first_item(Items& items, Path& path);
  bool takes_whole(TypeId type, const Value& v);
  bool elements(Items& items, const Place& place, uint64_t from, const Value* given);
  bool members(Items& items, const Place& place, size_t from, const Value* given);
  bool designated(Items& items, const Place& place, uint64_t& index);
  bool element_designator(Items& items, Path& path);
  bool member_designator(Items& items, Path& path);
  bool choose(Items& items, const Place& place, size_t member);
  bool store(Items& items, const Place& place, const Value& given, uint32_t where);
  void add_item(Items& items, const Place& place, Node::Kind kind, uint32_t first);
  void clear(Items& items, const Place& place);
  bool next_item(Items& items);
  bool at_designator() const { return at(Tok::dot) || at(Tok::l_bracket); }
  bool text_for(TypeId array, const Value& v) const;
  Place element_of(const Place& place, uint64_t index) const;
  bool enter_member(Items& items, const Place& place, size_t index, Place& member);
  size_t next_member(const Place& place, size_t index) const;
  bool is_flexible(TypeId type) const;
  bool fail_too_many(const Place& place, uint32_t where);
  // statement.cpp
  const Local* find_local(NameId name, bool is_tag = false) const;
  TypeId find_tag(NameId tag, bool has_body) const;
  void declare_tag(NameId tag, TypeId type);
  uint32_t add_local(NameId name, TypeId type);
  uint32_t add_node(Node::Kind kind, uint32_t first = 0);
  void chain(uint32_t& first, uint32_t& last, uint32_t id);
  bool at_word(std::string_view word);
  bool statement(uint32_t& id, Value* value, bool in_block = false);
  bool block(uint32_t& id, Value* value);
  bool local_declaration(uint32_t& first, uint32_t& last);
  bool declare_in_block(const Declarator& d, TypeId type, const Specifiers& specifiers);
  bool goto_statement(uint32_t& id);
  bool label_statement(std::string_view name, uint32_t& id, Value* value, bool in_block);
  bool local_initialiser(TypeId& type, uint32_t& id);
  bool condition(uint32_t& id);
  bool if_statement(uint32_t& id);
  bool loop(uint32_t& id);
  bool for_loop(uint32_t& id);
  bool switch_statement(uint32_t& id);
  bool case_label(uint32_t& first, uint32_t& last);
  bool return_statement(uint32_t& id);
  bool statement_expression(Value& v);
  // const_expr.cpp
  bool conditional(Value& v);
  TypeId chosen_pointer(const Value& yes, const Value& no);
  bool binary_expression(Value& v, int min_precedence);
  bool cast_expression(Value& v);
  bool unary_operator(Tok op, Value& v);
  bool sizeof_expression(bool size, Value& v);
  bool postfix(Value& v);
  bool member(Value& v, bool through_pointer);
  bool subscript(Value& v);
  bool primary(Value& v);
  bool identifier_value(Value& v);
  bool offsetof_expression(Value& v);
  Value rvalue(const Value& v);
  Value rvalue_without_node(const Value& v);
  bool constant_expression(Value& v);                 // a known number
  bool constant_integer(Value& v, const char* what);  // a known integer
  bool as_constant(const Value& v, uint32_t where, Constant& constant);

  TypeTable& types_;
  Arithmetic arithmetic_;
  std::optional<cpreproc::State> own_state_;  // where none is given
  cpreproc::Preprocessor source_;
  Token token_;
  NameId token_name_ = kNoName;
  int depth_ = 0;
  bool implicit_tags_ = true;     // `struct unknown` declares it
  bool unknown_names_ = false;    // in the bound that a parameter loses names need not be known
  bool variable_bounds_ = false;  // in a parameter: bounds may depend on what is known at run time only
  uint32_t bound_at_ = 0;         // where the bound begins that is read, which may be `*` alone
  int prototypes_ = 0;            // open lists of parameters, whose names are visible
  Expression* tree_ = nullptr;    // where one is made
  std::vector<NameId>* declared_ = nullptr;
  Pieces* pieces_ = nullptr;
  std::string_view text_;   // with them
  std::string_view place_;  // Input's
  bool strict_ = false;
  bool closed_ = false;
  std::string_view last_file_;  // of the declaration before
  NameId last_file_name_ = kNoName;
  int linkage_depth_ = 0;  // open `extern "C" {`
  uint32_t pack_ = 0;
  struct Pack {
    NameId label;
    uint32_t value;
  };
  std::vector<Pack> pack_stack_;

  bool failed_ = false;
  uint32_t error_at_ = 0;
  std::string error_;

  // The shared stacks.
  std::vector<Derivation> derivations_;
  std::vector<Param> params_;
  std::vector<Field> fields_;
  std::vector<NamedConstant> record_constants_;
  std::vector<NamedConstant> enumerators_;

  std::vector<NameId> identifiers_;  // of the identifier list that was read last
  // The parameters of the function that was declared last and may be defined. Types are those of an old-style
  // definition, whose parameters arrive promoted; else none.
  std::vector<Param> defined_;

  std::vector<Local> locals_;  // what blocks declare, the innermost last
  uint32_t next_local_ = 0;
  TypeId returned_ = kNoType;       // what the function returns whose body is read; kNoType: it is an expression
  TypeId switched_ = kNoType;       // what the labels of the innermost `switch` are converted to
  int breakable_ = 0;               // open statements that `break` may leave
  int continuable_ = 0;             // open loops
  uint32_t taken_ = 0;              // tokens
  uint32_t statement_at_ = 0;       // of these, where the statement begins that may be a label
  std::string_view function_name_;  // of the body
};

// A name without the leading and trailing `__` that attributes may be written with.
std::string_view plain_attribute_name(std::string_view name);

}  // namespace ferry::cparse
