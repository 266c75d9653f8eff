// Opens libffi, or takes what is linked (library.h). FERRY_LIBFFI_SONAME, its name, comes from CMakeLists.txt.
#include "call/libffi/library.h"

#include <cstring>
#include <string>

#include "os/libraries.h"

namespace ferry::call {

namespace {

LibffiLibrary g_library;  // written once, by load()

#if defined(FERRY_LIBFFI_SONAME)
Result<void> load() {
  Result<void*> handle = os::open_library(FERRY_LIBFFI_SONAME, false);  // never closed: closures stay
  if (!handle.ok()) return handle.error();
  std::string message;
  bool found = true;
  const auto take = [&](auto* to, const char* name) {
    void* address = found ? os::library_symbol(*handle, name, &message) : nullptr;
    found = address != nullptr;
    static_assert(sizeof *to == sizeof address);
    std::memcpy(to, &address, sizeof address);
  };
#define FERRY_TEXT(name) #name
#define FERRY_TAKE(member, name) take(&g_library.member, FERRY_TEXT(name));
  FERRY_LIBFFI_FUNCTIONS(FERRY_TAKE)
  FERRY_LIBFFI_TYPES(FERRY_TAKE)
  FERRY_LIBFFI_COMPLEX_TYPES(FERRY_TAKE)
#undef FERRY_TAKE
#undef FERRY_TEXT
  if (!found) return Error{message};
  return {};
}
#else
Result<void> load() {
#define FERRY_TAKE(member, name) g_library.member = &::name;
  FERRY_LIBFFI_FUNCTIONS(FERRY_TAKE)
  FERRY_LIBFFI_TYPES(FERRY_TAKE)
  FERRY_LIBFFI_COMPLEX_TYPES(FERRY_TAKE)
#undef FERRY_TAKE
  return {};
}
#endif

}  // namespace

const Result<void>& load_libffi() {
  static const Result<void> loaded = load();
  return loaded;
}

const LibffiLibrary& libffi() {
  return g_library;
}

}  // namespace ferry::call
