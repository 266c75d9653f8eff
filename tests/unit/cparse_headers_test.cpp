// Real headers, preprocessed by gcc at test time: all of what is installed is understood, sizes agree with gcc.
#include "cparse_testing.h"

namespace ferry::cparse::testing {
namespace {

std::string preprocessed(const std::string& include, const char* flags) {
  namespace fs = std::filesystem;
  fs::path source = fs::temp_directory_path() / ("ferry-cparse-" + std::to_string(getpid()) + "-header.c");
  std::ofstream(source) << include;
  std::string command = std::string("gcc -E ") + flags + " " + source.string() + " 2>/dev/null";
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  char buffer[65536];
  for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, n);
  if (pclose(pipe) != 0) text.clear();
  std::error_code ignored;
  fs::remove(source, ignored);
  return text;
}

constexpr const char* kHeaders[] = {
    "stdio.h",      "stdlib.h",   "string.h",    "math.h",        "time.h",        "errno.h",
    "ctype.h",      "sys/stat.h", "pthread.h",   "signal.h",      "unistd.h",      "fcntl.h",
    "dirent.h",     "complex.h",  "stdatomic.h", "immintrin.h",   "wchar.h",       "inttypes.h",
    "setjmp.h",     "stdarg.h",   "locale.h",    "poll.h",        "sys/socket.h",  "netinet/in.h",
    "sys/ioctl.h",  "sys/mman.h", "sys/epoll.h", "semaphore.h",   "regex.h",       "fenv.h",
    "unwind.h",     "threads.h",  "ucontext.h",  "linux/input.h", "sys/sysinfo.h", "netdb.h",
    "arpa/inet.h",  "termios.h",  "dlfcn.h",     "link.h",        "elf.h",         "sched.h",
    "tgmath.h",     "uchar.h",    "zlib.h",      "sqlite3.h",     "GL/gl.h",       "X11/Xlib.h",
    "curses.h",     "expat.h",    "png.h",       "SDL2/SDL.h",    "openssl/ssl.h", "curl/curl.h",
    "lua5.4/lua.h", "ffi.h",      "gmp.h",       "libxml/tree.h", "ft2build.h",    "readline/readline.h",
};

TEST(CparseHeaders, AllAreUnderstood) {
  if (!have_gcc()) GTEST_SKIP() << "no gcc here";
  int read = 0;
  for (const char* flags : {"", "-O2 -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -dD", "-std=c99 -P"}) {
    for (const char* header : kHeaders) {
      std::string text = preprocessed(std::string("#include <") + header + ">\n", flags);
      if (text.empty()) continue;
      ++read;
      TypeTable types(host_target());
      EXPECT_EQ(cdef(types, text), "") << header << " " << flags;
    }
  }
  EXPECT_GT(read, 60);
}

// Twice the same text, and all headers into one table: redeclaration as it happens.
TEST(CparseHeaders, TogetherAndAgain) {
  if (!have_gcc()) GTEST_SKIP() << "no gcc here";
  TypeTable types(host_target());
  for (int round = 0; round < 2; ++round) {
    for (const char* header :
         {"stdio.h", "stdlib.h", "sys/stat.h", "pthread.h", "signal.h", "math.h", "zlib.h", "sqlite3.h"}) {
      std::string text = preprocessed(std::string("#include <") + header + ">\n", "-D_GNU_SOURCE");
      if (text.empty()) continue;
      EXPECT_EQ(cdef(types, text), "") << header << ", round " << round;
    }
  }
}

TEST(CparseHeaders, SizesAsGccHasThem) {
  if (!have_gcc()) GTEST_SKIP() << "no gcc here";
  const std::string includes =
      "#include <stdio.h>\n#include <stdlib.h>\n#include <sys/stat.h>\n#include <pthread.h>\n#include <signal.h>\n"
      "#include <time.h>\n#include <math.h>\n#include <setjmp.h>\n#include <netinet/in.h>\n#include <ucontext.h>\n"
      "#include <stdarg.h>\n#include <wchar.h>\n#include <stdint.h>\n#include <stddef.h>\n";
  const char* names[] = {"FILE",
                         "div_t",
                         "lldiv_t",
                         "struct stat",
                         "pthread_t",
                         "pthread_mutex_t",
                         "pthread_attr_t",
                         "siginfo_t",
                         "struct sigaction",
                         "sigset_t",
                         "struct tm",
                         "struct timespec",
                         "jmp_buf",
                         "struct sockaddr_in6",
                         "ucontext_t",
                         "va_list",
                         "wint_t",
                         "mbstate_t",
                         "max_align_t",
                         "off_t",
                         "int_fast16_t",
                         "wchar_t",
                         "stack_t",
                         "fpos_t",
                         "union sigval",
                         "pthread_cond_t"};
  std::string program = includes + "int main(void) {\n";
  for (const char* name : names)
    program += std::string("printf(\"%zu %zu\\n\", sizeof(") + name + "), _Alignof(" + name + "));\n";
  std::vector<std::string> lines = run_c(program + "}\n");
  ASSERT_EQ(lines.size(), std::size(names));
  TypeTable types(host_target());
  ASSERT_EQ(cdef(types, preprocessed(includes, "-std=gnu2x")), "");
  for (size_t i = 0; i < lines.size(); ++i) {
    const Type& t = types[type_of(types, names[i])];
    EXPECT_EQ(std::to_string(t.size) + " " + std::to_string(t.align), lines[i]) << names[i];
  }
}

}  // namespace
}  // namespace ferry::cparse::testing
