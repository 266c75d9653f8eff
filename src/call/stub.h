// Shared by the two halves of the stub back end: calls (stub.cpp) and callbacks (stub_callback.cpp).
#pragma once

#include "call/backend.h"

namespace ferry::call::x64 {

// Plans a function type of the host for the stub. Errors: as plan_call, and types of another target.
Result<abi::CallPlan> plan_for_stub(const TypeTable& types, TypeId function, std::span<const TypeId> extra);

// As Backend::make_callback.
Result<std::unique_ptr<Callback>> make_callback(const TypeTable& types, TypeId function, CallbackHandler handler,
                                                void* context);

}  // namespace ferry::call::x64
