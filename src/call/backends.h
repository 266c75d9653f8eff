// The back ends of this folder, for select_backend only.
#pragma once

#include "call/backend.h"

namespace ferry::call {

const Backend& stub_backend();  // hosts of stub_layout.h only
const Backend& libffi_backend();

}  // namespace ferry::call
