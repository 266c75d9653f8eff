// Shared libraries on Windows: LoadLibrary and GetProcAddress.
#include "os/libraries.h"

#include <windows.h>

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "os/paths.h"
#include "os/windows/text.h"

namespace ferry::os {

namespace {

// LoadLibrary takes the extension for granted where a name has neither a dot nor a folder; said here, so that the
// message names the file.
std::string decorated(const std::string& name) {
  return folder_of(name).empty() && name.find('.') == std::string::npos ? name + ".dll" : name;
}

HMODULE try_open(const std::string& name, std::string* message) {
  std::wstring path = to_utf16(name);
  DWORD flags = 0;
  // A full path's own libraries lie beside it (Microsoft, LoadLibraryExW: LOAD_WITH_ALTERED_SEARCH_PATH); it knows no
  // forward slashes.
  if (!folder_of(name).empty()) {
    wchar_t full[32768];
    const DWORD units = GetFullPathNameW(path.c_str(), static_cast<DWORD>(std::size(full)), full, nullptr);
    if (units != 0 && units < std::size(full)) path.assign(full, units);
    flags = LOAD_WITH_ALTERED_SEARCH_PATH;
  }
  const HMODULE handle = LoadLibraryExW(path.c_str(), nullptr, flags);
  if (handle == nullptr) *message = "cannot load library '" + name + "': " + error_text(GetLastError());
  return handle;
}

// Libraries that were opened for everybody. The system has no such scope, so it is this module's.
struct Global {
  std::mutex mutex;
  std::vector<HMODULE> handles;
};
Global& global_libraries() {
  static auto* all = new Global;
  return *all;
}

void* find(HMODULE module, const char* name) {
  return module != nullptr ? reinterpret_cast<void*>(GetProcAddress(module, name)) : nullptr;
}

// Where the C run-time that this module uses is: by the address of one of its functions.
HMODULE run_time() {
  HMODULE found = nullptr;
  constexpr DWORD kFlags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
  int* (*const function)() = _errno;
  GetModuleHandleExW(kFlags, reinterpret_cast<const wchar_t*>(function), &found);
  return found;
}

}  // namespace

Result<void*> open_library(const std::string& name, bool global) {
  if (name.empty()) return Error{"empty library name"};
  if (name.find('\0') != std::string::npos) return Error{"library name contains a NUL byte"};
  const std::string file = decorated(name);
  std::string message;
  HMODULE handle = try_open(file, &message);
  if (handle == nullptr) {
    // MinGW's names: libNAME.dll.
    std::string why;
    if (folder_of(file).empty() && file.compare(0, 3, "lib") != 0) {
      handle = try_open("lib" + file, &why);
    }
    if (handle == nullptr) {
      if (why.empty()) return Error{message};
      return Error{message + " (tried '" + file + "', 'lib" + file + "')"};
    }
  }
  if (global) {
    Global& all = global_libraries();
    const std::lock_guard lock(all.mutex);
    all.handles.push_back(handle);
  }
  return static_cast<void*>(handle);
}

void close_library(void* handle) {
  if (handle == nullptr) return;
  auto* module = static_cast<HMODULE>(handle);
  Global& all = global_libraries();
  {
    const std::lock_guard lock(all.mutex);
    for (auto it = all.handles.begin(); it != all.handles.end(); ++it) {
      if (*it != module) continue;
      all.handles.erase(it);
      break;
    }
  }
  FreeLibrary(module);
}

void* library_symbol(void* handle, const char* name, std::string* message) {
  void* address = find(static_cast<HMODULE>(handle), name);
  if (address == nullptr && message != nullptr) {
    wchar_t path[1024];
    const DWORD units = GetModuleFileNameW(static_cast<HMODULE>(handle), path, static_cast<DWORD>(std::size(path)));
    *message = to_utf8({path, units}) + ": " + error_text(GetLastError()) + ": " + name;
  }
  return address;
}

// The program itself, what was loaded for everybody, and what every program has: the C library and the system's.
void* program_symbol(const char* name, std::string* message) {
  if (void* address = find(GetModuleHandleW(nullptr), name)) return address;
  {
    Global& all = global_libraries();
    const std::lock_guard lock(all.mutex);
    for (const HMODULE module : all.handles) {
      void* address = find(module, name);
      if (address == nullptr) continue;
      // It stays, as what dlsym(RTLD_DEFAULT) has found does in glibc: nobody holds it for whoever calls the function.
      constexpr DWORD kFlags = GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS;
      HMODULE pinned;
      GetModuleHandleExW(kFlags, static_cast<const wchar_t*>(address), &pinned);
      return address;
    }
  }
  static const HMODULE c_library = run_time();
  if (void* address = find(c_library, name)) return address;
  for (const wchar_t* system : {L"kernel32.dll", L"user32.dll", L"gdi32.dll", L"ucrtbase.dll", L"msvcrt.dll"}) {
    // Once asked for, they stay: a library that ffi.C has handed out is never unloaded.
    HMODULE module = GetModuleHandleW(system);
    if (module == nullptr) module = LoadLibraryExW(system, nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (void* address = find(module, name)) return address;
  }
  if (message != nullptr) *message = error_text(ERROR_PROC_NOT_FOUND) + ": " + name;
  return nullptr;
}

}  // namespace ferry::os
