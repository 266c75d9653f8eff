// libffi itself: its functions and types, however this build comes by them. Where the name of the shared library was
// known when this was configured, it is opened on first use, so that whoever calls by other back ends does not load it;
// else it is linked.
#pragma once

#include <ffi.h>

#include "base/result.h"

namespace ferry::call {

// What this folder uses: X(member, name).
#define FERRY_LIBFFI_FUNCTIONS(X)     \
  X(call, ffi_call)                   \
  X(prep_cif, ffi_prep_cif)           \
  X(prep_cif_var, ffi_prep_cif_var)   \
  X(closure_alloc, ffi_closure_alloc) \
  X(closure_free, ffi_closure_free)   \
  X(prep_closure_loc, ffi_prep_closure_loc)
#define FERRY_LIBFFI_TYPES(X)        \
  X(void_, ffi_type_void)            \
  X(uint8, ffi_type_uint8)           \
  X(sint8, ffi_type_sint8)           \
  X(uint16, ffi_type_uint16)         \
  X(sint16, ffi_type_sint16)         \
  X(uint32, ffi_type_uint32)         \
  X(sint32, ffi_type_sint32)         \
  X(uint64, ffi_type_uint64)         \
  X(sint64, ffi_type_sint64)         \
  X(float_, ffi_type_float)          \
  X(double_, ffi_type_double)        \
  X(longdouble, ffi_type_longdouble) \
  X(pointer, ffi_type_pointer)
// Not on every processor.
#if defined(FFI_TARGET_HAS_COMPLEX_TYPE)
#define FERRY_LIBFFI_COMPLEX_TYPES(X)        \
  X(complex_float, ffi_type_complex_float)   \
  X(complex_double, ffi_type_complex_double) \
  X(complex_longdouble, ffi_type_complex_longdouble)
#else
#define FERRY_LIBFFI_COMPLEX_TYPES(X)
#endif

struct LibffiLibrary {
#define FERRY_MEMBER(member, name) decltype(&::name) member = nullptr;
  FERRY_LIBFFI_FUNCTIONS(FERRY_MEMBER)
  FERRY_LIBFFI_TYPES(FERRY_MEMBER)
#undef FERRY_MEMBER
  // Null where there are none.
  ffi_type *complex_float = nullptr, *complex_double = nullptr, *complex_longdouble = nullptr;
};

// Makes libffi() usable; tries once. Error: the library is not there, or lacks something.
const Result<void>& load_libffi();
const LibffiLibrary& libffi();

}  // namespace ferry::call
