// Calls and callbacks of random types against what a C compiler makes of them: writes C, has it compiled,
// calls it through every back end and through compiled code, and compares every bit that is a value. Usage:
//   calls --cc gcc|clang [--seed N] [--count N] [--backend NAME] [--hollow N] [--keep DIR | --write DIR |
//   --library FILE] [-v]
// Seed 0: a new one. --hollow N: of 100 records that many are a value or two among members without bytes.
#include <algorithm>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "abi/plan.h"
#include "call/backend.h"
#include "call_thunks.h"
#include "cparse/parser.h"
#include "ctype/spell.h"
#include "os/libraries.h"
#include "random_calls.h"

namespace {

using namespace ferry;              // NOLINT: a program
using namespace ferry::calls_test;  // NOLINT
using call::Backend;
using call::CFunction;

// Storage for a frame, which is 16-aligned.
struct alignas(16) Unit {
  char bytes[16];
};

constexpr size_t kBuffer = 1 << 20;
constexpr int kRecords = 80;
constexpr std::align_val_t kCacheLine{64};
constexpr int kRounds = 2;  // calls of each function, with other values

struct Options {
  std::string cc = "gcc";
  uint64_t seed = 1;
  int count = 300;
  int hollow = 0;
  std::string backend;  // empty: all, and compiled code
  std::string keep;
  std::string write;    // folder: for its calls.c only, where this program cannot start the compiler
  std::string library;  // what was made of that
  bool verbose = false;
};

// tests/cross/run.sh has the same.
constexpr const char* kCompile = " -std=gnu11 -w -Wno-psabi -O1 -fPIC -shared -o ";

std::string new_folder() {
  const std::filesystem::path above = std::filesystem::temp_directory_path();
  for (;;) {
    const std::filesystem::path folder = above / ("ferry-calls-" + std::to_string(std::random_device()()));
    if (std::filesystem::create_directory(folder)) return folder.string();
  }
}

void* symbol(void* library, const std::string& name) {
  return os::library_symbol(library, name.c_str(), nullptr);
}

// --- one function ------------------------------------------------------------------------------------

struct Case {
  Signature signature;
  std::string name;
  std::string declaration;
  TypeId function = kNoType;
  TypeId result = kNoType;
  std::vector<TypeId> params;
  std::vector<TypeId> extra;
  std::vector<size_t> offsets;  // of each argument in the exchange buffers
};

std::string c_text(const TypeTable& types, const Case& c) {
  const Signature& s = c.signature;
  std::string ms = s.convention.empty() ? "" : "__attribute__((" + s.convention + ")) ";
  std::string va = s.convention == "ms_abi" ? "__builtin_ms_va_" : "__builtin_va_";
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
    auto function = reinterpret_cast<CFunction>(symbol(library, c.name));
    auto invoker = backend.make_invoker(types_, c.function, c.extra);
    if (!invoker) {
      refusal(backend, c, invoker.message());
    } else {
      ++calls;
      for (int i = 0; i < kRounds; ++i) call_once(backend, c, **invoker, function);
    }
    if (c.signature.variadic) return;
    auto caller = reinterpret_cast<void (*)(CFunction)>(symbol(library, "call_" + c.name));
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
    auto function = reinterpret_cast<CFunction>(symbol(library, c.name));
    auto caller = reinterpret_cast<void (*)(CFunction)>(symbol(library, "call_" + c.name));
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
      if (i == 0) ++compiled_calls[plan->abi != abi::abi_of(types_.target(), CallConv::c)];
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
  int compiled_calls[2] = {};  // of functions by C's convention, by another one
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
    auto* got = static_cast<unsigned char*>(::operator new(room + 64, kCacheLine));
    std::memset(got, 0xee, room + 64);
    int before = *exchange_.count;
    invoker.invoke(function, frame, got);
    if (*exchange_.count != before + 1) fail(backend, c, "not called");
    for (size_t i = 0; i < args.size(); ++i) {
      check(backend, c, "argument " + std::to_string(i), c.params[i], args[i], exchange_.args + c.offsets[i]);
    }
    check(backend, c, "result", c.result, result, got);
    const Type& r = types_[c.result];
    if (is_slot(r) && !is_bit_int(r) && !types_.target().big_endian) {
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
    ::operator delete(got, kCacheLine);
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

// Whether a member's typedef aligns it to less than its type wants: on System V such a record travels in memory by gcc,
// which is followed, and in registers by clang. Or aligns it to more than the record keeps to, which is packed: in
// memory by clang, in registers by gcc. `at`: where it lies in the whole.
bool is_aligned_otherwise(const TypeTable& types, TypeId id, uint64_t at) {
  const Type& t = types[id];
  if (t.kind == Kind::array) return is_aligned_otherwise(types, t.base, at);
  if (t.kind == Kind::integer || t.kind == Kind::floating) {
    const uint32_t own = types[scalar_type(t.scalar)].align;
    return t.align < own || (t.align > own && at % t.align != 0);
  }
  if (!is_record(t)) return false;
  const std::vector<Field>& fields = types.record(id).fields;
  return std::any_of(fields.begin(), fields.end(),
                     [&](const Field& f) { return is_aligned_otherwise(types, f.type, at + f.offset); });
}

// clang 14 splits a lone __int128 or complex between the last register and the stack, or places it
// otherwise there than the psABI says (fixed in clang 18): functions where one goes to the stack are left out.
bool clang_differs(const TypeTable& types, const Case& c) {
  auto plan = abi::plan_call(types, c.function, c.extra);
  if (!plan) return false;
  for (const abi::ArgPlan& arg : plan->args) {
    const Type& t = types[arg.type];
    bool wide = t.size == 16 && (t.kind == Kind::integer || t.kind == Kind::floating);
    bool split = (t.kind == Kind::integer && wide) || t.scalar == Scalar::cfloat || t.scalar == Scalar::cdouble;
    // gcc aligns what has no bytes (abi/aapcs32.cpp).
    if (t.size == 0 && t.align >= 8 && types.target().arch == Arch::arm) return true;
    if (plan->abi == abi::Abi::sysv_x64 && split && arg.on_stack) return true;
    if (plan->abi == abi::Abi::sysv_x64 && is_record(t) && t.size <= 64 && is_aligned_otherwise(types, arg.type, 0))
      return true;
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
  if (plan->abi == abi::Abi::sysv_x64 && is_record(r) && is_aligned_otherwise(types, plan->result.type, 0)) return true;
  bool wide = r.size == 16 && (r.kind == Kind::integer || r.kind == Kind::floating);
  // clang wants memory for an empty record, whose address takes the first argument's place; to gcc it is nothing.
  const bool empty = is_record(r) && r.size == 0;
  return plan->abi == abi::Abi::win_x64 && (wide || empty || r.kind == Kind::vector || r.kind == Kind::complex);
}

// What has no plan for that reason (abi/builder.h, abi/aapcs64.cpp).
bool compilers_differ(const TypeTable& types, const Case& c) {
  auto plan = abi::plan_call(types, c.function, c.extra);
  return !plan && plan.message().find("compilers differ") != std::string::npos;
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
    } else if (word == "--hollow") {
      options.hollow = std::atoi(value.c_str());
    } else if (word == "--backend") {
      options.backend = value;
    } else if (word == "--keep") {
      options.keep = value;
    } else if (word == "--write") {
      options.write = value;
    } else if (word == "--library") {
      options.library = value;
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
  Features features;
  features.hollow = options.hollow;
  // On i386 and s390x they have no plan, nor on POWER those of 8 bytes.
  const Arch arch = host_target().arch;
  features.vectors8 = arch == Arch::x86_64 || arch == Arch::aarch64 || arch == Arch::riscv64 || arch == Arch::arm;
  features.vectors16 = features.vectors8 || arch == Arch::ppc64le;
  if (arch == Arch::x86_64) features.conventions = {"ms_abi"};
  if (arch == Arch::i386 && host_target().os != Os::windows) {
    features.conventions = {"stdcall", "fastcall", "thiscall", "cdecl"};
  }
  if (arch == Arch::arm) features.conventions = {"pcs(\"aapcs\")"};
  // MinGW's gcc packs otherwise than Microsoft's compiler (layout_compare).
  features.packs = host_target().layout != RecordLayout::msvc;
  Generator generator(Choices(options.seed), clang, host_target(), features);
  TypeTable types(host_target());
  std::string declarations = Generator::prelude(clang);
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
    c.declaration = (c.signature.convention.empty() ? "" : "__attribute__((" + c.signature.convention + ")) ") +
                    c.signature.result + " " + c.name + "(" + parameter_list(c.signature, false) + ");";
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
    if (end > kBuffer || types[c.result].size > kBuffer || va_arg_differs(types, c) || compilers_differ(types, c) ||
        (clang && clang_differs(types, c))) {
      continue;
    }
    text += c_text(types, c);
    cases.push_back(std::move(c));
  }

  if (!options.write.empty()) {
    std::ofstream(options.write + "/calls.c") << text;
    return 0;
  }
  std::string object = options.library;
  std::string dir = options.keep;
  if (object.empty()) {
    if (dir.empty()) dir = new_folder();
    std::string source = dir + "/calls.c";
    object = dir + "/calls.so";
    std::ofstream(source) << text;
    std::string command = options.cc + kCompile + object + " " + source;
    if (std::system(command.c_str()) != 0) {
      std::printf("failed: %s\n", command.c_str());
      return 1;
    }
  }
  Result<void*> opened = os::open_library(object, false);
  if (!opened) {
    std::printf("%s\n", opened.message().c_str());
    return 1;
  }
  void* library = *opened;
  if (options.keep.empty() && options.library.empty()) std::filesystem::remove_all(dir);
  Exchange exchange{static_cast<unsigned char*>(symbol(library, "calls_args")),
                    static_cast<unsigned char*>(symbol(library, "calls_result")),
                    static_cast<int*>(symbol(library, "calls_count"))};
  Tester tester(types, options, exchange);
  for (const Backend* backend : call::all_backends()) {
    if (!options.backend.empty() && options.backend != backend->name()) continue;
    for (const Case& c : cases) tester.run(*backend, c, library);
  }
  for (call::ThunkMode mode : call::thunk_modes()) {
    if (!options.backend.empty()) break;
    for (const Case& c : cases) tester.run_compiled(mode, c, library);
  }
  std::printf("compiled: %d calls, %d of them by another convention than C's, %d callbacks, %d not compiled\n",
              tester.compiled_calls[0] + tester.compiled_calls[1], tester.compiled_calls[1], tester.compiled_callbacks,
              tester.not_compiled);
  std::printf("%d calls, %d callbacks, %d refused by libffi, %d failures\n", tester.calls, tester.callbacks,
              tester.refused["libffi"], tester.failures);
  if (tester.calls == 0) {
    std::printf("nothing was called\n");
    return 1;
  }
  return tester.failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse_options(argc, argv, options)) {
    std::printf(
        "usage: calls --cc gcc|clang [--seed N] [--count N] [--backend NAME] [--hollow N] [--keep DIR | "
        "--write DIR | --library FILE] [-v]\n");
    return 2;
  }
  return run(options);
}
