// Preprocessors, macros and files for lua/ferry/include.lua and cc.lua (headers.h).
#include "lua/api/headers.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "lua/api/box.h"
#include "lua/api/fields.h"
#include "lua/api/foreign.h"
#include "lua/api/trees.h"
#include "lua/objects/ctype_arg.h"
#include "lua/objects/namespace.h"
#include "lua/state/guarded.h"
#include "lua/state/raise.h"
#include "lua/state/restrict.h"
#include "lua/values/read.h"
#include "os/files.h"
#include "os/paths.h"

namespace ferry::lua {
namespace {

// Calls work(text) for the texts of the list at idx, which may be nil.
template <typename Work>
void for_texts(lua_State* L, State* st, int idx, Work work) {
  if (lua_isnoneornil(L, idx)) return;
  if (!lua_istable(L, idx)) raise_argument(L, idx, "a list of strings expected, got %s", describe_value(L, st, idx));
  for (int i = 1;; ++i) {
    lua_rawgeti(L, idx, i);
    if (lua_isnil(L, -1)) break;
    if (lua_type(L, -1) != LUA_TSTRING)
      raise_argument(L, idx, "a list of strings expected, got one with %s", describe_value(L, st, -1));
    size_t length;
    const char* text = lua_tolstring(L, -1, &length);
    if (!without_exceptions(st, [&] { return work(std::string_view(text, length)); })) raise_error(L, st);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

// The triple at idx, and its target. Raises if there is none.
const Target& check_target(lua_State* L, State* st, int idx, std::string_view* triple) {
  size_t length;
  const char* text = check_text(L, st, idx, &length);
  *triple = {text, length};
  if (const Target* target = find_target(*triple)) return *target;
  without_exceptions(st, [&] {
    st->errors.message = "the target '" + std::string(*triple) + "' is not known; these are: " + known_triples();
    return true;
  });
  raise_error(L, st);
}

int l_target(lua_State* L) {
  std::string_view triple;
  check_target(L, open_call(L), 1, &triple);
  return 0;
}

// By cpreproc::Profile.
constexpr const char* kProfiles[] = {"gcc", "clang", "msvc"};

size_t profile_at(lua_State* L, State* st, int idx) {
  const std::string_view name = check_text(L, st, idx, nullptr);
  for (size_t i = 0; i < std::size(kProfiles); ++i) {
    if (name == kProfiles[i]) return i;
  }
  raise_expected(L, st, idx, "gcc, clang or msvc");
}

// preprocessor(defines, undefines, folders, system folders or nil, target or nil, profile or nil)
int l_preprocessor(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ffi.include");
  lua_settop(L, 6);
  const size_t profile = lua_isnil(L, 6) ? 0 : profile_at(L, st, 6);
  std::string_view triple;
  const Target& target = lua_isnil(L, 5) ? host_target() : check_target(L, st, 5, &triple);
  Box* box = push_box(L, st);
  if (!without_exceptions(st, [&] {
        cpreproc::Settings settings;
        settings.profile = static_cast<cpreproc::Profile>(profile);
        settings.plain_names = true;  // headers ask for them
        if (!triple.empty()) {
          box->foreign = new Foreign(target, triple);
          // Where the target is the host headers lie where they always do.
          if (target.name != host_target().name) settings.path = cpreproc::cross_search_path(triple, target);
        }
        box->macros = new cparse::Macros(target, &cpreproc::system_files(), std::move(settings));
        return true;
      })) {
    raise_error(L, st);
  }
  cpreproc::State& state = box->macros->state();
  if (!lua_isnil(L, 4)) {
    without_exceptions(st, [&] {
      state.set_path({});
      return true;
    });
    for_texts(L, st, 4, [&](std::string_view folder) {
      cpreproc::SearchPath path = state.path();
      path.system.emplace_back(folder);
      state.set_path(std::move(path));
      return true;
    });
  }
  for_texts(L, st, 3, [&](std::string_view folder) {
    cpreproc::SearchPath path = state.path();
    path.bracket.emplace_back(folder);
    state.set_path(std::move(path));
    return true;
  });
  for_texts(L, st, 1, [&](std::string_view text) {
    const Result<void> done = state.define(text);
    if (!done.ok()) st->errors.message = done.message();
    return done.ok();
  });
  for_texts(L, st, 2, [&](std::string_view text) {
    state.undefine(text);
    return true;
  });
  return 1;
}

int l_folders(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ffi.path");
  cpreproc::State& state = reader_at(L, st, 1).macros.state();
  const cpreproc::SearchPath* path = nullptr;
  if (!without_exceptions(st, [&] {
        path = &state.path();
        return true;
      })) {
    raise_error(L, st);
  }
  lua_newtable(L);
  int count = 0;
  for (const auto* list : {&path->bracket, &path->system}) {
    for (const std::string& folder : *list) {
      lua_pushlstring(L, folder.data(), folder.size());
      lua_rawseti(L, -2, ++count);
    }
  }
  return 1;
}

// Arguments 1 to 3 of what reads a header: a preprocessor, the text, and what it is called in messages, or nil.
struct HeaderText {
  Reader reader;
  cpreproc::State* preprocessor;
  std::string_view text;
  std::string_view name;
};

HeaderText header_text_at(lua_State* L, State* st) {
  const Reader reader = reader_at(L, st, 1);
  size_t length;
  const char* text = check_text(L, st, 2, &length);
  size_t name_length = 0;
  const char* name = lua_isnil(L, 3) ? "" : check_text(L, st, 3, &name_length);
  return {reader, &reader.macros.state(), {text, length}, {name, name_length}};
}

// What has to happen when declarations have come.
void take_in_declared(lua_State* L, State* st, const Reader& reader) {
  if (reader.foreign != nullptr) return;
  without_exceptions(st, [&] {
    refresh_infos(st);
    return true;
  });
  clear_parse_cache(L, st);
  drop_redeclared(L, st);
}

int l_declare(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ffi.include");
  lua_settop(L, 4);
  const HeaderText header = header_text_at(L, st);
  const bool keeps = lua_toboolean(L, 4) != 0;
  Box* box = push_box(L, st);
  const bool done = without_exceptions(st, [&] {
    box->names = new std::vector<NameId>;
    if (keeps) box->pieces = new cparse::Pieces;
    cparse::Input input{header.text};
    input.macros = header.preprocessor;
    input.name = header.preprocessor->keep_file_name(std::string(header.name));
    input.declared = box->names;
    input.pieces = box->pieces;
    input.strict = st->strict;
    const Result<void> parsed = cparse::parse_declarations(header.reader.types, input);
    if (!parsed.ok()) st->errors.message = parsed.message();
    return parsed.ok();
  });
  if (!done) raise_error(L, st);
  take_in_declared(L, st, header.reader);
  std::sort(box->names->begin(), box->names->end());
  box->names->erase(std::unique(box->names->begin(), box->names->end()), box->names->end());
  if (!keeps) return 1;
  if (!without_exceptions(st, [&] {
        box->text =
            new std::string(cparse::write_pieces(header.reader.types, *header.preprocessor, header.text, *box->pieces));
        delete std::exchange(box->pieces, nullptr);
        return true;
      })) {
    raise_error(L, st);
  }
  if (box->text->empty()) return 1;
  lua_pushlstring(L, box->text->data(), box->text->size());
  delete std::exchange(box->text, nullptr);
  return 2;
}

// The first line of what is kept, behind which the lengths stand that cache.lua writes: of the key, of what the rest
// was made of, and of the rest.
constexpr std::string_view kKeptFormat = "ferry headers 3: ";

// Where the rest begins in what was kept under the key; 0: it was not, or has been made of other files than there are.
size_t kept_begin(std::string_view file, std::string_view key) {
  if (!file.starts_with(kKeptFormat)) return 0;
  const size_t line = file.find('\n');
  if (line == std::string_view::npos) return 0;
  size_t lengths[3] = {};
  const char* p = file.data() + kKeptFormat.size();
  for (size_t& length : lengths) {
    if (p > file.data() + line) return 0;  // a number is missing
    const auto [end, error] = std::from_chars(p, file.data() + line, length);
    if (error != std::errc() || length > file.size()) return 0;
    p = end + 1;  // behind a blank, or the end of the line
  }
  const size_t begin = line + 1 + lengths[0] + lengths[1];
  if (file.size() != begin + lengths[2] || file.substr(line + 1, lengths[0]) != key) return 0;
  return cpreproc::first_changed(file.substr(line + 1 + lengths[0], lengths[1])).empty() ? begin : 0;
}

int l_declare_kept(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ffi.include");
  lua_settop(L, 3);
  const Reader reader = reader_at(L, st, 1);
  size_t path_length, key_length;
  const char* path = check_text(L, st, 2, &path_length);
  const char* key = check_text(L, st, 3, &key_length);
  Box* box = push_box(L, st);
  const bool done = without_exceptions(st, [&] {
    os::FileContent file;
    if (os::read_file({path, path_length}, cpreproc::kMaxText, file) != os::FileStatus::read) return true;
    const size_t begin = kept_begin(file.bytes, {key, key_length});
    if (begin == 0) return true;
    std::unique_ptr<cparse::KeptPieces> pieces = cparse::KeptPieces::open(std::move(file.bytes), begin, st->strict);
    if (pieces == nullptr) return true;
    pieces->define_macros(reader.macros.state());
    cparse::KeptPieces* kept = pieces.get();
    const Result<void> added = cparse::KeptPieces::add(reader.types, std::move(pieces));
    if (added.ok())
      box->kept = kept;
    else
      st->errors.message = added.message();
    return added.ok();
  });
  if (!done) raise_error(L, st);
  if (box->kept == nullptr) return 0;
  take_in_declared(L, st, reader);
  return 1;
}

// What declare() or declare_kept() gave. Names, sorted, have the types of the preprocessor that has declared them.
const Box& declared_at(lua_State* L, State* st, int idx) {
  const Box* box = to_box(L, st, idx);
  if (box == nullptr || (box->names == nullptr && box->kept == nullptr))
    raise_expected(L, st, idx, "list of declared names");
  return *box;
}

int l_declares(lua_State* L) {
  State* st = open_call(L);
  const TypeTable& types = reader_at(L, st, 1).types;
  const Box& declared = declared_at(L, st, 2);
  size_t length;
  const char* text = check_text(L, st, 3, &length);
  if (declared.kept != nullptr && !declared.kept->has({text, length}, NameSpace::ordinary)) return 0;
  const NameId name = types.find_name({text, length});
  if (name == kNoName) return 0;
  if (declared.names != nullptr && !std::binary_search(declared.names->begin(), declared.names->end(), name)) return 0;
  const Symbol* symbol = types.find_symbol(name);
  lua_pushstring(L, symbol != nullptr && symbol->kind == Symbol::Kind::type_name ? "type" : "object");
  return 1;
}

struct NameList {
  lua_State* L;
  int count;
};

void add_waiting_name(void* context, const Waiting::Name& name) {
  if (name.space != NameSpace::ordinary) return;
  auto& list = *static_cast<NameList*>(context);
  lua_pushlstring(list.L, name.text.data(), name.text.size());
  lua_rawseti(list.L, -2, ++list.count);
}

int l_declared(lua_State* L) {
  State* st = open_call(L);
  const TypeTable& types = reader_at(L, st, 1).types;
  const Box& declared = declared_at(L, st, 2);
  if (declared.kept != nullptr) {
    lua_newtable(L);
    NameList list{L, 0};
    declared.kept->for_each(add_waiting_name, &list);
    return 1;
  }
  const std::vector<NameId>& names = *declared.names;
  lua_createtable(L, static_cast<int>(names.size()), 0);
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string_view name = types.name(names[i]);
    lua_pushlstring(L, name.data(), name.size());
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  return 1;
}

int l_dump(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ffi.dump");
  lua_settop(L, 3);
  const HeaderText header = header_text_at(L, st);
  Box* box = push_box(L, st);
  const bool done = without_exceptions(st, [&] {
    Result<cpreproc::Dump> dumped = cpreproc::dump(*header.preprocessor, header.text, header.name);
    if (dumped.ok())
      box->dump = new cpreproc::Dump(std::move(*dumped));
    else
      st->errors.message = dumped.message();
    return dumped.ok();
  });
  if (!done) {
    lua_pushnil(L);
    lua_pushlstring(L, st->errors.message.data(), st->errors.message.size());
    return 2;
  }
  lua_pushlstring(L, box->dump->text.data(), box->dump->text.size());
  lua_pushlstring(L, box->dump->files.data(), box->dump->files.size());
  return 2;
}

int l_changed(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ffi.include");
  size_t length;
  const char* files = check_text(L, st, 1, &length);
  std::string_view changed;
  if (!without_exceptions(st, [&] {
        changed = cpreproc::first_changed({files, length});
        return true;
      })) {
    raise_error(L, st);
  }
  if (changed.empty()) return 0;
  lua_pushlstring(L, changed.data(), changed.size());
  return 1;
}

void add_own_macro(void* context, cpreproc::MacroId, const cpreproc::Macro& macro) {
  auto& list = *static_cast<NameList*>(context);
  if (macro.predefined || macro.builtin != cpreproc::Builtin::none) return;
  lua_pushlstring(list.L, macro.name.data(), macro.name.size());
  lua_rawseti(list.L, -2, ++list.count);
}

int l_macros(lua_State* L) {
  State* st = open_call(L);
  const Reader reader = reader_at(L, st, 1);
  lua_newtable(L);
  NameList list{L, 0};
  reader.macros.state().macros().for_each(add_own_macro, &list);
  return 1;
}

int l_macro(lua_State* L) {
  State* st = open_call(L);
  lua_settop(L, 2);
  const Reader reader = reader_at(L, st, 1);
  size_t length;
  const char* name = check_text(L, st, 2, &length);
  cparse::MacroValue value;
  if (!without_exceptions(st, [&] {
        value = reader.macros.value(reader.types, {name, length});
        return true;
      })) {
    raise_error(L, st);
  }
  if (value.kind == cparse::MacroValue::Kind::none) return 0;
  const cpreproc::Macro& macro = *value.macro;
  lua_newtable(L);
  set_text(L, "text", macro.text);
  if (macro.function_like) {
    lua_newtable(L);
    for (size_t i = 0; i < macro.params.size(); ++i) {
      lua_pushlstring(L, macro.params[i].data(), macro.params[i].size());
      lua_rawseti(L, -2, static_cast<int>(i) + 1);
    }
    lua_setfield(L, -2, "params");
  }
  if (macro.variadic) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "variadic");
  }
  if (!macro.where.file.empty()) set_text(L, "file", macro.where.file);
  if (macro.where.line != 0) {
    lua_pushinteger(L, static_cast<lua_Integer>(macro.where.line));
    lua_setfield(L, -2, "line");
  }
  if (value.kind == cparse::MacroValue::Kind::constant) {
    push_constant(L, st, reader.types, value.constant);
    lua_setfield(L, -2, "value");
  }
  return 1;
}

int l_stamp(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ferry.cc");
  size_t length;
  const char* path = check_text(L, st, 1, &length);
  without_exceptions(st, [&] {
    st->errors.message = os::file_stamp({path, length});
    return true;
  });
  if (st->errors.message.empty()) return 0;
  lua_pushlstring(L, st->errors.message.data(), st->errors.message.size());
  return 1;
}

// folder(path): what a name beside it follows, and that folder as a path; nil: the path names none.
int l_folder(lua_State* L) {
  State* st = open_call(L);
  size_t length;
  const char* text = check_text(L, st, 1, &length);
  const std::string_view path{text, length};
  const std::string_view folder = os::folder_of(path);
  if (folder.empty()) return 0;
  const std::string_view above = os::above(path);
  lua_pushlstring(L, folder.data(), folder.size());
  lua_pushlstring(L, above.empty() ? folder.data() : above.data(), above.empty() ? folder.size() : above.size());
  return 2;
}

int l_private_folder(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ferry.cc");
  size_t length;
  const char* path = check_text(L, st, 1, &length);
  if (without_exceptions(st, [&] { return os::private_folder({path, length}, st->errors.message); })) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushnil(L);
  lua_pushlstring(L, st->errors.message.data(), st->errors.message.size());
  return 2;
}

// replace(from, to): gives a file another's name and place, in one step. False: it stays where it is.
int l_replace(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ferry.cc");
  size_t from_length, to_length;
  const char* from = check_text(L, st, 1, &from_length);
  const char* to = check_text(L, st, 2, &to_length);
  lua_pushboolean(L, without_exceptions(st, [&] { return os::replace_file({from, from_length}, {to, to_length}); }));
  return 1;
}

// FNV-1a: names files, guards nothing.
int l_digest(lua_State* L) {
  State* st = open_call(L);
  size_t length;
  const char* text = check_text(L, st, 1, &length);
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < length; ++i) hash = (hash ^ static_cast<uint8_t>(text[i])) * 0x100000001b3;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  lua_pushlstring(L, digits, 16);
  return 1;
}

// refusal(): why the state may not include headers or compile C; nil: it may.
int l_refusal(lua_State* L) {
  const State* st = open_call(L);
  if (!declarations_are_restricted(st) && !loading_is_restricted(st)) return 0;
  lua_pushliteral(L, "headers and C code are not allowed: ferry.restrict has ended declarations or loading");
  return 1;
}

constexpr luaL_Reg kHeaderFunctions[] = {
    {"target", guarded<l_target>},
    {"preprocessor", guarded<l_preprocessor>},
    {"folders", guarded<l_folders>},
    {"declare", guarded<l_declare>},
    {"declare_kept", guarded<l_declare_kept>},
    {"declares", guarded<l_declares>},
    {"declared", guarded<l_declared>},
    {"dump", guarded<l_dump>},
    {"changed", guarded<l_changed>},
    {"macros", guarded<l_macros>},
    {"macro", guarded<l_macro>},
    {"expression", guarded<l_expression>},
    {"body", guarded<l_body>},
    {"atomic", guarded<l_atomic>},
    {"evaluate", guarded<l_evaluate>},
    {"type_text", guarded<l_type_text>},
    {"stamp", guarded<l_stamp>},
    {"folder", guarded<l_folder>},
    {"replace", guarded<l_replace>},
    {"private_folder", guarded<l_private_folder>},
    {"digest", guarded<l_digest>},
    {"refusal", guarded<l_refusal>},
    {nullptr, nullptr},
};

}  // namespace

void push_headers(lua_State* L, State* st) {
  lua_newtable(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
  set_functions(L, kHeaderFunctions, 1);
  lua_pushlstring(L, &os::kListSeparator, 1);
  lua_setfield(L, -2, "list_separator");
}

}  // namespace ferry::lua
