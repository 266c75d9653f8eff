// The encoder's log made readable: addresses become names, labels are numbered in order.
#include "call/native/listing.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <map>
#include <string_view>
#include <utility>

#include "call/native/emit.h"

namespace ferry::call {

namespace {

using Names = std::map<uint64_t, std::string>;

void name(Names& names, const void* address, std::string_view as) {
  if (address != nullptr) names.emplace(reinterpret_cast<uintptr_t>(address), as);
}

Names names_of(const ThunkHost& host) {
  Names names;
  const LuaApi& api = host.api;
  name(names, api.gettop, "lua_gettop");
  name(names, api.type, "lua_type");
  name(names, api.toboolean, "lua_toboolean");
  name(names, api.tointegerx, "lua_tointegerx");
  name(names, api.isinteger, "lua_isinteger");
  name(names, api.tonumber, "lua_tonumber");
  name(names, api.tolstring, "lua_tolstring");
  name(names, api.touserdata, "lua_touserdata");
  name(names, api.topointer, "lua_topointer");
  name(names, api.pushboolean, "lua_pushboolean");
  name(names, api.pushinteger, "lua_pushinteger");
  name(names, api.pushnumber, "lua_pushnumber");
  name(names, host.helpers.cdata, "cdata");
  name(names, host.helpers.convert, "convert");
  name(names, host.helpers.new_result, "new_result");
  name(names, host.helpers.push_result, "push_result");
  name(names, host.helpers.settle, "settle");
  name(names, host.errno_location, "errno_location");
  return names;
}

Names names_of(const ThunkHost& host, const ThunkSpec& spec) {
  Names names = names_of(host);
  name(names, spec.record, "FunctionRecord");
  name(names, spec.state, "State");
  name(names, reinterpret_cast<const void*>(spec.address), "function");
  name(names, spec.slow, "slow");
  name(names, spec.next, "next");
  name(names, spec.data, "data");
  name(names, spec.result.type, "result_type");
  for (size_t i = 0; i < spec.args.size(); ++i) {
    name(names, spec.args[i].cell, "cell" + std::to_string(i));
    name(names, spec.args[i].callback, "callback" + std::to_string(i));
  }
  return names;
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
}

bool is_digits(std::string_view s) {
  for (char c : s) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) return false;
  }
  return !s.empty();
}

bool is_label(std::string_view s) {
  return s.size() > 1 && s[0] == 'L' && is_digits(s.substr(1));
}

std::string number(std::string_view word, const Names& names) {
  const uint64_t value = std::strtoull(std::string(word).c_str(), nullptr, 0);
  if (auto found = names.find(value); found != names.end()) return found->second;
  if (static_cast<int64_t>(value) < 0) return std::to_string(static_cast<int64_t>(value));
  if (value < 0x10000) return std::to_string(value);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (uint64_t rest = value; rest != 0; rest /= 16) hex.insert(hex.begin(), kDigits[rest % 16]);
  return "0x" + hex;
}

// Without the size of a memory operand where a register beside it has the same.
std::string without_size(std::string line) {
  const size_t ptr = line.find(" ptr ");
  if (ptr == std::string::npos) return line;
  for (std::string_view other : {"movsx", "movzx", "cvt"}) {
    if (line.starts_with(other)) return line;
  }
  const size_t first = line.find(' ') + 1, comma = line.find(", ");
  if (comma == std::string::npos) return line;
  const char beside = comma < ptr ? line[first] : line[comma + 2];
  if (std::isalpha(static_cast<unsigned char>(beside)) == 0) return line;
  const size_t word = line.rfind(' ', ptr - 1) + 1;
  return line.erase(word, ptr + 5 - word);
}

// Operands that the log shows as the numbers they are encoded by, words that say nothing, and of two names of an
// instruction the one that not every version of the encoder writes.
std::string spell(std::string line) {
  static const std::pair<std::string_view, std::string_view> kSpellings[] = {
      {"hint 34", "bti c"},
      {"ret x30", "ret"},
      {"mrs x15, 56962", "mrs x15, tpidr_el0"},
      {"cset x9, 2", "cset x9, eq"},
      {"cset x9, 3", "cset x9, ne"},
  };
  for (const auto& [is, reads] : kSpellings) {
    if (line == is) return std::string(reads);
  }
  static const std::pair<std::string_view, std::string_view> kSynonyms[] = {
      {"jz ", "je "}, {"jnz ", "jne "}, {"setz ", "sete "}, {"setnz ", "setne "}};
  if (line.starts_with("short ")) line.erase(0, 6);
  for (const auto& [is, reads] : kSynonyms) {
    if (line.starts_with(is)) line.replace(0, is.size(), reads);
  }
  if (line.starts_with(".word ")) {  // instructions of AArch64 that its machine encodes
    const auto word = static_cast<uint32_t>(std::strtoul(line.c_str() + 6, nullptr, 0));
    const char* name = (word & ~0x3ffu) == 0xc89ffc00 ? "stlr" : (word & ~0x3ffu) == 0xc8dffc00 ? "ldar" : nullptr;
    if (name == nullptr) return line;
    return name + (" x" + std::to_string(word & 31)) + ", [x" + std::to_string(word >> 5 & 31) + "]";
  }
  if (line.starts_with("csel ") && line.ends_with(", 2")) line.replace(line.size() - 1, 1, "eq");
  return without_size(std::move(line));
}

class Reader {
 public:
  Reader(std::string_view log, const Names& names) : log_(log), names_(names) {}

  std::string text() {
    each_line([&](std::string_view line) {
      if (line.ends_with(':') && is_label(line.substr(0, line.size() - 1))) return;
      each_word(line, [&](std::string_view word) {
        if (is_label(word)) labels_[std::string(word)] = 0;
      });
    });
    int last = 0;
    std::string before;
    each_line([&](std::string_view line) {
      if (line.starts_with(".xword ") && !before.empty()) {
        literals_[before] = number(line.substr(7), names_);
        labels_.erase(before);
      }
      before.clear();
      if (!line.ends_with(':')) return;
      before = line.substr(0, line.size() - 1);
    });
    each_line([&](std::string_view line) {
      if (!line.ends_with(':')) return;
      if (auto used = labels_.find(std::string(line.substr(0, line.size() - 1))); used != labels_.end()) {
        used->second = ++last;
      }
    });
    std::string made;
    each_line([&](std::string_view line) {
      if (line.ends_with(':')) {
        const std::string label(line.substr(0, line.size() - 1));
        if (labels_.contains(label)) made += renamed(label) + ":\n";
        return;
      }
      if (line.starts_with(".xword ") || line == "align 8") return;  // literals
      made += "    " + readable(line) + "\n";
    });
    return made;
  }

 private:
  template <typename F>
  void each_line(F&& f) const {
    for (size_t at = 0; at < log_.size();) {
      const size_t end = std::min(log_.find('\n', at), log_.size());
      if (end > at) f(log_.substr(at, end - at));
      at = end + 1;
    }
  }
  template <typename F>
  static void each_word(std::string_view line, F&& f) {
    for (size_t at = 0; at < line.size();) {
      size_t end = at + 1;
      if (is_word(line[at])) {
        while (end < line.size() && is_word(line[end])) ++end;
      }
      f(line.substr(at, end - at));
      at = end;
    }
  }
  std::string renamed(const std::string& label) const { return "L" + std::to_string(labels_.at(label)); }
  std::string readable(std::string_view line) const {
    if (const size_t at = line.find("[L"); at != std::string_view::npos && line.ends_with(']')) {
      const auto literal = literals_.find(std::string(line.substr(at + 1, line.size() - at - 2)));
      if (literal != literals_.end()) return std::string(line.substr(0, at)) + "=" + literal->second;
    }
    std::string made;
    each_word(spell(std::string(line)), [&](std::string_view word) {
      if (is_label(word)) {
        made += renamed(std::string(word));
      } else if (is_digits(word) || word.starts_with("0x")) {
        made += number(word, names_);
      } else {
        made += word;
      }
    });
    return made;
  }

  std::string_view log_;
  const Names& names_;
  std::map<std::string, int> labels_;            // of those that are jumped to: their numbers in the text
  std::map<std::string, std::string> literals_;  // AArch64: what lies at the others, behind the code
};

// Below everything that is called, so that calls are relative.
constexpr uint64_t kBase = 0x10000;

Result<Listing> listing(Encoder& encoder, const Names& names) {
  Result<std::vector<uint8_t>> bytes = encoder.bytes(kBase);
  if (!bytes.ok()) return bytes.error();
  return Listing{Reader(encoder.log(), names).text(), bytes->size()};
}

}  // namespace

Result<Listing> thunk_listing(const ThunkHost& host, const ThunkSpec& spec) {
  Result<const Emitter*> found = emitter_of(*spec.plan);
  if (!found) return found.error();
  const Emitter* emitter = *found;
  Encoder encoder(emitter->arch);
  encoder.keep_log();
  assemble_thunk(*emitter->machine(encoder, host, *spec.plan), host, spec);
  return listing(encoder, names_of(host, spec));
}

Result<Listing> callback_listing(const ThunkHost& host, const CallbackApi& api, const CallbackHandlers& handlers,
                                 const CallbackSpec& spec) {
  Result<const Emitter*> found = emitter_of(*spec.plan);
  if (!found) return found.error();
  const Emitter* emitter = *found;
  Names names = names_of(host);
  name(names, api.rawgeti, "lua_rawgeti");
  name(names, api.pcall, "lua_pcall");
  name(names, api.settop, "lua_settop");
  name(names, reinterpret_cast<const void*>(handlers.whole), "whole");
  name(names, reinterpret_cast<const void*>(handlers.failed), "failed");
  name(names, reinterpret_cast<const void*>(handlers.convert), "convert_result");
  Encoder encoder(emitter->arch);
  encoder.keep_log();
  std::unique_ptr<Machine> machine = emitter->machine(encoder, host, *spec.plan);
  if (Result<void> done = assemble_callback(*machine, host, api, handlers, spec); !done) return done.error();
  return listing(encoder, names);
}

Result<Listing> callback_entry_listing(const abi::CallPlan& plan) {
  Result<const Emitter*> found = emitter_of(plan);
  if (!found) return found.error();
  const Emitter* emitter = *found;
  static const char slot = 0;
  const std::array<const void*, 1> slots{&slot};
  Names names;
  // All of it, and what code of 32 bits has of it.
  for (const uintptr_t mask : {~uintptr_t{0}, uintptr_t{0xffffffff}}) {
    names.emplace(reinterpret_cast<uintptr_t>(&slot) & mask, "slot");
  }
  Encoder encoder(emitter->arch);
  encoder.keep_log();
  const ThunkHost host;
  assemble_entries(*emitter->machine(encoder, host, plan), slots);
  assemble_answer(*emitter->machine(encoder, host, plan));
  return listing(encoder, names);
}

}  // namespace ferry::call
