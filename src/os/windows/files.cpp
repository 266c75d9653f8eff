// Files on Windows.
#include "os/files.h"

#include <windows.h>

// Needs the types of the one above.
#include <aclapi.h>
#include <sddl.h>

#include <memory>
#include <type_traits>

#include "os/windows/text.h"

namespace ferry::os {

namespace {

struct CloseFile {
  void operator()(HANDLE handle) const { CloseHandle(handle); }
};
using File = std::unique_ptr<std::remove_pointer_t<HANDLE>, CloseFile>;
struct FreeLocal {
  void operator()(void* memory) const { LocalFree(memory); }
};
using Local = std::unique_ptr<void, FreeLocal>;

FileStatus refuse(FileContent& content, std::string why) {
  content.why = std::move(why);
  return FileStatus::refused;
}

bool is_absent(DWORD error) {
  switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
    case ERROR_DIRECTORY:
    case ERROR_INVALID_DRIVE:
    case ERROR_NOT_READY:
    case ERROR_BAD_NETPATH:
    case ERROR_BAD_NET_NAME:
    case ERROR_FILENAME_EXCED_RANGE:
      return true;
    default:
      return false;
  }
}

// Times count 100 ns from 1601.
void set_time(const FILETIME& time, int64_t* seconds, int64_t* nanoseconds) {
  constexpr int64_t kSecond = 10'000'000, kSecondsTo1970 = 11'644'473'600;
  const auto ticks = static_cast<int64_t>(static_cast<uint64_t>(time.dwHighDateTime) << 32 | time.dwLowDateTime);
  *seconds = ticks / kSecond - kSecondsTo1970;
  *nanoseconds = ticks % kSecond * 100;
}

bool has_nul(const std::string& path) {
  return path.find('\0') != std::string::npos;
}

uint64_t joined(DWORD high, DWORD low) {
  return uint64_t{high} << 32 | low;
}

}  // namespace

FileStatus read_file(const std::string& path, size_t limit, FileContent& content) {
  if (has_nul(path)) return FileStatus::absent;
  const std::wstring name = to_utf16(path);
  const DWORD attributes = GetFileAttributesW(name.c_str());
  if (attributes == INVALID_FILE_ATTRIBUTES) {
    const DWORD error = GetLastError();
    return is_absent(error) ? FileStatus::absent : refuse(content, error_text(error));
  }
  if ((attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) return FileStatus::absent;
  constexpr DWORD kShare = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
  const HANDLE handle = CreateFileW(name.c_str(), GENERIC_READ, kShare, nullptr, OPEN_EXISTING, 0, nullptr);
  if (handle == INVALID_HANDLE_VALUE) {
    const DWORD error = GetLastError();
    return is_absent(error) ? FileStatus::absent : refuse(content, error_text(error));
  }
  const File file(handle);
  BY_HANDLE_FILE_INFORMATION about;
  if (GetFileType(handle) != FILE_TYPE_DISK) return refuse(content, "it is no regular file");
  if (!GetFileInformationByHandle(handle, &about)) return refuse(content, error_text(GetLastError()));
  const uint64_t size = joined(about.nFileSizeHigh, about.nFileSizeLow);
  if (size > limit) return refuse(content, "it is too large");
  content.identity = {about.dwVolumeSerialNumber, joined(about.nFileIndexHigh, about.nFileIndexLow)};
  set_time(about.ftLastWriteTime, &content.modified, &content.modified_ns);
  // It may grow or shrink meanwhile: what is read counts.
  content.bytes.resize(static_cast<size_t>(size));
  size_t have = 0;
  while (have < content.bytes.size()) {
    constexpr size_t kMost = size_t{1} << 30;
    const size_t left = content.bytes.size() - have;
    DWORD n = 0;
    if (!ReadFile(handle, content.bytes.data() + have, static_cast<DWORD>(left < kMost ? left : kMost), &n, nullptr)) {
      return refuse(content, error_text(GetLastError()));
    }
    if (n == 0) break;
    have += n;
  }
  content.bytes.resize(have);
  return FileStatus::read;
}

std::string file_stamp(const std::string& path) {
  WIN32_FILE_ATTRIBUTE_DATA about;
  if (has_nul(path) || !GetFileAttributesExW(to_utf16(path).c_str(), GetFileExInfoStandard, &about) ||
      (about.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
    return {};
  }
  int64_t seconds = 0, nanoseconds = 0;
  set_time(about.ftLastWriteTime, &seconds, &nanoseconds);
  return stamp_text(joined(about.nFileSizeHigh, about.nFileSizeLow), seconds, nanoseconds);
}

Entry entry_at(const std::string& path) {
  const DWORD attributes = GetFileAttributesW(to_utf16(path).c_str());
  if (attributes == INVALID_FILE_ATTRIBUTES) return is_absent(GetLastError()) ? Entry::absent : Entry::other;
  return (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0 ? Entry::folder : Entry::other;
}

bool replace_file(const std::string& from, const std::string& to) {
  return MoveFileExW(to_utf16(from).c_str(), to_utf16(to).c_str(), MOVEFILE_REPLACE_EXISTING) != 0;
}

namespace {

// The user that this process runs as; null: the system does not say.
std::unique_ptr<char[]> this_user(PSID* user) {
  HANDLE token = nullptr;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) return nullptr;
  const File owned(token);
  DWORD bytes = 0;
  GetTokenInformation(token, TokenUser, nullptr, 0, &bytes);
  auto memory = std::make_unique<char[]>(bytes);
  if (!GetTokenInformation(token, TokenUser, memory.get(), bytes, &bytes)) return nullptr;
  *user = reinterpret_cast<TOKEN_USER*>(memory.get())->User.Sid;
  return memory;
}

// Who may do everything anyway.
bool rules_the_machine(PSID who) {
  return IsWellKnownSid(who, WinLocalSystemSid) || IsWellKnownSid(who, WinBuiltinAdministratorsSid);
}

bool may_write(const ACCESS_ALLOWED_ACE& entry) {
  constexpr DWORD kWrites = FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_DELETE_CHILD | DELETE | WRITE_DAC | WRITE_OWNER |
                            GENERIC_WRITE | GENERIC_ALL;
  return (entry.Header.AceFlags & INHERIT_ONLY_ACE) == 0 && (entry.Mask & kWrites) != 0;
}

bool others_may_write(ACL* list, PSID user) {
  if (list == nullptr) return true;  // everybody may do everything
  for (DWORD i = 0; i < list->AceCount; ++i) {
    void* at = nullptr;
    if (!GetAce(list, i, &at)) return true;
    auto& entry = *static_cast<ACCESS_ALLOWED_ACE*>(at);
    if (entry.Header.AceType == ACCESS_DENIED_ACE_TYPE) continue;
    if (entry.Header.AceType != ACCESS_ALLOWED_ACE_TYPE) return true;  // who knows
    PSID who = &entry.SidStart;
    if (may_write(entry) && !EqualSid(who, user) && !rules_the_machine(who)) return true;
  }
  return false;
}

}  // namespace

bool private_folder(const std::string& path, std::string& why) {
  if (path.empty() || has_nul(path)) {
    why = "that is no name of a folder";
    return false;
  }
  PSID user = nullptr;
  const std::unique_ptr<char[]> memory = this_user(&user);
  wchar_t* name = nullptr;
  if (memory == nullptr || !ConvertSidToStringSidW(user, &name)) {
    why = error_text(GetLastError());
    return false;
  }
  const Local name_owned(name);
  // All rights for this user, and for nobody else; nothing from the folders above.
  const std::wstring rights = std::wstring(L"O:") + name + L"D:P(A;OICI;FA;;;" + name + L")";
  SECURITY_ATTRIBUTES attributes{sizeof attributes, nullptr, FALSE};
  if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(rights.c_str(), SDDL_REVISION_1,
                                                            &attributes.lpSecurityDescriptor, nullptr)) {
    why = error_text(GetLastError());
    return false;
  }
  const Local rights_owned(attributes.lpSecurityDescriptor);
  for (size_t end = path.find_first_of("/\\", 1);; end = path.find_first_of("/\\", end + 1)) {
    const std::wstring folder = to_utf16(path.substr(0, end));
    const bool made = CreateDirectoryW(folder.c_str(), &attributes);
    const DWORD error = made ? ERROR_SUCCESS : GetLastError();
    // Those above may be drives, or others' that may only be passed.
    if (!made && error != ERROR_ALREADY_EXISTS && end == std::string::npos) {
      why = error_text(error);
      return false;
    }
    if (end == std::string::npos) break;
  }
  std::wstring folder = to_utf16(path);
  const DWORD found = GetFileAttributesW(folder.c_str());
  PSID owner = nullptr;
  ACL* list = nullptr;
  PSECURITY_DESCRIPTOR about = nullptr;
  if (found == INVALID_FILE_ATTRIBUTES) {
    why = error_text(GetLastError());
    return false;
  }
  // Where a link leads may be changed by whoever owns the link.
  if ((found & FILE_ATTRIBUTE_DIRECTORY) == 0 || (found & FILE_ATTRIBUTE_REPARSE_POINT) != 0) {
    why = "it is no folder";
    return false;
  }
  const DWORD error =
      GetNamedSecurityInfoW(folder.data(), SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                            &owner, nullptr, &list, nullptr, &about);
  const Local about_owned(about);
  if (error != ERROR_SUCCESS) {
    why = error_text(error);
  } else if (!EqualSid(owner, user) && !rules_the_machine(owner)) {
    why = "somebody else owns it";
  } else if (others_may_write(list, user)) {
    why = "others may write into it";
  } else {
    return true;
  }
  return false;
}

}  // namespace ferry::os
