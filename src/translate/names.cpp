// Names: which are none in the Lua that is to read the result, and what a name stands for.
#include "translate/parser.h"

#include <algorithm>

namespace ferry::translate {

// LuaJIT takes `goto` for a name where no name follows it, and bytes from 0x80 up for letters.
bool Parser::is_foreign(const Token& name) const {
  if ((name.flags & kHighBytes) != 0) return true;
  const uint32_t length = name.end - name.at;
  if (length == 4 && dialect_ >= 52) return text_of(name) == "goto";
  return length == 6 && dialect_ >= 55 && text_of(name) == "global";
}

// Another name for a variable or label whose name is foreign; for no two the same.
std::string_view Parser::renamed(const Token& name) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "__ferry_n_";
  for (const char c : text_of(name)) {
    if (is_name_byte(c)) {
      if (c == '_') out += c;
      out += c;
    } else {
      out += '_';
      out += kHex[static_cast<uint8_t>(c) >> 4];
      out += kHex[static_cast<uint8_t>(c) & 15];
    }
  }
  return edits_.keep(std::move(out));
}

// A label's name; 5.1 has none.
std::string_view Parser::label_name(const Token& name) {
  return dialect_ > 51 && is_foreign(name) ? renamed(name) : text_of(name);
}

VarId Parser::declare(const Token& name) {
  const VarId v = scope_.declare(text_of(name), name.hash);
  if (functions_.size() == 1 && scope_.visible() > most_main_locals_) most_main_locals_ = scope_.visible();
  count_locals();
  if (is_foreign(name)) {
    edits_.replace(name.at, name.end, renamed(name));
    note(name.line, "a name that this Lua does not allow");
  }
  if (dialect_ <= 51 && text_of(name) == "arg") arg_uses_.push_back({name.at, name.end, v});
  return v;
}

// Lua 5.1 (LUA_COMPAT_VARARG) declares `arg` in each function with `...`, behind the parameters: what is visible there
// under that name hides every `arg` from outside.
bool Parser::is_shadowed_arg(VarId v, size_t index) const {
  for (size_t i = functions_.size(); i-- > 1;) {
    if (v != kNoVar && index >= functions_[i].first_inside) return false;
    if (functions_[i].is_vararg) return true;
  }
  return false;
}

// 5.1: the variable is one of each function between its own and the current one.
void Parser::note_upvalue(VarId v, size_t index) {
  for (size_t i = functions_.size(); i-- > 1 && index < functions_[i].first_local;) {
    std::vector<VarId>& upvalues = functions_[i].upvalues;
    if (upvalues.size() >= kMaxUpvalues) continue;
    if (std::find(upvalues.begin(), upvalues.end(), v) == upvalues.end()) upvalues.push_back(v);
  }
}

void Parser::use_name(const Token& name, Expr* e) {
  size_t index = 0;
  const VarId v = scope_.find(text_of(name), name.hash, &index);
  if (dialect_ <= 51 && text_of(name) == "arg") {
    const bool shadowed = is_shadowed_arg(v, index);
    if (v != kNoVar) {
      arg_uses_.push_back({name.at, name.end, v});
      if (shadowed) shadowed_args_.push_back(v);
    } else if (shadowed) {
      edits_.replace(name.at, name.end, "__ferry.env().arg");
      need_run_time();
      note(name.line, "arg in a function with ... is another table on Lua 5.1");
    } else {
      arg_uses_.push_back({name.at, name.end, kNoVar});
    }
  }
  if (v == kNoVar) {
    if (is_foreign(name)) use_global(name);
    return;
  }
  if (dialect_ <= 51) note_upvalue(v, index);
  e->variable = v;
  e->known = Known::copy(v);
  if (is_foreign(name)) {
    edits_.replace(name.at, name.end, renamed(name));
  } else if (dialect_ > 51 || text_of(name) != "arg") {
    e->shape = Shape::local;  // its text may be repeated
  }
}

void Parser::use_global(const Token& name) {
  std::string out = dialect_ <= 51 ? "__ferry.env()[\"" : "_ENV[\"";
  if (dialect_ <= 51) need_run_time();
  out += text_of(name);
  edits_.replace(name.at, name.end, edits_.keep(out + "\"]"));
  note(name.line, "a name that this Lua does not allow");
}

// `.name`, from the dot on.
void Parser::field_name(const Token& dot, const Token& name) {
  if (!is_foreign(name)) return;
  edits_.replace(dot.at, dot.end, "[");  // lines between the two stay
  edits_.replace(name.at, name.end, edits_.keep("\"" + std::string(text_of(name)) + "\"]"));
  note(name.line, "a name that this Lua does not allow");
}

void Parser::finish_args() {
  for (const ArgUse& use : arg_uses_) {
    if (use.variable == kNoVar) continue;
    for (const VarId v : shadowed_args_) {
      if (v != use.variable) continue;
      edits_.replace(use.at, use.end, "__ferry_n_arg");
      break;
    }
  }
}

}  // namespace ferry::translate
