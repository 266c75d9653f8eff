// Compares call plans with what compilers of other processors do: random functions are compiled, each call of one lands
// in an assembly routine that writes down registers and stack, each result likewise, and every byte has to be where the
// plan says. The programs run in an emulator. What is missing is skipped by name.
//   plan_probe [--seed N] [--count N] [--only JUDGE] [--hollow N] [--keep]
// --hollow N: of 100 records that many are a value or two among members without bytes.
#include <stdlib.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "abi/plan.h"
#include "abi/registry.h"
#include "cparse/parser.h"
#include "ctype/spell.h"
#include "random_calls.h"

namespace ferry::calls_test {
namespace {

constexpr size_t kStack = 3072;         // bytes of the outgoing area that are written down
constexpr size_t kBuffer = 4096;        // for a result in memory
constexpr uint64_t kMaxByValue = 1024;  // of one argument

struct Judge {
  const char* name;
  const char* compiler;
  const char* linker;  // assembles and links
  const char* runner;
  const char* routine;
  const Target* target;
  size_t fprs, fpr_bytes, vectors, registers;  // the routine's block: general registers, fprs, vectors; its size
  bool x87;                                    // st0 behind two general registers
  bool extends;                                // who makes an integer widens it: results, too, but on i386
  Features features;
};

const std::vector<std::string> kI386 = {"stdcall", "fastcall", "thiscall"};
const std::vector<std::string> kArm = {"pcs(\"aapcs\")", "pcs(\"aapcs-vfp\")"};
const Judge kJudges[] = {
    {"gcc-i386",
     "i686-linux-gnu-gcc",
     "i686-linux-gnu-gcc",
     "qemu-i386-static",
     "i386",
     &kI386SysV,
     0,
     0,
     0,
     24,
     true,
     true,
     {false, false, true, kI386}},
    {"clang-i386",
     "clang --target=i386-linux-gnu",
     "i686-linux-gnu-gcc",
     "qemu-i386-static",
     "i386",
     &kI386SysV,
     0,
     0,
     0,
     24,
     true,
     true,
     {false, false, true, kI386}},
    {"gcc-riscv64",
     "riscv64-linux-gnu-gcc",
     "riscv64-linux-gnu-gcc -Wl,--no-relax",
     "qemu-riscv64-static",
     "riscv64",
     &kRiscv64,
     64,
     8,
     0,
     128,
     false,
     true,
     {false, false, true, {}}},
    {"clang-riscv64",
     "clang --target=riscv64-linux-gnu -march=rv64gc -mabi=lp64d",
     "riscv64-linux-gnu-gcc -Wl,--no-relax",
     "qemu-riscv64-static",
     "riscv64",
     &kRiscv64,
     64,
     8,
     0,
     128,
     false,
     true,
     {false, false, true, {}}},
    {"gcc-arm",
     "arm-linux-gnueabihf-gcc",
     "arm-linux-gnueabihf-gcc",
     "qemu-arm-static",
     "arm",
     &kArmEabiHf,
     16,
     4,
     0,
     80,
     false,
     true,
     {true, true, true, kArm}},
    {"clang-arm",
     "clang --target=arm-linux-gnueabihf",
     "arm-linux-gnueabihf-gcc",
     "qemu-arm-static",
     "arm",
     &kArmEabiHf,
     16,
     4,
     0,
     80,
     false,
     true,
     {false, false, true, kArm}},
    {"gcc-ppc64le",
     "powerpc64le-linux-gnu-gcc",
     "powerpc64le-linux-gnu-gcc",
     "qemu-ppc64le-static",
     "ppc64le",
     &kPpc64le,
     64,
     8,
     176,
     368,
     false,
     true,
     {false, true, true, {}}},
    {"clang-ppc64le",
     "clang --target=powerpc64le-linux-gnu",
     "powerpc64le-linux-gnu-gcc",
     "qemu-ppc64le-static",
     "ppc64le",
     &kPpc64le,
     64,
     8,
     176,
     368,
     false,
     true,
     {false, true, true, {}}},
    {"gcc-s390x",
     "s390x-linux-gnu-gcc",
     "s390x-linux-gnu-gcc",
     "qemu-s390x-static",
     "s390x",
     &kS390x,
     40,
     8,
     0,
     72,
     false,
     true,
     {false, false, true, {}}},
    {"gcc-aarch64",
     "aarch64-linux-gnu-gcc",
     "aarch64-linux-gnu-gcc",
     "qemu-aarch64-static",
     "aarch64",
     &kArm64Linux,
     80,
     16,
     0,
     208,
     false,
     false,
     {true, true, true, {}}},
};

struct Case {
  Signature signature;
  std::string name;
  std::string prefix;  // of its declaration: result and convention
  TypeId result = kNoType;
  std::vector<TypeId> params;
  abi::CallPlan plan;
  std::vector<Bytes> args;
  Bytes value;  // of the result
};

Features features_of(const Judge& judge, int hollow) {
  Features features = judge.features;
  features.hollow = hollow;
  return features;
}

std::string bytes_text(const Bytes& bytes) {
  std::string text;
  for (unsigned char b : bytes) text += std::to_string(b) + ",";
  return text;
}

class Probe {
 public:
  Probe(const Judge& judge, uint64_t seed, int count, int hollow, std::string folder, std::string routines)
      : judge_(judge),
        clang_(std::strstr(judge.compiler, "clang") != nullptr),
        types_(*judge.target),
        generator_(Choices(seed), clang_, *judge.target, features_of(judge, hollow)),
        values_(seed + 1),
        count_(count),
        folder_(std::move(folder)),
        routines_(std::move(routines)) {}

  // Differences; -1: could not be run.
  int run() {
    if (!generate() || !compile()) return -1;
    size_t at = 0;
    for (const Case& c : cases_) {
      if (!check_call(c, at) || !check_result(c, at)) {
        std::printf("%s: ended in %s\n", judge_.name, c.name.c_str());
        return ++failures_;
      }
    }
    return failures_;
  }
  size_t functions() const { return cases_.size(); }
  int refused() const { return refused_; }

 private:
  bool generate() {
    declarations_ = Generator::prelude(clang_);
    for (int i = 0; i < 4; ++i) declarations_ += generator_.transparent_union();
    for (int i = 0; i < 80; ++i) declarations_ += generator_.record();
    if (auto done = cparse::parse_declarations(types_, declarations_); !done) {
      std::printf("%s\n", done.message().c_str());
      return false;
    }
    for (int i = 0; i < count_; ++i) {
      Case c;
      c.signature = generator_.signature();
      // A variadic function of these is one of C's own convention, but who pops the result's address is gcc's secret.
      if (c.signature.variadic) c.signature.convention.clear();
      c.name = "f" + std::to_string(i);
      const Signature& s = c.signature;
      c.prefix = s.convention.empty() ? "" : "__attribute__((" + s.convention + ")) ";
      auto function = cparse::parse_type(types_, c.prefix + s.result + " (" + parameter_list(s, false) + ")");
      if (!function) {
        std::printf("%s: %s\n", c.name.c_str(), function.message().c_str());
        return false;
      }
      c.result = types_.function(*function).result;
      std::vector<TypeId> extra;
      bool large = types_[c.result].size > kBuffer;
      for (size_t k = 0; k < s.params.size(); ++k) {
        c.params.push_back(*cparse::parse_type(types_, s.params[k]));
        if (k >= s.fixed) extra.push_back(c.params.back());
        large = large || types_[c.params.back()].size > kMaxByValue;
      }
      auto plan = abi::plan_call(types_, *function, extra);
      if (!plan) {
        ++refused_;
        continue;
      }
      c.plan = std::move(*plan);
      if (large || c.plan.stack_bytes > kStack || (clang_ && clang_differs(c))) continue;
      for (TypeId id : c.params) c.args.push_back(values_.make(types_, id));
      c.value = values_.make(types_, c.result);
      cases_.push_back(std::move(c));
    }
    return true;
  }

  // fastcall and thiscall: gcc decides about all that is not a word. AAPCS32 6.5 C.2: a packed aggregate of doubles has
  // natural alignment 1 for gcc; clang aligns it to 8. i386: for gcc a typedef with an aligned attribute aligns an
  // argument that contains it; for clang vectors and _Float128 alone do.
  bool clang_differs(const Case& c) const {
    const std::string& convention = c.signature.convention;
    if (convention == "fastcall" || convention == "thiscall") return true;
    if (c.plan.abi == abi::Abi::i386_cdecl || c.plan.abi == abi::Abi::i386_stdcall) {
      for (const abi::ArgPlan& arg : c.plan.args) {
        if (arg.on_stack && types_[arg.type].align >= 16) return true;
      }
    }
    for (const abi::ArgPlan& arg : c.plan.args) {
      if (c.plan.abi != abi::Abi::aapcs32_vfp || !arg.on_stack || types_[arg.type].align >= 8) continue;
      auto alone = abi::plan_value(types_, arg.type, CallConv::c, false);
      if (alone && !alone->pieces.empty() && alone->pieces[0].where == abi::Where::fpr && alone->pieces[0].size >= 8) {
        return true;
      }
    }
    return false;
  }

  std::string text_of(const Case& c) const {
    const Signature& s = c.signature;
    std::string text =
        c.prefix + s.result + " p" + c.name + "(" + parameter_list(s, false) + ") __asm__(\"probe_" + c.name + "\");\n";
    text += c.prefix + s.result + " r" + c.name + "(" + parameter_list(s, true) + ") {";
    if (s.result != "void") {
      text += " static const unsigned char b[] = {" + bytes_text(c.value) + "}; " + s.result +
              " r; __builtin_memcpy(&r, b, sizeof r); return r;";
    }
    text += " }\nvoid c" + c.name + "(void) {\n";
    std::string list;
    for (size_t i = 0; i < s.params.size(); ++i) {
      std::string n = std::to_string(i);
      text += "  static const unsigned char b" + n + "[] = {" + bytes_text(c.args[i]) + "}; " + s.params[i] + " a" + n +
              "; __builtin_memcpy(&a" + n + ", b" + n + ", sizeof a" + n + ");\n";
      list += (i > 0 ? ", a" : "a") + n;
    }
    return text + "  p" + c.name + "(" + list + ");\n}\n";
  }

  // What the routine has to write down besides: what pointers point to.
  std::string references_of(const Case& c) const {
    std::string text;
    for (const abi::ArgPlan& arg : c.plan.args) {
      if (!arg.by_reference || arg.size == 0) continue;
      const abi::Piece& piece = c.plan.pieces_of(arg)[0];
      bool stack = piece.where == abi::Where::stack;
      size_t offset = stack ? piece.stack_offset : piece.reg * size_t{c.plan.word};
      text += "  probe_follow(" + std::string(stack ? "probe_sp + PROBE_AREA" : "probe_registers") + " + " +
              std::to_string(offset) + ", " + std::to_string(arg.size) + ");\n";
    }
    return text;
  }

  bool compile() {
    const abi::AbiInfo& abi = abi::info(abi::abi_of(*judge_.target, CallConv::c));
    std::string text = declarations_;
    for (const Case& c : cases_) text += text_of(c);
    std::ofstream(folder_ + "/calls.c") << text;
    // A name for each function: one symbol of many types is no C, and clang makes use of that.
    std::string routines = "#include \"" + routines_ + "/" + judge_.routine + ".S\"\n        .text\n";
    for (const Case& c : cases_) {
      std::string name = "probe_" + c.name;
      routines += ".globl " + name + "\n.type " + name + ", STT_FUNC\n.set " + name + ", probe_args\n";
    }
    std::ofstream(folder_ + "/routines.S") << routines;
    std::string support =
        "typedef unsigned long size_t_;\n#define PROBE_AREA " + std::to_string(abi.area_offset) +
        "\nchar probe_registers[" + std::to_string(judge_.registers + 16) +
        "] __attribute__((aligned(16)));\nchar *probe_sp; int probe_popped, probe_pop; static void "
        "(*references)(void);\n"
        "void probe_write(const void *, size_t_);\nvoid probe_call(void (*)(void), char *);\n"
        "void *memcpy(void *a, const void *b, size_t_ n) { volatile char *p = a; const volatile char *q = b; while "
        "(n--) "
        "*p++ = *q++; return a; }\n"
        "void *memset(void *a, int v, size_t_ n) { volatile char *p = a; while (n--) *p++ = v; return a; }\n"
        "static void probe_follow(char *p, size_t_ n) { probe_write(*(char **)p, n); }\n"
        "void probe_record(void) { probe_write(probe_registers, " +
        std::to_string(judge_.registers) + "); probe_write(probe_sp + PROBE_AREA, " + std::to_string(kStack) +
        "); references(); }\n" + "static char buffer[" + std::to_string(kBuffer) + "] __attribute__((aligned(256)));\n";
    std::string body;
    for (const Case& c : cases_) {
      support += "static void s" + c.name + "(void) {\n" + references_of(c) + "}\nvoid c" + c.name + "(void), r" +
                 c.name + "(void);\n";
      body += "  probe_pop = " + std::to_string(c.plan.callee_pops) + "; references = s" + c.name + "; c" + c.name +
              "(); run(r" + c.name + ");\n";
    }
    support += "static void run(void (*f)(void)) { probe_call(f, buffer); probe_write(probe_registers, " +
               std::to_string(judge_.registers) + "); probe_write(&probe_popped, 4); probe_write(buffer, " +
               std::to_string(kBuffer) + "); }\nvoid probe_main(void) {\n" + body + "}\n";
    std::ofstream(folder_ + "/support.c") << support;
    std::string flags = " -std=gnu11 -w -Wno-psabi -O1 -fno-pic -fno-stack-protector -fno-omit-frame-pointer -c -o ";
    std::string program = folder_ + "/program";
    std::string command = std::string(judge_.compiler) + flags + folder_ + "/calls.o " + folder_ + "/calls.c && " +
                          judge_.linker + flags + folder_ + "/support.o -fno-builtin " + folder_ + "/support.c && " +
                          judge_.linker + " -nostdlib -static -no-pie -o " + program + " " + folder_ + "/calls.o " +
                          folder_ + "/support.o " + folder_ + "/routines.S -lgcc && timeout 120 " + judge_.runner +
                          " " + program + " > " + folder_ + "/output 2>" + folder_ + "/errors";
    int status = std::system(command.c_str());
    std::ifstream file(folder_ + "/output", std::ios::binary);
    output_.assign(std::istreambuf_iterator<char>(file), {});
    if (output_.empty()) std::printf("%s: failed: %s\n", judge_.name, command.c_str());
    if (status != 0) std::printf("%s: status %d\n", judge_.name, status);
    return !output_.empty();
  }

  const unsigned char* take(size_t& at, size_t size) {
    if (at + size > output_.size()) return nullptr;
    const auto* p = reinterpret_cast<const unsigned char*>(output_.data()) + at;
    at += size;
    return p;
  }

  bool big() const { return judge_.target->big_endian; }

  // The bytes of a piece, from a picture of the registers and of the outgoing area.
  Bytes piece_bytes(const abi::CallPlan& plan, const abi::Piece& piece, const unsigned char* registers,
                    const unsigned char* stack) const {
    if (piece.where == abi::Where::stack) return {stack + piece.stack_offset, stack + piece.stack_offset + piece.size};
    if (piece.where == abi::Where::x87) {
      long double whole;
      Bytes bytes(16);
      std::memcpy(&whole, registers + 8, 10);
      if (piece.size == 10) return {registers + 8, registers + 18};
      if (piece.size == 8) {
        auto value = static_cast<double>(whole);
        std::memcpy(bytes.data(), &value, 8);
      } else {
        auto value = static_cast<float>(whole);
        std::memcpy(bytes.data(), &value, 4);
      }
      return bytes;
    }
    size_t unit = plan.word, first = 0;
    if (piece.where == abi::Where::fpr) unit = judge_.fpr_bytes, first = judge_.fprs;
    if (piece.where == abi::Where::vector) unit = 16, first = judge_.vectors;
    const unsigned char* at = registers + first + piece.reg * unit;
    if (piece.where == abi::Where::fpr && abi::info(plan.abi).floats_widened && piece.size == 4) {
      double wide;
      std::memcpy(&wide, at, 8);
      auto value = static_cast<float>(wide);
      Bytes bytes(4);
      std::memcpy(bytes.data(), &value, 4);
      return bytes;
    }
    if (big() && piece.justify == abi::Justify::low && piece.size < unit) at += unit - piece.size;
    return {at, at + piece.size};
  }

  // Whether a word holds the value widened as said.
  bool widened(const abi::CallPlan& plan, const unsigned char* word, uint32_t size, abi::Extend extend,
               const Bytes& value, bool asked) const {
    if (extend == abi::Extend::none || !judge_.extends || !asked) return true;
    unsigned char top = big() ? value[0] : value[size - 1];
    unsigned char fill = extend == abi::Extend::sign && (top & 0x80) != 0 ? 0xff : 0;
    for (uint32_t i = size; i < plan.word; ++i) {
      if (word[big() ? plan.word - 1 - i : i] != fill) return false;
    }
    return true;
  }

  bool check_pieces(const Case& c, const std::string& what, TypeId type, std::span<const abi::Piece> pieces,
                    const Bytes& expected, const unsigned char* registers, const unsigned char* stack) {
    Bytes got(expected.size(), 0x5a);
    std::vector<bool> given(expected.size());  // ELFv2: a float in a register may be in a doubleword again, or not
    bool wide = true;
    for (const abi::Piece& piece : pieces) {
      Bytes bytes = piece_bytes(c.plan, piece, registers, stack);
      for (size_t i = 0; i < piece.size && piece.value_offset + i < got.size(); ++i) {
        if (!given[piece.value_offset + i]) got[piece.value_offset + i] = bytes[i];
        given[piece.value_offset + i] = true;
      }
      if (piece.where == abi::Where::gpr) {
        wide = wide && widened(c.plan, registers + piece.reg * size_t{c.plan.word}, piece.size, piece.extend, bytes,
                               stack != nullptr || !judge_.x87);
      }
    }
    return compare(c, what, type, expected, got.data(), wide);
  }

  bool compare(const Case& c, const std::string& what, TypeId type, const Bytes& expected, const unsigned char* got,
               bool wide = true) {
    Bytes mask = mask_of(types_, type);
    if (same_value(expected, got, mask) && wide) return true;
    if (++failures_ <= 12) {
      std::printf("%s: %s (%s)%s\n  is  %s\n  not %s\n  %s%s %s(%s)\n", judge_.name, what.c_str(),
                  spell(types_, type).c_str(), wide ? "" : " is not widened", hex(got, expected.size()).c_str(),
                  hex(expected.data(), expected.size()).c_str(), c.prefix.c_str(), c.signature.result.c_str(),
                  c.name.c_str(), parameter_list(c.signature, false).c_str());
      for (size_t i = c.signature.fixed; i < c.signature.params.size(); ++i) {
        std::printf("  ... %s\n", c.signature.params[i].c_str());
      }
      std::printf("  plan: %s\n", abi::describe(c.plan).c_str());
    }
    return false;
  }

  // False: the output has ended.
  bool check_call(const Case& c, size_t& at) {
    const unsigned char* registers = take(at, judge_.registers);
    const unsigned char* stack = take(at, kStack);
    if (stack == nullptr) return false;
    for (size_t i = 0; i < c.args.size(); ++i) {
      const abi::ArgPlan& arg = c.plan.args[i];
      std::string what = "argument " + std::to_string(i);
      if (arg.by_reference) {
        const unsigned char* pointee = take(at, arg.size);
        if (pointee == nullptr && arg.size != 0) return false;
        if (arg.size != 0) compare(c, what, c.params[i], c.args[i], pointee);
      } else if (arg.on_stack) {
        uint64_t offset = arg.stack_offset;
        if (big() && arg.extend != abi::Extend::none) offset += c.plan.word - arg.size;
        bool wide =
            widened(c.plan, stack + arg.stack_offset, static_cast<uint32_t>(arg.size), arg.extend, c.args[i], !clang_);
        compare(c, what, c.params[i], c.args[i], stack + offset, wide);
      } else if (arg.size != 0) {
        check_pieces(c, what, c.params[i], c.plan.pieces_of(arg), c.args[i], registers, stack);
      }
    }
    return true;
  }

  bool check_result(const Case& c, size_t& at) {
    const unsigned char* registers = take(at, judge_.registers);
    const unsigned char* popped = take(at, 4);
    const unsigned char* buffer = take(at, kBuffer);
    if (buffer == nullptr) return false;
    if (judge_.x87 && popped[0] + 256u * popped[1] != c.plan.callee_pops) {
      compare(c, "pops " + std::to_string(popped[0] + 256u * popped[1]), c.result, c.value, c.value.data(), false);
    }
    if (c.value.empty()) return true;
    if (c.plan.result.in_memory) {
      compare(c, "result", c.result, c.value, buffer);
    } else {
      check_pieces(c, "result", c.result, c.plan.result_pieces(), c.value, registers, nullptr);
    }
    return true;
  }

  const Judge& judge_;
  bool clang_;
  TypeTable types_;
  Generator generator_;
  Values values_;
  int count_;
  std::string folder_, routines_;
  std::string declarations_;
  std::vector<Case> cases_;
  std::string output_;
  int failures_ = 0;
  int refused_ = 0;
};

bool available(const Judge& judge) {
  auto has = [](const std::string& command) {
    return std::system(("command -v " + command.substr(0, command.find(' ')) + " >/dev/null").c_str()) == 0;
  };
  return has(judge.compiler) && has(judge.linker) && has(judge.runner);
}

int run(int argc, char** argv) {
  uint64_t seed = 1;
  int count = 300, hollow = 0;
  std::string only;
  bool keep = false;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--seed" && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else if (option == "--count" && i + 1 < argc) {
      count = std::atoi(argv[++i]);
    } else if (option == "--only" && i + 1 < argc) {
      only = argv[++i];
    } else if (option == "--hollow" && i + 1 < argc) {
      hollow = std::atoi(argv[++i]);
    } else if (option == "--keep") {
      keep = true;
    } else {
      std::fprintf(stderr, "usage: plan_probe [--seed N] [--count N] [--only JUDGE] [--hollow N] [--keep]\n");
      return 2;
    }
  }
  std::printf("plan_probe: seed %llu, %d functions\n", static_cast<unsigned long long>(seed), count);
  int failures = 0, compared = 0;
  for (const Judge& judge : kJudges) {
    if (!only.empty() && only != judge.name) continue;
    if (!available(judge)) {
      std::printf("%-14s skipped: compiler or emulator is not there\n", judge.name);
      continue;
    }
    std::string folder = (std::filesystem::temp_directory_path() / "ferry-probe-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) return 2;
    Probe probe(judge, seed, count, hollow, folder, FERRY_PROBE_ROUTINES);
    int differences = probe.run();
    std::printf("%-14s %zu functions, %d refused by name, %d differences\n", judge.name, probe.functions(),
                probe.refused(), differences);
    std::fflush(stdout);
    failures += differences != 0;
    ++compared;
    if (keep) {
      std::printf("kept: %s\n", folder.c_str());
    } else {
      std::filesystem::remove_all(folder);
    }
  }
  if (compared == 0) return 77;  // CTest: skipped
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ferry::calls_test

int main(int argc, char** argv) {
  return ferry::calls_test::run(argc, argv);
}
