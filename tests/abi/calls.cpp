// Calls and callbacks of random types against what a C compiler makes of them: writes C, has it compiled,
// calls it through every back end and through compiled code, and compares every bit that is a value. Usage:
//   calls --cc gcc|clang [--seed N] [--count N] [--keep DIR] [-v]       seed 0: a new one
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "abi/plan.h"
#include "call/backend.h"
#include "call_thunks.h"
#include "cparse/parser.h"
#include "ctype/spell.h"

namespace {

using namespace ferry;  // NOLINT: a program
using call::Backend;
using call::CFunction;

using Bytes = std::vector<unsigned char>;

// Storage for a frame, which is 16-aligned.
struct alignas(16) Unit {
  char bytes[16];
};

constexpr size_t kBuffer = 1 << 20;
constexpr int kRecords = 80;
constexpr int kRounds = 2;  // calls of each function, with other values

struct Options {
  std::string cc = "gcc";
  uint64_t seed = 1;
  int count = 300;
  std::string keep;
  bool verbose = false;
};

// --- random types and signatures, as C text ----------------------------------------------------------

class Generator {
 public:
  Generator(uint64_t seed, bool clang) : random_(seed), clang_(clang) {
    scalars_ = {"_Bool",
                "char",
                "signed char",
                "unsigned char",
                "short",
                "unsigned short",
                "int",
                "unsigned int",
                "long",
                "unsigned long",
                "long long",
                "float",
                "double",
                "long double",
                "void *",
                "enum color",
                "enum big",
                "enum tiny",
                "enum tiny2",
                "__int128",
                "unsigned __int128",
                "float _Complex",
                "double _Complex",
                "long double _Complex",
                "v8c",
                "v4s",
                "v2i",
                "v2f",
                "v16c",
                "v4i",
                "v2l",
                "v4f",
                "v2d"};
    bool x64 = host_target().arch == Arch::x86_64;
    bool a64 = host_target().arch == Arch::aarch64;
    // Other hosts have libffi alone, which knows neither vectors nor __int128.
    if (!x64 && !a64) {
      std::erase_if(scalars_, [](const std::string& name) {
        return name.find("int128") != name.npos || (name[0] == 'v' && name != "void *");
      });
    }
    // clang 14 has no _Float16 on x86, treats _Float128 as class MEMORY in one place and as SSE in another, and
    // passes small vectors in its own way (abi/sysv_x64.cpp).
    if (!clang_ && (x64 || a64)) scalars_.insert(scalars_.end(), {"_Float16", "_Float128", "v4c", "v2s", "v1l"});
    // clang 14 gives records with atomic members class MEMORY.
    if (!clang_) scalars_.push_back("_Atomic int");
  }

  static std::string prelude() {
    std::string text =
        "struct nothing {}; enum color { red, green = 7 }; enum big { least = -5, most = 0x7ffffffff };\n"
        "enum __attribute__((packed)) tiny { low = -3, high = 100 }; enum __attribute__((packed)) tiny2 { wide = 40000 "
        "};\n"
        "typedef double under_d __attribute__((aligned(4))); typedef long under_l __attribute__((aligned(2)));\n"
        "typedef int under_i __attribute__((aligned(1))); typedef int over_i __attribute__((aligned(32)));\n";
    auto vector = [&](const char* name, const char* element, int bytes) {
      text += std::string("typedef ") + element + " " + name + " __attribute__((vector_size(" + std::to_string(bytes) +
              ")));\n";
    };
    vector("v4c", "char", 4);
    vector("v2s", "short", 4);
    vector("v8c", "char", 8);
    vector("v4s", "short", 8);
    vector("v2i", "int", 8);
    vector("v1l", "long", 8);
    vector("v2f", "float", 8);
    vector("v16c", "char", 16);
    vector("v4i", "int", 16);
    vector("v2l", "long", 16);
    vector("v4f", "float", 16);
    vector("v2d", "double", 16);
    return text;
  }

  std::string record() {
    std::string name = (chance(25) ? "union R" : "struct R") + std::to_string(records_.size());
    int pack = chance(10) ? 1 << pick(0, 4) : 0;
    members_ = 0;
    std::string text = name + " {" + body(name[0] == 'u', 0) + " }";
    if (chance(10)) text += " __attribute__((packed))";
    if (chance(6)) text += " __attribute__((aligned(" + std::to_string(8 << pick(0, chance(70) ? 1 : 4)) + ")))";
    text += ";\n";
    if (pack != 0) text = "#pragma pack(push, " + std::to_string(pack) + ")\n" + text + "#pragma pack(pop)\n";
    records_.push_back(name);
    return text;
  }

  // A union whose members have one machine mode, so that gcc and clang let it be transparent; the C text.
  std::string transparent_union() {
    static const char* const kFirst[] = {"int", "long", "unsigned int", "void *", "short"};
    static const char* const kSecond[] = {"enum color", "unsigned long", "int", "const char *", "unsigned short"};
    int which = pick(0, 4);
    std::string name = "T" + std::to_string(transparent_.size());
    transparent_.push_back(name);
    return std::string("typedef union { ") + kFirst[which] + " a; " + kSecond[which] + " b; } " + name +
           " __attribute__((transparent_union));\n";
  }

  struct Signature {
    std::string result;
    std::vector<std::string> params;
    size_t fixed = 0;  // < params.size() if variadic
    bool variadic = false;
    bool ms_abi = false;
  };

  Signature signature() {
    Signature s;
    s.result = chance(8) ? "void" : any_type(true);
    s.ms_abi = chance(20) && host_target().arch == Arch::x86_64;
    int count = chance(70) ? pick(0, 8) : pick(0, chance(80) ? 20 : 60);
    bool records = chance(50);
    for (int i = 0; i < count; ++i) {
      bool transparent = !transparent_.empty() && chance(4);
      s.params.push_back(transparent
                             ? transparent_[static_cast<size_t>(pick(0, static_cast<int>(transparent_.size()) - 1))]
                         : records || chance(20) ? any_type(true)
                                                 : scalar());
    }
    s.fixed = s.params.size();
    if (!s.params.empty() && chance(20)) {
      s.variadic = true;
      s.fixed = static_cast<size_t>(pick(1, static_cast<int>(s.params.size())));
      for (size_t i = s.fixed; i < s.params.size(); ++i) s.params[i] = promoted(s.params[i]);
    }
    return s;
  }

 private:
  // The members of a record, or of one within a record.
  std::string body(bool is_union, int depth) {
    std::string text;
    // Small records are the ones that travel in registers.
    int fields = chance(75) ? pick(1, depth == 0 ? 4 : 2) : pick(1, depth == 0 ? 12 : 4);
    bool simple = chance(40);  // few kinds: homogeneous aggregates, tight eightbytes
    std::string base = scalar();
    for (int i = 0; i < fields; ++i) {
      std::string member = "m" + std::to_string(members_++);
      if (!simple && chance(15)) {
        text += bitfield(member);
        continue;
      }
      if (depth < 3 && chance(simple ? 4 : 12)) {
        bool inner_union = chance(50);
        std::string inner = std::string(inner_union ? " union" : " struct") +
                            (chance(8) ? " __attribute__((packed))" : "") + " {" + body(inner_union, depth + 1) + " }";
        // Anonymous, named, an array of it.
        text +=
            inner + (chance(60) ? "" : " " + member + (chance(25) ? "[" + std::to_string(pick(1, 3)) + "]" : "")) + ";";
        continue;
      }
      // clang goes by the elements of arrays without any, gcc by one.
      if (!clang_ && chance(4)) {
        text += chance(40) ? " struct {} " + member + ";" : " " + any_type(false) + " " + member + "[0];";
        continue;
      }
      std::string type = simple && chance(80) ? base : any_type(false);
      if (!simple && chance(6)) type = clang_ ? pick_of(kAlignedTypes) : pick_of(kMemberTypes);
      std::string suffix;
      if (chance(12)) suffix = "[" + std::to_string(chance(80) ? pick(1, 4) : pick(1, 20)) + "]";
      if (chance(4)) suffix = "[" + std::to_string(pick(1, 2)) + "][" + std::to_string(pick(1, 3)) + "]";
      if (!simple && chance(4))
        suffix += " __attribute__((aligned(" + std::to_string(1 << pick(1, chance(80) ? 5 : 7)) + ")))";
      if (!simple && chance(4)) suffix += " __attribute__((packed))";
      text += " " + type + " " + member + suffix + ";";
    }
    if (!clang_ && depth == 0 && !is_union && chance(6)) {
      text += " " + any_type(false) + " tail" + (chance(50) ? "[0];" : "[];");
    }
    return text;
  }

  std::string bitfield(const std::string& member) {
    static const char* const kBitTypes[] = {"int",   "unsigned int", "long",      "unsigned char",
                                            "short", "_Bool",        "enum color"};
    static const int kBits[] = {32, 32, 8 * int{sizeof(long)}, 8, 16, 1, 32};
    int which = pick(0, 6);
    bool unnamed = !clang_ && chance(15);
    int width = unnamed && chance(30) ? 0 : chance(20) ? kBits[which] : pick(1, kBits[which]);
    if (which == 6 && !unnamed) width = std::max(width, 4);
    return " " + std::string(kBitTypes[which]) + " " + (unnamed ? "" : member) + " : " + std::to_string(width) + ";";
  }

  static constexpr const char* kAlignedTypes[] = {"under_d", "under_l", "under_i", "over_i", "enum tiny"};
  static constexpr const char* kMemberTypes[] = {"under_d",       "under_l",      "under_i",       "over_i",
                                                 "_Atomic short", "_Atomic long", "_Atomic double"};
  template <size_t N>
  std::string pick_of(const char* const (&list)[N]) {
    return list[static_cast<size_t>(pick(0, int{N} - 1))];
  }

  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool chance(int percent) { return pick(0, 99) < percent; }
  std::string scalar() { return scalars_[static_cast<size_t>(pick(0, static_cast<int>(scalars_.size()) - 1))]; }

  std::string any_type(bool prefer_records) {
    if (prefer_records && chance(2)) return "struct nothing";
    if (!records_.empty() && chance(prefer_records ? 50 : 20)) {
      return records_[static_cast<size_t>(pick(0, static_cast<int>(records_.size()) - 1))];
    }
    return scalar();
  }

  // C 6.5.2.2p6; what has no promotion stays.
  static std::string promoted(const std::string& type) {
    static const std::map<std::string, std::string> kPromotions = {
        {"_Bool", "int"},     {"char", "int"},           {"signed char", "int"}, {"unsigned char", "int"},
        {"short", "int"},     {"unsigned short", "int"}, {"float", "double"},    {"_Float16", "double"},
        {"enum tiny", "int"}, {"enum tiny2", "int"},     {"_Atomic int", "int"}};
    auto found = kPromotions.find(type);
    return found == kPromotions.end() ? type : found->second;
  }

  std::mt19937_64 random_;
  bool clang_;
  std::vector<std::string> scalars_;
  std::vector<std::string> records_;
  std::vector<std::string> transparent_;
  int members_ = 0;
};

// --- values ------------------------------------------------------------------------------------------

// Sets the bits of `mask` that are value, not padding.
void value_bits(const TypeTable& types, TypeId id, unsigned char* mask) {
  const Type& t = types[id];
  if (t.size == 0) return;
  if (is_record(t)) {
    for (const Field& field : types.record(id).fields) {
      if (!field.is_bitfield()) {
        value_bits(types, field.type, mask + field.offset);
        continue;
      }
      if (field.name == kNoName) continue;
      for (unsigned bit = 0; bit < field.bit_width; ++bit) {
        uint64_t at = field.offset * 8 + field.bit_offset + bit;
        mask[at / 8] |= static_cast<unsigned char>(types.target().big_endian ? 0x80u >> (at % 8) : 1u << (at % 8));
      }
    }
  } else if (t.kind == Kind::array) {
    uint64_t step = types[t.base].size;
    for (uint64_t at = 0; step != 0 && at < t.size; at += step) value_bits(types, t.base, mask + at);
  } else if (t.kind == Kind::boolean) {
    mask[0] |= 1;
  } else if (types.target().long_double == LongDouble::x87 &&
             (t.scalar == Scalar::ldouble || t.scalar == Scalar::cldouble)) {
    for (uint64_t at = 0; at < t.size; at += types.target().ldouble_size) std::memset(mask + at, 0xff, 10);
  } else {
    std::memset(mask, 0xff, t.size);
  }
}

Bytes mask_of(const TypeTable& types, TypeId id) {
  Bytes mask(types[id].size);
  value_bits(types, id, mask.data());
  return mask;
}

class Values {
 public:
  explicit Values(uint64_t seed) : random_(seed) {}
  // A random value: padding random too, bools 0 or 1 (legalise).
  Bytes make(const TypeTable& types, TypeId id) {
    Bytes value(types[id].size);
    for (unsigned char& byte : value) byte = static_cast<unsigned char>(random_());
    legalise(types, id, value.data());
    return value;
  }

 private:
  static void legalise(const TypeTable& types, TypeId id, unsigned char* at) {
    const Type& t = types[id];
    if (t.kind == Kind::boolean) {
      *at &= 1;
    } else if (types.target().arch == Arch::i386 && t.kind == Kind::floating && t.size <= 8) {
      at[t.size - 1] &= 0xbf;  // no NaN: the x87 unit makes a signalling one quiet
    } else if (types.target().arch == Arch::i386 && t.kind == Kind::complex && t.size <= 16) {
      at[t.size / 2 - 1] &= 0xbf;
      at[t.size - 1] &= 0xbf;
    } else if (is_record(t)) {
      for (const Field& field : types.record(id).fields) {
        if (!field.is_bitfield()) legalise(types, field.type, at + field.offset);
      }
    } else if (t.kind == Kind::array && types[t.base].size != 0) {
      for (uint64_t i = 0; i < t.size; i += types[t.base].size) legalise(types, t.base, at + i);
    }
  }
  std::mt19937_64 random_;
};

bool same_value(const Bytes& a, const unsigned char* b, const Bytes& mask) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (((a[i] ^ b[i]) & mask[i]) != 0) return false;
  }
  return true;
}

std::string hex(const unsigned char* bytes, size_t size) {
  std::string text;
  char digits[4];
  for (size_t i = 0; i < size; ++i) {
    std::snprintf(digits, sizeof digits, "%02x", bytes[i]);
    text += digits;
  }
  return text;
}

// --- one function ------------------------------------------------------------------------------------

struct Case {
  Generator::Signature signature;
  std::string name;
  std::string declaration;
  TypeId function = kNoType;
  TypeId result = kNoType;
  std::vector<TypeId> params;
  std::vector<TypeId> extra;
  std::vector<size_t> offsets;  // of each argument in the exchange buffers
};

std::string parameter_list(const Generator::Signature& s, bool named) {
  std::string text;
  for (size_t i = 0; i < s.fixed; ++i) {
    text += (i > 0 ? ", " : "") + s.params[i] + (named ? " a" + std::to_string(i) : "");
  }
  if (s.variadic) text += ", ...";
  return text.empty() ? "void" : text;
}

std::string c_text(const TypeTable& types, const Case& c) {
  const Generator::Signature& s = c.signature;
  std::string ms = s.ms_abi ? "__attribute__((ms_abi)) " : "";
  std::string va = s.ms_abi ? "__builtin_ms_va_" : "__builtin_va_";
  std::string text = ms + s.result + " " + c.name + "(" + parameter_list(s, true) + ") {\n";
  if (s.variadic) {
    text += "  " + va + "list ap; " + va + "start(ap, a" + std::to_string(s.fixed - 1) + ");\n";
    for (size_t i = s.fixed; i < s.params.size(); ++i) {
      text += "  " + s.params[i] + " a" + std::to_string(i) + " = __builtin_va_arg(ap, " + s.params[i] + ");\n";
    }
    text += "  " + va + "end(ap);\n";
  }
  for (size_t i = 0; i < s.params.size(); ++i) {
    std::string n = std::to_string(i);
    text += "  _Static_assert(sizeof a" + n + " == " + std::to_string(types[c.params[i]].size) + ", \"" + s.params[i] +
            "\"); memcpy(calls_args + " + std::to_string(c.offsets[i]) + ", &a" + n + ", sizeof a" + n + ");\n";
  }
  text += "  ++calls_count;\n";
  if (s.result != "void") text += "  " + s.result + " r; memcpy(&r, calls_result, sizeof r); return r;\n";
  text += "}\n";
  if (s.variadic) return text;

  text += "void call_" + c.name + "(" + s.result + " (" + ms + "*f)(" + parameter_list(s, false) + ")) {\n";
  std::string list;
  for (size_t i = 0; i < s.params.size(); ++i) {
    std::string n = std::to_string(i);
    text += "  " + s.params[i] + " a" + n + "; memcpy(&a" + n + ", calls_args + " + std::to_string(c.offsets[i]) +
            ", sizeof a" + n + ");\n";
    list += (i > 0 ? ", a" : "a") + n;
  }
  if (s.result == "void") return text + "  f(" + list + ");\n}\n";
  return text + "  " + s.result + " r = f(" + list + "); memcpy(calls_result, &r, sizeof r);\n}\n";
}

struct Exchange {
  unsigned char* args;
  unsigned char* result;
  int* count;
};

// What the callback has seen, and gives back.
struct Handler {
  const Case* c = nullptr;
  const TypeTable* types = nullptr;
  std::vector<Bytes> seen;
  Bytes give;
  bool integer = false;

  static void run(void* context, void* const* args, void* result) {
    auto* self = static_cast<Handler*>(context);
    self->seen.clear();
    for (size_t i = 0; i < self->c->params.size(); ++i) {
      auto* p = static_cast<unsigned char*>(args[i]);
      self->seen.emplace_back(p, p + (*self->types)[self->c->params[i]].size);
    }
    if (self->integer) {
      const Type& t = (*self->types)[self->c->result];
      bool is_unsigned = (t.flags & kUnsigned) != 0;
      call::store_integer(result, call::load_integer(self->give.data(), self->give.size(), is_unsigned),
                          self->give.size());
    } else if (!self->give.empty()) {
      std::memcpy(result, self->give.data(), self->give.size());
    }
  }
};

bool is_slot(const Type& t) {
  return (is_integer_like(t) || is_pointer_like(t)) && t.size <= 8;
}

class Tester {
 public:
  Tester(const TypeTable& types, const Options& options, Exchange exchange)
      : types_(types), options_(options), exchange_(exchange), values_(options.seed + 1) {}

  void run(const Backend& backend, const Case& c, void* library) {
    if (options_.verbose) {
      std::printf("%s: %s\n", backend.name().data(), c.declaration.c_str());
      std::fflush(stdout);
    }
    auto function = reinterpret_cast<CFunction>(dlsym(library, c.name.c_str()));
    auto invoker = backend.make_invoker(types_, c.function, c.extra);
    if (!invoker) {
      refusal(backend, c, invoker.message());
    } else {
      ++calls;
      for (int i = 0; i < kRounds; ++i) call_once(backend, c, **invoker, function);
    }
    if (c.signature.variadic) return;
    auto caller = reinterpret_cast<void (*)(CFunction)>(dlsym(library, ("call_" + c.name).c_str()));
    Handler handler;
    handler.c = &c;
    handler.types = &types_;
    auto callback = backend.make_callback(types_, c.function, Handler::run, &handler);
    if (!callback) {
      refusal(backend, c, callback.message());
      return;
    }
    ++callbacks;
    if (options_.verbose) {
      std::printf("  as a callback\n");
      std::fflush(stdout);
    }
    for (int i = 0; i < kRounds; ++i) call_back_once(backend, c, (*callback)->address(), caller, handler);
  }

  // The same through compiled code, in each way.
  void run_compiled(call::ThunkMode mode, const Case& c, void* library) {
    const std::string name = call::mode_name(mode);
    auto plan = abi::plan_call(types_, c.function, c.extra);
    if (!plan) return;
    auto function = reinterpret_cast<CFunction>(dlsym(library, c.name.c_str()));
    auto caller = reinterpret_cast<void (*)(CFunction)>(dlsym(library, ("call_" + c.name).c_str()));
    if (options_.verbose) {
      std::printf("%s: %s\n", name.c_str(), c.declaration.c_str());
      std::fflush(stdout);
    }
    for (int i = 0; i < kRounds; ++i) {
      std::vector<Bytes> args = make_args(c);
      const Bytes result = values_.make(types_, c.result);
      if (!result.empty()) std::memcpy(exchange_.result, result.data(), result.size());
      std::memset(exchange_.args, 0x5a, kBuffer);
      const int before = *exchange_.count;
      Bytes got = result;
      if (auto done = call::call_by_thunk(types_, *plan, mode, function, args, &got); !done.ok()) {
        if (done.message() != "no thunk for this plan") fail(name, c, done.message());
        ++not_compiled;
        return;
      }
      if (i == 0) ++compiled_calls[plan->abi == abi::Abi::win_x64];
      if (*exchange_.count != before + 1) fail(name, c, "not called");
      for (size_t k = 0; k < args.size(); ++k) {
        check(name, c, "argument " + std::to_string(k), c.params[k], args[k], exchange_.args + c.offsets[k]);
      }
      check(name, c, "result", c.result, result, got.data());
      if (c.signature.variadic) continue;
      for (size_t k = 0; k < args.size(); ++k) {
        if (!args[k].empty()) std::memcpy(exchange_.args + c.offsets[k], args[k].data(), args[k].size());
      }
      std::memset(exchange_.result, 0x5a, kBuffer);
      std::vector<Bytes> seen;
      if (auto done = call::call_back_compiled(types_, *plan, mode, caller, args, result, &seen); !done.ok()) {
        fail(name, c, "callback: " + done.message());
        continue;
      }
      if (i == 0) ++compiled_callbacks;
      if (seen.size() != args.size()) fail(name, c, "callback not called");
      for (size_t k = 0; k < seen.size(); ++k) {
        check(name, c, "callback argument " + std::to_string(k), c.params[k], args[k], seen[k].data());
      }
      check(name, c, "callback result", c.result, result, exchange_.result);
    }
  }

  int failures = 0;
  int calls = 0;
  int callbacks = 0;
  int compiled_calls[2] = {};  // of functions by System V, by Microsoft's convention
  int compiled_callbacks = 0;
  int not_compiled = 0;
  std::map<std::string, int> refused;  // by back end

 private:
  void refusal(const Backend& backend, const Case& c, const std::string& message) {
    ++refused[std::string(backend.name())];
    if (backend.name() == "stub") fail(backend, c, "refused: " + message);
    if (options_.verbose) std::printf("  %s refuses %s: %s\n", backend.name().data(), c.name.c_str(), message.c_str());
  }

  void fail(const Backend& backend, const Case& c, const std::string& what) {
    fail(std::string(backend.name()), c, what);
  }
  void fail(const std::string& how, const Case& c, const std::string& what) {
    ++failures;
    std::string plan = "?";
    if (auto planned = abi::plan_call(types_, c.function, c.extra)) plan = abi::describe(*planned);
    std::printf("FAIL %s, %s: %s\n  %s\n", how.c_str(), c.name.c_str(), what.c_str(), c.declaration.c_str());
    for (TypeId id : c.extra) std::printf("  ... %s\n", spell(types_, id).c_str());
    std::printf("  plan: %s\n", plan.c_str());
  }

  void check(const Backend& backend, const Case& c, const std::string& what, TypeId type, const Bytes& expected,
             const unsigned char* got) {
    check(std::string(backend.name()), c, what, type, expected, got);
  }
  void check(const std::string& how, const Case& c, const std::string& what, TypeId type, const Bytes& expected,
             const unsigned char* got) {
    Bytes mask = mask_of(types_, type);
    if (same_value(expected, got, mask)) return;
    fail(how, c,
         what + " (" + spell(types_, type) + ")\n  is " + hex(got, expected.size()) + "\n  not " +
             hex(expected.data(), expected.size()) + "\n  in " + hex(mask.data(), mask.size()));
  }

  std::vector<Bytes> make_args(const Case& c) {
    std::vector<Bytes> args;
    for (TypeId id : c.params) args.push_back(values_.make(types_, id));
    return args;
  }

  void call_once(const Backend& backend, const Case& c, const call::Invoker& invoker, CFunction function) {
    std::vector<Bytes> args = make_args(c);
    std::vector<Unit> frame_store(invoker.frame_bytes() / 16 + 1);
    auto* frame = reinterpret_cast<std::byte*>(frame_store.data());
    std::memset(frame, 0xa5, invoker.frame_bytes());
    for (size_t i = 0; i < args.size(); ++i) {
      const Type& t = types_[c.params[i]];
      std::byte* slot = frame + invoker.args()[i].offset;
      if (is_slot(t)) {
        bool is_unsigned = (t.flags & kUnsigned) != 0 || is_pointer_like(t);
        call::store_integer(slot, call::load_integer(args[i].data(), t.size, is_unsigned), t.size);
      } else if (t.size != 0) {
        std::memcpy(slot, args[i].data(), t.size);
      }
    }
    Bytes result = values_.make(types_, c.result);
    if (!result.empty()) std::memcpy(exchange_.result, result.data(), result.size());
    std::memset(exchange_.args, 0x5a, kBuffer);
    // A guard behind the result finds writes beyond result_bytes().
    size_t room = std::max<size_t>(invoker.result_bytes(), types_[c.result].size);
    auto* got = static_cast<unsigned char*>(aligned_alloc(64, (room + 64 + 63) / 64 * 64));
    std::memset(got, 0xee, room + 64);
    int before = *exchange_.count;
    invoker.invoke(function, frame, got);
    if (*exchange_.count != before + 1) fail(backend, c, "not called");
    for (size_t i = 0; i < args.size(); ++i) {
      check(backend, c, "argument " + std::to_string(i), c.params[i], args[i], exchange_.args + c.offsets[i]);
    }
    check(backend, c, "result", c.result, result, got);
    const Type& r = types_[c.result];
    if (is_slot(r) && !types_.target().big_endian) {
      bool is_unsigned = (r.flags & kUnsigned) != 0 || is_pointer_like(r);
      int64_t whole;
      std::memcpy(&whole, got, sizeof whole);
      if (whole != call::load_integer(result.data(), r.size, is_unsigned)) fail(backend, c, "result is not extended");
    }
    for (size_t i = 0; i < 64; ++i) {
      if (got[room + i] != 0xee) {
        fail(backend, c, "writes beyond the result");
        break;
      }
    }
    free(got);
  }

  void call_back_once(const Backend& backend, const Case& c, CFunction address, void (*caller)(CFunction),
                      Handler& handler) {
    std::vector<Bytes> args = make_args(c);
    for (size_t i = 0; i < args.size(); ++i) {
      if (!args[i].empty()) std::memcpy(exchange_.args + c.offsets[i], args[i].data(), args[i].size());
    }
    handler.give = values_.make(types_, c.result);
    handler.integer = is_slot(types_[c.result]);
    std::memset(exchange_.result, 0x5a, kBuffer);
    caller(address);
    if (handler.seen.size() != args.size()) {
      fail(backend, c, "callback not called");
      return;
    }
    for (size_t i = 0; i < args.size(); ++i) {
      check(backend, c, "callback argument " + std::to_string(i), c.params[i], args[i], handler.seen[i].data());
    }
    check(backend, c, "callback result", c.result, handler.give, exchange_.result);
  }

  const TypeTable& types_;
  const Options& options_;
  Exchange exchange_;
  Values values_;
};

// --- the program -------------------------------------------------------------------------------------

// clang 14 splits a lone __int128 or complex between the last register and the stack, or places it
// otherwise there than the psABI says (fixed in clang 18): functions where one goes to the stack are left out.
bool clang_differs(const TypeTable& types, const Case& c) {
  auto plan = abi::plan_call(types, c.function, c.extra);
  if (!plan) return false;
  for (const abi::ArgPlan& arg : plan->args) {
    const Type& t = types[arg.type];
    bool wide = t.size == 16 && (t.kind == Kind::integer || t.kind == Kind::floating);
    bool split = (t.kind == Kind::integer && wide) || t.scalar == Scalar::cfloat || t.scalar == Scalar::cdouble;
    if (plan->abi == abi::Abi::sysv_x64 && split && arg.on_stack) return true;
    // AAPCS64 6.8.2 C.4: a packed aggregate of 16-byte vectors has natural alignment 1 for gcc; clang aligns it to 16.
    if (plan->abi == abi::Abi::aapcs64 && arg.on_stack && t.align < 16) {
      auto alone = abi::plan_value(types, arg.type, CallConv::c, false);
      if (alone && !alone->pieces.empty() && alone->pieces[0].size == 16) return true;
    }
    // On Windows clang passes _Float128 and vectors its own way (abi/win_x64.cpp), and Linux's ms_abi has no judge
    // but gcc for 16-byte scalars.
    if (plan->abi == abi::Abi::win_x64 && (wide || t.kind == Kind::vector || t.kind == Kind::complex)) return true;
  }
  const Type& r = types[plan->result.type];
  bool wide = r.size == 16 && (r.kind == Kind::integer || r.kind == Kind::floating);
  return plan->abi == abi::Abi::win_x64 && (wide || r.kind == Kind::vector || r.kind == Kind::complex);
}

// gcc's va_arg on a __builtin_ms_va_list does not follow the references that its own ms_abi callers pass; on
// System V it reads 16-aligned values from general registers with aligned moves, and faults.
bool va_arg_differs(const TypeTable& types, const Case& c) {
  auto plan = abi::plan_call(types, c.function, c.extra);
  if (!plan) return false;
  for (size_t i = plan->fixed_params; i < plan->args.size(); ++i) {
    const abi::ArgPlan& arg = plan->args[i];
    auto pieces = plan->pieces_of(arg);
    bool pair = pieces.size() == 2 && pieces[0].where == abi::Where::gpr && pieces[1].where == abi::Where::gpr;
    if (arg.by_reference || (pair && arg.align >= 16 && plan->abi == abi::Abi::sysv_x64)) return true;
  }
  return false;
}

bool parse_options(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word == "-v") {
      options.verbose = true;
      continue;
    }
    if (i + 1 >= argc) return false;
    std::string value = argv[++i];
    if (word == "--cc") {
      options.cc = value;
    } else if (word == "--seed") {
      options.seed = std::strtoull(value.c_str(), nullptr, 10);
    } else if (word == "--count") {
      options.count = std::atoi(value.c_str());
    } else if (word == "--keep") {
      options.keep = value;
    } else {
      return false;
    }
  }
  if (options.seed == 0) options.seed = std::random_device()();
  return true;
}

int run(const Options& options) {
  bool clang = options.cc.find("clang") != std::string::npos;
  std::printf("calls: %s, seed %llu, %d functions\n", options.cc.c_str(), static_cast<unsigned long long>(options.seed),
              options.count);
  std::fflush(stdout);
  Generator generator(options.seed, clang);
  TypeTable types(host_target());
  std::string declarations = Generator::prelude();
  for (int i = 0; i < 6; ++i) declarations += generator.transparent_union();
  for (int i = 0; i < kRecords; ++i) declarations += generator.record();
  if (auto done = cparse::parse_declarations(types, declarations); !done) {
    std::printf("%s\n%s\n", declarations.c_str(), done.message().c_str());
    return 1;
  }
  std::string text = "#include <string.h>\n" + declarations + "unsigned char calls_args[" + std::to_string(kBuffer) +
                     "], calls_result[" + std::to_string(kBuffer) + "];\nint calls_count;\n";
  std::vector<Case> cases;
  for (int i = 0; i < options.count; ++i) {
    Case c;
    c.signature = generator.signature();
    c.name = "f" + std::to_string(i);
    c.declaration = (c.signature.ms_abi ? "__attribute__((ms_abi)) " : "") + c.signature.result + " " + c.name + "(" +
                    parameter_list(c.signature, false) + ");";
    // Without the name: parse_type takes a named function for the pointer to it.
    std::string type = c.declaration.substr(0, c.declaration.size() - 1);
    type.erase(type.find(c.name + "("), c.name.size());
    auto function = cparse::parse_type(types, type);
    if (!function) {
      std::printf("%s\n%s\n", c.declaration.c_str(), function.message().c_str());
      return 1;
    }
    c.function = *function;
    c.result = types.function(c.function).result;
    size_t end = 0;
    for (size_t k = 0; k < c.signature.params.size(); ++k) {
      auto param = cparse::parse_type(types, c.signature.params[k]);
      if (!param) {
        std::printf("%s: %s\n", c.signature.params[k].c_str(), param.message().c_str());
        return 1;
      }
      c.params.push_back(*param);
      if (k >= c.signature.fixed) c.extra.push_back(*param);
      c.offsets.push_back(end);
      end += (types[*param].size + 15) / 16 * 16;
    }
    if (end > kBuffer || types[c.result].size > kBuffer || va_arg_differs(types, c) ||
        (clang && clang_differs(types, c))) {
      continue;
    }
    text += c_text(types, c);
    cases.push_back(std::move(c));
  }

  char folder[] = "/tmp/ferry-calls-XXXXXX";
  std::string dir = options.keep.empty() ? std::string(mkdtemp(folder)) : options.keep;
  std::string source = dir + "/calls.c";
  std::string object = dir + "/calls.so";
  std::ofstream(source) << text;
  std::string command = options.cc + " -std=gnu11 -w -Wno-psabi -O1 -fPIC -shared -o " + object + " " + source;
  if (std::system(command.c_str()) != 0) {
    std::printf("failed: %s\n", command.c_str());
    return 1;
  }
  void* library = dlopen(object.c_str(), RTLD_NOW);
  if (library == nullptr) {
    std::printf("%s\n", dlerror());
    return 1;
  }
  if (options.keep.empty()) {
    unlink(source.c_str());
    unlink(object.c_str());
    rmdir(dir.c_str());
  }
  Exchange exchange{static_cast<unsigned char*>(dlsym(library, "calls_args")),
                    static_cast<unsigned char*>(dlsym(library, "calls_result")),
                    static_cast<int*>(dlsym(library, "calls_count"))};
  Tester tester(types, options, exchange);
  for (const Backend* backend : call::all_backends()) {
    for (const Case& c : cases) tester.run(*backend, c, library);
  }
  for (call::ThunkMode mode : call::thunk_modes()) {
    for (const Case& c : cases) tester.run_compiled(mode, c, library);
  }
  std::printf("compiled: %d calls, %d of them by Microsoft's convention, %d callbacks, %d not compiled\n",
              tester.compiled_calls[0] + tester.compiled_calls[1], tester.compiled_calls[1], tester.compiled_callbacks,
              tester.not_compiled);
  std::printf("%d calls, %d callbacks, %d refused by libffi, %d failures\n", tester.calls, tester.callbacks,
              tester.refused["libffi"], tester.failures);
  return tester.failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse_options(argc, argv, options)) {
    std::printf("usage: calls --cc gcc|clang [--seed N] [--count N] [--keep DIR] [-v]\n");
    return 2;
  }
  return run(options);
}
