// Our calling conventions as libffi's, whose names for them exist on their own processors only.
#include "call/libffi/types.h"

namespace ferry::call {

Result<ffi_abi> ffi_abi_of(CallConv conv) {
  switch (conv) {
    case CallConv::c:
      return FFI_DEFAULT_ABI;
#if defined(__x86_64__) && !defined(_WIN32)
    // FFI_WIN64 differs from FFI_GNUW64 in long double only, which is lowered to a struct.
    case CallConv::ms_abi:
      return FFI_GNUW64;
#elif defined(__x86_64__)
    case CallConv::ms_abi:
      return FFI_DEFAULT_ABI;
    case CallConv::sysv_abi:
      return FFI_UNIX64;
#elif defined(__i386__)
    case CallConv::stdcall:
      return FFI_STDCALL;
    case CallConv::fastcall:
    case CallConv::thiscall:
      // libffi 3.4 gives registers to what follows an aggregate on the stack, where gcc does not; its closures then
      // remove other arguments than there are.
      return Error{"libffi calls fastcall and thiscall functions otherwise than gcc"};
#elif defined(__arm__)
    case CallConv::aapcs:
      return FFI_SYSV;
#endif
    default:
      return Error{"libffi has no convention " + std::string(convention_name(conv)) + " on this processor"};
  }
}

}  // namespace ferry::call
