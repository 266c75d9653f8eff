// The parser's tokens and errors, and what is decided at the end of the text.
#include "translate/parser.h"

namespace ferry::translate {

Parser::Parser(std::string_view text, uint32_t from, uint32_t line, const Options& options)
    : text_(text), options_(options), dialect_(options.dialect), lexer_(text, from, line), last_end_(from) {
  track_jumps_ = (dialect_ <= 51 || dialect_ >= 54) && (text.find("goto") != text.npos || text.find("::") != text.npos);
  tok_.line = ahead_.line = line;
}

void Parser::next() {
  last_end_ = tok_.end;
  if (has_ahead_) {
    tok_ = ahead_;
    has_ahead_ = false;
  } else {
    lexer_.next(tok_);
  }
  if (tok_.kind == Tok::error) fail("");
}

const Token& Parser::ahead() {
  if (!has_ahead_) {
    lexer_.next(ahead_);
    has_ahead_ = true;
  }
  return ahead_;
}

bool Parser::accept(Tok kind) {
  if (tok_.kind != kind) return false;
  next();
  return true;
}

void Parser::expect(Tok kind, std::string_view text) {
  if (tok_.kind == kind) return next();
  fail("'" + std::string(text) + "' expected");
}

// After a failure the current token ends every list and block.
void Parser::fail(std::string message) {
  if (!failed_) {
    failed_ = true;
    if (!lexer_.error().empty()) {
      error_ = lexer_.error();
    } else {
      error_ = "line " + std::to_string(tok_.line) + ": " + message;
      error_ += at(Tok::end) ? " near <eof>" : " near '" + std::string(text_of(tok_)) + "'";
    }
  }
  tok_.kind = Tok::error;
  has_ahead_ = false;
}

void Parser::note(uint32_t line, std::string_view text) {
  if (options_.notes) notes_.push_back({line, text});
}

// What was no callable expression, and becomes one by translation, must not be called by the next statement.
void Parser::separate_from_paren(uint32_t at) {
  if (tok_.kind == Tok::left_paren) edits_.close(at, ";");
}

void Parser::chunk_becomes_function() {
  bool any = false;
  for (const ArgUse& use : arg_uses_) {
    if (use.variable != kNoVar) continue;
    edits_.replace(use.at, use.end, "__ferry.env().arg");
    any = true;
  }
  if (any) need_run_time();
}

bool Parser::run() {
  next();
  functions_.push_back({0, true, true, 0, 0, 0});
  open_jumps(Jumps::BlockKind::function);
  block();
  if (!failed_ && !at(Tok::end)) fail("'<eof>' expected");
  if (failed_) return false;
  if (track_jumps_) jumps_.close_block(last_end_);  // a comment may follow that no line ends
  end_function();
  scope_.settle();
  for (const Comparison& c : comparisons_) compare(c);
  for (const Text& text : texts_) write_as_text(text);
  if (!is_newer_) {
    for (const auto& [place, text] : widened_) edits_.replace(place.at, place.end, text);
  }
  finish_args();
  write_loops();
  if (needs_run_time_) {
    // The layer puts the table where strings are indexed (lua/ferry/luajit/base.lua).
    for (const Span& function : crowded_) edits_.close(function.at, " local __ferry=(\"\").__ferry ");
  }
  if (!track_jumps_) return true;
  if (dialect_ <= 51) return jumps_.finish(&edits_, &error_);
  jumps_.rename(&edits_);
  return true;
}

}  // namespace ferry::translate
