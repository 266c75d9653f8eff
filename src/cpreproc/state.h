// What a preprocessor knows between texts: macros, files, what the compiler that it stands for would bring.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cpreproc/files.h"
#include "cpreproc/macro_table.h"
#include "ctype/target.h"

namespace ferry::cpreproc {

// The compiler that headers believe to see.
enum class Profile : uint8_t { gcc, clang, msvc };

struct Settings {
  Profile profile = Profile::gcc;
  // `linux`, `unix`, `i386`: names without underscores, which gcc predefines unless it is asked for standard C. Headers
  // may expect them; the declarations that a program gives have parameters of those names.
  bool plain_names = false;
  // Our own <stddef.h> and the like, in front of SearchPath::system.
  bool builtin_headers = true;
  SearchPath path;  // empty: the default one of the target
};

class State {
 public:
  // files may be null: there are none then. It must live as long as the state.
  explicit State(const Target& target, FileAccess* files = nullptr, Settings settings = {});
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  const Target& target() const { return target_; }
  const Settings& settings() const { return settings_; }
  const SearchPath& path();
  // For another search path; what was found by the old one is forgotten.
  void set_path(SearchPath path);

  MacroTable& macros() { return macros_; }
  const MacroTable& macros() const { return macros_; }
  // The macro of that name, predefined ones included; 0: none. Poisoned names and what only #if knows are found, too.
  MacroId find_macro(std::string_view name);
  // -D and -U: "NAME", "NAME=TEXT", "NAME(X)=TEXT".
  Result<void> define(std::string_view definition);
  void undefine(std::string_view name);

  bool has_files() const { return files_ != nullptr; }

  // Undoes what texts did to macros and to the files that are included once only, unless committed. No text is open
  // when it begins and ends.
  class Transaction {
   public:
    explicit Transaction(State& state);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit() {
      macros_.commit();
      committed_ = true;
    }

   private:
    State& state_;
    MacroTable::Transaction macros_;
    bool predefined_loaded_;
    size_t once_;
    bool committed_ = false;
  };

  // Where an #include is looked for.
  struct Found {
    File* file = nullptr;   // null: it was not found
    size_t next_index = 0;  // #include_next goes on there
    std::string tried;      // not found: the folders that were looked into
  };
  // `folder`: of the including file, for quotes; `from`: the index where the search begins.
  Found find_header(std::string_view name, bool quotes, std::string_view folder, size_t from);
  FileCache* files() { return files_.get(); }
  // Files stay in memory as long as texts are read that include them.
  void begin_text() { ++open_texts_; }
  void end_text();

  uint32_t next_counter() { return counter_++; }
  // Text that lives as long as the state.
  std::string_view keep(std::string_view text) { return {texts_.add(text), text.size()}; }
  std::string_view keep_file_name(const std::string& name) { return *file_names_.insert(name).first; }

 private:
  void load_predefined();
  File* builtin_file(std::string_view name);

  const Target& target_;
  Settings settings_;
  MacroTable macros_;
  bool predefined_loaded_ = false;
  std::unique_ptr<FileCache> files_;
  std::unordered_map<std::string, std::unique_ptr<File>> builtin_files_;
  std::unordered_map<std::string, std::pair<File*, size_t>> found_;  // by name, of searches from the first folder
  std::unordered_set<std::string> file_names_;
  uint32_t counter_ = 0;
  uint32_t open_texts_ = 0;
  bool default_path_ = false;  // the target's, looked up when it is needed
  TextArena texts_;
};

}  // namespace ferry::cpreproc
