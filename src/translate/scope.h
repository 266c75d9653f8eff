// Local variables, and what can be said of their values without running the program: whether one can ever hold a cdata.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ferry::translate {

using VarId = uint32_t;
inline constexpr VarId kNoVar = UINT32_MAX;

// From top, where nothing is known yet, what is found out leads downwards. other: neither number nor cdata, strings
// included; plain: no cdata.
enum class Type : uint8_t { top, number, string, other, plain, unknown };

Type meet(Type a, Type b);

// A type that may depend on those of variables, which are known at the end of the text only.
struct Known {
  enum class Form : uint8_t { fixed, copy, arithmetic };
  Form form = Form::fixed;
  Type type = Type::unknown;
  VarId a = kNoVar;
  VarId b = kNoVar;

  static Known of(Type type) { return {Form::fixed, type, kNoVar, kNoVar}; }
  static Known copy(VarId v) { return {Form::copy, Type::unknown, v, kNoVar}; }
  // Of an arithmetic operator: a number, if both operands are numbers or strings.
  static Known arithmetic(const Known& x, const Known& y);
};

class Scope {
 public:
  struct Variable {
    Type type = Type::top;
    bool is_control = false;  // of a `for` loop
    bool is_assigned = false;
  };

  VarId declare(std::string_view name, uint32_t hash);
  // The innermost visible variable of that name; *index: its place among the visible ones.
  VarId find(std::string_view name, uint32_t hash, size_t* index = nullptr) const;

  // Every value that a variable ever gets.
  void assign(VarId v, const Known& value) { assignments_.push_back({v, value}); }
  Variable& operator[](VarId v) { return variables_[v]; }

  size_t visible() const { return names_.size(); }
  void leave(size_t visible) {
    hashes_.resize(visible);
    names_.resize(visible);
  }

  // Once, at the end of the text.
  void settle();
  Type type_of(const Known& known) const;
  bool is_plain(const Known& known) const {
    const Type t = type_of(known);
    return t != Type::unknown && t != Type::top;
  }

 private:
  struct Name {
    std::string_view text;
    VarId variable;
  };
  struct Assignment {
    VarId variable;
    Known value;
  };
  std::vector<uint32_t> hashes_;  // beside names_, for the search
  std::vector<Name> names_;
  std::vector<Variable> variables_;
  std::vector<Assignment> assignments_;
};

}  // namespace ferry::translate
