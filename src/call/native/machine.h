// What a processor must be able to do for thunks and callbacks: operations that stack.cpp, thunk.cpp and callback.cpp
// are written in. An operation emits one instruction or a few, at once: there is no representation in between.
// x64/machine.cpp, a64/machine.cpp and x86/machine.cpp (i386) implement it, and they alone know the encoder.
//
// Registers have roles. Before the C call no argument register may be scratch, because arguments that need no call are
// loaded straight into theirs: operations change `value` and `scratch` only where they say so, and temporaries of
// their own that have no role.
#pragma once

#include <memory>
#include <span>

#include "call/native/callback.h"
#include "call/native/encoder.h"
#include "call/native/thunk.h"

namespace ferry::call {

struct Reg {
  uint8_t number = 0;
  bool operator==(const Reg&) const = default;
};
struct Vec {
  uint8_t number = 0;
  bool operator==(const Vec&) const = default;
};
struct Label {
  uint32_t id = 0;
};
// Memory at a register and an offset.
struct At {
  Reg base;
  int32_t offset = 0;
  At operator+(int64_t more) const { return {base, static_cast<int32_t>(offset + more)}; }
};

// The frame below the saved registers, as thunk.cpp and callback.cpp lay it out.
struct Frame {
  uint8_t saved = 2;   // L, State, data
  int below = 0;       // bytes below those of `saved`
  int kept_at = 0;     // where the caller relies on more (keeps_more): two registers from here down,
  int vectors_at = 0;  // and vectors from here up
};

// In the frame of a callback: the address of a result in memory, the bytes of another; how large it may be.
struct CallbackFrame {
  int address_at;
  int result_at;
  int room;
  int most;
};

class Machine {
 public:
  virtual ~Machine() = default;

  // --- roles ----------------------------------------------------------------------------------------------------
  struct Roles {
    Reg L, state, data;  // kept by what is called; data: CallbackData
    Reg value;           // integers and addresses on their way
    Reg scratch, base;   // base: direct access, the first stack slot
    Reg top;             // direct access: the first free slot
    Reg spare;           // free when a C function has returned, its result in registers
    Reg result;          // of calls
    Reg slot;            // a callback's, where its code is entered
    Vec vector;          // result of calls, and what is pushed
    Vec scratch_vector;
  };
  Roles r;
  int word = 8;  // bytes of an address, and of what lies on the C stack
  // What is emitted is a callback's: called by the plan's convention. Before anything else.
  virtual void be_callback() = 0;
  // Arguments by the convention of Lua, Ferry and this code; of the C function (or of the callback's caller).
  virtual Reg ours(size_t i) const = 0;
  virtual size_t our_count() const = 0;
  virtual Vec our_double(size_t i) const = 0;  // of that position, those before being general
  virtual Reg theirs(size_t i) const = 0;
  virtual Vec their_vector(size_t i) const = 0;
  virtual int our_home_space() const = 0;  // at the start of the outgoing area, the callee's to write
  virtual int their_home_space() const = 0;
  virtual int kept_vector_bytes() const = 0;  // 0: callers rely on no more than callees keep
  virtual CallbackFrame callback_frame() const = 0;
  // Argument registers have roles, too: what goes there waits in the frame until everything else is done.
  virtual bool uses_argument_registers() const { return false; }
  // Two registers for addresses while a callback pushes its arguments, which may be one.
  virtual Reg aside(size_t i) const { return ours(i + 1); }

  // --- the frame ------------------------------------------------------------------------------------------------
  // From the frame pointer; from the stack pointer.
  virtual At frame(int at) const = 0;
  virtual At outgoing(int offset) const = 0;
  virtual void prologue(const Frame& frame) = 0;
  virtual void epilogue() = 0;
  virtual void ret() = 0;
  // Makes room at the stack pointer for a while, multiples of 16; what is negative takes it away.
  virtual void lower_stack(int bytes) = 0;
  // L, our first argument, becomes that of a call, where it is not in its register still.
  virtual void pass_on(size_t) {}

  // --- control --------------------------------------------------------------------------------------------------
  enum class If : uint8_t { equal, not_equal };
  virtual Label label() = 0;
  virtual void bind(Label at) = 0;
  virtual void jump(Label to) = 0;
  virtual void jump(If condition, Label to) = 0;  // after compare
  virtual void jump_zero(Reg value, int bytes, Label to) = 0;
  virtual void jump_nonzero(Reg value, int bytes, Label to) = 0;
  virtual void jump_zero(At value, int bytes, Label to) = 0;
  virtual void jump_nonzero(At value, int bytes, Label to) = 0;
  virtual void jump_to(const void* code) = 0;
  virtual void jump_through(const void* cell) = 0;
  virtual void jump_through(At cell) = 0;
  virtual void call(const void* function) = 0;
  virtual void call_function(const void* function, int lift) = 0;
  virtual void call_function(At function, int lift) = 0;
  virtual void trap() = 0;
  virtual void align(size_t bytes) = 0;
  virtual void landing_pad() = 0;  // what indirect calls and jumps have to meet first
  virtual void finish() = 0;       // behind all code

  // --- integers -------------------------------------------------------------------------------------------------
  virtual void move(Reg to, Reg from) = 0;  // nothing where they are the same
  virtual void move32(Reg to, Reg from) = 0;
  virtual void set(Reg to, int value) = 0;
  virtual void zero(Reg to) = 0;
  virtual void load_address(Reg to, const void* address) = 0;
  virtual void address(Reg to, At of) = 0;
  virtual void load(Reg to, At from) = 0;
  // From the width of an integer kind, extended to a register.
  virtual void load(ThunkKind kind, Reg to, At from) = 0;
  virtual void narrow(ThunkKind kind, Reg to, Reg from) = 0;
  // `value`, extended to a register by this kind, to 64 bits, where these take two.
  virtual void extend(ThunkKind) {}
  virtual void store(At to, Reg from, int bytes) = 0;  // 8: `value`, of 64 bits
  void store(At to, Reg from) { store(to, from, word); }
  virtual void store(At to, int value, int bytes) = 0;
  virtual void add(Reg to, int value) = 0;
  virtual void add_to(At to, int value) = 0;  // an address
  virtual void count(At to, int by) = 0;      // 4 bytes; 1 or -1
  virtual void subtract(Reg from, Reg what) = 0;
  virtual void compare(Reg value, uint32_t with) = 0;  // 4 bytes
  virtual void compare(Reg value, At with, int bytes) = 0;
  virtual void compare(At value, Reg with) = 0;  // addresses
  virtual void compare(At value, uint32_t with, int bytes) = 0;
  // Loads an integer of 64 bits; jumps if it fits 32 (or if it does not).
  virtual void load_unless_fit(Reg to, At from, bool fits, Label to_label) = 0;
  virtual void jump_if_fit(Reg value, bool fits, Label to) = 0;

  // --- numbers and booleans ---------------------------------------------------------------------------------------
  virtual void move(Vec to, Vec from) = 0;
  virtual void load(Vec to, At from, int bytes) = 0;
  virtual void store(At to, Vec from, int bytes) = 0;
  virtual void to_single(Vec value) = 0;
  virtual void to_double(Vec value) = 0;
  virtual void to_double(Vec to, Reg from) = 0;
  virtual void to_double(Vec to, At from) = 0;  // from a 64-bit integer
  // `value` is the double truncated; jumps beyond the range of 64 bits, or where it may be.
  virtual void truncate(Vec from, Label beyond) = 0;
  virtual void truncate(At from, Label beyond) = 0;
  // `value` = memory or result != 0; a byte only until widen_boolean().
  virtual void test(At from, int bytes) = 0;
  virtual void test_result() = 0;
  virtual void widen_boolean() = 0;
  // `value` = 0 or 1 for the tags of false and true, which differ in one bit; others jump.
  virtual void boolean_of_tag(At tag, uint8_t is_false, uint8_t is_true, Label unexpected) = 0;
  virtual void store_tag_of_boolean(At tag, uint8_t is_false, uint8_t is_true) = 0;

  // --- tables, the stack, memory ----------------------------------------------------------------------------------
  // `value` = where the hash of `scratch` begins in the State's cache of metatables; the next place; whether `scratch`
  // is there; whether nothing is.
  virtual void first_entry(uint32_t shift, uint32_t size) = 0;
  virtual void next_entry(uint32_t size) = 0;
  virtual void compare_entry(uint32_t table) = 0;
  virtual void jump_empty_entry(uint32_t table, Label to) = 0;
  // Raises Lua's top, which `top` holds.
  virtual void advance_top(At field, int bytes) = 0;
  // The same with a value and its tag stored there before.
  struct Slot {
    int bytes, tag_at, tag_bytes;
    uint8_t tag;
  };
  virtual void push(At field, const Slot& slot, Reg value) = 0;
  virtual void push(At field, const Slot& slot, Vec value) = 0;
  // Not a byte beyond the object is read: it may end at the end of a page. Changes `value`.
  virtual void copy(At to, At from, uint64_t bytes) = 0;
  // 8 bytes, by `value`. `from` may be at aside().
  virtual void copy_value(At to, At from) {
    load(ThunkKind::u64, r.value, from);
    store(to, r.value, 8);
  }
  virtual void clear(At to, int bytes) = 0;  // whole words
  virtual void clear_at_pointer(At pointer, uint64_t bytes) = 0;

  // --- pieces of the plan -----------------------------------------------------------------------------------------
  // Whether a piece of a record is loaded by one instruction that reads no more than its bytes.
  virtual bool loads_directly(const abi::Piece& piece) const = 0;
  // `whole`: the memory has 8 bytes for every piece.
  virtual void load_piece(const abi::Piece& piece, At value, bool whole) = 0;
  virtual void spill(const abi::Piece& piece, At to) = 0;
  // Where variadic doubles are in general registers, too.
  virtual void copy_to_general(const abi::Piece& piece, Vec from) = 0;
  // Result registers and memory that has room for whole eightbytes.
  virtual void store_result(At to) = 0;
  virtual void load_result(At from) = 0;
  virtual void zero_result() = 0;            // also in memory; before a return
  virtual void return_address(At from) = 0;  // of a result in memory

  // --- the thread -------------------------------------------------------------------------------------------------
  virtual void load_thread(Reg to) = 0;
  virtual void load_errno(Reg to) = 0;
  virtual void store_errno(Reg from) = 0;
  // Stores this thread, then L: who sees L, on whatever thread, sees the owner, too. Changes `value`.
  virtual void claim(At caller, At owner) = 0;
  // Loads what other threads store, before anything that is loaded later.
  virtual void load_before(Reg to, At from) = 0;
};

}  // namespace ferry::call
