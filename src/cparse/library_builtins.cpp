// `__builtin_f` for functions f of the C library that gcc knows by itself, whatever a header declares.
#include "cparse/parser_state.h"

namespace ferry::cparse {
namespace {

// As the C library has them. gcc 12 says of each that its type is this (__builtin_types_compatible_p).
struct Row {
  std::string_view result;
  std::string_view params;
  std::string_view names;  // blanks between them
};

constexpr Row kFunctions[] = {
    {"int", "const void *, const void *, __SIZE_TYPE__", "memcmp bcmp"},
    {"void *", "void *, const void *, __SIZE_TYPE__", "memcpy memmove mempcpy"},
    {"void *", "void *, int, __SIZE_TYPE__", "memset"},
    {"void *", "const void *, int, __SIZE_TYPE__", "memchr"},
    {"void", "void *, __SIZE_TYPE__", "bzero"},
    {"void", "const void *, void *, __SIZE_TYPE__", "bcopy"},
    {"__SIZE_TYPE__", "const char *", "strlen"},
    {"__SIZE_TYPE__", "const char *, __SIZE_TYPE__", "strnlen"},
    {"__SIZE_TYPE__", "const char *, const char *", "strspn strcspn"},
    {"int", "const char *, const char *", "strcmp strcasecmp"},
    {"int", "const char *, const char *, __SIZE_TYPE__", "strncmp strncasecmp"},
    {"char *", "char *, const char *", "strcpy strcat stpcpy"},
    {"char *", "char *, const char *, __SIZE_TYPE__", "strncpy strncat stpncpy"},
    {"char *", "const char *, int", "strchr strrchr index rindex"},
    {"char *", "const char *, const char *", "strstr strpbrk"},
    {"char *", "const char *", "strdup"},
    {"char *", "const char *, __SIZE_TYPE__", "strndup"},
    {"int", "int",
     "abs isalnum isalpha isascii isblank iscntrl isdigit isgraph islower isprint ispunct isspace isupper isxdigit "
     "toascii tolower toupper putchar"},
    {"long", "long", "labs"},
    {"long long", "long long", "llabs"},
    {"void *", "__SIZE_TYPE__", "malloc"},
    {"void *", "__SIZE_TYPE__, __SIZE_TYPE__", "calloc aligned_alloc"},
    {"void *", "void *, __SIZE_TYPE__", "realloc"},
    {"void", "void *", "free"},
    {"void", "void", "abort"},
    {"void", "int", "exit _exit _Exit"},
    {"int", "const char *", "puts"},
    {"int", "const char *, ...", "printf"},
    {"int", "char *, const char *, ...", "sprintf"},
    {"int", "char *, __SIZE_TYPE__, const char *, ...", "snprintf"},
    {"int", "const char *, const char *, ...", "sscanf"},
};

// Those of <math.h>, of which there are three: `F` is the type, which the suffix tells.
constexpr Row kMath[] = {
    {"F", "F",
     "fabs sqrt cbrt exp exp2 exp10 pow10 expm1 log log2 log10 log1p logb sin cos tan asin acos atan sinh cosh tanh "
     "asinh acosh atanh erf erfc tgamma lgamma gamma ceil floor trunc round rint nearbyint significand j0 j1 y0 y1"},
    {"F", "F, F", "pow fmod atan2 hypot copysign fmax fmin fdim remainder drem nextafter scalb"},
    {"F", "F, long double", "nexttoward"},
    {"F", "F, F, F", "fma"},
    {"F", "F, F, int *", "remquo"},
    {"F", "F, int", "ldexp scalbn"},
    {"F", "F, long", "scalbln"},
    {"F", "F, int *", "frexp"},
    {"F", "F, F *", "modf"},
    {"int", "F", "ilogb finite"},
    {"long", "F", "lround lrint"},
    {"long long", "F", "llround llrint"},
    {"void", "F, F *, F *", "sincos"},
};

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

const Row* find_row(std::span<const Row> rows, std::string_view name) {
  for (const Row& row : rows) {
    if (has_word(row.names, name)) return &row;
  }
  return nullptr;
}

// `text` with the type for each F.
std::string of_type(std::string_view text, std::string_view type) {
  std::string out;
  for (const char c : text) {
    if (c == 'F')
      out += type;
    else
      out += c;
  }
  return out;
}

// The row for the name, and what its F is.
const Row* find_function(std::string_view name, std::string_view& floating) {
  if (const Row* row = find_row(kFunctions, name)) return row;
  floating = "double";
  if (const Row* row = find_row(kMath, name)) return row;
  if (name.empty() || (name.back() != 'f' && name.back() != 'l')) return nullptr;
  floating = name.back() == 'f' ? "float" : "long double";
  return find_row(kMath, name.substr(0, name.size() - 1));
}

}  // namespace

// The function that `__builtin_name` calls: it is declared by that name and linked as `name`. Null: it is none of
// these.
const Symbol* Parser::library_builtin(std::string_view name) {
  std::string_view floating;
  const Row* row = find_function(name, floating);
  if (row == nullptr) return nullptr;
  const std::string builtin = "__builtin_" + std::string(name);
  if (const NameId known = types_.find_name(builtin); known != kNoName) {
    if (const Symbol* symbol = types_.find_symbol(known)) return symbol;
  }
  std::string text = of_type(row->result, floating);
  text += ' ' + builtin + '(' + of_type(row->params, floating) + ") __asm__(\"";
  text += name;
  text += "\");";
  if (!parse_declarations(types_, Input(text)).ok()) return nullptr;
  return types_.find_symbol(types_.intern(builtin));
}

}  // namespace ferry::cparse
