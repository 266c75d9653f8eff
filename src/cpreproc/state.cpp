// What lasts between texts (state.h): macros of the command line, and the search for headers.
#include "cpreproc/state.h"

#include "cpreproc/builtin_headers.h"
#include "cpreproc/predefined.h"
#include "cpreproc/preprocessor.h"
#include "os/paths.h"

namespace ferry::cpreproc {
namespace {

constexpr std::string_view kOptionsName = "<options>";

}  // namespace

State::State(const Target& target, FileAccess* files, Settings settings)
    : target_(target), settings_(std::move(settings)) {
  macros_.expect(predefined_names());
  if (files != nullptr) files_ = std::make_unique<FileCache>(*files);
  default_path_ = settings_.path.quote.empty() && settings_.path.bracket.empty() && settings_.path.system.empty();
  // Names without underscores are met anywhere; they are defined at once.
  if (settings_.plain_names) load_predefined();
}

void State::set_path(SearchPath path) {
  settings_.path = std::move(path);
  default_path_ = false;
  found_.clear();
}

const SearchPath& State::path() {
  if (default_path_) set_path(default_search_path(target_));
  return settings_.path;
}

void State::end_text() {
  if (--open_texts_ != 0 || files_ == nullptr) return;
  found_.clear();
  files_->forget();
}

void State::load_predefined() {
  if (predefined_loaded_) return;
  predefined_loaded_ = true;
  predefine(macros_, target_, settings_);
}

MacroId State::find_macro(std::string_view name) {
  if (!predefined_loaded_ && predefined_names().may_have(word_hash(name.data(), name.size()))) load_predefined();
  return macros_.find(name);
}

Result<void> State::define(std::string_view definition) {
  const size_t equals = definition.find('=');
  std::string text = "#define " + std::string(definition.substr(0, equals)) + " ";
  text += equals == std::string_view::npos ? "1" : std::string(definition.substr(equals + 1));
  if (text.find('\n') != std::string::npos || text.find('\r') != std::string::npos)
    return Error{"a macro is defined by one line"};
  Preprocessor preprocessor(*this, text, kOptionsName);
  Token token;
  preprocessor.next(token);
  if (preprocessor.failed()) return Error{preprocessor.error()};
  return {};
}

void State::undefine(std::string_view name) {
  (void)find_macro(name);
  macros_.undefine(name);
}

State::Transaction::Transaction(State& state)
    : state_(state),
      macros_(state.macros_),
      predefined_loaded_(state.predefined_loaded_),
      once_(state.files_ != nullptr ? state.files_->once_count() : 0) {}

State::Transaction::~Transaction() {
  if (committed_) return;
  state_.predefined_loaded_ = predefined_loaded_;
  if (state_.files_ == nullptr) return;
  state_.files_->forget_once(once_);
  for (auto& [name, file] : state_.builtin_files_) {
    if (file != nullptr) file->once = false;
  }
}

File* State::builtin_file(std::string_view name) {
  auto known = builtin_files_.find(std::string(name));
  if (known != builtin_files_.end()) return known->second.get();
  const std::string_view text = builtin_header(name, target_);
  std::unique_ptr<File> file;
  if (!text.empty()) {
    file = std::make_unique<File>();
    file->status = FileAccess::Status::read;
    file->path = "<built-in>/" + std::string(name);
    // No file has this one: devices are small numbers.
    file->identity = {~uint64_t{0}, builtin_files_.size()};
    file->bytes = std::make_unique<const std::string>(text);
  }
  return (builtin_files_[std::string(name)] = std::move(file)).get();
}

State::Found State::find_header(std::string_view name, bool quotes, std::string_view folder, size_t from) {
  Found found;
  if (files_ == nullptr || name.empty()) return found;
  auto is_there = [](const File* file) { return file->status != FileAccess::Status::absent; };
  if (os::root_length(name) != 0) {
    File* file = files_->find(std::string(name));
    if (is_there(file)) found.file = file;
    return found;
  }
  const SearchPath& path = this->path();
  const size_t brackets = path.quote.size();              // index of the first folder for <>
  const size_t builtin = brackets + path.bracket.size();  // that of our own headers
  const size_t end = builtin + 1 + path.system.size();
  if (quotes && from == 0) {
    File* file = files_->find(std::string(folder) + std::string(name));
    if (is_there(file)) {
      found.file = file;
      // #include_next in it goes on behind its folder if that is one of the path.
      found.next_index = brackets;
      const std::string_view plain = folder.empty() ? folder : folder.substr(0, folder.size() - 1);
      for (size_t i = 0; i < path.bracket.size() && !plain.empty(); ++i) {
        if (path.bracket[i] == plain) found.next_index = brackets + i + 1;
      }
      for (size_t i = 0; i < path.system.size() && !plain.empty(); ++i) {
        if (path.system[i] == plain) found.next_index = builtin + 1 + i + 1;
      }
      if (plain == "<built-in>") found.next_index = builtin + 1;
      return found;
    }
  }
  const size_t first = from == 0 && !quotes ? brackets : from;
  const bool whole = first == brackets && from == 0;
  const std::string key(name);
  if (whole) {
    if (auto known = found_.find(key); known != found_.end()) {
      found.file = known->second.first;
      found.next_index = known->second.second;
      return found;
    }
  }
  auto shows = [&found](std::string_view one) { found.tried += (found.tried.empty() ? "" : ", ") + std::string(one); };
  for (size_t i = first; i < end; ++i) {
    File* file = nullptr;
    if (i == builtin) {
      file = settings_.builtin_headers ? builtin_file(name) : nullptr;
    } else {
      const std::string& where = i < brackets  ? path.quote[i]
                                 : i < builtin ? path.bracket[i - brackets]
                                               : path.system[i - builtin - 1];
      shows(where);
      file = files_->find(where + "/" + key);
      if (!is_there(file)) file = nullptr;
    }
    if (file == nullptr) continue;
    found.file = file;
    found.next_index = i + 1;
    if (whole) found_[key] = {file, i + 1};
    return found;
  }
  return found;
}

}  // namespace ferry::cpreproc
