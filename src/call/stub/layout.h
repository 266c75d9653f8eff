// What the stub's static routines and its C++ code share on every processor: the outgoing stack area, and the
// size of trampolines. Included by C++ and by the assembler; the #defines are the single source of every offset.
#pragma once

#include "call/host.h"

// StackArea, below.
#define FERRY_AREA_OFFSET 0
#define FERRY_AREA_BYTES 8
#define FERRY_AREA_COPY 16
#define FERRY_AREA_MASK 24

// Below this a page can be skipped over by one push, above it the stack is touched page by page.
#define FERRY_PROBE_STEP 4096

// Static trampolines: 16 bytes of code each.
#define FERRY_TRAMPOLINE_BYTES 16

#ifndef __ASSEMBLER__

#include <cstddef>
#include <cstdint>

namespace ferry::call {

// The outgoing stack area of one call shape, as the static routines read it.
struct StackArea {
  uint64_t frame_offset = 0;      // of the area's image in the invoker's frame
  uint64_t bytes = 0;             // to reserve
  uint64_t copy_bytes = 0;        // to copy, a multiple of the stack's alignment; 0 if no argument is on the stack
  uint64_t mask = ~uint64_t{15};  // alignment of the reserved area: -align
};
static_assert(offsetof(StackArea, frame_offset) == FERRY_AREA_OFFSET);
static_assert(offsetof(StackArea, bytes) == FERRY_AREA_BYTES);
static_assert(offsetof(StackArea, copy_bytes) == FERRY_AREA_COPY);
static_assert(offsetof(StackArea, mask) == FERRY_AREA_MASK);

}  // namespace ferry::call
#endif
