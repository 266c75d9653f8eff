// The process: it does not fork.
#include "os/process.h"

#include <windows.h>

namespace ferry::os {

bool at_fork(void (*)(), void (*)()) {
  return true;
}

void write_standard_error(const char* text, size_t length) {
  const HANDLE out = GetStdHandle(STD_ERROR_HANDLE);
  while (length > 0) {
    DWORD done = 0;
    const DWORD part = length < 4096 ? static_cast<DWORD>(length) : 4096;
    if (!WriteFile(out, text, part, &done, nullptr) || done == 0) return;
    text += done;
    length -= done;
  }
}

void stay_loaded() {
  HMODULE self;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                     reinterpret_cast<const wchar_t*>(&stay_loaded), &self);
}

bool local_time(std::time_t time, std::tm* local) {
  return localtime_s(local, &time) == 0;
}

}  // namespace ferry::os
