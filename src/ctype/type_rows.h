// Private storage of TypeTable, shared by type_table.cpp (types, names) and type_records.cpp (records, enums).
// Not an interface: nothing outside these two files includes it.
#pragma once

#include "base/arena.h"
#include "ctype/type_table.h"

namespace ferry {

// Members of anonymous members of ... are searched by recursion; nobody nests deeper by hand.
inline constexpr uint32_t kMaxAnonymousDepth = 100;
// The largest alignment that gcc accepts (2^28 bytes); vectors are aligned to their size, so this
// bounds them, too.
inline constexpr uint32_t kMaxAlign = uint32_t{1} << 28;

enum class Op : uint8_t {
  scalar,
  pointer,
  reference,
  array,
  vector,
  qualified,
  aligned,
  function,
  record,
  enumeration,
  complex,
  bit_int
};

struct TypeTable::Rows {
  // How a row was made: equal keys are equal types.
  struct Key {
    Op op = Op::scalar;
    TypeId source = kNoType;  // base, element, result, or the type that was qualified or aligned
    uint64_t value = 0;       // count, qualifiers, alignment, or a function's hash
  };
  struct Row {
    Type type;
    Key key;
    // The pointer to this type, once there was one. A rollback may have undone that row and others have taken its id.
    TypeId pointer = kNoType;
    // From a record or enum to the latest of its qualified and aligned forms, from there to the one
    // before: completing it in place visits them all.
    TypeId next_variant = kNoType;
  };
  struct Name {
    const char* text = "";
    uint32_t length = 0;
    uint32_t hash = 0;
    uint32_t symbol = 0;  // index of the symbol in force; 0: none
    TypeId tag = kNoType;
    uint32_t stamp = 0;  // == Rows::stamp: seen in the record being completed
  };
  struct RecordRow {
    Record record;
    uint32_t names = 0;            // fields and constants with a name, also through anonymous members
    uint32_t anonymous_depth = 0;  // 1: has anonymous members; 2: these have some, too
  };
  // What a rollback cannot undo by forgetting rows.
  struct Undo {
    enum class What : uint8_t { symbol, tag, record, enumeration, transparent, alias, read } what;
    uint32_t id;        // NameId or TypeId; of `read`: the piece
    uint32_t previous;  // symbol, tag, or underlying type; of `read`: the number of the Waiting
    bool complete;      // of an enum
  };

  Rows(TypeTable& t, const Target& for_target) : table(t), target(for_target) {}

  TypeTable& table;

  const Target target;
  StableVector<Row> types;
  StableVector<Name> names;
  StableVector<Symbol> symbols;
  StableVector<Function> functions;
  StableVector<RecordRow, 4> records;
  StableVector<Enum, 4> enums;
  TextArena texts;
  HashIndex type_index;
  HashIndex name_index;
  std::vector<Undo> undo;
  uint32_t open_transactions = 0;
  uint32_t stamp = 0;
  std::vector<Param> canonical_params;  // scratch of function_type
  std::vector<std::unique_ptr<Waiting>> waiting;
  bool reading = false;  // one of them declares, and brings what it needs

  bool asks() const { return !waiting.empty() && !reading; }

  Row& row(TypeId id) { return types[id]; }
  Type& type(TypeId id) { return types[id].type; }
  uint64_t max_object_size() const { return target.pointer_size == 4 ? uint64_t{0x7fffffff} : kMaxObjectSize; }

  static uint32_t hash(const Key& key) {
    const uint64_t h = hash_mix(uint64_t{key.source} << 8 | static_cast<uint64_t>(key.op));
    return static_cast<uint32_t>(hash_mix(h ^ key.value));
  }
  TypeId find(const Key& key, uint32_t h) const {
    return type_index.find(h, [&](uint32_t id) {
      const Key& k = types[id].key;
      return k.op == key.op && k.source == key.source && k.value == key.value;
    });
  }
  // A new interned row. canonical and unqualified default to the row itself.
  TypeId add(const Type& type, const Key& key, uint32_t h) {
    type_index.make_room();
    const TypeId id = add_unique(type, key);
    type_index.insert(h, id);
    return id;
  }
  TypeId add_unique(const Type& type, const Key& key) {
    const TypeId id = types.push_back({type, key, kNoType, kNoType});
    Type& t = types[id].type;
    if (t.canonical == kNoType) t.canonical = id;
    if (t.unqualified == kNoType) t.unqualified = id;
    return id;
  }
  // The record or enum itself, behind qualified and aligned forms; other types: without these forms.
  TypeId root(TypeId id) const {
    while (types[id].key.op == Op::qualified || types[id].key.op == Op::aligned) id = types[id].key.source;
    return id;
  }
  void log(Undo::What what, uint32_t id, uint32_t previous, bool complete = false) {
    if (open_transactions != 0) undo.push_back({what, id, previous, complete});
  }

  // type_records.cpp
  void copy_to_variants(TypeId root_id);
  void set_enum(TypeId id, TypeId underlying, bool complete);
  NameId& alias_of(TypeId id);  // of a record or an enum
  void undo_record(TypeId id);
};

}  // namespace ferry
