// Values of macros (macros.h).
#include "cparse/macros.h"

#include "cparse/parser.h"

namespace ferry::cparse {

MacroValue Macros::value(TypeTable& types, std::string_view name) {
  MacroValue result;
  const cpreproc::MacroId id = state_.find_macro(name);
  if (id == 0) return result;
  cpreproc::MacroTable& macros = state_.macros();
  result.macro = &macros[id];
  if (result.macro->builtin == cpreproc::Builtin::poisoned) return {};
  result.kind = MacroValue::Kind::other;
  if (result.macro->function_like || result.macro->builtin != cpreproc::Builtin::none) return result;

  const uint64_t generation = macros.generation();
  if (id < known_.size() && known_[id].generation == generation) {
    result.kind = MacroValue::Kind::constant;
    result.constant = known_[id].constant;
    return result;
  }
  Input input(name);
  input.macros = &state_;
  // Asking declares nothing, whatever the text says; a constant's type is mostly there before.
  TypeTable::Transaction transaction(types);
  const uint32_t size = types.size();
  Result<Constant> constant = parse_constant(types, input);
  if (!constant.ok()) return result;
  if (constant->type >= size) transaction.commit();
  result.kind = MacroValue::Kind::constant;
  result.constant = *constant;
  if (known_.size() <= id) known_.resize(id + 1);
  known_[id] = {generation, *constant};
  return result;
}

}  // namespace ferry::cparse
