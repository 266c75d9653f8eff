// The choice of back end for this host.
#include <array>
#include <string>

#include "call/backends.h"

namespace ferry::call {

std::span<const Backend* const> all_backends() {
#if defined(__x86_64__) && defined(__ELF__) && defined(__LP64__)
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
