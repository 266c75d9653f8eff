// Functions of libc that call a function until they return and not longer, known by name: their parameters are marked
// as by __attribute__((ferry_scoped)) and ((ferry_lends)).
#include <algorithm>

#include "cparse/parser_state.h"

namespace ferry::cparse {
namespace {

// Counted if the function is declared with `params` parameters and the one `number` points to a function of `takes`.
// `lends`: what the pointers point to is another's, or gone, at the next call (C11 7.22.5.2: the contents of the array
// are rearranged; ftw, glob, dl_iterate_phdr, scandir: a buffer). Not so elements that are only looked for, and nodes.
struct Caller {
  std::string_view name;
  uint8_t params;
  uint8_t number;
  uint8_t takes;
  bool lends;
};
// Not here: fts_open, whose comparison fts_read calls; atexit, signal, pthread_create and their like.
constexpr Caller kCallers[] = {
    {"qsort", 4, 4, 2, true},         {"qsort_r", 5, 4, 3, true},  // glibc, POSIX
    {"qsort_r", 5, 5, 3, true},                                    // BSD
    {"qsort_s", 5, 4, 3, true},                                    // C11 Annex K
    {"heapsort", 4, 4, 2, true},      {"mergesort", 4, 4, 2, true},   {"bsearch", 5, 5, 2, false},
    {"bsearch_s", 6, 5, 3, false},    {"lfind", 5, 5, 2, false},      {"lsearch", 5, 5, 2, false},
    {"tsearch", 3, 3, 2, false},      {"tfind", 3, 3, 2, false},      {"tdelete", 3, 3, 2, false},
    {"twalk", 2, 2, 3, false},        {"twalk_r", 3, 2, 3, false},    {"tdestroy", 2, 2, 1, false},
    {"scandir", 4, 3, 1, true},       {"scandir", 4, 4, 2, true},     {"scandir64", 4, 3, 1, true},
    {"scandir64", 4, 4, 2, true},     {"scandirat", 5, 4, 1, true},   {"scandirat", 5, 5, 2, true},
    {"scandirat64", 5, 4, 1, true},   {"scandirat64", 5, 5, 2, true}, {"ftw", 3, 2, 3, true},
    {"ftw64", 3, 2, 3, true},         {"nftw", 4, 2, 4, true},        {"nftw64", 4, 2, 4, true},
    {"glob", 4, 3, 2, true},          {"glob64", 4, 3, 2, true},      {"dl_iterate_phdr", 2, 1, 3, true},
    {"pthread_once", 2, 2, 0, false}, {"call_once", 2, 2, 0, false},
};

}  // namespace

TypeId Parser::with_marks_by_name(TypeId type, NameId name) {
  const auto takes_function = [&](const Param& p) {
    return types_[p.type].kind == Kind::pointer && types_[types_[p.type].base].kind == Kind::function;
  };
  const std::vector<Param>& declared = types_.function(type).params;
  if (std::none_of(declared.begin(), declared.end(), takes_function)) return type;  // as of most functions
  const std::string_view text = types_.name(name);
  std::vector<Param> params;
  for (const Caller& row : kCallers) {
    if (text != row.name || declared.size() != row.params) continue;
    const Param& callback = declared[row.number - 1u];
    if (!takes_function(callback) || types_.function(types_[callback.type].base).params.size() != row.takes) continue;
    if (params.empty()) params = declared;
    params[row.number - 1u].marks |= marks_of(false, true, row.lends);
  }
  return params.empty() ? type : types_.with_params(type, params);
}

}  // namespace ferry::cparse
