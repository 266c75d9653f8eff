// Lua written for LuaJIT: any text is translated or refused, and keeps its lines; what comes of it is Lua that can be
// translated again. The first byte says for which Lua, and in which form.
#include "translate/translate.h"

#include <algorithm>
#include <string>

#include "fuzz.h"

namespace ferry::fuzz {

void translated(Bytes bytes) {
  if (bytes.empty()) return;
  translate::Options options;
  options.dialect = 51 + bytes[0] % 5;
  options.form = (bytes[0] & 64) != 0 ? translate::Form::program : translate::Form::wrapped;
  options.notes = (bytes[0] & 128) != 0;
  const std::string text(reinterpret_cast<const char*>(bytes.data()) + 1, bytes.size() - 1);
  const Result<translate::Translation> once = translate::translate(text, options);
  if (!once.ok()) {
    check(!once.message().empty(), "an error without a text");
    return;
  }
  check(once->changed || once->text.empty(), "a text that is said to be unchanged, and given");
  if (!once->changed) return;
  const auto lines = [](const std::string& of) { return std::count(of.begin(), of.end(), '\n'); };
  const auto added = lines(once->text) - lines(text);  // at the end
  check(added >= 0 && added <= 1, "lines that have moved");
  check(translate::translate(once->text, options).ok(), "a translation that is no Lua");
}

}  // namespace ferry::fuzz
