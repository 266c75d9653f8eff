// Executable memory: publication by each method, exchange of pages that run, release, fork, denied system calls.
#ifdef FERRY_NATIVE
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "call/code_pages.h"

namespace ferry::call {
namespace {

const PageMethods kMprotectOnly = *parse_page_methods("mprotect");
const PageMethods kMemfdOnly = *parse_page_methods("memfd");
constexpr FrameShape kPassing{.saved = 0, .lands_exceptions = false};

// The code of `int f(void) { return value; }` for 0 <= value <= 65535, followed by `padding` bytes.
std::vector<uint8_t> returns(uint32_t value, size_t padding = 0) {
#if !defined(__aarch64__)
  std::vector<uint8_t> code = {0xB8, uint8_t(value), uint8_t(value >> 8), 0, 0, 0xC3};  // mov eax, value; ret
#else
  uint32_t words[] = {0xD503245Fu, 0x52800000u | (value & 0xFFFF) << 5, 0xD65F03C0u};  // bti c; mov w0, #value; ret
  std::vector<uint8_t> code(sizeof words);
  std::memcpy(code.data(), words, sizeof words);
#endif
  for (size_t i = 0; i < padding; i++) code.push_back(0x90);
  return code;
}

int call(const CodeBlock& block) {
  return reinterpret_cast<int (*)()>(const_cast<uint8_t*>(block.address))();
}

struct Mapping {
  uintptr_t begin, end;
  std::string permissions;
};

std::vector<Mapping> mappings() {
  std::vector<Mapping> result;
  std::ifstream file("/proc/self/maps");
  for (std::string line; std::getline(file, line);) {
    Mapping m;
    char permissions[8];
    if (std::sscanf(line.c_str(), "%zx-%zx %7s", &m.begin, &m.end, permissions) != 3) continue;
    m.permissions = permissions;
    result.push_back(m);
  }
  return result;
}

bool writable_and_executable(const Mapping& m) {
  return m.permissions[1] == 'w' && m.permissions[2] == 'x';
}

// Looks at the process's mappings. Those that were writable and executable before (libffi's closures in
// another test, a debugging tool's) are none of ours.
class MappingCheck {
 public:
  MappingCheck() {
    for (const Mapping& m : mappings()) {
      if (writable_and_executable(m)) before_.push_back(m.begin);
    }
  }
  // Every mapping of the arena is reserved, or read-and-execute, and private; nothing new is writable and executable.
  void expect_never_writable(const CodeArena& arena) const {
    for (const Mapping& m : mappings()) {
      bool old = std::find(before_.begin(), before_.end(), m.begin) != before_.end();
      EXPECT_FALSE(writable_and_executable(m) && !old) << std::hex << m.begin;
      if (arena.contains(reinterpret_cast<const void*>(m.begin))) {
        EXPECT_TRUE(m.permissions == "r-xp" || m.permissions == "---p") << m.permissions;
      }
    }
  }

 private:
  std::vector<uintptr_t> before_;
};

// Runs `body` in a forked child; true if it returned true. A child that hangs is ended by SIGALRM.
bool in_child(const std::function<bool()>& body) {
  pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(body() ? 0 : 1);
  }
  int status = -1;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int status_of_child(const std::function<int()>& body) {
  pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(body());
  }
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

class CodePages : public testing::TestWithParam<PageMethods> {};

INSTANTIATE_TEST_SUITE_P(
    Methods, CodePages, testing::Values(kMprotectOnly, kMemfdOnly, kAllPageMethods), [](const auto& row) {
      return std::string(row.param == kMprotectOnly ? "mprotect" : row.param == kMemfdOnly ? "memfd" : "all");
    });

TEST_P(CodePages, PublishesCode) {
  MappingCheck check;
  CodeArena arena(GetParam());
  EXPECT_EQ(arena.method(), "none");
  Result<CodeBlock> one = arena.add(returns(1), FrameShape{});
  ASSERT_TRUE(one.ok()) << one.message();
  Result<CodeBlock> two = arena.add(returns(2), FrameShape{});
  ASSERT_TRUE(two.ok()) << two.message();
  EXPECT_EQ(call(*one), 1);
  EXPECT_EQ(call(*two), 2);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(one->address) % kBlockAlign, 0u);
  EXPECT_EQ(arena.method(), GetParam() == kMemfdOnly ? "memfd" : "mprotect");
  EXPECT_TRUE(arena.contains(one->address));
  EXPECT_FALSE(arena.contains(this));
  EXPECT_FALSE(arena.contains(nullptr));
  CodeUsage usage = arena.usage();
  EXPECT_EQ(usage.regions, 1u);
  EXPECT_EQ(usage.pages, 1u);
  EXPECT_EQ(usage.live_blocks, 2u);
  EXPECT_EQ(usage.live_bytes, 2 * kBlockAlign);
  check.expect_never_writable(arena);
}

#if defined(__aarch64__)
// What has no landing pad cannot be called where the processor identifies branch targets (HWCAP2_BTI).
TEST_P(CodePages, GuardedWherePossible) {
  const bool guarded = (getauxval(AT_HWCAP2) & 1ul << 17) != 0;
  CodeArena arena(GetParam());
  std::vector<uint8_t> code = returns(5);
  Result<CodeBlock> good = arena.add(code, FrameShape{});
  Result<CodeBlock> bad = arena.add(std::span(code).subspan(4), FrameShape{});
  ASSERT_TRUE(good.ok() && bad.ok());
  auto outcome = [](const CodeBlock& block) {
    return status_of_child([&] {
      signal(SIGILL, [](int) { _exit(70); });
      return call(block);
    });
  };
  EXPECT_EQ(outcome(*good), 5);
  EXPECT_EQ(outcome(*bad), guarded ? 70 : 5);
  arena.release(*good);  // the page is made anew
  ASSERT_TRUE(arena.add(code, FrameShape{}).ok());
  EXPECT_EQ(outcome(*bad), guarded ? 70 : 5);
}
#endif

TEST_P(CodePages, GivesTheFinalAddressBeforePublication) {
  CodeArena arena(GetParam());
  struct Seen {
    const uint8_t* executable = nullptr;
    const uint8_t* writable = nullptr;
  } seen;
  auto fill = [](void* context, uint8_t* writable, const uint8_t* executable) {
    *static_cast<Seen*>(context) = {executable, writable};
    std::vector<uint8_t> code = returns(7);
    std::memcpy(writable, code.data(), code.size());
    return true;
  };
  Result<CodeBlock> block = arena.add(returns(7).size(), kPassing, fill, &seen);
  ASSERT_TRUE(block.ok()) << block.message();
  EXPECT_EQ(block->address, seen.executable);
  EXPECT_NE(seen.executable, seen.writable);
  EXPECT_EQ(call(*block), 7);
}

TEST_P(CodePages, ManyBlocksReleaseAndReuse) {
  MappingCheck check;
  CodeArena arena(GetParam());
  constexpr uint32_t kBlocks = 6000;
  std::vector<CodeBlock> blocks;
  for (uint32_t i = 0; i < kBlocks; i++) {
    FrameShape shape{.saved = uint8_t(i % 2), .lands_exceptions = i % 3 != 0};
    Result<CodeBlock> block = arena.add(returns(i, i % 200), shape);
    ASSERT_TRUE(block.ok()) << block.message();
    blocks.push_back(*block);
  }
  for (uint32_t i = 0; i < kBlocks; i++) ASSERT_EQ(call(blocks[i]), int(i));
  check.expect_never_writable(arena);

  CodeUsage full = arena.usage();
  EXPECT_EQ(full.live_blocks, kBlocks);
  // Blocks share pages: little more memory than the code itself.
  EXPECT_LT(full.pages * 4096, full.live_bytes * 5 / 4 + 8 * size_t(sysconf(_SC_PAGESIZE)));

  for (uint32_t i = 0; i < kBlocks; i += 2) arena.release(blocks[i]);
  EXPECT_EQ(arena.usage().live_blocks, kBlocks / 2);
  for (uint32_t i = 1; i < kBlocks; i += 2) ASSERT_EQ(call(blocks[i]), int(i));
  for (uint32_t i = 0; i < kBlocks; i += 2) {
    FrameShape shape{.saved = uint8_t(i % 2), .lands_exceptions = i % 3 != 0};
    Result<CodeBlock> block = arena.add(returns(kBlocks + i, i % 200), shape);
    ASSERT_TRUE(block.ok()) << block.message();
    blocks[i] = *block;
  }
  for (uint32_t i = 0; i < kBlocks; i++) ASSERT_EQ(call(blocks[i]), int(i % 2 ? i : kBlocks + i));
  EXPECT_EQ(arena.usage().regions, full.regions);
  EXPECT_EQ(arena.usage().live_bytes, full.live_bytes);
  check.expect_never_writable(arena);

  for (const CodeBlock& block : blocks) arena.release(block);
  CodeUsage empty = arena.usage();
  EXPECT_EQ(empty.live_blocks, 0u);
  EXPECT_EQ(empty.live_bytes, 0u);
  EXPECT_LE(empty.pages, full.regions);  // the landing pads stay
}

TEST_P(CodePages, BlocksOverSeveralPages) {
  CodeArena arena(GetParam());
  std::vector<CodeBlock> blocks;
  const size_t sizes[] = {4096, 4097, 1, 9000, CodeArena::kMaxBlockBytes, 40000, 3, CodeArena::kMaxBlockBytes};
  for (uint32_t i = 0; i < 40; i++) {
    std::vector<uint8_t> code = returns(i);
    code.resize(std::max(code.size(), sizes[i % std::size(sizes)]), 0x90);
    Result<CodeBlock> block = arena.add(code, FrameShape{});
    ASSERT_TRUE(block.ok()) << block.message();
    ASSERT_EQ(block->bytes, code.size());
    EXPECT_EQ(std::memcmp(block->address, code.data(), code.size()), 0);
    blocks.push_back(*block);
  }
  for (uint32_t i = 0; i < 40; i++) EXPECT_EQ(call(blocks[i]), int(i));
  EXPECT_FALSE(arena.add(std::vector<uint8_t>(CodeArena::kMaxBlockBytes + 1), FrameShape{}).ok());
  EXPECT_FALSE(arena.add(size_t(-1), FrameShape{}, nullptr, nullptr).ok());
  EXPECT_FALSE(arena.add(std::span<const uint8_t>{}, FrameShape{}).ok());
  EXPECT_FALSE(arena.add(returns(1), FrameShape{.saved = FrameShape::kMaxSaved + 1}).ok());
}

TEST_P(CodePages, FailedFillChangesNothing) {
  CodeArena arena(GetParam());
  Result<CodeBlock> before = arena.add(returns(5), FrameShape{});
  ASSERT_TRUE(before.ok());
  CodeUsage usage = arena.usage();
  Result<CodeBlock> failed = arena.add(
      100, FrameShape{}, [](void*, uint8_t*, const uint8_t*) { return false; }, nullptr);
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(arena.usage().live_bytes, usage.live_bytes);
  EXPECT_EQ(arena.usage().publications, usage.publications);
  EXPECT_EQ(call(*before), 5);
}

TEST_P(CodePages, RetiredCodeStays) {
  CodeArena arena(GetParam());
  Result<CodeBlock> block = arena.add(returns(9), kPassing);
  ASSERT_TRUE(block.ok());
  arena.retire(*block);
  arena.retire(*block);
  arena.release(*block);  // too late, and harmless
  EXPECT_EQ(arena.usage().retired_blocks, 1u);
  EXPECT_EQ(arena.usage().live_blocks, 0u);
  EXPECT_EQ(arena.usage().pages, 1u);
  EXPECT_EQ(call(*block), 9);
}

TEST_P(CodePages, ForeignAndEmptyHandlesAreIgnored) {
  CodeArena arena(GetParam());
  arena.release(CodeBlock{});
  Result<CodeBlock> block = arena.add(returns(9), FrameShape{});
  ASSERT_TRUE(block.ok());
  arena.release(CodeBlock{block->address + 1, 1});
  arena.release(CodeBlock{reinterpret_cast<const uint8_t*>(this), 1});
  EXPECT_EQ(arena.usage().live_blocks, 1u);
  arena.release(*block);
  arena.release(*block);
  EXPECT_EQ(arena.usage().live_blocks, 0u);
  EXPECT_EQ(arena.usage().live_bytes, 0u);
}

// Threads run code of a page while it is exchanged again and again.
TEST_P(CodePages, PagesThatRunAreExchanged) {
  CodeArena arena(GetParam());
  Result<CodeBlock> fixed = arena.add(returns(77), FrameShape{});
  ASSERT_TRUE(fixed.ok());
  std::atomic<bool> stop{false};
  std::atomic<long> wrong{0}, calls{0};
  auto run = [&] {
    while (!stop.load(std::memory_order_relaxed)) {
      if (call(*fixed) != 77) wrong++;
      calls.fetch_add(1, std::memory_order_relaxed);
    }
  };
  std::thread first(run), second(run);
  while (calls.load() == 0) std::this_thread::yield();
  for (uint32_t i = 0; i < 1500; i++) {
    Result<CodeBlock> block = arena.add(returns(i), FrameShape{});
    if (!block.ok() || call(*block) != int(i)) wrong++;
    if (block.ok() && i % 4) arena.release(*block);
  }
  stop = true;
  first.join();
  second.join();
  EXPECT_EQ(wrong.load(), 0);
}

TEST_P(CodePages, ThreadsPublishAtOnce) {
  CodeArena arena(GetParam());
  std::atomic<int> wrong{0};
  auto run = [&](uint32_t base) {
    std::vector<CodeBlock> blocks;
    for (uint32_t i = 0; i < 300; i++) {
      Result<CodeBlock> block = arena.add(returns(base + i), FrameShape{});
      if (!block.ok()) {
        wrong++;
        return;
      }
      blocks.push_back(*block);
    }
    for (uint32_t i = 0; i < 300; i++) wrong += call(blocks[i]) != int(base + i);
    for (const CodeBlock& block : blocks) arena.release(block);
  };
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < 4; t++) threads.emplace_back(run, t * 1000);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ(arena.usage().live_blocks, 0u);
}

// Both go on in the same pages; neither sees what the other makes.
TEST_P(CodePages, ChildAndParentMakeCode) {
  CodeArena arena(GetParam());
  Result<CodeBlock> old = arena.add(returns(1), FrameShape{});
  Result<CodeBlock> doomed = arena.add(returns(2), FrameShape{});
  ASSERT_TRUE(old.ok() && doomed.ok());
  int to_child[2], to_parent[2];
  ASSERT_EQ(pipe(to_child) | pipe(to_parent), 0);
  pid_t child = fork();
  ASSERT_GE(child, 0);
  auto works = [&](uint32_t base) {
    arena.release(*doomed);
    bool good = true;
    std::vector<CodeBlock> blocks;
    for (uint32_t i = 0; i < 300 && good; i++) {
      Result<CodeBlock> block = arena.add(returns(base + i), FrameShape{});
      good = block.ok();
      if (good) blocks.push_back(*block);
    }
    char byte = 0;
    // Both have written before either looks.
    int out = base == 1000 ? to_parent[1] : to_child[1], in = base == 1000 ? to_child[0] : to_parent[0];
    good = good && write(out, &byte, 1) == 1 && read(in, &byte, 1) == 1;
    for (uint32_t i = 0; i < blocks.size(); i++) good = good && call(blocks[i]) == int(base + i);
    return good && call(*old) == 1;
  };
  if (child == 0) {
    alarm(60);
    _exit(works(1000) ? 0 : 1);
  }
  close(to_parent[1]);
  EXPECT_TRUE(works(2000));
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  for (int fd : {to_child[0], to_child[1], to_parent[0]}) close(fd);
}

// The lock is never inherited taken.
TEST_P(CodePages, ForkWhileThreadsPublish) {
  CodeArena arena(GetParam());
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) {
      Result<CodeBlock> block = arena.add(returns(3), FrameShape{});
      if (block.ok()) arena.release(*block);
    }
  });
  int good = 0;
  for (uint32_t i = 0; i < 30; i++) {
    good += in_child([&] {
      Result<CodeBlock> block = arena.add(returns(i), FrameShape{});
      return block.ok() && call(*block) == int(i);
    });
  }
  stop = true;
  busy.join();
  EXPECT_EQ(good, 30);
}

TEST(CodePagesChoice, Words) {
  struct Row {
    const char* text;
    int methods;  // -1: error
  };
  for (const Row& row : {Row{nullptr, kAllPageMethods}, Row{"", kAllPageMethods}, Row{"mprotect", kMprotectOnly},
                         Row{"memfd", kMemfdOnly}, Row{"none", kNoPageMethods}, Row{"rwx", -1}, Row{"MEMFD", -1}}) {
    Result<PageMethods> methods = parse_page_methods(row.text);
    EXPECT_EQ(methods.ok() ? int(*methods) : -1, row.methods) << (row.text ? row.text : "null");
  }
}

TEST(CodePagesChoice, NoneIsAnError) {
  CodeArena arena(kNoPageMethods);
  Result<CodeBlock> block = arena.add(returns(1), FrameShape{});
  ASSERT_FALSE(block.ok());
  EXPECT_EQ(block.message(), "executable memory is not available: turned off by FERRY_PAGES");
  EXPECT_EQ(arena.usage().regions, 0u);
}

TEST(CodePagesChoice, EnvironmentForcesAMethod) {
  for (const char* word : {"mprotect", "memfd"}) {
    EXPECT_TRUE(in_child([word] {
      setenv("FERRY_PAGES", word, 1);
      return native_code_available().ok() && process_code().method() == word;
    })) << word;
  }
  for (const char* word : {"none", "nonsense"}) {
    EXPECT_TRUE(in_child([word] {
      setenv("FERRY_PAGES", word, 1);
      return !native_code_available().ok() && !process_code().add(returns(1), FrameShape{}).ok();
    })) << word;
  }
}

// Exit status of the children below for "the kernel does not offer this".
constexpr int kNotOffered = 77;

// Publishes with each set of methods: 0 if what works is what was expected.
int publishes(bool by_mprotect, bool by_memfd, CodeArena* inherited, const CodeBlock& old) {
  struct Row {
    PageMethods methods;
    bool works;
  };
  for (const Row& row :
       {Row{kMprotectOnly, by_mprotect}, Row{kMemfdOnly, by_memfd}, Row{kAllPageMethods, by_mprotect || by_memfd}}) {
    CodeArena arena(row.methods);
    for (uint32_t i = 0; i < 200; i++) {
      Result<CodeBlock> block = arena.add(returns(i), FrameShape{});
      if (block.ok() != row.works) return 1;
      if (block.ok() && call(*block) != int(i)) return 2;
    }
    if (row.works && row.methods == kAllPageMethods && arena.method() != (by_mprotect ? "mprotect" : "memfd")) return 3;
    if (arena.usage().live_blocks != (row.works ? 200u : 0u)) return 4;
  }
  // The region from before the prohibition goes on by what is left, and keeps what it has.
  Result<CodeBlock> more = inherited->add(returns(12), FrameShape{});
  if (more.ok() != (by_mprotect || by_memfd)) return 5;
  if (more.ok() && call(*more) != 12) return 6;
  if (call(old) != 11) return 7;
  if (native_code_available().ok() != (by_mprotect || by_memfd)) return 8;
  return 0;
}

class CodePagesDenied : public testing::Test {
 protected:
  void SetUp() override {
    Result<CodeBlock> block = arena.add(returns(11), FrameShape{});
    ASSERT_TRUE(block.ok());
    old = *block;
  }
  void expect(const std::function<bool()>& deny, bool by_mprotect, bool by_memfd) {
    int status = status_of_child([&] {
      if (!deny()) return kNotOffered;
      return publishes(by_mprotect, by_memfd, &arena, old);
    });
    if (status == kNotOffered) GTEST_SKIP() << "not offered by this kernel";
    EXPECT_EQ(status, 0);
  }
  CodeArena arena{kAllPageMethods};
  CodeBlock old;
};

TEST_F(CodePagesDenied, MemoryDenyWriteExecute) {
  // linux/prctl.h: PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN; older headers lack the names.
  expect([] { return prctl(65, 1, 0, 0, 0) == 0; }, false, true);
}

// The system call behind mmap(), on i386 one that counts in pages.
#if defined(__NR_mmap2)
constexpr uint32_t kMmap = __NR_mmap2;
#else
constexpr uint32_t kMmap = __NR_mmap;
#endif

// Denies mmap and mprotect by their protection, in the way systemd's MemoryDenyWriteExecute= does.
bool install_filter(uint32_t denied_mmap, uint32_t denied_mprotect) {
  // Is every bit of `mask` set in the third argument (its low half; little-endian)?
  auto load_protection = sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2]));
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kMmap, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mprotect, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JA, 6, 0, 0),
      load_protection,
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, denied_mmap),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, denied_mmap, 4, 3),
      load_protection,
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, denied_mprotect),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, denied_mprotect, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
  };
  sock_fprog program = {std::size(filter), filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_F(CodePagesDenied, SeccompWriteAndExecute) {
  expect([] { return install_filter(PROT_WRITE | PROT_EXEC, PROT_EXEC); }, false, true);
}

TEST_F(CodePagesDenied, SeccompAllExecutableMappings) {
  expect([] { return install_filter(PROT_EXEC, PROT_EXEC); }, false, false);
}

// Nothing more can be mapped: errors, no crash; existing code runs.
TEST_F(CodePagesDenied, AddressSpaceLimit) {
  int status = status_of_child([this] {
    rlimit none = {1, 1};
    if (setrlimit(RLIMIT_AS, &none) != 0) return kNotOffered;
    if (mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) return kNotOffered;  // qemu
    CodeArena fresh(kAllPageMethods);
    if (fresh.add(returns(1), FrameShape{}).ok()) return 1;
    CodeArena& inherited = arena;
    Result<CodeBlock> more = inherited.add(returns(2), FrameShape{});
    if (more.ok() && call(*more) != 2) return 2;
    return call(old) == 11 ? 0 : 3;
  });
  if (status == kNotOffered) GTEST_SKIP() << "no limit here";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace ferry::call
#endif  // FERRY_NATIVE
