// Calls of C functions: argument conversion into the back end's frame, the call, the result.
#include "lua/calls/call.h"

#include <cstdlib>

#include "base/compiler.h"
#include "base/stack.h"
#include "lua/calls/call_info.h"
#include "lua/calls/callback.h"
#include "lua/calls/callback_scope.h"
#include "lua/calls/exceptions.h"
#include "lua/calls/opening.h"
#include "lua/calls/printf_args.h"
#include "lua/calls/settle.h"
#include "lua/calls/varargs.h"
#include "lua/state/check.h"
#include "lua/values/numbers.h"
#include "lua/values/read.h"
#include "lua/values/write.h"
#include "os/threads.h"

namespace ferry::lua {

namespace {

// Larger frames (structs of megabytes by value) are put into a userdata instead of the C stack.
constexpr size_t kMaxStackFrame = 32 * 1024;
// Frames from this size on are no longer small beside what Lua itself uses for each level of calls.
constexpr size_t kLargeFrame = 1024;

// The C call in progress, or the opening of a blocking one. Ends also when a C++ exception passes.
class CallGuard {
 public:
  CallGuard(State* st, lua_State* L, bool blocking) : st_(st), outer_(st->gate->caller), blocking_(blocking) {
    if (blocking) {
      begin_opening(st, &opening_);
    } else {
      enter_call(st->gate, L, this_thread());
    }
  }
  ~CallGuard() { end(); }
  CallGuard(const CallGuard&) = delete;
  CallGuard& operator=(const CallGuard&) = delete;

  // From here on the state is this thread's.
  void end() {
    if (ended_) return;
    ended_ = true;
    if (blocking_) end_opening(st_, &opening_);
    set_caller(st_->gate, outer_);
  }

 private:
  State* st_;
  lua_State* outer_;
  Opening opening_;
  bool blocking_;
  bool ended_ = false;
};

// The callbacks that were made for a C call. Ends with it, also when a C++ exception passes.
class ScopeGuard {
 public:
  ScopeGuard(lua_State* L, State* st, CallScope* scope) : L_(L), st_(st), scope_(scope) {}
  ~ScopeGuard() {
    if (scope_->first != nullptr) end_scope(L_, st_, scope_);
  }
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;

 private:
  lua_State* L_;
  State* st_;
  CallScope* scope_;
};

// Runs the C function. No Lua call happens here except inside callbacks, which are protected. False: a C++ exception
// came out of it and st->errors.message says which. Lua's own exceptions (C++-built Lua) are no std::exception and
// pass.
bool run(lua_State* L, State* st, const call::Invoker& invoker, bool blocking, call::CFunction function,
         const char* name, std::byte* frame, void* result, CallScope* scope) {
  const ScopeGuard scope_guard(L, st, scope);
  const os::LastError before = st->gate->saved_error;
  CallGuard guard(st, L, blocking);
  try {
    os::set_last_error(before);
    invoker.invoke(function, frame, result);
    const os::LastError after = os::last_error();
    guard.end();
    st->gate->saved_error = after;
  } catch (...) {
    const os::LastError after = os::last_error();
    guard.end();
    st->gate->saved_error = after;
    if (!describe_exception(st, name)) throw;
    remove_notice(st->gate, kCallbackFailed);
    return false;
  }
  return true;
}

[[noreturn]] void wrong_count(lua_State* L, bool open, const char* name, int want, int given) {
  raise(L, "wrong number of arguments for %s%s%s (%s%d expected, got %d)", name != nullptr ? "'" : "",
        name != nullptr ? name : "function call", name != nullptr ? "'" : "", open ? "at least " : "", want, given);
}

// Refuses a call whose arguments do not fit the thread's C stack: here, where the back end copies them, and in the C
// function, which passes them on.
void check_stack(lua_State* L, State* st, TypeInfo* type, const char* name, size_t bytes) {
  os::find_stack();
  if (stack_is_short_of(4 * bytes + kStackReserve)) raise_stack(L, st, type, name, bytes);
}

// Writes one argument. The fast paths are the conversions that need neither allocation nor a type look-up. True: it is
// a Lua function for the call, which begin_scope() will write; until then the slot is not null.
template <bool strict>
inline bool write_argument(lua_State* L, State* st, TypeInfo* info, void* slot, int idx, int number, const char* name,
                           const uint8_t* marks) {
  const int type = lua_type(L, idx);
  CData* cd = nullptr;
  if (type == LUA_TNUMBER && !strict) {
    switch (info->rep) {
      case Rep::i32:
      case Rep::u32:
      case Rep::i8:
      case Rep::u8:
      case Rep::i16:
      case Rep::u16:
      case Rep::i64:
      case Rep::u64: {
        const int64_t value = integer_at(L, idx, info->size);
        std::memcpy(slot, &value, sizeof value);
        if (info->rep != Rep::i64 && info->rep != Rep::u64) {
          call::store_integer(slot, narrow(info->rep, value), info->size);
        }
        return false;
      }
      case Rep::f64: {
        const double value = lua_tonumber(L, idx);
        std::memcpy(slot, &value, sizeof value);
        return false;
      }
      case Rep::f32: {
        const auto value = static_cast<float>(lua_tonumber(L, idx));
        std::memcpy(slot, &value, sizeof value);
        return false;
      }
      default:
        break;
    }
  } else if (type == LUA_TUSERDATA && info->rep == Rep::pointer) {
    cd = to_cdata(L, st, idx);
    if (cd != nullptr && (cd->type == info->id || cd->type == info->base_id)) {
      // The very pointer type, or an object of the type pointed to.
      void* value = cd->data;
      if (cd->type == info->id || base_of(st, info)->rep == Rep::record) {
        std::memcpy(slot, &value, sizeof value);
        return false;
      }
    }
  }
  const Source from = cd != nullptr ? classify(st, cd, idx) : classify(L, st, idx, type);
  if (info->rep == Rep::pointer && (from.kind == Source::Kind::function || from.kind == Source::Kind::own) &&
      is_for_call(L, st, info, from, marks != nullptr ? *marks : uint8_t{0})) {
    std::memset(slot, 0xff, sizeof(void*));
    return true;
  }
  const Place place{Place::Kind::argument, number, name, kNoType};
  write_any(L, st, info, slot, from, place, TargetOwner{}, kCallArgument);
  widen_slot(info, slot);
  return false;
}

// Refuses NULL where the declaration says that it is never given. The arguments are in the frame.
void check_nonnull(lua_State* L, State* st, const TypeInfo* type, const CallInfo* info,
                   const call::Invoker::Slot* slots, const std::byte* frame, int first, const char* name) {
  for (size_t i = 0; i < info->marks.size(); ++i) {
    if ((info->marks[i] & kNonnull) == 0) continue;
    if (load_int(frame + slots[i].offset, info->params[i]->size, true) != 0) continue;
    const int number = static_cast<int>(i) + 1;
    const char* given = describe_value(L, st, first + static_cast<int>(i));
    const char* target = type_name(st, info->params[i]->id);
    without_exceptions(st, [&] {
      st->errors.message = std::string(lua_isnil(L, first + static_cast<int>(i)) ? "" : "a NULL '") + given +
                           (lua_isnil(L, first + static_cast<int>(i)) ? "" : "'") + " for '" + target +
                           "', which is declared nonnull";
      return true;
    });
    raise_at(L, st, Place{Place::Kind::argument, number, name, type->id});
  }
}

// Writes the arguments from stack index `first` on to where the invoker wants them: the function's own and those of
// `shape`, if it is not null. That is the invoker's affair: that of a shape has another frame than the function's own.
// True: begin_scope() has to follow.
template <bool strict>
inline bool write_arguments(lua_State* L, State* st, const CallInfo* info, const VarargShape* shape,
                            const call::Invoker* invoker, std::byte* frame, int first, int extra, const char* name) {
  const call::Invoker::Slot* slot = invoker->args().data();
  const int fixed = static_cast<int>(info->params.size());
  const uint8_t* marks = info->marks.empty() ? nullptr : info->marks.data();
  bool waits = false;
  for (int i = 0; i < fixed; ++i, ++slot) {
    waits |= write_argument<strict>(L, st, info->params[static_cast<size_t>(i)], frame + slot->offset, first + i, i + 1,
                                    name, marks != nullptr ? marks + i : nullptr);
  }
  if (shape == nullptr) return waits;
  for (int i = 0; i < extra; ++i, ++slot) {
    write_argument<strict>(L, st, shape->types[static_cast<size_t>(i)], frame + slot->offset, first + fixed + i,
                           fixed + i + 1, name, nullptr);
  }
  return waits;
}

// Calls `each` with the pointers among the arguments in the frame, and with their numbers.
template <typename Each>
void for_each_pointer(const CallInfo* info, const VarargShape* shape, const call::Invoker* invoker,
                      const std::byte* frame, Each each) {
  const call::Invoker::Slot* slot = invoker->args().data();
  int number = 0;
  const auto look = [&](const std::vector<TypeInfo*>& types) {
    for (const TypeInfo* type : types) {
      ++number;
      const void* pointer = nullptr;
      if (type->rep == Rep::pointer || type->rep == Rep::reference) {
        std::memcpy(&pointer, frame + slot->offset, sizeof pointer);
        each(pointer, type, number);
      }
      ++slot;
    }
  };
  look(info->params);
  if (shape != nullptr) look(shape->types);
}

// Writes the arguments where the state is strict or checked.
FERRY_NO_INLINE bool write_carefully(lua_State* L, State* st, const CallInfo* info, const VarargShape* shape,
                                     const call::Invoker* invoker, std::byte* frame, int first, int extra,
                                     const char* name) {
  const bool waits = st->strict ? write_arguments<true>(L, st, info, shape, invoker, frame, first, extra, name)
                                : write_arguments<false>(L, st, info, shape, invoker, frame, first, extra, name);
  if (st->check == nullptr) return waits;
  for_each_pointer(info, shape, invoker, frame, [&](const void* pointer, const TypeInfo* type, int number) {
    if (!points_to_life(st, pointer, type->id)) {
      raise_at(L, st, Place{Place::Kind::argument, number, name, kNoType});
    }
    check_block_at(st, pointer, nullptr);  // what the call did not do
  });
  add_notice(st->gate, kFound);  // so that the call's end is looked at
  return waits;
}

// The call has returned, and something waits for that.
void finish(lua_State* L, State* st, const CallInfo* info, const VarargShape* shape, const call::Invoker* invoker,
            const std::byte* frame, const char* name) {
  if (st->check != nullptr) {
    for_each_pointer(info, shape, invoker, frame,
                     [&](const void* pointer, const TypeInfo*, int) { check_block_at(st, pointer, name); });
  }
  settle(L, st);
}

inline CallForm find_form(lua_State* L, State* st, TypeInfo* type, const char* name, int first,
                          const VarargShape* declared) {
  const CallInfo* info = type->call != nullptr ? type->call : call_info_of(L, st, type, name);
  const int given = lua_gettop(L) - first + 1;
  const int fixed = static_cast<int>(info->params.size());
  const bool open = info->variadic && declared == nullptr;
  const int want = declared != nullptr ? fixed + static_cast<int>(declared->types.size()) : fixed;
  if (given != want && (given < want || !open)) wrong_count(L, open, name, want, given);
  CallForm form{info, info->invoker.get(), nullptr, given - fixed};
  if (declared != nullptr) {
    form.shape = declared;
    form.invoker = declared->invoker;
  } else if (info->variadic && (form.extra > 0 || info->format.style == FormatAttribute::printf)) {
    form.shape = vararg_shape(L, st, type, name, first, form.extra);
    if (form.shape != nullptr) form.invoker = form.shape->invoker;
  } else if (info->variadic) {
    apply_format(L, st, info->format, name, first, fixed, nullptr, 0);  // refuses a format that wants arguments
  }
  // Temporaries (one per argument at most), the result, and what a callback pushes outside of its pcall.
  if (given > 4) luaL_checkstack(L, given + 12, "too many arguments");
  return form;
}

inline bool fill_frame(lua_State* L, State* st, TypeInfo* type, const CallForm& form, std::byte* frame, int first,
                       const char* name) {
  const CallInfo* info = form.info;
  const bool waits =
      st->careful ? write_carefully(L, st, info, form.shape, form.invoker, frame, first, form.extra, name)
                  : write_arguments<false>(L, st, info, form.shape, form.invoker, frame, first, form.extra, name);
  if (!info->marks.empty()) check_nonnull(L, st, type, info, form.invoker->args().data(), frame, first, name);
  return waits;
}

// Pushes what the call returned.
int push_returned(lua_State* L, State* st, TypeInfo* info, void* result) {
  if (info->rep == Rep::none) return 0;
  push_value(L, st, info, result, 0);
  return 1;
}

}  // namespace

void widen_slot(const TypeInfo* info, void* slot) {
  if (info->size >= 8) return;
  switch (info->rep) {
    case Rep::boolean:
    case Rep::i8:
    case Rep::u8:
    case Rep::i16:
    case Rep::u16:
    case Rep::i32:
    case Rep::u32:
      call::store_integer(slot, load_int(slot, info->size, (info->type_flags & kUnsigned) != 0), info->size);
      return;
    case Rep::pointer:
    case Rep::reference:
      call::store_integer(slot, load_int(slot, info->size, true), info->size);
      return;
    default:
      return;
  }
}

void convert_argument(lua_State* L, State* st, TypeInfo* info, void* slot, int idx, int number, const char* name) {
  st->strict ? write_argument<true>(L, st, info, slot, idx, number, name, nullptr)
             : write_argument<false>(L, st, info, slot, idx, number, name, nullptr);
}

CallForm form_of_call(lua_State* L, State* st, TypeInfo* type, const char* name, int first,
                      const VarargShape* declared) {
  return find_form(L, st, type, name, first, declared);
}

bool write_frame(lua_State* L, State* st, TypeInfo* type, const CallForm& form, std::byte* frame, int first,
                 const char* name) {
  return fill_frame(L, st, type, form, frame, first, name);
}

void raise_stack(lua_State* L, State* st, TypeInfo* type, const char* name, size_t bytes) {
  raise(L, "C stack overflow: the arguments of '%s' take %d bytes", name != nullptr ? name : type_name(st, type->id),
        static_cast<int>(bytes));
}

int call_c(lua_State* L, State* st, TypeInfo* type, call::CFunction function, const char* name, int first,
           const VarargShape* declared) {
  const CallForm form = find_form(L, st, type, name, first, declared);
  const CallInfo* info = form.info;
  const call::Invoker* invoker = form.invoker;
  const size_t bytes = invoker->frame_bytes();
  std::byte* frame;
  if (bytes >= kLargeFrame) check_stack(L, st, type, name, bytes);
  if (bytes <= kMaxStackFrame) {
    frame = static_cast<std::byte*>(FERRY_ALLOCA(bytes + 15));
  } else {
    frame = static_cast<std::byte*>(new_userdata(L, bytes + 15));
  }
  frame = reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(frame) + 15) & ~uintptr_t{15});

  const bool waits = fill_frame(L, st, type, form, frame, first, name);

  alignas(16) std::byte scalar[kScalarResult];
  void* result = scalar;
  TypeInfo* returned = info->result;
  CData* object = nullptr;
  if (is_object_result(returned)) {
    const uint64_t need = invoker->result_bytes() > returned->size ? invoker->result_bytes() : returned->size;
    object = new_cdata(L, st, returned, need);
    result = object->address();
  }
  CallScope scope;
  if (waits) begin_scope(L, st, info, invoker->args().data(), frame, first, name, &scope);
  const bool ok = run(L, st, *invoker, info->blocking, function, name, frame, result, &scope);
  if (!ok) raise_error(L, st);
  if (notices_of(st->gate) != 0) finish(L, st, info, form.shape, invoker, frame, name);
  if (object != nullptr) return 1;  // on top
  return push_returned(L, st, returned, result);
}

}  // namespace ferry::lua
