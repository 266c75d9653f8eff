// libFuzzer's target for what reads C: FERRY_FUZZ says what a text is given to.
//   preprocessor   its tokens, with headers in memory that it may include
//   declarations   ffi.cdef: all or nothing, a second time with what the first has declared
//   constants      ffi.eval
//   expressions    the trees that macros are run by, with values as arguments
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "cparse/expression.h"
#include "cparse/macros.h"
#include "cparse/parser.h"
#include "cpreproc/preprocessor.h"

using namespace ferry;

namespace {

// "self.h" is the text itself; the rest is small.
class MemoryFiles final : public cpreproc::FileAccess {
 public:
  explicit MemoryFiles(std::string_view self) : self_(self) {}

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

void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

void preprocess(std::string_view text) {
  MemoryFiles files(text);
  cpreproc::State state(kX64SysV, &files, settings());
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

void declare(std::string_view text) {
  MemoryFiles files(text);
  TypeTable types(kX64SysV);
  cparse::Macros macros(kX64SysV, &files);
  macros.state().set_path(settings().path);
  for (int i = 0; i < 2; ++i) {
    const uint32_t size = types.size();
    cparse::Input input(text);
    input.macros = &macros.state();
    input.name = "/f/text.h";
    const Result<void> result = cparse::parse_declarations(types, input);
    if (result.ok()) continue;
    check(!result.message().empty(), "an error without a text");
    check(types.size() == size, "an error left types behind");
  }
}

constexpr std::string_view kPrelude =
    "typedef struct S { int a; unsigned b : 3; struct S *next; double d[4]; } S; enum { ONE = 1, BIG = 1 << 30 };\n"
    "extern S object; int f(int, ...); extern char *text; typedef unsigned long size_t;\n"
    "#define CAT(a, b) a ## b\n#define STR(x) #x\n#define MAX(a, b) ((a) > (b) ? (a) : (b))\n";

void evaluate(std::string_view text, bool as_tree) {
  TypeTable types(kX64SysV);
  cparse::Macros macros(kX64SysV, nullptr);
  cparse::Input prelude(kPrelude);
  prelude.macros = &macros.state();
  check(cparse::parse_declarations(types, prelude).ok(), "the prelude");
  cparse::Substitute substitutes[8];
  for (size_t i = 0; i < std::size(substitutes); ++i) {
    const bool is_type = i % 4 == 3;
    substitutes[i].kind = is_type ? cparse::Substitute::Kind::type : cparse::Substitute::Kind::value;
    substitutes[i].type = scalar_type(i % 2 == 0 ? Scalar::int32 : Scalar::float64);
    substitutes[i].integer = static_cast<int64_t>(i);
  }
  cparse::Input input(text);
  if (as_tree) input.substitutes = substitutes;
  input.macros = &macros.state();
  if (as_tree) {
    Result<cparse::Expression> tree = cparse::parse_expression(types, input);
    check(tree.ok() ? tree->root != 0 : !tree.message().empty(), "neither a tree nor an error");
    (void)cparse::parse_type(types, input);
  } else {
    const Result<Constant> constant = cparse::parse_constant(types, input);
    check(constant.ok() || !constant.message().empty(), "neither a constant nor an error");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string target = [] {
    const char* said = std::getenv("FERRY_FUZZ");
    return std::string(said == nullptr ? "preprocessor" : said);
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (target == "preprocessor")
    preprocess(text);
  else if (target == "declarations")
    declare(text);
  else if (target == "constants")
    evaluate(text, false);
  else if (target == "expressions")
    evaluate(text, true);
  else
    check(false, "FERRY_FUZZ is preprocessor, declarations, constants or expressions");
  return 0;
}
