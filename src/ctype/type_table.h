// The table of all C types, names and declared identifiers of one Lua state. Types are 32-bit ids;
// equal types have equal ids, so a type test is an integer comparison. Append-only: ids and the
// references handed out stay valid, except what a rolled-back Transaction added.
// Knows no syntax (cparse) and no Lua.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ctype/target.h"

namespace ferry {

using TypeId = uint32_t;  // index of a row; 0 is no type
using NameId = uint32_t;  // index of an interned identifier; 0 is no name
inline constexpr TypeId kNoType = 0;
inline constexpr NameId kNoName = 0;

enum class Kind : uint8_t {
  none,
  void_,
  boolean,
  integer,      // char types and __int128 included; `unsigned` by kUnsigned. count: of a _BitInt(N), N; else 0
  floating,     // also long double and _FloatN
  decimal,      // _Decimal32, _Decimal64, _Decimal128
  complex,      // base: the type of the parts, of gcc's complex integers; of the others scalar tells it
  enumeration,  // base: the underlying integer type
  pointer,      // base: pointee
  reference,    // base: referee (C++ T&); size and alignment are a pointer's
  array,        // base: element; count, or kVla / kFlexible
  vector,       // base: element; count (__attribute__((vector_size)))
  structure,    // index: record()
  union_,       // index: record()
  function,     // index: function(); base: the result type
};

// The ids of the scalars of scalars.def are constants: void is 1, bool 2, and so on.
enum class Scalar : uint8_t {
  none,
#define X(id, spelling, klass, is_unsigned, size, align) id,
#include "base/scalars.def"
#undef X
  count_
};
constexpr TypeId scalar_type(Scalar s) {
  return static_cast<TypeId>(s);
}

enum Qualifier : uint8_t { kConst = 1, kVolatile = 2, kRestrict = 4, kAtomic = 8 };

enum TypeFlag : uint8_t {
  kUnsigned = 1,        // integers, bool, enums with an unsigned underlying type
  kIncomplete = 2,      // void, struct/union/enum without a body, array `[]`
  kVariable = 4,        // VLA `[?]`, or a struct whose last member is one (VLS): size is the fixed part
  kHasFlexible = 8,     // struct ending in a flexible array member `[]`
  kHasConst = 16,       // record or array that contains a const member: not assignable as a whole
  kAlignedByUser = 32,  // by an attribute of a typedef
};

inline constexpr uint64_t kVla = ~uint64_t{0};           // Type::count of `[?]`
inline constexpr uint64_t kFlexible = ~uint64_t{0} - 1;  // Type::count of `[]`
// Larger objects are refused: byte offsets must fit a ptrdiff_t on every target tested.
inline constexpr uint64_t kMaxObjectSize = uint64_t{1} << 47;

struct Type {
  Kind kind = Kind::none;
  uint8_t quals = 0;             // Qualifier bits
  uint8_t flags = 0;             // TypeFlag bits
  Scalar scalar = Scalar::none;  // for the kinds void_ to complex
  uint32_t align = 0;            // bytes; what alignof says
  uint64_t size = 0;             // bytes; 0 while incomplete; of a VLA/VLS: the fixed part
  TypeId base = kNoType;         // see Kind
  uint32_t index = 0;            // see Kind
  uint64_t count = 0;            // arrays, vectors, _BitInt
  TypeId unqualified = kNoType;  // this type without its own qualifiers
  TypeId canonical = kNoType;    // without any qualifiers, alignment attributes and spelling, at every
                                 // level: equal for types that convert to each other without a cast
};

inline constexpr uint8_t kNotBitfield = 0xff;

struct Field {
  NameId name = kNoName;  // 0: an unnamed bit-field or an anonymous (transparent) struct/union member
  TypeId type = kNoType;  // of a bit-field: its declared type
  uint64_t offset = 0;    // bytes from the start of the record; of a bit-field: of its storage unit,
                          // which has the size of the declared type and lies within the record's
                          // padded size wherever the layout permits (see layout.cpp)
  uint8_t bit_width = kNotBitfield;
  uint8_t bit_offset = 0;  // from the least significant bit of the unit on little-endian targets, from
                           // the most significant on big-endian ones
  bool packed = false;     // __attribute__((packed)) on the member itself
  uint32_t align = 0;      // explicit alignment (aligned attribute, _Alignas), bytes; 0: none
  bool is_bitfield() const { return bit_width != kNotBitfield; }
};

// A named constant with a C type: enum constants, `static const int N = 1`, #define.
struct Constant {
  TypeId type = kNoType;  // integer, boolean, enumeration or floating
  union {
    int64_t integer = 0;  // the value's bits, sign- or zero-extended by the type
    double floating;
  };
};

struct NamedConstant {
  NameId name = kNoName;
  Constant value;
};

struct RecordAttributes {
  bool packed = false;     // __attribute__((packed))
  bool ms_struct = false;  // __attribute__((ms_struct))
  bool transparent_union = false;
  uint32_t align = 0;  // __attribute__((aligned(n))) / alignas on the record; 0: none
  uint32_t pack = 0;   // #pragma pack(n) in force; 0: none
};

// What gcc keeps a value in if there is a register: its machine mode, as far as layouts on i386 depend on it.
enum class RegisterKind : uint8_t {
  none,     // memory
  lowered,  // what records align to 4: integers, doubles, complex numbers of either
  other,    // other floating-point and complex numbers, decimals, vectors
};

// Where something was declared. Line 0: nowhere, it is predefined.
struct Origin {
  uint32_t line = 0;
  NameId file = kNoName;
  bool in_text = false;  // the line is one of a text without a name of its own; `file` says where that is

  // `#line 0` is a place, too.
  bool known() const { return in_text || file != kNoName || line != 0; }
};

struct Record {
  NameId tag = kNoName;    // 0: anonymous
  NameId alias = kNoName;  // of an anonymous one: the typedef that named it first
  TypeId type = kNoType;   // the unqualified type
  uint32_t serial = 0;     // for printing anonymous records: `struct 104`
  bool is_union = false;
  bool complete = false;
  bool has_bitfields = false;
  bool unaligned_fields = false;  // some member lies below its natural alignment (psABI class MEMORY)
  uint32_t scalar_align = 1;      // the largest natural alignment of a scalar anywhere within, packed or not
  uint32_t required_align = 1;    // the largest explicit alignment within, which #pragma pack cannot lower (MSVC)
  RegisterKind held = RegisterKind::none;  // i386
  uint32_t own_align = 0;                  // i386: where a member is aligned to 4, what the record itself is aligned
                                           // to (gcc's __alignof__); 0: to the same
  bool aligned_by_user = false;            // i386: attributes decide how the record or a member of it is aligned
  RecordAttributes attributes;
  Origin origin;                         // of its body
  std::vector<Field> fields;             // in order of declaration; anonymous members are not flattened
  std::vector<NamedConstant> constants;  // static const members and constants of nested enums
};

struct Enum {
  NameId tag = kNoName;
  NameId alias = kNoName;  // as a record's
  TypeId type = kNoType;
  uint32_t serial = 0;
  bool complete = false;
  Origin origin;  // of its body
  std::vector<NamedConstant> constants;
};

// What a target does not tell from C's own convention is `c` there. Functions of those behind sysv_abi are declared,
// and not called, as nothing plans them, but for aapcs.
enum class CallConv : uint8_t {
  c,
  stdcall,
  fastcall,
  thiscall,
  ms_abi,
  sysv_abi,
  aapcs,  // ARM: floating-point numbers in general registers
  regparm1,
  regparm2,
  regparm3,
  sseregparm,
  vectorcall,
  regcall,
  pascal,
  swiftcall,
};

// What a declaration says of one parameter.
enum ParamMark : uint8_t {
  kNonnull = 1,  // __attribute__((nonnull)), _Nonnull, [static n]: a pointer that is never NULL
  kScoped = 2,   // __attribute__((ferry_scoped)): a function that is not called any more when the call has returned
  kLends = 4,    // __attribute__((ferry_lends)), with it: nor are the pointers of use that are its arguments
};

struct Param {
  NameId name = kNoName;  // kept for messages only; not part of a function type's identity
  TypeId type = kNoType;  // after adjustment: arrays and functions are pointers, top qualifiers kept off
  uint8_t marks = 0;      // ParamMark bits
};

// __attribute__((format(printf, string, first))): 1-based parameter numbers; style 0 is none.
struct FormatAttribute {
  enum Style : uint8_t { none, printf, scanf, strftime } style = none;
  uint8_t string_index = 0;
  uint8_t first_to_check = 0;  // 0: a va_list follows, nothing to check
};

struct Function {
  TypeId type = kNoType;
  TypeId result = kNoType;
  CallConv conv = CallConv::c;
  bool variadic = false;
  bool blocking = false;  // __attribute__((blocking)): calls let other threads into the Lua state
  FormatAttribute format;
  std::vector<Param> params;
};

// A declared ordinary identifier (C 6.2.3), as ffi.C sees it.
struct Symbol {
  enum class Kind : uint8_t { none, type_name, function, variable, constant };
  Kind kind = Kind::none;
  NameId name = kNoName;
  TypeId type = kNoType;       // typedef'd type, function type, variable's type
  NameId link_name = kNoName;  // __asm__("name"); 0: the name itself
  Constant constant;           // Kind::constant
  bool inline_body = false;    // a function with a body, which may have no symbol in any library
  bool internal = false;       // of internal linkage, so that no library's symbol of its name is meant
  bool unprototyped = false;   // a function declared `f()`: a later declaration may say its parameters
  Origin origin;               // of its first declaration
  std::string_view body;       // with inline_body: its parameters' names, a comma behind each, then the body
};

// Where a field was found, also within anonymous members.
struct FieldPath {
  const Field* field = nullptr;             // null: not a field
  const NamedConstant* constant = nullptr;  // a scoped constant of that name
  uint64_t offset = 0;                      // bytes from the start of the outermost record
  uint8_t quals = 0;                        // added by anonymous members on the way
};

// C11 6.2.3: tags of structs, unions and enums have a name space of their own.
enum class NameSpace : uint8_t { ordinary, tag };

class TypeTable;

// Declarations that a table knows by their names only, until one of these is asked for.
class Waiting {
 public:
  // Why what waits cannot be declared, where that is not want of memory: what() says it.
  struct Unreadable : std::runtime_error {
    using std::runtime_error::runtime_error;
  };

  struct Name {
    std::string_view text;
    NameSpace space;
    bool is_type;           // not a function, a variable or a constant
    Kind tag = Kind::none;  // what the tag is of
  };

  virtual ~Waiting() = default;
  virtual bool has(std::string_view name, NameSpace space) const = 0;
  // Declares what the name stands for, with all that this needs and all that names met on the way stand for: of what
  // the table then has nothing is left out. A name that it does not have is nothing to it. Throws std::bad_alloc or
  // Unreadable (the stack does not suffice); then nothing is declared.
  virtual void declare(TypeTable& types, std::string_view name, NameSpace space) = 0;
  virtual void declare_all(TypeTable& types) = 0;
  // A rollback has taken back what TypeTable::note_read told.
  virtual void unread(uint32_t piece) = 0;
  virtual void for_each(void (*visit)(void* context, const Name& name), void* context) const = 0;
};

class TypeTable {
 public:
  explicit TypeTable(const Target& target);
  ~TypeTable();
  TypeTable(const TypeTable&) = delete;
  TypeTable& operator=(const TypeTable&) = delete;

  const Target& target() const;

  // --- rows -------------------------------------------------------------------------------------
  const Type& operator[](TypeId id) const;  // id must be valid
  uint32_t size() const;                    // number of rows, row 0 included
  const Record& record(TypeId id) const;    // of a structure or union (qualified or not)
  const Enum& enumeration(TypeId id) const;
  const Function& function(TypeId id) const;

  // --- derived types, interned ------------------------------------------------------------------
  TypeId pointer_to(TypeId base);
  TypeId reference_to(TypeId base);
  // Adds qualifiers. On an array they go to the element (C 6.7.3p9), on a function nowhere.
  TypeId qualified(TypeId id, uint8_t quals);
  // The same type with another alignment in bytes (power of two). Never below the natural one for a
  // record, as in gcc; a scalar typedef may be lowered.
  TypeId aligned(TypeId id, uint32_t align);
  // count may be kVla or kFlexible. Errors: incomplete, function, reference or VLA element; size above kMaxObjectSize.
  Result<TypeId> array_of(TypeId element, uint64_t count);
  // Errors: element is not an arithmetic scalar; count is not a power of two.
  Result<TypeId> vector_of(TypeId element, uint64_t count);
  // Params are adjusted by the caller. Errors: result is an array or a function.
  Result<TypeId> function_type(TypeId result, std::span<const Param> params, bool variadic, CallConv conv = CallConv::c,
                               FormatAttribute format = {}, bool blocking = false);
  TypeId with_conv(TypeId function, CallConv conv);
  TypeId with_format(TypeId function, FormatAttribute format);
  TypeId with_params(TypeId function, std::span<const Param> params);
  TypeId with_blocking(TypeId function);
  TypeId complex_of(TypeId part);  // of a floating or integer type; kNoType if there is none
  // _BitInt(bits). Errors: a width that it cannot have, or that the target has no register pair for.
  Result<TypeId> bit_int(uint64_t bits, bool is_unsigned);

  // --- records and enums ------------------------------------------------------------------------
  TypeId new_record(NameId tag, bool is_union);
  // Lays the fields out (layout.h) and makes the type complete in place, its qualified forms too. Errors: an incomplete
  // or function-typed member, a flexible or variable member that is not last, a duplicate name (also through anonymous
  // members), a bit-field wider than its type or of a type that has none, overflow.
  Result<void> complete_record(TypeId record, std::vector<Field> fields, std::vector<NamedConstant> constants,
                               const RecordAttributes& attributes);
  // `typedef union { ... } T __attribute__((transparent_union))`: said behind the body, when the union is complete.
  void set_transparent_union(TypeId record);
  // `typedef struct { ... } T;`: what has no tag is printed as T from now on. Nothing for types with a tag, with
  // qualifiers, or that a typedef has named before.
  void name_by_typedef(TypeId type, NameId name);
  TypeId new_enum(NameId tag);
  // Of the body of a record or enum.
  void set_origin(TypeId id, const Origin& origin);
  void complete_enum(TypeId enumeration, TypeId underlying, std::vector<NamedConstant> constants);
  // `enum tag : type;` and forward references: an opaque enum has a size before its body.
  void set_underlying(TypeId enumeration, TypeId underlying);

  // Looks through anonymous members; for cold code (src/lua caches what it finds).
  FieldPath find_field(TypeId record, NameId name) const;

  // --- names ------------------------------------------------------------------------------------
  NameId intern(std::string_view text);
  // A copy that lives as long as the table; a transaction that fails takes it back.
  std::string_view keep_text(std::string_view text);
  NameId find_name(std::string_view text) const;  // 0: never interned
  std::string_view name(NameId id) const;         // NUL-terminated storage, valid as long as the table

  // --- identifiers ------------------------------------------------------------------------------
  const Symbol* find_symbol(NameId name) const;  // null: not declared; what waits is declared by being asked for
  void declare(const Symbol& symbol);            // replaces an earlier one of that name
  TypeId find_tag(NameId tag) const;             // struct, union or enum; 0: none; as find_symbol
  void declare_tag(NameId tag, TypeId type);
  // Every declared symbol, in order of declaration, superseded ones left out.
  void for_each_symbol(void (*visit)(void* context, const Symbol& symbol), void* context) const;
  // Every tag, in the order in which the names were seen first.
  void for_each_tag(void (*visit)(void* context, NameId tag, TypeId type), void* context) const;

  // --- declarations that wait ---------------------------------------------------------------------
  // Those two visit what is declared. A number for note_read; a transaction that fails takes it back.
  uint32_t add_waiting(std::unique_ptr<Waiting> waiting);
  // What `waiting` declares next is piece `piece` of it.
  void note_read(uint32_t waiting, uint32_t piece);
  // The calls that find nothing ask nobody while this lives: a Waiting declares.
  class Reading {
   public:
    explicit Reading(const TypeTable& table);
    ~Reading();
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

   private:
    const TypeTable& table_;
    bool outer_;
  };
  void declare_waiting() const;  // all of it
  void for_each_waiting(void (*visit)(void* context, const Waiting::Name& name), void* context) const;
  Waiting& waiting(uint32_t number) const;

  // Undoes everything since its construction unless committed. Transactions nest.
  class Transaction {
   public:
    explicit Transaction(TypeTable& table);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();
    // Whether a name means something else since then, or a type that was there has changed. Types that have no name may
    // have come all the same.
    bool has_declared() const;

   private:
    TypeTable& table_;
    struct Mark;
    std::unique_ptr<Mark> mark_;
  };

 private:
  NameId find_waiting_name(std::string_view text) const;
  void ask_waiting(NameId name, NameSpace space) const;

  struct Rows;
  std::unique_ptr<Rows> rows_;
};

inline bool is_record(const Type& t) {
  return t.kind == Kind::structure || t.kind == Kind::union_;
}
inline bool is_pointer_like(const Type& t) {
  return t.kind == Kind::pointer || t.kind == Kind::reference;
}
// _BitInt: what lies beyond its `count` bits in memory and registers is unspecified.
inline bool is_bit_int(const Type& t) {
  return t.kind == Kind::integer && t.count != 0;
}
inline bool is_integer_complex(const Type& t) {
  return t.kind == Kind::complex && t.base != kNoType;
}
// The complex type whose parts are of this floating type; Scalar::none if there is none.
Scalar complex_of_floating(Scalar part);
TypeId part_of_complex(const Type& t);  // the type of the parts of a complex type
inline bool is_integer_like(const Type& t) {
  return t.kind == Kind::integer || t.kind == Kind::boolean || t.kind == Kind::enumeration;
}

}  // namespace ferry
