// libFuzzer's program for ffi.translate: any text is translated or refused, and keeps its lines; what comes of it is
// Lua that can be translated again. The first byte says for which Lua, and in which form.
#include "translate/translate.h"

#include <algorithm>
#include <string>

#include "fuzz.h"

using namespace ferry;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size == 0) return 0;
  translate::Options options;
  options.dialect = 51 + bytes[0] % 5;
  options.form = (bytes[0] & 64) != 0 ? translate::Form::program : translate::Form::wrapped;
  options.notes = (bytes[0] & 128) != 0;
  const std::string text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const Result<translate::Translation> once = translate::translate(text, options);
  if (!once.ok()) {
    check(!once.message().empty(), "an error without a text");
    return 0;
  }
  check(once->changed || once->text.empty(), "a text that is said to be unchanged, and given");
  if (!once->changed) return 0;
  const auto lines = [](const std::string& of) { return std::count(of.begin(), of.end(), '\n'); };
  const auto added = lines(once->text) - lines(text);  // at the end
  check(added >= 0 && added <= 1, "lines that have moved");
  check(translate::translate(once->text, options).ok(), "a translation that is no Lua");
  return 0;
}
