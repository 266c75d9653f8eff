// Local variables and the types of their values.
#include "translate/scope.h"

namespace ferry::translate {

Type meet(Type a, Type b) {
  if (a == b || b == Type::top) return a;
  if (a == Type::top) return b;
  if (a == Type::unknown || b == Type::unknown) return Type::unknown;
  return (a == Type::string || a == Type::other) && (b == Type::string || b == Type::other) ? Type::other : Type::plain;
}

Known Known::arithmetic(const Known& x, const Known& y) {
  Known out{Form::arithmetic, Type::number, kNoVar, kNoVar};
  for (const Known* k : {&x, &y}) {
    if (k->form == Form::fixed) {
      if (k->type != Type::number && k->type != Type::string) return of(Type::unknown);
      continue;
    }
    for (const VarId v : {k->a, k->b}) {
      if (v == kNoVar || v == out.a || v == out.b) continue;
      if (out.a == kNoVar) {
        out.a = v;
      } else if (out.b == kNoVar) {
        out.b = v;
      } else {
        return of(Type::unknown);
      }
    }
  }
  return out.a == kNoVar ? of(Type::number) : out;
}

VarId Scope::declare(std::string_view name, uint32_t hash) {
  const VarId v = static_cast<VarId>(variables_.size());
  variables_.emplace_back();
  hashes_.push_back(hash);
  names_.push_back({name, v});
  return v;
}

VarId Scope::find(std::string_view name, uint32_t hash, size_t* index) const {
  for (size_t i = hashes_.size(); i-- > 0;) {
    if (hashes_[i] == hash && names_[i].text == name) {
      if (index != nullptr) *index = i;
      return names_[i].variable;
    }
  }
  return kNoVar;
}

Type Scope::type_of(const Known& known) const {
  switch (known.form) {
    case Known::Form::fixed:
      return known.type;
    case Known::Form::copy:
      return variables_[known.a].type;
    case Known::Form::arithmetic:
      break;
  }
  for (const VarId v : {known.a, known.b}) {
    if (v == kNoVar) continue;
    const Type t = variables_[v].type;
    if (t != Type::number && t != Type::string && t != Type::top) return Type::unknown;
  }
  return Type::number;
}

void Scope::settle() {
  // Types only fall, at most four times each. Chains against the order of the text need a round per link; real
  // programs need three, what needs more is given up.
  constexpr int kRounds = 12;
  for (int round = 0; round < kRounds; ++round) {
    bool changed = false;
    for (const Assignment& a : assignments_) {
      Variable& v = variables_[a.variable];
      const Type type = meet(v.type, type_of(a.value));
      if (type != v.type) {
        v.type = type;
        changed = true;
      }
    }
    if (!changed) return;
  }
  for (Variable& v : variables_) v.type = Type::unknown;
}

}  // namespace ferry::translate
