// Names of libraries on Linux.
#include "os/posix/names.h"

namespace ferry::os {

const char* const kLibrarySuffix = ".so";
const char* const kLibraryPathVariable = "LD_LIBRARY_PATH";

std::span<const char* const> companion_libraries() {
  static constexpr const char* kNames[] = {"libm.so.6", "libdl.so.2", "libgcc_s.so.1", "libpthread.so.0"};
  return kNames;
}

}  // namespace ferry::os
