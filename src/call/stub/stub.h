// Shared by the two halves of the stub back end: calls (stub.cpp) and callbacks (callback.cpp). Chooses the
// processor: `machine` has its conventions, its callback frame and the way of results.
#pragma once

#include "call/backend.h"
#include "call/stub/layout.h"

#if defined(FERRY_STUB_X64)
#include "call/stub/x64/machine.h"
#elif defined(FERRY_STUB_A64)
#include "call/stub/a64/machine.h"
#elif defined(FERRY_STUB_I386)
#include "call/stub/i386/machine.h"
#elif defined(FERRY_STUB_RISCV64)
#include "call/stub/riscv64/machine.h"
#elif defined(FERRY_STUB_ARM)
#include "call/stub/arm/machine.h"
#elif defined(FERRY_STUB_PPC64)
#include "call/stub/ppc64/machine.h"
#elif defined(FERRY_STUB_S390X)
#include "call/stub/s390x/machine.h"
#endif

#if defined(FERRY_STUB)
namespace ferry::call::stub {

#if defined(FERRY_STUB_X64)
namespace machine = x64;
#elif defined(FERRY_STUB_A64)
namespace machine = a64;
#elif defined(FERRY_STUB_I386)
namespace machine = i386;
#elif defined(FERRY_STUB_RISCV64)
namespace machine = riscv64;
#elif defined(FERRY_STUB_ARM)
namespace machine = arm;
#elif defined(FERRY_STUB_PPC64)
namespace machine = ppc64;
#else
namespace machine = s390x;
#endif

struct StubPlan {
  abi::CallPlan plan;
  const StubConvention* convention = nullptr;
  machine::ResultForm form;
};

// Plans a function type of the host for the stub. Errors: as plan_call, types of another target, conventions without
// static routines.
Result<StubPlan> plan_for_stub(const TypeTable& types, TypeId function, std::span<const TypeId> extra);

// As Backend::make_callback.
Result<std::unique_ptr<Callback>> make_callback(const TypeTable& types, TypeId function, CallbackHandler handler,
                                                void* context);

}  // namespace ferry::call::stub
#endif
