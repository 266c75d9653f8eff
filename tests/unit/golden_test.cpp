// Listings of thunks and callbacks for every processor, made on any host, against the files of tests/golden. With
// --update as its only argument this program writes the files instead.
#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "call/native/listing.h"
#include "cparse/parser.h"

#ifdef FERRY_NATIVE
namespace ferry::call {
namespace {

// --- the Lua and the Ferry that the emitter is told of -------------------------------------------------------------

// Addresses that are only printed. In reach of each other, and none is a number that code might hold for itself.
const void* place(int number) {
  return reinterpret_cast<const void*>(static_cast<uintptr_t>(0x2000000 + number * 0x100));
}

enum class Stack { lua51, lua53, lua54, api };
enum class Host { sysv, win, aapcs, i386 };

// `words`: addresses are of 4 bytes, numbers are aligned to them.
StackLayout layout(Stack which, bool words) {
  const auto offset = [&](uint8_t wide, uint8_t narrow) { return words ? narrow : wide; };
  StackLayout s;
  if (which == Stack::api) return s;
  s.valid = true;
  s.slot = offset(16, 12);
  s.top = offset(16, 12);
  s.tag_true = s.tag_false = 1;
  s.tag_light = 2;
  s.tag_float = 3;
  s.tag_string = 4;
  s.tag_userdata = 7;
  s.string_bytes = offset(24, 16);
  s.userdata_metatable = offset(16, 8);
  s.userdata_block = s.userdata_block_1 = offset(40, 24);
  if (which == Stack::lua51) {
    s.base_is_field = true;
    s.base = offset(24, 12);
    if (words) s.top = 8;
    return s;
  }
  s.call_info = offset(32, 20);
  s.tag_string = 68;
  s.tag_userdata = 71;
  s.tag_integer = 19;
  if (which == Stack::lua53) return s;
  s.tag_bytes = 1;
  s.tag_true = 17;
  s.tag_integer = 3;
  s.tag_float = 19;
  s.userdata_metatable = offset(24, 12);
  s.userdata_values = offset(10, 6);
  s.userdata_block = offset(32, 16);
  s.userdata_block_1 = offset(56, 32);
  return s;
}

ThunkHost host_of(Host which, Stack stack) {
  ThunkHost host;
  host.convention = which == Host::sysv   ? abi::Abi::sysv_x64
                    : which == Host::win  ? abi::Abi::win_x64
                    : which == Host::i386 ? abi::Abi::i386_cdecl
                                          : abi::Abi::aapcs64;
  host.api = {place(1),  place(2),  place(3),  place(4), place(5), place(6), place(7), place(8), place(9),
              place(10), place(11), place(12), 0,        1,        2,        3,        4,        7};
  if (stack == Stack::lua51) host.api.tointegerx = host.api.isinteger = nullptr;
  host.helpers = {place(13), place(14), place(15), place(16), place(17)};
  host.offsets = {.record_state = 16,
                  .record_expected = 40,
                  .caller = 0,
                  .notices = 20,
                  .saved_errno = 16,
                  .owner = 8,
                  .metatables = 64,
                  .cdata_type = 0,
                  .cdata_guard = 6,
                  .cdata_data = 8,
                  .guard = 0x1234};
  host.stack = layout(stack, which == Host::i386);
  host.errno_offset = which == Host::aapcs ? 16 : -64;
  if (which == Host::aapcs) host.thread_offset = -1824;
  if (which == Host::win) {
    host.errno_location = place(18);
    host.thread_offset = 0x30;
    host.thread_segment = ThreadSegment::gs;
  }
  if (which == Host::i386) host.thread_segment = ThreadSegment::gs;
  return host;
}

// --- the rows -------------------------------------------------------------------------------------------------------

// A letter per argument, then the result's: b bool; c C s S i u l L integers of 8, 8 unsigned, ... 64 bits; f d; p a
// pointer, q one that takes strings and light userdata, k one that takes known functions; r a record; o what helpers
// convert; v nothing. Behind `...` I N are exact integers of 32 and 64 bits, D an exact double.
ThunkKind kind_of(char letter) {
  switch (letter) {
    case 'v':
      return ThunkKind::none;
    case 'b':
      return ThunkKind::boolean;
    case 'c':
      return ThunkKind::i8;
    case 'C':
      return ThunkKind::u8;
    case 's':
      return ThunkKind::i16;
    case 'S':
      return ThunkKind::u16;
    case 'i':
    case 'I':
      return ThunkKind::i32;
    case 'u':
      return ThunkKind::u32;
    case 'l':
    case 'N':
      return ThunkKind::i64;
    case 'L':
      return ThunkKind::u64;
    case 'f':
      return ThunkKind::f32;
    case 'd':
    case 'D':
      return ThunkKind::f64;
    case 'p':
    case 'q':
    case 'k':
      return ThunkKind::pointer;
    case 'r':
      return ThunkKind::record;
    default:
      return ThunkKind::other;
  }
}

constexpr std::string_view kRecords =
    "struct Pair { double a; int b; }; struct Odd { char c[7]; }; struct Big { long long v[5]; };"
    "struct Small { int a, b; }; struct Empty { };";

enum class What { thunk, of_type, chained, callback, callback_whole, entry };

struct Row {
  std::string_view name;       // of the file
  std::string_view signature;  // C, with `f` in its place
  std::string_view letters;
  What what = What::thunk;
  std::string_view more = "";  // types of variadic arguments, behind the letters' fixed ones
};

constexpr Row kRows[] = {
    {"void_void", "void f(void)", "v"},
    {"int_int", "int f(int)", "ii"},
    {"int_int_int", "int f(int, int)", "iii"},
    {"double_double_double", "double f(double, double)", "ddd"},
    {"int64", "long long f(long long)", "ll"},
    {"float_float", "float f(float)", "ff"},
    {"bool_bool", "_Bool f(_Bool)", "bb"},
    {"narrow", "unsigned char f(signed char, unsigned char, short, unsigned short, unsigned)", "cCsSuC"},
    {"eight_ints", "int f(int, int, int, int, int, int, int, int)", "iiiiiiiii"},
    {"ten_doubles", "double f(double, double, double, double, double, double, double, double, float, double)",
     "ddddddddfdd"},
    {"string", "unsigned long long f(const char *)", "qL"},
    {"pointer", "int f(struct Pair *)", "pi"},
    {"pointer_result", "void *f(int, void *)", "iqo"},
    {"function_pointer", "int f(int (*)(int), int)", "kii"},
    {"struct_in_registers", "double f(struct Pair)", "rd"},
    {"struct_in_odd_bytes", "int f(struct Odd)", "ri"},
    {"struct_small_and_int", "int f(struct Small, int)", "rii"},
    {"struct_in_memory", "int f(struct Big, int)", "rii"},
    {"struct_empty", "int f(struct Empty)", "ri"},
    {"struct_result", "struct Pair f(double, int)", "dir"},
    {"struct_result_in_memory", "struct Big f(int)", "ir"},
    {"other", "long double f(long double)", "oo"},
    {"function_type", "int f(int, int)", "iii", What::of_type},
    {"function_type_pointer", "void f(const char *, struct Pair *)", "qpv", What::of_type},
    {"variadic", "int f(const char *, ...)", "qIDNi", What::chained, "int, double, long long"},
    {"callback_int_int", "int f(int)", "ii", What::callback},
    {"callback_void_void", "void f(void)", "v", What::callback},
    {"callback_scalars", "double f(float, double, _Bool, signed char, unsigned short, unsigned, long long)", "fdbcSuld",
     What::callback},
    {"callback_bool", "_Bool f(double)", "db", What::callback},
    {"callback_float", "float f(const int *)", "*f", What::callback},
    {"callback_lent", "int f(const int *, int, const int *)", "piqi", What::callback},
    {"callback_many", "int f(int, int, int, int, int, int, int, int, int, int)", "iiiiiiiiiii", What::callback},
    {"callback_pointer", "int f(struct Pair *, int)", "", What::callback_whole},
    {"callback_struct", "struct Pair f(struct Pair, struct Odd, struct Big)", "", What::callback_whole},
    {"callback_struct_in_memory", "struct Big f(struct Big, long double)", "", What::callback_whole},
    {"entry_int", "int f(int)", "", What::entry},
    {"entry_long_double", "long double f(void)", "", What::entry},
    {"entry_struct_in_memory", "struct Big f(int)", "", What::entry},
};

// On what a row is shown: of x86-64 some also as the functions and hosts of Microsoft's convention, of i386 as
// functions of another.
struct Setup {
  std::string_view title;
  Host host;
  Stack stack;
  std::string_view convention = "";  // an attribute of the function
  bool always = false;               // every row; false: rows that show something there
};
constexpr Setup kX64[] = {
    {"Lua 5.4", Host::sysv, Stack::lua54, "", true},
    {"Lua 5.3", Host::sysv, Stack::lua53},
    {"Lua 5.1", Host::sysv, Stack::lua51},
    {"by the API", Host::sysv, Stack::api, "", true},
    {"Lua 5.4, calls ms_abi", Host::sysv, Stack::lua54, "ms_abi", true},
    {"Lua 5.4, Windows", Host::win, Stack::lua54, "ms_abi", true},
    {"by the API, Windows", Host::win, Stack::api, "ms_abi"},
    {"Lua 5.4, Microsoft's convention calls sysv_abi", Host::win, Stack::lua54},
};
constexpr Setup kA64[] = {
    {"Lua 5.4", Host::aapcs, Stack::lua54, "", true},
    {"Lua 5.3", Host::aapcs, Stack::lua53},
    {"Lua 5.1", Host::aapcs, Stack::lua51},
    {"by the API", Host::aapcs, Stack::api, "", true},
};
constexpr Setup kX86[] = {
    {"Lua 5.4", Host::i386, Stack::lua54, "", true},
    {"Lua 5.3", Host::i386, Stack::lua53},
    {"Lua 5.1", Host::i386, Stack::lua51},
    {"by the API", Host::i386, Stack::api, "", true},
    {"Lua 5.4, calls fastcall", Host::i386, Stack::lua54, "fastcall"},
};
constexpr std::string_view kEverywhere[] = {"int_int",         "double_double_double", "bool_bool",
                                            "string",          "struct_in_registers",  "callback_int_int",
                                            "callback_scalars"};

struct Processor {
  const Target* target;
  std::string_view folder;
  std::span<const Setup> setups;
};
const Processor kProcessors[] = {{&kX64SysV, "x64", kX64}, {&kArm64Linux, "a64", kA64}, {&kI386SysV, "x86", kX86}};

bool shown(const Row& row, const Setup& setup) {
  if (row.what == What::entry) return setup.stack == Stack::lua54 && setup.host != Host::win;
  if (setup.always) return true;
  for (std::string_view name : kEverywhere) {
    if (row.name == name) return true;
  }
  return false;
}

Result<Listing> list(const Row& row, const Setup& setup, const Target& target) {
  TypeTable types{target};
  if (auto made = cparse::parse_declarations(types, kRecords); !made.ok()) return made.error();
  std::string text(row.signature);
  text.erase(text.find("f("), 1);  // as a type
  if (!setup.convention.empty()) text += " __attribute__((" + std::string(setup.convention) + "))";
  Result<TypeId> id = cparse::parse_type(types, text);
  if (!id.ok()) return id.error();
  std::vector<TypeId> more;
  for (std::string_view rest = row.more; !rest.empty();) {
    const size_t end = std::min(rest.find(", "), rest.size());
    Result<TypeId> type = cparse::parse_type(types, std::string(rest.substr(0, end)));
    if (!type.ok()) return type.error();
    more.push_back(*type);
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  Result<abi::CallPlan> plan = abi::plan_call(types, *id, more);
  if (!plan.ok()) return plan.error();
  const ThunkHost host = host_of(setup.host, setup.stack);

  if (row.what == What::entry) return callback_entry_listing(*plan);
  if (row.what == What::callback || row.what == What::callback_whole) {
    CallbackSpec spec;
    spec.plan = &*plan;
    spec.inline_call = row.what == What::callback;
    for (size_t i = 0; i + 1 < row.letters.size(); ++i) {
      const bool through = row.letters[i] == '*';
      spec.args.push_back({through ? ThunkKind::i32 : kind_of(row.letters[i]), through});
    }
    if (spec.inline_call) spec.result = kind_of(row.letters.back());
    const CallbackApi api{place(20), place(21), place(22), -1001000};
    const auto handler = [](int n) { return reinterpret_cast<CallbackHandler>(reinterpret_cast<uintptr_t>(place(n))); };
    return callback_listing(host, api, {handler(23), handler(24), handler(25)}, spec);
  }

  ThunkSpec spec;
  spec.plan = &*plan;
  spec.result = {kind_of(row.letters.back()), place(26)};
  spec.data = place(27);
  spec.slow = place(28);
  if (row.what == What::of_type) {
    spec.state = place(29);
    spec.first = 2;
  } else {
    spec.record = place(30);
    spec.address = reinterpret_cast<CFunction>(reinterpret_cast<uintptr_t>(place(31)));
  }
  if (row.what == What::chained) spec.next = reinterpret_cast<const void* const*>(place(32));
  for (size_t i = 0; i + 1 < row.letters.size(); ++i) {
    const char letter = row.letters[i];
    ThunkArg arg;
    arg.kind = kind_of(letter);
    arg.exact = letter == 'I' || letter == 'N' || letter == 'D';
    arg.takes_string = arg.takes_light = letter == 'q';
    arg.same = 1000;
    if (arg.kind == ThunkKind::pointer) {
      if (letter != 'k') arg.object = 1001;
      arg.cell = static_cast<const TypeId*>(place(40 + static_cast<int>(i)));
      if (letter == 'k') arg.callback = static_cast<const KnownCallback*>(place(60 + static_cast<int>(i)));
    }
    spec.args.push_back(arg);
  }
  return thunk_listing(host, spec);
}

std::string golden(const Row& row, const Processor& processor) {
  std::string text = std::string(row.signature) + ";\n";
  if (row.what == What::callback || row.what == What::callback_whole) text += "as a callback\n";
  if (row.what == What::of_type) text += "called through a pointer\n";
  if (row.what == What::entry) text += "as a callback: its entry, and what a retired one leads to\n";
  if (!row.more.empty()) text += "with " + std::string(row.more) + " behind the dots\n";
  for (const Setup& setup : processor.setups) {
    if (!shown(row, setup)) continue;
    Result<Listing> made = list(row, setup, *processor.target);
    text += "\n" + std::string(setup.title) + ": ";
    text += made.ok() ? std::to_string(made->bytes) + " bytes\n" + made->text : made.message() + "\n";
  }
  return text;
}

std::string file_of(const Row& row, const Processor& processor) {
  return std::string(FERRY_GOLDEN) + "/" + std::string(processor.folder) + "/" + std::string(row.name) + ".txt";
}

std::string read(const std::string& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

int update() {
  for (const Processor& processor : kProcessors) {
    for (const Row& row : kRows) {
      const std::string text = golden(row, processor), file = file_of(row, processor);
      if (read(file) != text) std::ofstream(file) << text;
    }
  }
  return 0;
}

// The first line that differs, for a message that can be read.
std::string difference(const std::string& is, const std::string& was) {
  std::istringstream left(is), right(was);
  std::string a, b;
  for (int line = 1;; ++line) {
    const bool more = static_cast<bool>(std::getline(left, a)), wanted = static_cast<bool>(std::getline(right, b));
    if (!more && !wanted) return "";
    if (more != wanted || a != b) {
      return "line " + std::to_string(line) + ": \"" + (more ? a : "") + "\", in the file \"" + (wanted ? b : "") +
             "\"";
    }
  }
}

TEST(Golden, Listings) {
  for (const Processor& processor : kProcessors) {
    for (const Row& row : kRows) {
      const std::string file = file_of(row, processor);
      EXPECT_EQ(difference(golden(row, processor), read(file)), "")
          << file << " (tests/golden/update.sh writes what is made now)";
    }
  }
}

// Structs of 16 bytes lie at multiples of 8 on the stack of AArch64, whose offsets reach far in multiples of 16 only.
TEST(Golden, StructsFarBelow) {
  std::string signature = "int f(", letters;
  for (int i = 0; i < 41; ++i) signature += "long long, ", letters += 'l';
  signature += "struct Pair)", letters += "ri";
  const Row thunk{"far", signature, letters}, callback{"far", signature, "", What::callback_whole};
  for (const Processor& processor : kProcessors) {
    for (const auto& setup : processor.setups) {
      for (const Row* row : {&thunk, &callback}) {
        Result<Listing> made = list(*row, setup, *processor.target);
        EXPECT_TRUE(made.ok()) << setup.title << ": " << made.message();
      }
    }
  }
}

// What the documentation shows with its comments is the start of a listing.
TEST(Golden, Documentation) {
  const std::string text = read(FERRY_DOCS "/architecture.md"), golden = read(FERRY_GOLDEN "/x64/int_int.txt");
  const size_t start = text.find("```\n    push rbp\n");
  ASSERT_NE(start, std::string::npos);
  std::istringstream shown(text.substr(start + 4)), made(golden.substr(golden.find(" bytes\n") + 7));
  std::string line, wanted;
  int lines = 0;
  while (std::getline(shown, line) && line != "```") {
    line.erase(std::min(line.find(';'), line.size()));
    line.erase(line.find_last_not_of(' ') + 1);
    std::getline(made, wanted);
    EXPECT_EQ(line, wanted);
    ++lines;
  }
  EXPECT_GT(lines, 30);
}

}  // namespace
}  // namespace ferry::call
#endif

int main(int argc, char** argv) {
#ifdef FERRY_NATIVE
  if (argc == 2 && std::string_view(argv[1]) == "--update") return ferry::call::update();
#endif
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
