// Pragmas that change declarations: `#pragma pack`.
#include "cparse/parser_state.h"

namespace ferry::cparse {

// pragma := 'pack' anything        the current token is Tok::pragma; ends at the Tok::pragma_end
bool Parser::pragma() {
  source_.next(token_);
  const bool ok = pragma_pack();
  if (ok) {
    while (!at(Tok::pragma_end) && !at(Tok::end) && !at(Tok::error)) next();
  }
  return ok;
}

// pragma-pack := 'pack' '(' ( 'push' (',' name)? (',' constant)? | 'pop' (',' (name | constant))* | 'show' | constant
// )? ')' Ends with the text: nothing outlives the parser.
bool Parser::pragma_pack() {
  next();
  if (!expect(Tok::l_paren, "'(' after pack")) return false;
  bool sets = true;
  bool more = !at(Tok::r_paren);
  uint32_t value = 0;
  if (at(Tok::identifier) && (token_.text == "push" || token_.text == "pop" || token_.text == "show")) {
    const bool push = token_.text == "push";
    const bool pop = token_.text == "pop";
    next();
    more = accept(Tok::comma);
    NameId label = kNoName;
    if (more && at(Tok::identifier) && lookup(token_name()) == nullptr) {
      label = token_name();
      next();
      more = accept(Tok::comma);
    }
    if (push) {
      if (pack_stack_.size() >= kMaxPackStack) {
        return fail_here("#pragma pack(push) is nested deeper than " + std::to_string(kMaxPackStack) + " levels");
      }
      pack_stack_.push_back({label, pack_});
    } else if (pop) {
      // Without a partner it is ignored, as in gcc.
      size_t i = pack_stack_.size();
      while (i > 0 && label != kNoName && pack_stack_[i - 1].label != label) --i;
      if (i > 0) {
        pack_ = pack_stack_[i - 1].value;
        pack_stack_.resize(i - 1);
      }
    }
    sets = more;
  }
  if (more) {
    const uint32_t where = token_.at;
    Value v;
    if (!constant_integer(v, "an alignment")) return false;
    const int64_t n = v.integer;
    if (n != 0 && n != 1 && n != 2 && n != 4 && n != 8 && n != 16) {
      return fail(where, "#pragma pack takes 1, 2, 4, 8 or 16, got " + std::to_string(n));
    }
    value = static_cast<uint32_t>(n);
  }
  if (!at(Tok::r_paren)) return fail_expected("')' after pack");
  if (sets) pack_ = value;
  return true;
}

}  // namespace ferry::cparse
