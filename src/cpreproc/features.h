// What __has_attribute, __has_builtin and their like answer, per profile.
#pragma once

#include <cstdint>
#include <string_view>

#include "cpreproc/state.h"

namespace ferry::cpreproc {

// The value of the operator for `name`, whose tokens are joined ("gnu::packed"); 0: there is no such thing.
uint64_t feature_value(Profile profile, Builtin what, std::string_view name);

}  // namespace ferry::cpreproc
