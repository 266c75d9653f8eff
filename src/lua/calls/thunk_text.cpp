// Native code of thunks and callbacks as text, for ffi.debug: specified as for the code that runs, and never published.
#include "call/host.h"
#include "lua/calls/c_function.h"
#include "lua/calls/callback.h"
#include "lua/calls/callback_run.h"
#include "lua/calls/thunks.h"

#if defined(FERRY_NATIVE)
#include "call/native/listing.h"
#include "lua/calls/thunk_table.h"

namespace ferry::lua {

namespace {

// State::errors.message and `bytes` are what came out.
bool keep(State* st, Result<call::Listing> listing, size_t* bytes) {
  st->errors.message = listing ? listing->text : listing.message();
  if (listing) *bytes = listing->bytes;
  return listing.ok();
}

bool no_table(State* st) {
  st->errors.message = st->backend->makes_code() ? "no native code on this host"
                                                 : "the back end '" + std::string(st->backend->name()) + "' makes none";
  return false;
}

}  // namespace

bool thunk_text(State* st, TypeInfo* fn, FunctionRecord* record, size_t* bytes) {
  return without_exceptions(st, [&] {
    if (st->thunks.table == nullptr) return no_table(st);
    const Result<void> can = can_compile(st, fn, record);
    if (!can) {
      st->errors.message = can.message();
      return false;
    }
    if (st->types->function(fn->id).variadic && (record == nullptr || record->declared == nullptr)) {
      st->errors.message = "one code per shape of arguments";
      return false;
    }
    Thunk fresh;
    Thunk* thunk = record != nullptr ? record->thunk : nullptr;
    if (thunk == nullptr) {
      fresh.st = st;
      fresh.type = fn;
      fill_parameters(st, &fresh, record);
      thunk = &fresh;
    }
    auto plan = plan_of(st, fn, record);
    if (!plan) return keep(st, plan.error(), bytes);
    return keep(st, call::thunk_listing(st->thunks.table->host, spec_of(st, thunk, *plan, record)), bytes);
  });
}

size_t shape_count(const Thunk* thunk) {
  return thunk != nullptr ? thunk->shapes.size() : 0;
}

std::span<const TypeId> shape_types(const Thunk* thunk, size_t shape) {
  return std::next(thunk->shapes.begin(), static_cast<ptrdiff_t>(shape))->second.types;
}

bool shape_text(State* st, FunctionRecord* record, size_t shape, size_t* bytes) {
  return without_exceptions(st, [&] {
    const ShapeCode& code = std::next(record->thunk->shapes.begin(), static_cast<ptrdiff_t>(shape))->second;
    auto plan = abi::plan_call(*st->types, record->type->id, code.types);
    if (!plan) return keep(st, plan.error(), bytes);
    call::ThunkSpec spec = spec_of(st, record->thunk, *plan, record);
    spec.args.insert(spec.args.end(), code.args.begin(), code.args.end());
    spec.next = record->targets;
    return keep(st, call::thunk_listing(st->thunks.table->host, spec), bytes);
  });
}

bool callback_text(State* st, TypeInfo* fn, size_t* bytes) {
  return without_exceptions(st, [&] {
    if (st->thunks.table == nullptr) return no_table(st);
    auto plan = abi::plan_call(*st->types, fn->id);
    if (!plan) return keep(st, plan.error(), bytes);
    call::CallbackSpec spec = callback_spec(st, fn, false);
    spec.plan = &*plan;
    return keep(st, call::callback_listing(st->thunks.table->host, callback_api(), callback_handlers(), spec), bytes);
  });
}

bool callback_entry_text(State* st, TypeInfo* fn) {
  return without_exceptions(st, [&] {
    auto plan = abi::plan_call(*st->types, fn->id);
    size_t bytes;
    if (!plan) return keep(st, plan.error(), &bytes);
    return keep(st, call::callback_entry_listing(*plan), &bytes);
  });
}

}  // namespace ferry::lua

#else  // no native code

namespace ferry::lua {

namespace {

bool none(State* st) {
  return without_exceptions(st, [&] {
    st->errors.message = "this build makes none";
    return false;
  });
}

}  // namespace

bool thunk_text(State* st, TypeInfo*, FunctionRecord*, size_t*) {
  return none(st);
}
size_t shape_count(const Thunk*) {
  return 0;
}
std::span<const TypeId> shape_types(const Thunk*, size_t) {
  return {};
}
bool shape_text(State* st, FunctionRecord*, size_t, size_t*) {
  return none(st);
}
bool callback_text(State* st, TypeInfo*, size_t*) {
  return none(st);
}
bool callback_entry_text(State* st, TypeInfo*) {
  return none(st);
}

}  // namespace ferry::lua
#endif
