// Runs call plans: C functions called from values in memory, and C function pointers that call back
// into a handler. Knows no Lua. Two implementations here: the stub (plan interpreted around one
// static assembly routine per ABI) and libffi; both give exactly the same results. A build has those that
// its host and its libraries allow (backends.h), one at least.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "abi/plan.h"
#include "base/result.h"
#include "ctype/type_table.h"

namespace ferry::call {

using CFunction = void (*)();

// How a function of one type is called; made once per function type (per argument shape for varargs).
// The caller lays out one frame of `frame_bytes`, 16-aligned, puts each argument's value at its
// offset, and calls `invoke`.
//   - an integer, bool, enum or pointer of up to 8 bytes is written as a whole sign- or zero-extended
//     64-bit slot on little-endian hosts, in its own size on big-endian ones (see store_integer());
//   - everything else is written in its memory form, `size` bytes.
// The frame need not be cleared: invoke ignores and overwrites what is not an argument.
class Invoker {
 public:
  struct Slot {
    uint32_t offset = 0;  // bytes into the frame, aligned for the value
    uint32_t size = 0;    // bytes of the value
  };

  virtual ~Invoker() = default;
  std::span<const Slot> args() const { return args_; }
  size_t frame_bytes() const { return frame_bytes_; }
  // Bytes to provide at `result`: the size of the C result, at least 16, whatever is larger.
  size_t result_bytes() const { return result_bytes_; }
  // Calls. `result` receives the result's memory form (8-byte slot for integers, as above; nothing for void)
  // and is aligned for the result type. A struct result may be written there directly by the callee.
  // C++ exceptions and longjmps of the callee pass through. Keeps errno as the callee left it.
  virtual void invoke(CFunction function, std::byte* frame, void* result) const = 0;

 protected:
  std::vector<Slot> args_;
  size_t frame_bytes_ = 0;
  size_t result_bytes_ = 16;
};

// What a C caller's call of a callback does. `args[i]` points to the i-th argument's memory form;
// `result` takes the result's memory form (integers as an 8-byte slot), pre-set to zero. Must not throw or longjmp.
using CallbackHandler = void (*)(void* context, void* const* args, void* result);

// A live C function pointer. Destroying it retires its slot: the pointer stays callable for ever, and
// returns zero; slots are reused oldest first.
class Callback {
 public:
  virtual ~Callback() = default;
  CFunction address() const { return address_; }
  // From now on calls return zero without reaching the handler (the slot stays taken).
  virtual void mute() = 0;

 protected:
  CFunction address_ = nullptr;
};

// A way to run plans. Stateless; lives for the process.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;  // "thunk", "stub", "libffi"
  // Whether it works in this process; asked first, and nothing else if not. Error: why not.
  virtual Result<void> available() const { return {}; }
  // Whether Lua's calls shall be compiled where they can be (thunk.h).
  virtual bool makes_code() const { return false; }
  // Errors: what the convention or the back end cannot express, by the type's name.
  virtual Result<std::unique_ptr<Invoker>> make_invoker(const TypeTable& types, TypeId function,
                                                        std::span<const TypeId> extra) const = 0;
  // Errors: as make_invoker; variadic functions; no free slot (the cap is in the message). May be called
  // on any thread. Callbacks of one shape share what was computed for it.
  virtual Result<std::unique_ptr<Callback>> make_callback(const TypeTable& types, TypeId function,
                                                          CallbackHandler handler, void* context) const = 0;
};

// The back end to use: the best that works here, or the one that `forced` names (from FERRY_BACKEND). Error: this build
// has none of that name, or it does not work here.
Result<const Backend*> select_backend(std::string_view forced);
// All that work here, best first.
std::span<const Backend* const> all_backends();

// Those that Ferry has somewhere, best first.
inline constexpr std::string_view kBackendNames[] = {"thunk", "stub", "libffi"};
// Why that back end is not to be had in this process; empty: it works. May load a library.
std::string why_no_backend(std::string_view name);

// Writes an integer value into an argument slot, or reads one from a result slot, as described at Invoker.
void store_integer(void* slot, int64_t value, size_t size);
int64_t load_integer(const void* slot, size_t size, bool is_unsigned);

}  // namespace ferry::call
