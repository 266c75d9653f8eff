// Compares the layout of random records with what compilers do, for every target: size, alignment, offset of
// each member, bytes touched by each bit-field. Nothing is run: values are read from the compiled object.
// Compilers that are missing are skipped by name.
//
//   layout_compare [--seed N] [--count N] [--only NAME] [--keep]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "ctype/layout.h"
#include "ctype/spell.h"
#include "layout_records.h"

namespace ferry::layout_test {
namespace {

struct Judge {
  const char* name;
  const char* command;
  const Target* target;
  uint32_t omit;
};

// gcc is the reference of its targets. clang differs from it where `omit` says so (each was met in
// a comparison), so there it judges the rest. On i386 gcc lowers unions with vectors within records, and clang does
// not.
constexpr uint32_t kClang =
    kOmitMsStruct | kOmitAlignedBits | kOmitLoweredBits | kOmitFloat128 | kOmitBfloat16 | kOmitDecimal;
constexpr uint32_t kMicrosoft = kOmitMsStruct | kOmitFloat128 | kOmitBfloat16 | kOmitDecimal | kOmitEmpty |
                                kOmitZeroArrays | kOmitAlignedBits | kOmitLowering | kOmitLoweredBits;
const Judge kJudges[] = {
    {"gcc-x86_64", "gcc -m64 -mavx512f", &kX64SysV, kOmitBfloat16},
    {"gcc-i386", "i686-linux-gnu-gcc -mavx512f", &kI386SysV, kOmitMsStruct | kOmitBfloat16},
    {"gcc-aarch64", "aarch64-linux-gnu-gcc", &kArm64Linux, kOmitMsStruct},
    {"gcc-arm", "arm-linux-gnueabihf-gcc", &kArmEabiHf, kOmitMsStruct | kOmitFloat128 | kOmitBfloat16},
    {"gcc-riscv64", "riscv64-linux-gnu-gcc", &kRiscv64, kOmitMsStruct | kOmitBfloat16},
    {"gcc-ppc64le", "powerpc64le-linux-gnu-gcc", &kPpc64le, kOmitMsStruct | kOmitBfloat16},
    {"gcc-s390x", "s390x-linux-gnu-gcc", &kS390x, kOmitMsStruct | kOmitBfloat16},
    {"clang-x86_64", "clang --target=x86_64-linux-gnu", &kX64SysV, kClang},
    {"clang-i386", "clang --target=i386-linux-gnu", &kI386SysV, kClang | kOmitVectors},
    {"clang-aarch64", "clang --target=aarch64-linux-gnu", &kArm64Linux, kClang},
    {"clang-arm", "clang --target=arm-linux-gnueabihf", &kArmEabiHf, kClang},
    {"clang-darwin", "clang --target=arm64-apple-darwin", &kArm64Darwin, kClang},
    {"clang-riscv64", "clang --target=riscv64-linux-gnu", &kRiscv64, kClang},
    {"clang-ppc64le", "clang --target=powerpc64le-linux-gnu", &kPpc64le, kClang},
    {"clang-s390x", "clang --target=s390x-linux-gnu", &kS390x, kClang | kOmitInt128},
    {"clang-win64", "clang --target=x86_64-pc-windows-msvc", &kWin64, kMicrosoft | kOmitPackedEnums},
    {"clang-win32", "clang --target=i686-pc-windows-msvc", &kWin32, kMicrosoft | kOmitPackedEnums},
    {"clang-winarm", "clang --target=aarch64-pc-windows-msvc", &kArm64Windows, kMicrosoft | kOmitPackedEnums},
    {"mingw-win64", "x86_64-w64-mingw32-gcc -mavx512f", &kWin64,
     kMicrosoft | kOmitPacked | kOmitPackedMember | kOmitUnionBits | kOmitPragma},
};

// Microsoft's own long double is a double; the Windows targets here are mingw's.
Target target_of(const Judge& judge) {
  Target t = *judge.target;
  if (std::strstr(judge.command, "windows-msvc") != nullptr && t.long_double == LongDouble::x87) {
    t.long_double = LongDouble::binary64;
    t.ldouble_size = t.ldouble_align = 8;
  }
  return t;
}

constexpr char kTableMagic[] = "FERRY-TABLE-0001";  // 16 characters each
constexpr char kBitsMagic[] = "FERRY-BITS-0";       // 12, then the record's number in 4 bytes

std::string magic_list(const char* magic) {
  std::string text;
  for (const char* c = magic; *c != 0; ++c) text += std::to_string(static_cast<int>(*c)) + ",";
  return text;
}

struct Report {
  int records = 0, values = 0, bitfields = 0, failures = 0;
};

class Comparison {
 public:
  Comparison(const Judge& judge, std::filesystem::path folder)
      : judge_(judge), target_(target_of(judge)), realiser_(target_, judge.omit), folder_(std::move(folder)) {}

  // False: the compiler did not accept the file.
  bool run(const std::vector<RecordPlan>& plans, Report& report) {
    const std::filesystem::path source = folder_ / (std::string(judge_.name) + ".c");
    const std::filesystem::path object = folder_ / (std::string(judge_.name) + ".o");
    write_source(plans, source, report);
    const std::string command = std::string(judge_.command) + " -w -Wno-packed-bitfield-compat -std=gnu11 -c -o '" +
                                object.string() + "' '" + source.string() + "' 2>&1";
    if (std::system(command.c_str()) != 0) return false;
    std::ifstream file(object, std::ios::binary);
    object_.assign(std::istreambuf_iterator<char>(file), {});
    compare(report);
    return true;
  }

 private:
  void write_source(const std::vector<RecordPlan>& plans, const std::filesystem::path& path, Report& report) {
    std::string text =
        "enum e { e_a, e_b };\n"
        "typedef int v8 __attribute__((vector_size(8)));\n"
        "typedef float v16 __attribute__((vector_size(16)));\n"
        "enum __attribute__((packed)) tiny { tiny_low = -3, tiny_high = 100 };\n"
        "typedef double v32 __attribute__((vector_size(32)));\n"
        "typedef double v64 __attribute__((vector_size(64)));\n";
    std::string table, bits;
    for (const RecordPlan& plan : plans) {
      std::string failure;
      Realiser::Realised r = realiser_.realise(plan, failure);
      const std::string number = std::to_string(records_.size());
      if (!failure.empty()) {
        std::printf("%s: refused: %s\n%s", judge_.name, failure.c_str(), r.text.c_str());
        ++report.failures;
      }
      text += r.text;
      const std::string wrapper = "struct w" + number;
      if (!r.bitfields.empty()) {
        const std::string n = std::to_string(r.bitfields.size());
        text += wrapper + " { unsigned char magic[16]; " + r.tag + " v[" + n + "]; } __attribute__((packed));\n";
        bits += "const " + wrapper + " b" + number + " = {{" + magic_list(kBitsMagic);
        const size_t i = records_.size();
        for (int shift = 24; shift >= 0; shift -= 8) bits += std::to_string((i >> shift) & 0xff) + ",";
        bits += "}, {";
        for (const std::string& f : r.bitfields) bits += "{." + f + " = -1},";
        bits += "}};\n";
      }
      // What members are aligned to; elsewhere gcc's _Alignof has a limit that members have not.
      const char* alignment = target_.arch == Arch::i386 ? "_Alignof(" : "__alignof__(";
      table += "sizeof(" + r.tag + "), " + alignment + r.tag + "), ";
      table += r.bitfields.empty() ? "0," : "__builtin_offsetof(" + wrapper + ", v),";
      for (const std::string& m : r.members) table += "__builtin_offsetof(" + r.tag + ", " + m + "),";
      table += "\n";
      records_.push_back(std::move(r));
    }
    text += bits;
    text += "const struct { unsigned char magic[16]; unsigned long long v[]; } table = {{" + magic_list(kTableMagic) +
            "}, {\n" + table + "}};\n";
    std::ofstream(path) << text;
  }

  uint64_t value(size_t position) const {
    uint64_t v = 0;
    for (size_t i = 0; i < 8; ++i) {
      const size_t byte = target_.big_endian ? i : 7 - i;
      v = v << 8 | static_cast<unsigned char>(object_[position + byte]);
    }
    return v;
  }

  void fail(Report& report, const Realiser::Realised& r, const std::string& what, uint64_t ours, uint64_t theirs) {
    if (++report.failures <= 5) {
      std::printf("%s: %s of %s: ours %llu, compiler's %llu\n%s", judge_.name, what.c_str(), r.tag.c_str(),
                  static_cast<unsigned long long>(ours), static_cast<unsigned long long>(theirs), r.text.c_str());
    }
  }

  void compare(Report& report) {
    size_t at = object_.find(kTableMagic);
    if (at == std::string::npos) {
      std::printf("%s: no table in the object file\n", judge_.name);
      ++report.failures;
      return;
    }
    at += 16;
    std::map<size_t, size_t> bits;  // record number -> where its bytes are
    for (size_t p = 0; (p = object_.find(kBitsMagic, p)) != std::string::npos; p += 16) {
      size_t number = 0;
      for (size_t i = 12; i < 16; ++i) number = number << 8 | static_cast<unsigned char>(object_[p + i]);
      bits[number] = p;
    }
    TypeTable& types = realiser_.types();
    for (size_t i = 0; i < records_.size(); ++i) {
      const Realiser::Realised& r = records_[i];
      const Type& t = types[r.type];
      const auto check = [&](const std::string& what, uint64_t ours) {
        ++report.values;
        const uint64_t theirs = value(at);
        at += 8;
        if (ours != theirs) fail(report, r, what, ours, theirs);
        return ours == theirs;
      };
      ++report.records;
      const bool same_size = check("sizeof", t.size);
      check("alignof", t.align);
      const size_t first = value(at);
      at += 8;
      for (const std::string& m : r.members) {
        const FieldPath path = types.find_field(r.type, types.find_name(m));
        check("offsetof " + m, path.offset);
      }
      if (r.bitfields.empty() || !same_size) continue;
      if (bits.count(i) == 0) {
        fail(report, r, "bytes of bit-fields", 0, 0);
        continue;
      }
      for (size_t k = 0; k < r.bitfields.size(); ++k) {
        compare_bitfield(report, r, r.bitfields[k], object_.data() + bits[i] + first + k * t.size);
      }
    }
  }

  void compare_bitfield(Report& report, const Realiser::Realised& r, const std::string& name, const char* theirs) {
    TypeTable& types = realiser_.types();
    const FieldPath path = types.find_field(r.type, types.find_name(name));
    const size_t size = types[r.type].size;
    std::vector<std::byte> ours(size);
    ++report.bitfields;
    const unsigned width = path.field->bit_width;
    const unsigned first = width <= 64 ? width : 64;
    const bool big = target_.big_endian;
    if (path.offset + (path.field->bit_offset + width + 7) / 8 > size) {
      fail(report, r, "bits of " + name + " beyond the end", path.offset, size);
      return;
    }
    write_bits(ours.data(), path.offset, path.field->bit_offset, first, ~uint64_t{0}, big);
    if (width > 64) {
      write_bits(ours.data(), path.offset, path.field->bit_offset + 64u, width - 64, ~uint64_t{0}, big);
    }
    if (std::memcmp(ours.data(), theirs, size) != 0) {
      std::string what = "bits of " + name + " (ours | compiler's):";
      if (size > 48) what += " (long)";
      for (std::byte b : ours) what += " " + std::to_string(static_cast<int>(b));
      what += " |";
      for (size_t i = 0; i < size; ++i)
        what += " " + std::to_string(static_cast<int>(static_cast<unsigned char>(theirs[i])));
      fail(report, r, what, path.offset, path.field->bit_offset);
    }
    if (read_bits(ours.data(), path.offset, path.field->bit_offset, first, true, big) != ~uint64_t{0}) {
      fail(report, r, "reading back " + name, 0, 1);
    }
  }

  const Judge& judge_;
  const Target target_;
  Realiser realiser_;
  std::filesystem::path folder_;
  std::vector<Realiser::Realised> records_;
  std::string object_;
};

bool available(const Judge& judge) {
  const std::string command =
      "echo 'int x;' | " + std::string(judge.command) + " -w -x c -c -o /dev/null - 2>/dev/null";
  return std::system(command.c_str()) == 0;
}

int run(int argc, char** argv) {
  uint64_t seed = static_cast<uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()) % 1000000;
  int count = 400;
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
    } else if (option == "--keep") {
      keep = true;
    } else {
      std::fprintf(stderr, "usage: layout_compare [--seed N] [--count N] [--only NAME] [--keep]\n");
      return 2;
    }
  }
  std::printf("seed %llu, %d records\n", static_cast<unsigned long long>(seed), count);
  const std::vector<RecordPlan> plans = make_records(Choices(seed), count);
  std::string folder = (std::filesystem::temp_directory_path() / "ferry-layout-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    std::perror("mkdtemp");
    return 2;
  }
  int failures = 0, compared = 0;
  for (const Judge& judge : kJudges) {
    if (!only.empty() && only != judge.name) continue;
    if (!available(judge)) {
      std::printf("%-14s skipped: `%s` is not there\n", judge.name, judge.command);
      continue;
    }
    ++compared;
    Report report;
    if (!Comparison(judge, folder).run(plans, report)) {
      std::printf("%-14s did not compile\n", judge.name);
      ++failures;
      continue;
    }
    std::printf("%-14s %d records, %d values, %d bit-fields, %d differences\n", judge.name, report.records,
                report.values, report.bitfields, report.failures);
    failures += report.failures;
  }
  if (keep) {
    std::printf("kept: %s\n", folder.c_str());
  } else {
    std::filesystem::remove_all(folder);
  }
  if (compared == 0) return 77;  // CTest: skipped
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ferry::layout_test

int main(int argc, char** argv) {
  return ferry::layout_test::run(argc, argv);
}
