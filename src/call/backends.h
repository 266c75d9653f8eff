// The back ends of this folder, for select_backend only; each is there where the macro in its line is defined.
#pragma once

#include "call/backend.h"

namespace ferry::call {

const Backend& stub_backend();    // FERRY_STUB (host.h)
const Backend& libffi_backend();  // FERRY_LIBFFI (CMakeLists.txt)

}  // namespace ferry::call
