// Address ranges for native code, and ways to put executable bytes into them. Knows no blocks: what goes where is
// decided by src/call/code_pages.
//
// A range is reserved once, without memory behind it, and filled by whole pages. A page is *exchanged*: its new bytes
// are all put in its place at once, as threads may be running in it. The bytes that they run are the same before and
// after.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ferry::os {

size_t page_bytes();

// `bytes`, whole pages. Null: errno says why.
uint8_t* reserve_pages(size_t bytes);
void unreserve_pages(uint8_t* begin, size_t bytes);
// Gives the memory of whole pages back; the addresses stay reserved. Pages that cannot be given back stay as they are.
void empty_pages(uint8_t* begin, size_t bytes);

// A way to exchange pages: as this system can, and may be denied.
struct PageMethod {
  std::string_view name;
  // Puts an executable copy of `image` in the place of whole pages at `to`, in a reserved range. 0, or an errno with
  // the old pages still there.
  int (*exchange)(uint8_t* to, const uint8_t* image, size_t bytes);
};
// In the order in which they shall be tried; at most 8. None: no native code on this system.
std::span<const PageMethod> page_methods();

}  // namespace ferry::os
