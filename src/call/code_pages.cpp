// Executable memory: reserves regions, places blocks in them, exchanges pages.
#include "call/code_pages.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <unordered_map>
#include <vector>

#include "base/round.h"
#include "call/processor.h"
#include "call/unwind.h"
#include "os/pages.h"
#include "os/process.h"

namespace ferry::call {

namespace {

// Reserved at once, without memory behind it. About a thousand thunks: few regions keep the C++ run-time's
// list of unwind records short, which it walks at a throw; small enough for address space limits.
constexpr size_t kRegionBytes = 256 * 1024;

// One for all arenas: publication is rare, and fork() has to hold it (a child must not inherit it locked by a
// thread that it has not). Never destroyed.
std::mutex& code_lock() {
  static auto* lock = new std::mutex;
  return *lock;
}

void hold_lock_at_fork() {
  static const bool held = os::at_fork([] { code_lock().lock(); }, [] { code_lock().unlock(); });
  (void)held;
}

using os::page_bytes;

// An address range whose blocks have one shape.
struct Region {
  struct Block {
    uint32_t bytes;
    bool retired;
  };

  Region(uint8_t* at, FrameShape s)
      : base(at),
        shape(s),
        head_bytes(uint32_t(round_up(region_head_bytes(s), kBlockAlign))),
        page_blocks(kRegionBytes / page_bytes()),
        free_bytes(kRegionBytes - head_bytes) {
    free.emplace(head_bytes, uint32_t(free_bytes));
  }
  ~Region() { os::unreserve_pages(base, kRegionBytes); }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  bool contains(const void* address) const {
    auto p = reinterpret_cast<uintptr_t>(address), begin = reinterpret_cast<uintptr_t>(base);
    return p >= begin && p - begin < kRegionBytes;
  }
  size_t first_page(uint32_t offset) const { return offset / page_bytes(); }
  size_t end_page(uint32_t offset, uint32_t bytes) const { return (offset + bytes - 1) / page_bytes() + 1; }

  // Where `bytes` fit; a block that fits a page does not cross one, so that it costs one page to publish.
  bool find_place(uint32_t bytes, uint32_t* offset) const {
    if (free_bytes < bytes) return false;
    auto page = uint32_t(page_bytes());
    for (auto [start, size] : free) {
      uint32_t at = start;
      if (bytes <= page && at / page != (at + bytes - 1) / page) at = uint32_t(round_up(at, page));
      if (at + bytes <= start + size) {
        *offset = at;
        return true;
      }
    }
    return false;
  }

  void take(uint32_t offset, uint32_t bytes) {
    auto hole = std::prev(free.upper_bound(offset));
    auto [start, size] = *hole;
    // The new node first: it is what can fail.
    if (uint32_t end = offset + bytes; end < start + size) free.emplace(end, start + size - end);
    if (start < offset) {
      hole->second = offset - start;
    } else {
      free.erase(hole);
    }
    free_bytes -= bytes;
  }

  void give_back(uint32_t offset, uint32_t bytes) {
    auto hole = free.emplace(offset, bytes).first;
    free_bytes += bytes;
    if (auto next = std::next(hole); next != free.end() && next->first == offset + bytes) {
      hole->second += next->second;
      free.erase(next);
    }
    if (hole != free.begin()) {
      auto before = std::prev(hole);
      if (before->first + before->second == offset) {
        before->second += hole->second;
        free.erase(hole);
      }
    }
  }

  uint8_t* base;
  FrameShape shape;
  uint32_t head_bytes;    // at the start (unwind.h)
  bool has_head = false;  // published, with the first block
  std::unique_ptr<UnwindRecord> unwind;
  std::map<uint32_t, uint32_t> free;           // holes: offset, bytes
  std::unordered_map<uint32_t, Block> blocks;  // by offset
  std::vector<uint32_t> page_blocks;           // how many blocks touch each page; 0: the page is reserved only
  size_t free_bytes;
};

}  // namespace

struct CodeArena::Impl {
  explicit Impl(PageMethods allowed) : methods(allowed) {}

  Result<CodeBlock> add(size_t bytes, FrameShape shape, Fill fill, void* context);
  Result<CodeBlock> add_to(Region& region, uint32_t offset, uint32_t bytes, Fill fill, void* context);
  Result<Region*> new_region(FrameShape shape);
  Result<void> exchange(Region& region, size_t first_page, const std::vector<uint8_t>& image);
  Region* region_of(const void* address) const;
  Region::Block* find(const CodeBlock& block, Region** region) const;
  void count_pages(Region& region, uint32_t offset, uint32_t bytes, int change);

  const PageMethods methods;
  std::string_view newest = "none";
  std::vector<std::unique_ptr<Region>> regions;
  CodeUsage usage;
};

Region* CodeArena::Impl::region_of(const void* address) const {
  for (const auto& region : regions) {
    if (region->contains(address)) return region.get();
  }
  return nullptr;
}

Region::Block* CodeArena::Impl::find(const CodeBlock& block, Region** region) const {
  *region = region_of(block.address);
  if (!*region) return nullptr;
  auto found = (*region)->blocks.find(uint32_t(block.address - (*region)->base));
  return found == (*region)->blocks.end() ? nullptr : &found->second;
}

Result<void> CodeArena::Impl::exchange(Region& region, size_t first_page, const std::vector<uint8_t>& image) {
  uint8_t* to = region.base + first_page * page_bytes();
  int error = 0;
  for (size_t i = 0; i < os::page_methods().size(); ++i) {
    if ((methods & 1u << i) == 0) continue;
    const os::PageMethod& method = os::page_methods()[i];
    error = method.exchange(to, image.data(), image.size());
    if (error) continue;
    newest = method.name;
    usage.publications += image.size() / page_bytes();
    return {};
  }
  return Error{std::string("executable memory is not available: ") +
               (error ? std::strerror(error) : "turned off by FERRY_PAGES")};
}

// Keeps page_blocks and gives pages back that hold no block any more. A page that cannot be given back stays as it is.
void CodeArena::Impl::count_pages(Region& region, uint32_t offset, uint32_t bytes, int change) {
  for (size_t page = region.first_page(offset); page < region.end_page(offset, bytes); page++) {
    uint32_t& count = region.page_blocks[page];
    if (change > 0 && count++ == 0) usage.pages++;
    if (change < 0 && --count == 0) {
      usage.pages--;
      os::empty_pages(region.base + page * page_bytes(), page_bytes());
    }
  }
}

Result<CodeBlock> CodeArena::Impl::add_to(Region& region, uint32_t offset, uint32_t bytes, Fill fill, void* context) {
  uint32_t space = uint32_t(round_up(bytes, kBlockAlign));
  size_t page = page_bytes();
  size_t first = region.has_head ? region.first_page(offset) : 0, end = region.end_page(offset, space);

  // The pages as they will be: live blocks copied, all else traps.
  std::vector<uint8_t> image((end - first) * page, host_processor().trap);
  for (size_t p = first; p < end; p++) {
    if (region.page_blocks[p]) std::memcpy(&image[(p - first) * page], region.base + p * page, page);
  }
  size_t image_begin = first * page, image_end = end * page;
  for (auto hole = region.free.begin(); hole != region.free.end() && hole->first < image_end; ++hole) {
    size_t from = std::max<size_t>(hole->first, image_begin);
    size_t to = std::min<size_t>(size_t(hole->first) + hole->second, image_end);
    if (from < to) std::memset(&image[from - image_begin], host_processor().trap, to - from);
  }
  if (!region.has_head) write_region_head(region.shape, image.data());
  if (!fill(context, &image[offset - image_begin], region.base + offset)) return Error{"the code could not be placed"};

  // Book-keeping first, as it may run out of memory; what follows cannot.
  region.take(offset, space);
  region.blocks.emplace(offset, Region::Block{space, false});
  if (Result<void> done = exchange(region, first, image); !done.ok()) {
    region.blocks.erase(offset);
    region.give_back(offset, space);
    return done.error();
  }
  count_pages(region, offset, space, +1);
  if (!region.has_head && region.head_bytes != 0) count_pages(region, 0, region.head_bytes, +1);
  region.has_head = true;
  usage.live_blocks++;
  usage.live_bytes += space;
  return CodeBlock{region.base + offset, bytes};
}

Result<Region*> CodeArena::Impl::new_region(FrameShape shape) {
  uint8_t* base = os::reserve_pages(kRegionBytes);
  if (base == nullptr) return Error{std::string("executable memory is not available: ") + std::strerror(errno)};
  auto region = std::make_unique<Region>(base, shape);
  regions.push_back(nullptr);
  region->unwind = std::make_unique<UnwindRecord>(region->base, kRegionBytes, shape);
  regions.back() = std::move(region);
  usage.regions++;
  return regions.back().get();
}

Result<CodeBlock> CodeArena::Impl::add(size_t bytes, FrameShape shape, Fill fill, void* context) {
  if (bytes == 0 || bytes > kMaxBlockBytes) return Error{"code block of " + std::to_string(bytes) + " bytes"};
  if (size_t{shape.saved} * host_processor().saved_group > host_processor().saved.size()) {
    return Error{"frame with more saved registers than there are"};
  }
  auto space = uint32_t(round_up(bytes, kBlockAlign));
  uint32_t offset = 0;
  for (auto& region : regions) {
    if (region->shape == shape && region->find_place(space, &offset)) {
      return add_to(*region, offset, uint32_t(bytes), fill, context);
    }
  }
  Result<Region*> region = new_region(shape);
  if (!region.ok()) return region.error();
  if (!(*region)->find_place(space, &offset)) return Error{"code block does not fit a region"};
  Result<CodeBlock> block = add_to(**region, offset, uint32_t(bytes), fill, context);
  if (!block.ok()) {
    regions.pop_back();
    usage.regions--;
  }
  return block;
}

CodeArena::CodeArena(PageMethods methods) : impl_(std::make_unique<Impl>(methods)) {
  hold_lock_at_fork();
}

CodeArena::~CodeArena() = default;

Result<CodeBlock> CodeArena::add(size_t bytes, FrameShape shape, Fill fill, void* context) {
  std::lock_guard lock(code_lock());
  try {
    return impl_->add(bytes, shape, fill, context);
  } catch (const std::bad_alloc&) {
    return Error{"out of memory"};
  }
}

Result<CodeBlock> CodeArena::add(std::span<const uint8_t> code, FrameShape shape) {
  auto fill = [](void* context, uint8_t* writable, const uint8_t*) {
    auto& bytes = *static_cast<std::span<const uint8_t>*>(context);
    std::memcpy(writable, bytes.data(), bytes.size());
    return true;
  };
  return add(code.size(), shape, fill, &code);
}

void CodeArena::release(const CodeBlock& block) {
  std::lock_guard lock(code_lock());
  Region* region;
  Region::Block* found = impl_->find(block, &region);
  if (!found || found->retired) return;
  uint32_t bytes = found->bytes;
  auto offset = uint32_t(block.address - region->base);
  try {
    region->give_back(offset, bytes);
  } catch (const std::bad_alloc&) {
    return;  // the block stays taken
  }
  region->blocks.erase(offset);
  impl_->count_pages(*region, offset, bytes, -1);
  impl_->usage.live_blocks--;
  impl_->usage.live_bytes -= bytes;
}

void CodeArena::retire(const CodeBlock& block) {
  std::lock_guard lock(code_lock());
  Region* region;
  Region::Block* found = impl_->find(block, &region);
  if (!found || found->retired) return;
  found->retired = true;
  impl_->usage.live_blocks--;
  impl_->usage.live_bytes -= found->bytes;
  impl_->usage.retired_blocks++;
}

bool CodeArena::contains(const void* address) const {
  std::lock_guard lock(code_lock());
  return impl_->region_of(address) != nullptr;
}

CodeUsage CodeArena::usage() const {
  std::lock_guard lock(code_lock());
  return impl_->usage;
}

std::string_view CodeArena::method() const {
  std::lock_guard lock(code_lock());
  return impl_->newest;
}

Result<PageMethods> parse_page_methods(const char* text) {
  std::string_view word = text ? text : "";
  if (word.empty()) return PageMethods(kAllPageMethods);
  if (word == "none") return PageMethods(kNoPageMethods);
  for (size_t i = 0; i < os::page_methods().size(); ++i) {
    if (word == os::page_methods()[i].name) return static_cast<PageMethods>(1u << i);
  }
  std::string known;
  for (const os::PageMethod& method : os::page_methods())
    known += (known.empty() ? "" : ", ") + std::string(method.name);
  return Error{"FERRY_PAGES is '" + std::string(word) + "', and not " + known + (known.empty() ? "none" : " or none")};
}

CodeArena& process_code() {
  static CodeArena* arena = [] {
    Result<PageMethods> methods = parse_page_methods(std::getenv("FERRY_PAGES"));
    return new CodeArena(methods.ok() ? *methods : kNoPageMethods);
  }();
  return *arena;
}

Result<void> native_code_available() {
  static const Result<void> answer = []() -> Result<void> {
    if (Result<PageMethods> methods = parse_page_methods(std::getenv("FERRY_PAGES")); !methods.ok()) {
      return methods.error();
    }
    if (const char* lacks = host_lacks()) return Error{std::string("native code needs ") + lacks};
    Result<CodeBlock> block = process_code().add(host_processor().returns_42, FrameShape{});
    if (!block.ok()) return block.error();
    int value = reinterpret_cast<int (*)()>(const_cast<uint8_t*>(block->address))();
    process_code().release(*block);
    if (value != 42) return Error{"executable memory does not work"};
    return {};
  }();
  return answer;
}

}  // namespace ferry::call
