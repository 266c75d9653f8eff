// #include: the header's name, where it is found, entering and leaving files.
#include "cpreproc/preprocessor.h"

#include "os/paths.h"

namespace ferry::cpreproc {

// header-name := '<' anything '>' | '"' anything '"' | macros that expand to one of these
// In the first two nothing is escaped or expanded (C23 6.4.7).
bool Preprocessor::header_name(std::string& name, bool& quotes) {
  const std::string_view line = trimmed(lexer_.rest());
  if (contexts_.size() == base_ && !line.empty() && (line.front() == '<' || line.front() == '"')) {
    const char close = line.front() == '<' ? '>' : '"';
    quotes = close == '"';
    const size_t end = line.find(close, 1);
    if (end != std::string_view::npos) {
      name = line.substr(1, end - 1);
      lexer_.go_back(line.data() + end + 1);
      return true;
    }
  }
  Token token;
  if (!expanded(token)) return false;
  if (token.kind == Tok::string && token.text.front() == '"') {
    quotes = true;
    name = token.text.substr(1, token.text.size() - 2);
    return true;
  }
  if (token.kind == Tok::less) {
    quotes = false;
    for (;;) {
      if (!expanded(token)) return false;
      if (token.kind == Tok::greater) return true;
      if (token.kind == Tok::end) return refuse(token, "expected '>' after the name of a header, got end of line");
      if (token.space_before() && !name.empty()) name += ' ';
      name += token.text;
    }
  }
  const std::string got = token.kind == Tok::end ? "end of line" : shown(token.text);
  return refuse(token, "expected the name of a header in \"\" or <>, got " + got);
}

State::Found Preprocessor::look_for(std::string_view name, bool quotes, bool next) {
  const Level& from = level();
  // #include_next in the first text is #include.
  if (next && from.file != nullptr) return state_.find_header(name, false, {}, from.next_index);
  return state_.find_header(name, quotes, from.folder, 0);
}

// include := ('include' | 'include_next' | 'import') header-name
bool Preprocessor::include(const Token& word, bool next, bool once) {
  std::string name;
  bool quotes = false;
  if (!header_name(name, quotes)) return false;
  const std::string spelled = quotes ? '"' + name + '"' : '<' + name + '>';
  auto bad = [&](const std::string& what) {
    error_text_ = word.text;
    return fail(word.at, what);
  };
  if (!state_.has_files()) return bad("#" + std::string(word.text) + " " + spelled + ": no files can be read here");
  State::Found found = look_for(name, quotes, next);
  const bool is_plain = name.find_first_of("./\\") == std::string::npos;
  if (found.file == nullptr)
    return bad("the header " + spelled + (is_plain ? " (names without '.h' are those of C++)" : "") + " is not found" +
               (found.tried.empty() ? "" : " in " + found.tried) + " (ffi.path() is the list of folders)");
  File& file = *found.file;
  if (file.status == FileAccess::Status::refused)
    return bad("the header " + file.path + " cannot be read: " + file.why);
  FileCache& files = *state_.files();
  if (files.included_once(file)) return true;
  if (once) files.mark_once(file);
  if (!file.guard.empty() && is_defined(file.guard)) return true;
  if (levels_.size() >= kMaxIncludeDepth)
    return bad("files are included deeper than " + std::to_string(kMaxIncludeDepth) + " levels");
  if (++includes_ > kMaxIncludes) return bad("more than " + std::to_string(kMaxIncludes) + " files are included");
  if (!FileCache::load(file)) return bad("the header " + file.path + " cannot be read");
  enter_pending_ = true;
  entering_ = std::move(found);
  entering_at_ = word.at;
  return true;
}

bool Preprocessor::enter_file() {
  File& file = *entering_.file;
  Level below;
  below.source = sources_.add(*file.text, state_.keep_file_name(file.path), entering_at_);
  if (below.source == nullptr) return fail(entering_at_, "the files together are larger than 4 GiB");
  below.file = &file;
  below.folder = os::folder_of(below.source->name());
  below.next_index = entering_.next_index;
  below.conditionals = conditionals_.size();
  // If the first token is a directive, it may be the one that guards the file.
  Lexer probe;
  probe.read(file.text->bytes(), 0, true);
  Token token;
  probe.next(token);
  if (token.kind == Tok::directive) below.first_directive = probe.position();
  below.includer = lexer_.read(file.text->bytes(), below.source->base(), true);
  levels_.push_back(below);
  return true;
}

void Preprocessor::leave_file() {
  lexer_.resume(levels_.back().includer);
  levels_.pop_back();
}

}  // namespace ferry::cpreproc
