// gcc's atomic operations in trees: its manual's "Built-in Functions for Memory Model Aware Atomic Operations" and
// "Legacy
// __sync Built-in Functions for Atomic Memory Access". All are made in the strongest memory order.
#include <algorithm>
#include <string>

#include "cparse/parser_state.h"
#include "ctype/spell.h"

namespace ferry::cparse {
namespace {

// The arguments, a letter each: `p` the address of the object; `v` a value of its type; `a` the address of such a
// value; `e` the address of what is expected, which is written to; `r` where the result goes; `o` a memory order, or
// something else that does not matter; `s` a number of bytes; `+` whatever follows.
struct Row {
  std::string_view name;
  std::string_view node;  // Node::atomic's text, or what is made of another one
  std::string_view arguments;
};

constexpr Row kRows[] = {
    {"__atomic_load_n", "load", "po"},
    {"__atomic_load", "load", "pro"},
    {"__atomic_store_n", "store", "pvo"},
    {"__atomic_store", "store", "pao"},
    {"__atomic_exchange_n", "exchange", "pvo"},
    {"__atomic_exchange", "exchange", "paro"},
    {"__atomic_compare_exchange_n", "compare_exchange", "pevooo"},
    {"__atomic_compare_exchange", "compare_exchange", "peaooo"},
    {"__atomic_test_and_set", "test_and_set", "po"},
    {"__atomic_clear", "clear", "po"},
    {"__atomic_thread_fence", "fence", "o"},
    {"__atomic_signal_fence", "fence", "o"},
    {"__atomic_always_lock_free", "lock_free", "so"},
    {"__atomic_is_lock_free", "lock_free", "so"},
    {"__sync_synchronize", "fence", "+"},
    {"__sync_bool_compare_and_swap", "bool_compare_and_swap", "pvv+"},
    {"__sync_val_compare_and_swap", "val_compare_and_swap", "pvv+"},
    {"__sync_lock_test_and_set", "exchange", "pv+"},
    {"__sync_lock_release", "store", "p+"},
};

constexpr std::string_view kOperations[] = {"add", "sub", "and", "or", "xor", "nand"};

// Whether `name` is before + operation + behind.
bool is_operation(std::string_view name, std::string_view before, std::string_view behind,
                  std::string_view& operation) {
  if (!name.starts_with(before) || !name.ends_with(behind) || name.size() <= before.size() + behind.size())
    return false;
  operation = name.substr(before.size(), name.size() - before.size() - behind.size());
  return std::find(std::begin(kOperations), std::end(kOperations), operation) != std::end(kOperations);
}

// The row for the name. `node`: its text, which may be made for this name. False: it is no atomic operation.
bool find_row(std::string_view name, Row& row, std::string& node) {
  for (const Row& each : kRows) {
    if (each.name == name) {
      row = each;
      node = each.node;
      return true;
    }
  }
  std::string_view operation;
  const bool is_sync = name.starts_with("__sync_");
  row = {name, {}, is_sync ? "pv+" : "pvo"};
  if (is_operation(name, "__atomic_fetch_", "", operation) || is_operation(name, "__sync_fetch_and_", "", operation))
    node = "fetch_" + std::string(operation);
  else if (is_operation(name, "__atomic_", "_fetch", operation) ||
           is_operation(name, "__sync_", "_and_fetch", operation))
    node = std::string(operation) + "_fetch";
  else
    return false;
  return true;
}

}  // namespace

// atomic-call := name '(' (assignment (',' assignment)*)? ')'        False in is_one, and nothing read: it is none.
bool Parser::atomic_call(Value& v, bool& is_one) {
  Row row;
  std::string node;
  if (!find_row(token_.text, row, node)) return true;
  is_one = true;
  const uint32_t where = token_.at;
  const std::string name(token_.text);
  next();
  if (!expect(Tok::l_paren, "'('")) return false;
  Value address, expected, result_at, values[2];
  size_t count = 0;
  uint64_t bytes = 0;
  for (const char kind : row.arguments) {
    if (kind == '+') {
      while (!at(Tok::r_paren)) {
        Value unused;
        if ((count != 0 || address.type != kNoType) && !expect(Tok::comma, "','")) return false;
        if (!assignment(unused)) return false;
      }
      break;
    }
    if (kind != row.arguments.front() && !expect(Tok::comma, "','")) return false;
    if (kind == 'o' && row.arguments.front() == 'o' && at(Tok::r_paren)) return fail_expected("a memory order");
    Value argument;
    if (!assignment(argument)) return false;
    argument = rvalue(argument);
    const bool is_pointer = types_[argument.type].kind == Kind::pointer;
    switch (kind) {
      case 'p':
        if (!is_pointer) return fail(where, shown(name) + " needs the address of an object");
        address = argument;
        break;
      case 'v':
        values[count++] = argument;
        break;
      case 'a':
      case 'e':
      case 'r':
        if (!is_pointer || types_[types_[argument.type].base].kind == Kind::void_)
          return fail(where, shown(name) + " needs the address of a value");
        if (kind == 'a')
          values[count++] = rvalue(dereferenced(argument));
        else
          (kind == 'e' ? expected : result_at) = argument;
        break;
      case 's':
        if (argument.known != Value::Known::integer) return fail(where, "the size that is asked for is not constant");
        bytes = static_cast<uint64_t>(argument.integer);
        break;
      default:
        break;
    }
  }
  if (!expect(Tok::r_paren, "')' after the arguments")) return false;
  constexpr const char* kNotConstant = "an atomic operation is not constant";
  if (node == "fence") {
    v = arithmetic_.unknown(scalar_type(Scalar::void_), kNotConstant);
    note(v, Node::Kind::atomic, node, {});
    return true;
  }
  if (node == "lock_free") {
    v = arithmetic_.integer(bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8, scalar_type(Scalar::bool_));
    return true;
  }
  const bool is_flag = node == "test_and_set" || node == "clear";  // a byte, whatever is pointed to
  if (is_flag) {
    const TypeId byte = arithmetic_.integer_type(1, true);
    values[count++] = arithmetic_.integer(node == "clear" ? 0 : 1, byte);
    address = converted(address, types_.pointer_to(byte));
    node = node == "clear" ? "store" : "exchange";
  }
  const Type object = types_[types_[address.type].base];
  const TypeId whole = object.unqualified;
  TypeId type = whole;
  const bool is_operated = node.ends_with("_fetch") || node.starts_with("fetch_");
  if (is_operated && object.kind == Kind::pointer)
    type = arithmetic_.integer_type(static_cast<unsigned>(object.size), true);
  const bool fits = object.size == 1 || object.size == 2 || object.size == 4 || object.size == 8;
  if ((object.flags & kIncomplete) != 0 || !fits || object.kind == Kind::array || object.kind == Kind::function ||
      is_bit_int(object) || (is_operated && !is_integer_like(types_[type])))
    return fail(where, shown(name) + " is not run for '" + spell(types_, whole) + "'");
  if ((object.quals & kConst) != 0 && node != "load")
    return fail(where, shown(name) + " writes to a '" + spell(types_, types_[address.type].base) + "'");
  if (row.name == "__sync_lock_release") values[count++] = arithmetic_.integer(0, arithmetic_.int_type());
  for (size_t i = 0; i < count; ++i) {
    if (values[i].type == type) continue;
    if (is_record(object)) return fail(where, "a value of " + shown(name) + " is no '" + spell(types_, whole) + "'");
    values[i] = converted(values[i], type);
  }
  if (expected.type != kNoType && types_[types_[expected.type].base].size != object.size)
    return fail(where, "what " + shown(name) + " expects is no '" + spell(types_, whole) + "'");
  const bool is_test = node == "compare_exchange" || node == "bool_compare_and_swap";
  const Scalar other = is_test ? Scalar::bool_ : Scalar::void_;
  v = arithmetic_.unknown(is_test || node == "store" ? scalar_type(other) : type, kNotConstant);
  uint32_t first = 0;
  uint32_t last = 0;
  add_operand(first, last, address);
  if (expected.type != kNoType) add_operand(first, last, expected);
  for (size_t i = 0; i < count; ++i) add_operand(first, last, values[i]);
  if (Node* made = note(v, Node::Kind::atomic, node, {})) made->first = first, made->common = type;
  if (is_flag && node == "exchange") v = converted(v, scalar_type(Scalar::bool_));
  if (type != whole && !is_test) v = converted(v, whole);
  if (result_at.type != kNoType) {
    const Value to = dereferenced(result_at);
    const Value made = v;
    v = arithmetic_.unknown(types_[to.type].unqualified, kNotConstant);
    note(v, Node::Kind::assign, "=", {&to, &made});
    v = converted(v, scalar_type(Scalar::void_));
  }
  return true;
}

}  // namespace ferry::cparse
