// How emitted code reaches the Lua stack: through the public API, or directly where the State's layout is known.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "call/native/machine.h"

namespace ferry::call {

enum class LuaKind : uint8_t { nil, light, string, userdata, count };

// Code that is placed behind the rest, so that the usual path is straight.
class OutOfLine {
 public:
  void add(std::function<void()> emit) { blocks_.push_back(std::move(emit)); }
  void emit() {
    for (size_t i = 0; i < blocks_.size(); ++i) {  // a block may add blocks
      const std::function<void()> block = std::move(blocks_[i]);
      block();
    }
  }

 private:
  std::vector<std::function<void()>> blocks_;
};

// Reads Lua arguments and pushes results. Where `calls()`, any of it may call functions, and all registers but those
// that are kept are lost; otherwise value, scratch, base and top are. `unexpected` is jumped to with nothing changed.
class StackAccess {
 public:
  virtual ~StackAccess() = default;
  virtual bool calls() const = 0;
  // To be called after any other code that called something: what is kept in registers is read again.
  virtual void registers_lost() = 0;

  // Jumps unless exactly `n` arguments lie from index `first` up.
  virtual void check_count(int first, int n, Label unexpected) = 0;
  // The same for the thunk of a library function, from ThunkOffsets::record_expected. First of all, while the first
  // argument is L; sets State.
  virtual void check_record(const void* record, Label unexpected) = 0;
  // `to`: the 64-bit integer value of a number, truncated towards zero, and narrowed.
  virtual void integer(int index, ThunkKind kind, Reg to, Label unexpected) = 0;
  virtual void number(int index, Vec to, Label unexpected) = 0;
  // As ThunkArg::exact says.
  virtual void exact_integer(int index, ThunkKind kind, Reg to, Label unexpected) = 0;
  virtual void exact_number(int index, Vec to, Label unexpected) = 0;
  // value: 0 or 1.
  virtual void boolean(int index, Label unexpected) = 0;

  // value, 4 bytes: a code of the value's kind, as kind_code() gives it.
  virtual void load_kind(int index) = 0;
  virtual uint8_t kind_code(LuaKind kind) const = 0;
  // value, of a Lua value whose kind is known: CData* (a userdata that is none jumps), bytes of a string, a light
  // userdata's value, the address of a function's object.
  virtual void cdata(int index, Label unexpected) = 0;
  virtual void string(int index) = 0;
  virtual void light(int index) = 0;
  virtual void function(int index) = 0;

  // From now on index 1 is the value on top of the stack.
  virtual void look_at_top() = 0;

  // Push value (an integer that Lua numbers of this version can hold exactly), vector, value as a boolean.
  virtual void push_integer() = 0;
  virtual void push_number() = 0;
  virtual void push_boolean() = 0;
  // Direct access only: a value as it lies in memory, and its tag (one byte there).
  virtual void push_value(At value, At tag) = 0;
  // Pushes between these two go into a row: the top is written once. Only `top` is to be left alone in between.
  virtual void begin_row() = 0;
  virtual void end_row() = 0;
};

std::unique_ptr<StackAccess> make_stack_access(Machine& m, OutOfLine& cold, const ThunkHost& host);

}  // namespace ferry::call
