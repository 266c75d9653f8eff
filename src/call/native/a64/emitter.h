// Inside of the AArch64 (AAPCS64) thunk emitter: its frame, its rules for registers, and the two ways to reach the Lua
// stack. Included by this folder's sources only.
#pragma once

#include <asmjit/arm/a64assembler.h>

#include <functional>
#include <memory>
#include <vector>

#include "call/native/emit.h"

namespace ferry::call::a64 {

namespace arm = asmjit::a64;
using asmjit::Label;
using asmjit::a64::Gp;
using asmjit::a64::Mem;
using asmjit::a64::Vec;

// Registers. x19: L; x20: State; sp: the outgoing area. Before the C call no argument register may be used as scratch,
// because arguments that need no call are loaded straight into theirs: x9-x17 and v16-v31 are free (AAPCS64 6.1).
inline constexpr arm::GpX kL = arm::x19;
inline constexpr arm::GpX kState = arm::x20;
inline constexpr arm::GpX kValue = arm::x9;  // integers and addresses on their way
inline constexpr arm::GpX kScratch = arm::x10;
inline constexpr arm::GpX kBase = arm::x11;  // direct access: the first stack slot; lost at any call
inline constexpr arm::GpX kTop = arm::x12;   // direct access: the first free slot of a row
inline constexpr arm::GpX kTemp = arm::x13;  // within one step only, and so is x14
inline constexpr arm::GpX kTemp2 = arm::x14;
inline constexpr arm::GpX kTarget = arm::x16;  // of calls
inline constexpr arm::VecV kScratchVec = arm::v31;

// The frame, with x29 as its fixed point. Code reaches it from sp, because negative offsets are limited to 256.
// What is below the saved registers is there only in thunks that need any of it.
//   [x29+8]   return address
//   [x29]     caller's x29
//   [x29-8]   caller's x20
//   [x29-16]  caller's x19
//   [x29-48]  address of the C function (thunks of function types)
//   [x29-56]  storage of the result's object
//   [x29-64]  data (thunks of function types)
//   [x29-96]  result bytes (32) for push_result
//   ...       values of arguments, 16-aligned each
//   [sp]      outgoing area
inline constexpr int kFunctionAt = -48;
inline constexpr int kObjectAt = -56;
inline constexpr int kDataAt = -64;
inline constexpr int kResultAt = -96;
static_assert(kResultAt % 16 == 0);
inline constexpr FrameShape kFrameShape{.saved = 1, .lands_exceptions = true};
// sp is set by one instruction, whose immediate has 12 bits, and no guard page is skipped.
inline constexpr int kMaxFrameBytes = 4095 & -16;

enum class LuaKind : uint8_t { nil, light, string, userdata, count };

// How emitted code reads Lua arguments and pushes the result. Where `calls()`, any of it may call functions, and all
// registers but x19-x28 are lost; otherwise only x9-x17 and v16-v31 are. `unexpected` is jumped to with nothing
// changed.
class StackAccess {
 public:
  virtual ~StackAccess() = default;
  virtual bool calls() const = 0;
  // To be called after any other code that called something: what is kept in registers is read again.
  virtual void registers_lost() = 0;

  // Jumps unless exactly `n` arguments lie from index `first` up.
  virtual void check_count(int first, int n, const Label& unexpected) = 0;
  // `to`: the 64-bit integer value of a number, truncated towards zero. `scratch`: 8 bytes of the frame.
  virtual void integer(int index, ThunkKind narrow, const Gp& to, const Mem& scratch, const Label& unexpected) = 0;
  // `to`: a double.
  virtual void number(int index, const Vec& to, const Label& unexpected) = 0;
  // As ThunkArg::exact says.
  virtual void exact_integer(int index, ThunkKind kind, const Gp& to, const Label& unexpected) = 0;
  virtual void exact_number(int index, const Vec& to, const Label& unexpected) = 0;
  // x9: 0 or 1.
  virtual void boolean(int index, const Label& unexpected) = 0;

  // w9: a code of the value's kind, as kind_code() gives it.
  virtual void load_kind(int index) = 0;
  virtual uint8_t kind_code(LuaKind kind) const = 0;
  // x9, of a value whose kind is known: CData* (a userdata that is none jumps), bytes of a string, a light userdata's
  // value.
  virtual void cdata(int index, const Label& unexpected) = 0;
  virtual void string(int index) = 0;
  virtual void light(int index) = 0;
  // x9: the address of a function's object.
  virtual void function(int index) = 0;

  // From now on index 1 is the value on top of the stack.
  virtual void look_at_top() = 0;

  // Push x9 (64-bit integer that Lua numbers of this version can hold exactly), d0, x9 (0 or 1).
  virtual void push_integer() = 0;
  virtual void push_number() = 0;
  virtual void push_boolean() = 0;
  // Direct access only: a value as it lies in memory, and its tag (one byte there).
  virtual void push_value(const Mem& value, const Mem& tag) = 0;
  // Pushes between these two go into a row: the top is written once. Only x12 is to be left alone in between.
  virtual void begin_row() = 0;
  virtual void end_row() = 0;
};

// Extends `from` to 64 bits from the width of an integer kind.
void narrow(arm::Assembler& a, ThunkKind kind, const Gp& to, const Gp& from);
// Loads an integer of that kind, extended to 64 bits.
void load_narrow(arm::Assembler& a, ThunkKind kind, const Gp& to, const Mem& from);
// Calls a C function.
void call(arm::Assembler& a, const void* function);
inline void load_address(arm::Assembler& a, const Gp& to, const void* address) {
  a.mov(to, reinterpret_cast<uint64_t>(address));
}
// What indirect calls and jumps by x16 or x17 have to meet first (`bti c`): pages may be guarded (code_pages.h). Older
// processors take it for a nop.
inline void landing_pad(arm::Assembler& a) {
  a.hint(34);
}
// Jumps to what lies at `cell`. By x16, so that a `bti c` there takes it.
inline void jump_through(arm::Assembler& a, const void* cell) {
  load_address(a, kTarget, cell);
  a.ldr(kTarget, arm::ptr(kTarget));
  a.br(kTarget);
}
// x13 = the thread pointer.
void load_thread_pointer(arm::Assembler& a);
// What this_thread() of src/lua says, into `to`; changes x13, x14.
void load_thread(arm::Assembler& a, const ThunkHost& host, const Gp& to);
// C's errno, in the initial TLS block at the same distance in every thread (ELF TLS for AArch64, variant 1). Changes
// x13, x14.
Mem errno_at(arm::Assembler& a, const ThunkHost& host);

// Code that is placed behind the thunk, so that the usual path is straight.
class OutOfLine {
 public:
  void add(std::function<void()> emit) { blocks_.push_back(std::move(emit)); }
  void emit() {
    for (size_t i = 0; i < blocks_.size(); ++i) {  // a block may add blocks
      auto block = blocks_[i];
      block();
    }
  }

 private:
  std::vector<std::function<void()>> blocks_;
};

// Emitter's callback part is callback.cpp's.
FrameShape callback_shape(const ThunkHost& host, const abi::CallPlan& plan);
bool assemble_callback(Encoder& encoder, const ThunkHost& host, const CallbackApi& api,
                       const CallbackHandlers& handlers, const CallbackSpec& spec);
void assemble_entries(Encoder& encoder, std::span<const void* const> slots);
void assemble_answer(Encoder& encoder, const abi::CallPlan& plan);

std::unique_ptr<StackAccess> make_stack_access(arm::Assembler& a, OutOfLine& cold, const ThunkHost& host);

}  // namespace ferry::call::a64
