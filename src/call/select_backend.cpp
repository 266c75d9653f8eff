// The choice of back end for this host.
#include <string>
#include <vector>

#include "call/backends.h"
#include "call/code_pages.h"
#include "call/host.h"

namespace ferry::call {

namespace {

#if defined(FERRY_NATIVE)
// Calls from Lua are compiled (thunk.h). What is not compiled is as with the stub.
class ThunkBackend final : public Backend {
 public:
  std::string_view name() const override { return "thunk"; }
  Result<void> available() const override { return native_code_available(); }
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

const Backend& thunk_backend() {
  static const ThunkBackend backend;
  return backend;
}
#endif

// Of this build, best first; whether each works here it says itself.
std::span<const Backend* const> built_backends() {
  static const Backend* const built[] = {
#if defined(FERRY_NATIVE)
    &thunk_backend(),
#endif
#if defined(FERRY_STUB)
    &stub_backend(),
#endif
#if defined(FERRY_LIBFFI)
    &libffi_backend(),
#endif
  };
  return built;
}

}  // namespace

std::span<const Backend* const> all_backends() {
  static const std::vector<const Backend*> all = [] {
    std::vector<const Backend*> working;
    for (const Backend* backend : built_backends()) {
      if (backend->available().ok()) working.push_back(backend);
    }
    return working;
  }();
  return all;
}

std::string why_no_backend(std::string_view name) {
  for (const Backend* backend : built_backends()) {
    if (backend->name() != name) continue;
    const Result<void> available = backend->available();
    return available.ok() ? std::string() : available.message();
  }
  return "not in this build";
}

// Asks no more back ends than it must whether they work: the answer may load a library.
Result<const Backend*> select_backend(std::string_view forced) {
  std::string known, why;
  for (const Backend* backend : built_backends()) {
    const std::string name(backend->name());
    known += (known.empty() ? "" : ", ") + name;
    if (!forced.empty() && name != forced) continue;
    Result<void> available = backend->available();
    if (available.ok()) return backend;
    why = "back end '" + name + "' does not work here: " + available.message();
    if (!forced.empty()) return Error{why};
  }
  if (forced.empty()) return Error{why};
  return Error{"this build of ferry has no back end '" + std::string(forced) + "' (it has: " + known + ")"};
}

}  // namespace ferry::call
