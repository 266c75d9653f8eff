// The choice of back end for this host.
#include <array>
#include <string>

#include "call/backends.h"
#include "call/code_pages.h"
#include "call/host.h"

// Processors that thunks are written for.
#if defined(FERRY_NATIVE) && defined(FERRY_STUB)
#define FERRY_THUNKS 1
#endif

namespace ferry::call {

#if defined(FERRY_THUNKS)
namespace {

// Calls from Lua are compiled (thunk.h). What is not compiled is as with the stub.
class ThunkBackend final : public Backend {
 public:
  std::string_view name() const override { return "thunk"; }
  bool makes_code() const override { return true; }
  Result<std::unique_ptr<Invoker>> make_invoker(const TypeTable& types, TypeId function,
                                                std::span<const TypeId> extra) const override {
    return stub_backend().make_invoker(types, function, extra);
  }
  Result<std::unique_ptr<Callback>> make_callback(const TypeTable& types, TypeId function, CallbackHandler handler,
                                                  void* context) const override {
    return stub_backend().make_callback(types, function, handler, context);
  }
};

}  // namespace
#endif

std::span<const Backend* const> all_backends() {
#if defined(FERRY_THUNKS)
  static const ThunkBackend thunk;
  static const std::array<const Backend*, 3> all = {&thunk, &stub_backend(), &libffi_backend()};
  static const size_t without = native_code_available().ok() ? 0 : 1;
  return std::span(all).subspan(without);
#elif defined(FERRY_STUB)
  static const std::array<const Backend*, 2> all = {&stub_backend(), &libffi_backend()};
#else
  static const std::array<const Backend*, 1> all = {&libffi_backend()};
#endif
  return all;
}

Result<const Backend*> select_backend(std::string_view forced) {
  std::string known;
  for (const Backend* backend : all_backends()) {
    if (forced.empty() || backend->name() == forced) return backend;
    known += (known.empty() ? "" : ", ") + std::string(backend->name());
  }
  return Error{"no back end '" + std::string(forced) + "' on this host (there are: " + known + ")"};
}

}  // namespace ferry::call
