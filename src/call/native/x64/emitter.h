// Inside of the x86-64 thunk emitter: its frame, its rules for registers, and the two ways to reach the Lua stack.
// Included by this folder's sources only.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "call/native/emit.h"
#include "call/native/x64/convention.h"

namespace ferry::call::x64 {

using asmjit::Label;

// Registers. rbx: L; r12: State; rsp: the outgoing area. Before the C call no argument register may be used as
// scratch, because arguments that need no call are loaded straight into theirs: rax, r10, r11, and xmm15, or, where
// that is the caller's, xmm5, are free.
inline constexpr auto kL = x86::rbx;
inline constexpr auto kState = x86::r12;
inline constexpr auto kBase = x86::r11;  // direct access: the first stack slot; lost at any call
inline constexpr auto kScratch = x86::r10;

// The frame. What is below the saved registers is there only in thunks that need any of it.
//   [rbp+8]   return address
//   [rbp]     caller's rbp
//   [rbp-8]   caller's rbx
//   [rbp-16]  caller's r12
//   [rbp-24]  caller's rdi, rsi below it: where they are the caller's, and not kept by the C function
//   [rbp-48]  address of the C function (thunks of function types)
//   [rbp-56]  storage of the result's object
//   [rbp-64]  data (thunks of function types)
//   [rbp-96]  result bytes (32) for push_result
//   ...       values of arguments, 16-aligned each; also those that are passed by their address
//   ...       caller's xmm6-15, with rdi and rsi
//   [rsp]     outgoing area
inline constexpr int kKeptAt = -24;
inline constexpr int kFunctionAt = -48;
inline constexpr int kObjectAt = -56;
inline constexpr int kDataAt = -64;
inline constexpr int kResultAt = -96;
static_assert(kResultAt % 16 == 0);

enum class LuaKind : uint8_t { nil, light, string, userdata, count };

// How emitted code reads Lua arguments and pushes the result. Where `calls()`, any of it may call functions, and all
// registers but rbx, r12, rbp, rsp are lost; otherwise only rax, r10, r11 are.
// `unexpected` is jumped to with nothing changed.
class StackAccess {
 public:
  virtual ~StackAccess() = default;
  virtual bool calls() const = 0;
  // To be called after any other code that called something: what is kept in registers is read again.
  virtual void registers_lost() = 0;

  // Jumps unless exactly `n` arguments lie from index `first` up.
  virtual void check_count(int first, int n, const Label& unexpected) = 0;
  // The same for the thunk of a library function, from ThunkOffsets::record_expected. First of all, while rdi is L;
  // sets kState.
  virtual void check_record(const void* record, const Label& unexpected) = 0;
  // rax: the 64-bit integer value of a number, truncated towards zero.
  virtual void integer(int index, ThunkKind narrow, const x86::Gp& to, const Label& unexpected) = 0;
  virtual void number(int index, const x86::Xmm& to, const Label& unexpected) = 0;
  // As ThunkArg::exact says.
  virtual void exact_integer(int index, ThunkKind kind, const x86::Gp& to, const Label& unexpected) = 0;
  virtual void exact_number(int index, const x86::Xmm& to, const Label& unexpected) = 0;
  // eax: 0 or 1.
  virtual void boolean(int index, const Label& unexpected) = 0;

  // eax: a code of the value's kind, for jump_if_kind only.
  virtual void load_kind(int index) = 0;
  virtual uint8_t kind_code(LuaKind kind) const = 0;
  // rax, of a value whose kind is known: CData* (a userdata that is none jumps), bytes of a string, a light userdata's
  // value.
  virtual void cdata(int index, const Label& unexpected) = 0;
  virtual void string(int index) = 0;
  virtual void light(int index) = 0;
  // rax: the address of a function's object.
  virtual void function(int index) = 0;

  // From now on index 1 is the value on top of the stack.
  virtual void look_at_top() = 0;

  // Push rax (64-bit integer that Lua numbers of this version can hold exactly), xmm0, al (0 or 1).
  virtual void push_integer() = 0;
  virtual void push_number() = 0;
  virtual void push_boolean() = 0;
  // Direct access only: a value as it lies in memory, and its tag.
  virtual void push_value(const x86::Mem& value, const x86::Mem& tag) = 0;
  // Pushes between these two go into a row: the top is written once. Only r10 is to be left alone in between.
  virtual void begin_row() = 0;
  virtual void end_row() = 0;
};

// Extends `from` (a 64-bit register) to 64 bits from the width of an integer kind.
void narrow(x86::Assembler& a, ThunkKind kind, const x86::Gp& to, const x86::Gp& from);
// Calls a C function.
void call(x86::Assembler& a, const void* function);

// Code that is placed behind the thunk, so that the usual path is straight.
class OutOfLine {
 public:
  void add(std::function<void()> emit) { blocks_.push_back(std::move(emit)); }
  void emit() {
    for (size_t i = 0; i < blocks_.size(); ++i) blocks_[i]();  // a block may add blocks
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

std::unique_ptr<StackAccess> make_stack_access(x86::Assembler& a, OutOfLine& cold, const ThunkHost& host);

}  // namespace ferry::call::x64
