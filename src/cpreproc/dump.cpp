// Preprocessed text with line markers, and what it depends on (dump.h).
#include "cpreproc/dump.h"

#include <set>

#include "cpreproc/char_class.h"
#include "cpreproc/predefined.h"
#include "cpreproc/preprocessor.h"
#include "os/paths.h"

namespace ferry::cpreproc {
namespace {

// Lines that are left out by newlines; more of them are told by a marker.
constexpr uint32_t kMaxEmptyLines = 6;

bool in_word(char c) {
  return kClasses[static_cast<uint8_t>(c)] >= kIdent || c == '$' || c == '"' || c == '\'';
}

bool in_operator(char c) {
  return std::string_view("+-*/%<>=!&|^#.:").find(c) != std::string_view::npos;
}

// Whether two tokens would be read as others, or as a comment, if nothing stood between them.
bool would_join(char left, char right) {
  if (in_word(left)) return in_word(right) || right == '.' || right == '+' || right == '-';
  if (left == '.') return in_word(right) || right == '.';
  return in_operator(left) && in_operator(right);
}

class Writer {
 public:
  Writer(Preprocessor& source, std::string& out) : source_(source), out_(out) {}

  bool tokens() {
    Token token;
    for (source_.next(token); token.kind != Tok::end; source_.next(token)) {
      if (token.kind == Tok::error) return false;
      if (token.kind == Tok::pragma)
        pragma();
      else
        write(token);
    }
    end_line();
    return true;
  }

  void macro(const Macro& macro) {
    if (macro.predefined) return;
    if (macro.builtin == Builtin::poisoned) {
      add_line("#pragma GCC poison ", macro.name);
      return;
    }
    if (macro.builtin != Builtin::none) return;
    go_to({macro.where.file, macro.where.line});
    out_ += "#define ";
    out_ += macro.name;
    if (macro.function_like) parameters(macro);
    out_ += ' ';
    one_line(macro.text);
    end_line();
  }

  void undefine(std::string_view name) { add_line("#undef ", name); }

 private:
  void end_line() {
    if (at_start_) return;
    out_ += '\n';
    ++line_;
    at_start_ = true;
  }

  void add_line(std::string_view words, std::string_view name) {
    end_line();
    out_ += words;
    out_ += name;
    at_start_ = false;
    end_line();
  }

  // Goes on at another place; within a file small steps forward are newlines.
  void go_to(const Location& place) {
    const bool same_file = place.file == file_;
    if (same_file && place.line == line_) return;
    if (same_file && place.line > line_ && place.line - line_ <= kMaxEmptyLines) {
      out_.append(place.line - line_, '\n');
    } else {
      end_line();
      out_ += "# ";
      out_ += std::to_string(place.line);
      if (!same_file) name_file(place.file);
      out_ += '\n';
    }
    line_ = place.line;
    at_start_ = true;
  }

  void name_file(std::string_view file) {
    file_ = file;
    out_ += " \"";
    for (const char c : file.empty() ? std::string_view("<text>") : file) {
      if (c == '"' || c == '\\') out_ += '\\';
      out_ += c;
    }
    out_ += '"';
  }

  // Places count where declarations and the names that they declare stand: outside of all brackets.
  void write(const Token& token) {
    if (depth_ == 0 && ((token.flags & kLineStart) != 0 || after_declaration_))
      go_to(source_.sources().place(token.at));
    const std::string_view text = token.text;
    if (!at_start_ && would_join(out_.back(), text.front())) out_ += ' ';
    out_ += text;
    at_start_ = false;
    if (token.kind == Tok::l_brace || token.kind == Tok::l_paren) ++depth_;
    if ((token.kind == Tok::r_brace || token.kind == Tok::r_paren) && depth_ > 0) --depth_;
    after_declaration_ = token.kind == Tok::semicolon || token.kind == Tok::r_brace;
  }

  void pragma() {
    end_line();
    out_ += "#pragma ";
    Token token;
    for (source_.next(token); token.kind != Tok::pragma_end && token.kind != Tok::end && token.kind != Tok::error;
         source_.next(token)) {
      if (token.space_before() || would_join(out_.back(), token.text.front())) out_ += ' ';
      out_ += token.text;
    }
    at_start_ = false;
    end_line();
    after_declaration_ = true;
  }

  void parameters(const Macro& macro) {
    out_ += '(';
    for (size_t i = 0; i < macro.params.size(); ++i) {
      if (i != 0) out_ += ',';
      const bool rest = macro.variadic && i + 1 == macro.params.size();
      if (!rest || macro.params[i] != "__VA_ARGS__") out_ += macro.params[i];
      if (rest) out_ += "...";
    }
    out_ += ')';
  }

  // A replacement without what may make it several lines: comments, and the newlines in them.
  void one_line(std::string_view text) {
    at_start_ = false;
    if (text.find('/') == std::string_view::npos && text.find_first_of("\n\r") == std::string_view::npos) {
      out_ += text;
      return;
    }
    Lexer lexer(text);
    Token token;
    for (lexer.next(token); token.kind != Tok::end && token.kind != Tok::error; lexer.next(token)) {
      if (token.space_before()) out_ += ' ';
      out_ += token.text;
    }
  }

  Preprocessor& source_;
  std::string& out_;
  std::string_view file_;
  uint32_t line_ = 1;
  size_t depth_ = 0;
  bool at_start_ = true;  // of a line
  bool after_declaration_ = true;
};

// Where a folder is absent, so is all that was looked for in it.
class Dependencies {
 public:
  explicit Dependencies(std::string& out) : out_(out) {}

  void add(const File& file) {
    if (file.status == FileAccess::Status::read) {
      add_line(os::stamp_text(file.bytes->size(), file.modified, file.modified_ns), file.path);
      return;
    }
    std::string_view missing = file.path;
    for (std::string_view folder = os::above(missing); !folder.empty() && is_absent(folder); folder = os::above(folder))
      missing = folder;
    if (missing == file.path)
      add_line(kNoFile, missing);
    else if (told_.insert(std::string(missing)).second)
      add_line(kNoFolder, missing);
  }

 private:
  bool is_absent(std::string_view folder) {
    const auto [entry, is_new] = absent_.try_emplace(std::string(folder));
    if (is_new) entry->second = os::entry_at(entry->first) == os::Entry::absent;
    return entry->second;
  }
  void add_line(std::string_view stamp, std::string_view path) {
    out_ += stamp;
    out_ += ' ';
    out_ += path;
    out_ += '\n';
  }

  std::string& out_;
  std::unordered_map<std::string, bool> absent_;
  std::set<std::string> told_;
};

}  // namespace

std::vector<std::string> undefined_names(State& state) {
  struct Context {
    State& state;
    std::vector<std::string> names;
  } context{state, {}};
  MacroTable predefined;
  predefine(predefined, state.target(), state.settings());
  predefined.for_each(
      [](void* c, MacroId, const Macro& macro) {
        auto& to = *static_cast<Context*>(c);
        if (to.state.find_macro(macro.name) == 0) to.names.emplace_back(macro.name);
      },
      &context);
  return std::move(context.names);
}

Result<Dump> dump(State& state, std::string_view text, std::string_view name) {
  Dump result;
  std::string declarations;
  Preprocessor source(state, text, name);
  Writer writer(source, declarations);
  if (!writer.tokens()) return Error{source.error() + " at " + source.sources().describe(source.error_at())};
  state.macros().for_each([](void* to, MacroId, const Macro& macro) { static_cast<Writer*>(to)->macro(macro); },
                          &writer);
  Writer before(source, result.text);
  // Before the declarations, whose names they may be.
  for (const std::string& undefined : undefined_names(state)) before.undefine(undefined);
  result.text += declarations;
  if (state.files() != nullptr) {
    Dependencies dependencies(result.files);
    state.files()->for_each([](void* to, const File& file) { static_cast<Dependencies*>(to)->add(file); },
                            &dependencies);
  }
  return result;
}

std::string_view first_changed(std::string_view files) {
  while (!files.empty()) {
    const std::string_view line = files.substr(0, files.find('\n'));
    files.remove_prefix(std::min(line.size() + 1, files.size()));
    const size_t blank = line.find(' ');
    if (blank == std::string_view::npos) return line;
    const std::string path(line.substr(blank + 1));
    const std::string_view stamp = line.substr(0, blank);
    const bool same = stamp == kNoFile     ? os::entry_at(path) != os::Entry::other
                      : stamp == kNoFolder ? os::entry_at(path) == os::Entry::absent
                                           : os::file_stamp(path) == stamp;
    if (!same) return line.substr(blank + 1);
  }
  return {};
}

}  // namespace ferry::cpreproc
