// What the stub has to know about one calling convention, as data: its register block and its static routines.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "abi/plan.h"
#include "call/backend.h"
#include "call/stub/layout.h"

namespace ferry::call {

// Bytes of a general register.
inline constexpr uint32_t kWord = sizeof(void*);

// How the register or slot above a narrow value is filled, where the convention does not ask for what the caller of an
// Invoker has written there.
enum class Fill : uint8_t {
  none,
  sign,  // by the value's sign bit
  zero,
  ones,
  as_double,  // a float becomes the double that the register holds
};

// Where in a word its least significant `size` bytes are.
constexpr uint32_t low_end(uint64_t size) {
  return std::endian::native == std::endian::big && size < kWord ? static_cast<uint32_t>(kWord - size) : 0;
}

// Where `piece` is in its word; on the stack it has an address of its own.
constexpr uint32_t within_word(const abi::Piece& piece) {
  return piece.where == abi::Where::stack || piece.justify == abi::Justify::high ? 0 : low_end(piece.size);
}

struct StubConvention {
  abi::Abi abi = abi::Abi::none;
  uint32_t block = 0;       // bytes of its register block; general registers are at its start, 8 bytes each
  uint32_t gpr_block = 0;   // bytes of the block that call_gprs reads
  uint32_t fpr_offset = 0;  // of the block's SIMD or floating-point registers, `fpr_bytes` each
  uint32_t fpr_bytes = 16;
  uint32_t vector_offset = 0;   // of its vector registers where those are others, 16 bytes each
  uint32_t result_address = 0;  // offset in the block of the register with the address of a result in memory
  uint32_t home_space = 0;      // bytes at the start of the outgoing area that carry no argument
  Fill (*fill)(abi::Where where, abi::Extend extend, uint32_t size) = nullptr;  // null: never any
  // Where floats are held as doubles: turns a float at the start of a word into that, and back.
  void (*widen)(std::byte* word) = nullptr;
  void (*narrow)(std::byte* word) = nullptr;
  // Routines void (CFunction, const std::byte* frame, const StackArea*) that load the registers from the frame's block
  // and call. Result registers are as the callee left them: they are called as functions of a suitable type.
  CFunction call_gprs = nullptr;       // without SIMD registers, without stack area; null: there is none
  CFunction call_registers = nullptr;  // without stack area
  CFunction call_stack = nullptr;
  // The table of trampolines, numbered from `first_trampoline` among all of this host's.
  const char* trampolines = nullptr;
  uint32_t first_trampoline = 0;
  uint32_t trampoline_count = 0;

  // Offset into the register block of `piece`, in the register that carries it (not for pieces on the stack).
  constexpr uint32_t register_offset(const abi::Piece& piece) const {
    switch (piece.where) {
      case abi::Where::gpr:
        return piece.reg * 8u + within_word(piece);
      case abi::Where::vector:
        return vector_offset + piece.reg * 16u;
      default:
        return fpr_offset + piece.reg * fpr_bytes + within_word(piece);
    }
  }
  // Whether the register of `piece` holds a float as a double.
  constexpr bool is_widened(const abi::Piece& piece) const {
    return widen != nullptr && piece.where == abi::Where::fpr && piece.size == sizeof(float);
  }
};

// An integer of `size` bytes in a general register, extended to the 64 bits of a slot: what lies above is undefined.
inline uint64_t extended(uint64_t bits, abi::Extend extend, uint32_t size) {
  const unsigned above = 64 - 8 * size;
  if (extend == abi::Extend::zero) return bits << above >> above;
  return static_cast<uint64_t>(static_cast<int64_t>(bits << above) >> above);
}

// The registers of a processor, its ResultKind, that a result comes back in.
template <typename Kind>
struct ResultIn {
  Kind kind = Kind::none;
  abi::Extend extend = abi::Extend::none;  // of an integer
  uint8_t size = 0;                        // bytes: of an integer, or as the kind says
  uint8_t count = 0;                       // as the kind says
  // Distinguishes forms, for keys.
  uint32_t code() const {
    return static_cast<uint32_t>(kind) | static_cast<uint32_t>(extend) << 8 | uint32_t{size} << 16 |
           uint32_t{count} << 24;
  }
};

// A routine, and what it is called with.
struct RoutineCall {
  CFunction routine;
  CFunction function;
  const std::byte* frame;
  const StackArea* area;
  void* result;

  // Runs it as a function of type T, whose result is in the registers where the routine has left it.
  template <typename T>
  T call() const {
    return reinterpret_cast<T(FERRY_ROUTINE*)(CFunction, const std::byte*, const StackArea*)>(routine)(function, frame,
                                                                                                       area);
  }
  // The same, and writes the result, or what is given instead.
  template <typename T>
  void put() const {
    put(call<T>());
  }
  template <typename T>
  void put(T value) const {
    std::memcpy(result, &value, sizeof value);
  }
};

// Puts an integer into the general register, as wide as the register.
template <typename Register>
void give_integer(Register& to, const std::byte* value, abi::Extend extend, uint32_t size) {
  std::memcpy(&to, value, sizeof to);
  to = static_cast<Register>(extended(to, extend, size));
}

}  // namespace ferry::call
