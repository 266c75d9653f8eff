// The choice of back end for this host, and of libffi's conventions.
#include <array>
#include <string>

#include "call/backends.h"
#include "call/code_pages.h"
#include "call/ffi_types.h"
#include "call/stub_layout.h"

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

Result<ffi_abi> ffi_abi_of(CallConv conv) {
#if defined(__x86_64__) && !defined(_WIN32)
  // FFI_WIN64 differs from FFI_GNUW64 in long double only, which is lowered to a struct.
  return conv == CallConv::ms_abi ? FFI_GNUW64 : FFI_UNIX64;
#elif defined(__x86_64__)
  if (conv == CallConv::sysv_abi) return FFI_UNIX64;
  return FFI_DEFAULT_ABI;
#elif defined(__i386__)
  switch (conv) {
    case CallConv::stdcall:
      return FFI_STDCALL;
    case CallConv::fastcall:
      return FFI_FASTCALL;
    case CallConv::thiscall:
      return FFI_THISCALL;
    case CallConv::ms_abi:
    case CallConv::sysv_abi:
      return Error{"no call plan for convention ms_abi or sysv_abi on i386"};
    case CallConv::c:
      return FFI_DEFAULT_ABI;
  }
#else
  if (conv == CallConv::ms_abi) return Error{"no call plan for convention ms_abi on this processor"};
#endif
  return FFI_DEFAULT_ABI;
}

}  // namespace ferry::call
