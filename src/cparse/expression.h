// Expressions and bodies of functions as trees, for whoever evaluates them: types are C's, what is constant is folded.
#pragma once

#include <string>
#include <vector>

#include "cparse/parser.h"

namespace ferry::cparse {

struct Node {
  enum class Kind : uint8_t {
    unsupported,  // text: why
    constant,     // of `type`: integer (of pointers: the address) or floating, of complex types the imaginary part; of
                  // decimal types: text
    argument,     // the substitute number `integer`, from 0
    string,       // text, without the final zero; the type is an array of char
    variable,     // text: its name
    function,     // text: its name
    unary,        // text: - + ~ ! __real__ __imag__
    binary,       // text: the operator; common: what both operands are converted to, kNoType with pointers
    logical,      // text: && ||
    conditional,  // condition, yes, no; with two operands `a ?: b`
    comma,
    cast,
    call,         // the function, its arguments
    member,       // text: its name; integer: its offset; to: of a bit-field, its width. The operand is the record
    index,        // a pointer, and how many elements behind it
    dereference,  // a pointer
    address,      // an object or a function
    assign,       // text: = or another assignment; common: what both are converted to for the operation
    step,         // text: ++ -- in front, +1 -1 behind
    literal,      // `(type){...}`: an object that is zero but for its items
    item,         // a value for what has the type and lies `integer` bytes behind the object's start; for a member
                  // text: its name, object: the record that lies there; common: of a constant bit-field, to which
                  // nobody can assign, its type. Then the ranges that it is stored in
    clear,        // likewise, what is zero again
    range,        // integer: how often; to: how many bytes apart
    builtin,      // text: the name
    atomic,  // text: load store exchange compare_exchange bool_compare_and_swap val_compare_and_swap fetch_OP OP_fetch
             // fence; common: the type of what is operated on. The object's address, then values: what is stored; the
             // address of what is expected (of compare_and_swap the value), and what is stored
    local,   // an object of a block: integer: its number
    result,  // the value of the last statement of gcc's `({...})`: a block
    // Statements; what they have is what operands are.
    evaluate,  // an expression
    declare,   // integer: the number of an object; type: its own; what it is initialised with, or nothing. text: static
    block,     // statements
    if_,       // a condition, a statement, and perhaps another one
    while_,    // a condition, a statement
    do_,       // a statement, a condition
    for_,      // a block of what is done first, a condition, a block of what is done behind, a statement
    switch_,   // a value, a block with cases in it
    case_,     // integer: what the value is, up to `to`
    default_,
    break_,
    continue_,
    return_,  // a value, or nothing
    label,    // text: its name
    goto_,    // text: that of a label in the same function, or block of gcc's `({...})`
  };
  Kind kind = Kind::unsupported;
  TypeId type = kNoType;
  TypeId common = kNoType;
  TypeId object = kNoType;  // of an object: its type, where `type` is what it decays to
  uint32_t first = 0;       // its operands: a chain by `next`
  uint32_t next = 0;
  int64_t integer = 0;
  int64_t to = 0;
  long double floating = 0;
  std::string text;
};

struct Expression {
  std::vector<Node> nodes{1};  // element 0 is none
  uint32_t root = 0;
  std::vector<TypeId> params;  // of a body: what its parameters are in it, which is not always what they arrive as
};

// One expression, assignments and calls included. Substitute::Kind::value stands for values that the evaluator gets.
Result<Expression> parse_expression(TypeTable& types, const Input& input);

// The body of a function (Symbol::body): a block. Its parameters are the first locals.
Result<Expression> parse_body(TypeTable& types, const Symbol& function);

}  // namespace ferry::cparse
