// The whole of a text: its header, what is put around it, and whether anything changes at all.
#include "translate/translate.h"

#include "translate/parser.h"

namespace ferry::translate {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr char kPrecompiled = '\x1b';

// The end of the first line.
size_t line_end(std::string_view text, size_t from) {
  const size_t end = text.find_first_of("\r\n", from);
  return end == text.npos ? text.size() : end;
}

}  // namespace

Result<Translation> translate(std::string_view text, const Options& options) {
  Translation out;
  if (text.size() > kMaxText) return Error{"line 1: chunk is too long"};
  size_t from = text.substr(0, kByteOrderMark.size()) == kByteOrderMark ? kByteOrderMark.size() : 0;
  if (from < text.size() && text[from] == kPrecompiled) return out;
  const bool has_mark = from != 0;
  const bool has_header = from < text.size() && text[from] == '#';
  std::string_view header;
  if (has_header) {
    header = text.substr(from, line_end(text, from) - from);
    from += header.size();
  }
  Parser parser(text, static_cast<uint32_t>(from), 1, options);
  if (!parser.run()) return Error{parser.error()};

  const bool is_wrapped = options.form == Form::wrapped || parser.is_full();
  if (parser.needs_run_time() && is_wrapped) parser.chunk_becomes_function();
  out.notes = std::move(parser.notes());
  if (parser.edits().empty() && !has_mark && (!has_header || options.form == Form::program)) return out;
  out.changed = true;
  out.needs_run_time = parser.needs_run_time();
  out.text.reserve(text.size() + text.size() / 8 + 128);
  // `load` does not skip what loading a file skips: the header becomes a comment, unless the result is a file again.
  if (has_header && options.form == Form::wrapped) out.text += "--";
  out.text += header;
  std::string_view tail;
  if (out.needs_run_time) {
    // Behind a header, the second line begins with it.
    if (has_header) {
      while (from < text.size() && (text[from] == '\r' || text[from] == '\n')) {
        const char c = text[from++];
        out.text += c;
        if (c == '\n') break;
      }
      if (from == text.size()) out.text += '\n';
    }
    if (options.form == Form::program) {
      out.text += "local __ferry=require\"ferry.luajit\".run_time " + parser.support_variables();
      if (is_wrapped) {
        out.text += "return(function(...) ";
        tail = "\nend)(...)";
      } else {
        out.text.back() = ';';  // the text may begin with a parenthesis
        out.text += ' ';
      }
    } else {
      out.text += "local __ferry=... " + parser.support_variables() + "return function(...) ";
      tail = "\nend";
    }
  }
  parser.edits().apply(text, static_cast<uint32_t>(from), &out.text);
  out.text += tail;
  return out;
}

}  // namespace ferry::translate
