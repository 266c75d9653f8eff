// Our calling conventions as libffi's, whose names for them exist on their own processors only.
#include "call/libffi/types.h"

namespace ferry::call {

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
    case CallConv::thiscall:
      // libffi 3.4 gives registers to what follows an aggregate on the stack, where gcc does not; its closures then
      // remove other arguments than there are.
      return Error{"libffi calls fastcall and thiscall functions otherwise than gcc"};
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
