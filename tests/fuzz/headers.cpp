// libFuzzer's program for what reads C: FERRY_FUZZ says what a text, or the bytes, are given to.
//   preprocessor   its tokens, with headers in memory that it may include
//   declarations   ffi.cdef: all or nothing, a second time with what the first has declared
//   constants      ffi.eval
//   expressions    the trees that macros are run by, with values as arguments
//   bodies         the trees that bodies of functions are run by
//   layouts        what the text declares, laid out and passed on every target (types.cpp)
//   records, plans types that the bytes choose, laid out and passed (types.cpp)
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cparse/expression.h"
#include "cparse/macros.h"
#include "cparse/parser.h"
#include "cpreproc/preprocessor.h"
#include "types.h"

using namespace ferry;
using fuzz::check;

namespace {

// "self.h" is the text itself; the rest is small.
class MemoryFiles final : public cpreproc::FileAccess {
 public:
  explicit MemoryFiles(std::string_view self = {}) : self_(self) {}
  void set_self(std::string_view self) { self_ = self; }

  Status read(const std::string& path, Content& content) override {
    struct Header {
      std::string_view path, text;
    };
    const Header headers[] = {
        {"/f/self.h", self_},
        {"/f/guard.h", "#ifndef GUARD_H\n#define GUARD_H\nstruct guarded { int a; };\n#endif\n"},
        {"/f/once.h", "#pragma once\ntypedef int once;\n"},
        {"/f/next.h", "#include_next <next.h>\n"},
        {"/g/next.h", "#define NEXT(x) x ## _next\n"},
        {"/f/open.h", "#if 1\n"},
        {"/f/call.h", "F(1,"},
    };
    for (size_t i = 0; i < std::size(headers); ++i) {
      if (headers[i].path != path) continue;
      content.bytes = headers[i].text;
      content.identity = {1, i};
      return Status::read;
    }
    return Status::absent;
  }

 private:
  std::string_view self_;
};

cpreproc::Settings settings() {
  cpreproc::Settings settings;
  settings.path.system = {"/f", "/g"};
  return settings;
}

void preprocess(std::string_view text) {
  static MemoryFiles files;
  files.set_self(text);
  static cpreproc::State state(kX64SysV, &files, settings());
  static const bool predefined = (state.find_macro("__x86_64__"), true);
  (void)predefined;
  const cpreproc::State::Transaction back(state);
  cpreproc::Preprocessor source(state, text, "/f/text.h");
  cpreproc::Token token;
  for (source.next(token); token.kind != cpreproc::Tok::end; source.next(token)) {
    if (token.kind != cpreproc::Tok::error) continue;
    check(source.failed() && !source.error().empty(), "an error without a text");
    check(!source.sources().describe(source.error_at()).empty(), "an error without a place");
    cpreproc::Token again;
    source.next(again);
    check(again.kind == cpreproc::Tok::error, "a token behind an error");
    break;
  }
}

constexpr std::string_view kPrelude =
    "typedef struct S { int a; unsigned b : 3; struct S *next; double d[4]; } S; enum { ONE = 1, BIG = 1 << 30 };\n"
    "extern S object; int f(int, ...); extern char *text; typedef unsigned long size_t;\n"
    "#define CAT(a, b) a ## b\n#define STR(x) #x\n#define MAX(a, b) ((a) > (b) ? (a) : (b))\n";

// What a Lua state has. Many texts are read by one, each taken back afterwards: to make it costs more than to read one.
// A finding that needs an earlier text is seen in the same order of texts only (-seed, an empty corpus).
struct Session {
  Session(const Target& target, std::string_view prelude) : types(target), macros(target, &files) {
    macros.state().set_path(settings().path);
    check(cparse::parse_declarations(types, input(prelude)).ok(), "the prelude");
  }
  cparse::Input input(std::string_view text) {
    cparse::Input in(text);
    in.macros = &macros.state();
    in.name = "/f/text.h";
    return in;
  }

  MemoryFiles files;
  TypeTable types;
  cparse::Macros macros;
  int left = 2000;  // texts, after which another is made
};

Session& session(const Target& target, std::string_view prelude) {
  static std::map<const Target*, std::unique_ptr<Session>> all;
  std::unique_ptr<Session>& s = all[&target];
  if (s == nullptr || --s->left == 0) s = std::make_unique<Session>(target, prelude);
  return *s;
}

void declare(std::string_view text, const Target& target) {
  Session& s = session(target, "#if __x86_64__\n#endif\n");  // so that what is predefined is there
  const TypeTable::Transaction types_back(s.types);
  const cpreproc::State::Transaction macros_back(s.macros.state());
  s.files.set_self(text);
  const TypeId none = s.types.size();
  for (int i = 0; i < 2; ++i) {
    const uint32_t size = s.types.size();
    const Result<void> result = cparse::parse_declarations(s.types, s.input(text));
    if (result.ok()) continue;
    check(!result.message().empty(), "an error without a text");
    check(s.types.size() == size, "an error left types behind");
  }
  fuzz::check_types(s.types, none);
}

void evaluate(std::string_view text, bool as_tree) {
  Session& s = session(kX64SysV, kPrelude);
  const TypeTable::Transaction types_back(s.types);
  const cpreproc::State::Transaction macros_back(s.macros.state());
  s.files.set_self(text);
  cparse::Input input = s.input(text);
  if (!as_tree) {
    const Result<Constant> constant = cparse::parse_constant(s.types, input);
    check(constant.ok() || !constant.message().empty(), "neither a constant nor an error");
    return;
  }
  cparse::Substitute substitutes[8];
  for (size_t i = 0; i < std::size(substitutes); ++i) {
    const bool is_type = i % 4 == 3;
    substitutes[i].kind = is_type ? cparse::Substitute::Kind::type : cparse::Substitute::Kind::value;
    substitutes[i].type = scalar_type(i % 2 == 0 ? Scalar::int32 : Scalar::float64);
    substitutes[i].integer = static_cast<int64_t>(i);
  }
  input.substitutes = substitutes;
  const Result<cparse::Expression> tree = cparse::parse_expression(s.types, input);
  check(tree.ok() ? tree->root != 0 : !tree.message().empty(), "neither a tree nor an error");
  (void)cparse::parse_type(s.types, input);
}

void read_body(std::string_view text) {
  Session& s = session(kX64SysV, kPrelude);
  const TypeTable::Transaction types_back(s.types);
  const cpreproc::State::Transaction macros_back(s.macros.state());
  s.files.set_self(text);
  const std::string whole =
      "static inline double fuzzed(int n, S *s, double d, const char *t) {" + std::string(text) + "}";
  if (!cparse::parse_declarations(s.types, s.input(whole)).ok()) return;
  const Symbol* function = s.types.find_symbol(s.types.intern("fuzzed"));
  check(function != nullptr && function->inline_body, "a function without a body");
  const Result<cparse::Expression> tree = cparse::parse_body(s.types, *function);
  check(tree.ok() ? tree->root != 0 : !tree.message().empty(), "neither a tree nor an error");
  if (!tree.ok()) return;
  // Each node is an operand once.
  std::vector<bool> seen(tree->nodes.size());
  std::vector<uint32_t> open = {tree->root};
  while (!open.empty()) {
    const uint32_t id = open.back();
    open.pop_back();
    check(id < seen.size() && !seen[id], "a node that is an operand twice");
    seen[id] = true;
    for (uint32_t operand = tree->nodes[id].first; operand != 0; operand = tree->nodes[operand].next)
      open.push_back(operand);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  struct Row {
    std::string_view name;
    void (*run)(fuzz::Bytes bytes, std::string_view text);
  };
  static constexpr Row kRows[] = {
      {"preprocessor", [](fuzz::Bytes, std::string_view text) { preprocess(text); }},
      {"declarations", [](fuzz::Bytes, std::string_view text) { declare(text, kX64SysV); }},
      {"constants", [](fuzz::Bytes, std::string_view text) { evaluate(text, false); }},
      {"expressions", [](fuzz::Bytes, std::string_view text) { evaluate(text, true); }},
      {"bodies", [](fuzz::Bytes, std::string_view text) { read_body(text); }},
      {"layouts",
       [](fuzz::Bytes, std::string_view text) {
         for (const Target* target : fuzz::kTargets) declare(text, *target);
       }},
      {"records", [](fuzz::Bytes bytes, std::string_view) { fuzz::records(bytes); }},
      {"plans", [](fuzz::Bytes bytes, std::string_view) { fuzz::plans(bytes); }},
  };
  static const Row* const row = [] {
    const char* said = std::getenv("FERRY_FUZZ");
    for (const Row& r : kRows) {
      if (said != nullptr && r.name == said) return &r;
    }
    check(false, "FERRY_FUZZ names no target");
    return kRows;
  }();
  row->run({data, size}, std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
