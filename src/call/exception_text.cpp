// Asks the exception in flight what it is (exception_text.h).
#include "call/exception_text.h"

#include <cxxabi.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <typeinfo>

namespace ferry::call {

namespace {

void copy_text(char* to, const char* text) {
  const size_t length = text != nullptr ? strnlen(text, kMaxExceptionText) : 0;
  if (length != 0) std::memcpy(to, text, length);
  to[length] = 0;
}

template <typename T>
void print(char* to, const char* format, T value) {
  std::snprintf(to, kMaxExceptionText, format, value);
}

}  // namespace

void describe_exception(ExceptionText* out) {
  const std::type_info* info = abi::__cxa_current_exception_type();
  int status = 0;
  char* demangled = info != nullptr ? abi::__cxa_demangle(info->name(), nullptr, nullptr, &status) : nullptr;
  copy_text(out->type, demangled != nullptr ? demangled : info != nullptr ? info->name() : "unknown type");
  std::free(demangled);
  char* what = out->what;
  what[0] = 0;
  try {
    throw;
  } catch (const std::exception& e) {
    copy_text(what, e.what());
  } catch (const std::string& text) {
    copy_text(what, text.c_str());
  } catch (const char* text) {
    copy_text(what, text);
  } catch (bool value) {
    copy_text(what, value ? "true" : "false");
  } catch (char value) {
    print(what, "%c", value);
  } catch (short value) {
    print(what, "%d", value);
  } catch (unsigned short value) {
    print(what, "%u", value);
  } catch (int value) {
    print(what, "%d", value);
  } catch (unsigned value) {
    print(what, "%u", value);
  } catch (long value) {
    print(what, "%ld", value);
  } catch (unsigned long value) {
    print(what, "%lu", value);
  } catch (long long value) {
    print(what, "%lld", value);
  } catch (unsigned long long value) {
    print(what, "%llu", value);
  } catch (float value) {
    print(what, "%.9g", static_cast<double>(value));
  } catch (double value) {
    print(what, "%.17g", value);
  } catch (...) {
  }
}

}  // namespace ferry::call
