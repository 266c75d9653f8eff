// The back ends of this folder, for select_backend only.
#pragma once

#include "call/backend.h"

namespace ferry::call {

const Backend& stub_backend();  // where host.h says FERRY_STUB
const Backend& libffi_backend();

}  // namespace ferry::call
